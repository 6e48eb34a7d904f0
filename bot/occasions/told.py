"""What was owed at once and then held, overnight or for ten minutes, told anew: true when it leaves, or left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import col

from bot.assignments import handed_over, passed_on, returned
from bot.message import Message
from bot.occasions.leaving import Leaving, Write
from bot.ownalerts import alert_again
from bot.people import A_FORMER_MEMBER, mention
from bot.tasks import Board, look
from storage.tables import Draft, DraftState, Meeting, MeetingState, Member, Notice, NoticeState, Task


def tasks(leaving: Leaving) -> Message | None:
    """Say of tasks that were handed over or given back what still holds."""
    facts, reader = _facts(leaving), leaving.member
    if reader is None:
        return None
    by = leaving.work.first(Member, Member.id == facts.get("by"))
    giver = mention(by) if by is not None else A_FORMER_MEMBER
    board = look(leaving.work, leaving.now, leaving.ceiling)
    if "free" in facts:
        free = [task for task in _waiting(board, facts["free"]) if board.holder(task) is None]
        kept = [task for task in _waiting(board, facts["kept"]) if board.holder(task) and task.backup_id is None]
        return returned(board, giver, free, kept, facts["why"]) if free or kept else None
    if "relieved" in facts:
        return _as_written(leaving.notices[0]) if _was_asked(leaving, facts["relieved"]) else None
    if "passed" in facts:
        offered = _offered(board, facts["passed"], reader)
        return passed_on(board, giver, offered) if offered else None
    leads = _held(board, facts["leads"], reader) if facts["known"] else _offered(board, facts["leads"], reader)
    backs = [task for task in _waiting(board, facts["backs"]) if _stands_by(board, task, reader)]
    others, unheard = (reader.id, None), _unheard(leaving)
    lost = [
        task
        for task in _waiting(board, facts["lost"])
        if task.lead_id not in others and task.backup_id != reader.id and task.id not in unheard
    ]
    return handed_over(board, giver, leads, backs, lost) if leads or backs or lost else None


def programme(leaving: Leaving) -> Message | None:
    """Give the line about a meeting unless a later one follows or the meeting is over."""
    notice = leaving.notices[0]
    meeting = leaving.work.first(Meeting, Meeting.id == notice.subject_id)
    later = leaving.work.first(
        Notice,
        Notice.lane_id == notice.lane_id, Notice.occasion == notice.occasion, Notice.subject_id == notice.subject_id,
        col(Notice.id) > notice.id,
        col(Notice.state).in_((NoticeState.PLANNED, NoticeState.SENDING, NoticeState.SENT)),
    )  # fmt: skip
    if meeting is None or later is not None or meeting.state is MeetingState.OVER or meeting.ends_at <= leaving.now:
        return None
    return _as_written(notice)


def called(leaving: Leaving) -> Message | None:
    """Say what is on the floor while it is: not once the meeting is over or something else was called."""
    notice = leaving.notices[0]
    meeting = leaving.work.first(Meeting, Meeting.id == notice.subject_id)
    if meeting is None or meeting.state is not MeetingState.RUNNING or meeting.ends_at <= leaving.now:
        return None
    return _as_written(notice) if meeting.called == _facts(leaving)["called"] else None


def draft(leaving: Leaving) -> Message | None:
    """Tell an owner what a draft changed, with the slot that is next by now."""
    row = leaving.work.first(Draft, Draft.id == leaving.notices[0].subject_id)
    if row is None or row.state is not DraftState.PUBLISHED or leaving.member is None:
        return None
    return alert_again(leaving.work, leaving.now, row, _facts(leaving), leaving.member.id)


def _was_asked(leaving: Leaving, ids: Sequence[int]) -> bool:
    """Tell whether the reader was offered these tasks as backup: nobody is relieved of what they never heard of."""
    offered = leaving.work.first(
        Notice,
        Notice.lane_id == leaving.notices[0].lane_id, Notice.occasion == "task.offered-to-backup",
        col(Notice.subject_id).in_(ids), Notice.state == NoticeState.SENT,
    )  # fmt: skip
    return offered is not None


def _unheard(leaving: Leaving) -> set[int]:
    """Give the tasks that were given to the reader in messages which never left."""
    notice = leaving.notices[0]
    dropped = leaving.work.rows(
        Notice,
        Notice.lane_id == notice.lane_id, Notice.occasion == notice.occasion, Notice.state == NoticeState.EXPIRED,
    )  # fmt: skip
    facts = [(row.content or {}).get("facts", {}) for row in dropped]
    return {task_id for row in facts for name in ("leads", "backs", "passed") for task_id in row.get(name, ())}


def _facts(leaving: Leaving) -> Mapping[str, Any]:
    facts: Mapping[str, Any] = (leaving.notices[0].content or {}).get("facts", {})
    return facts


def _as_written(notice: Notice) -> Message:
    return Message.from_data(notice.content or {"blocks": []})


def _waiting(board: Board, ids: Sequence[int]) -> list[Task]:
    return [task for task in board.waiting() if task.id in ids]


def _held(board: Board, ids: Sequence[int], reader: Member) -> list[Task]:
    return [task for task in _waiting(board, ids) if board.holding(task).member_id == reader.id]


def _offered(board: Board, ids: Sequence[int], reader: Member) -> list[Task]:
    """Give what the reader can still accept: theirs to answer, and nobody else's by now."""
    return [
        task
        for task in _waiting(board, ids)
        if task.lead_id == reader.id
        and not board.holding(task).accepted
        and board.holding(task).member_id in (reader.id, None)
    ]


def _stands_by(board: Board, task: Task, reader: Member) -> bool:
    """Tell whether somebody is the backup and has not been asked: the offer says it then."""
    held = board.holding(task)
    return task.backup_id == reader.id and held.member_id is not None and not held.as_backup


OCCASIONS: dict[str, Write] = {
    "told.tasks": tasks,
    "told.programme": programme,
    "told.called": called,
    "told.draft": draft,
}
