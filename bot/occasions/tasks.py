"""What is said of tasks when their moment comes: due soon, overdue, offered to the backup, lapsed, the daily bundle.

Written when it leaves, from the facts of that moment: what is settled, in other hands or covered by a later reminder is
not said, and how late it is counts from then. Tasks that leave together make one text, with one line of next steps.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from bot.assignments import answer_actions, done_actions, due_lines
from bot.message import Block, Heading, Inline, List, Message, Phrase, actions, count, joined, message, say
from bot.occasions.leaving import Leaving, Write
from bot.people import mention
from bot.rules.reminders import POINTS
from bot.tasklists import is_overdue
from bot.tasks import Board, due_groups, look, moment_of
from storage.tables import Member, Role, Task

_COVERED_FROM = {occasion: later for (occasion, _), (_, later) in pairwise(POINTS)}
"""From which distance to the due time on a later reminder covers each one."""

MOST_LINES = 12
"""How long the bundle gets before it only counts the rest."""

Part = Block | Inline | None


def remind(leaving: Leaving) -> Message | None:
    """Remind the holder of tasks, before they are due or after; or the backup, when the holder is asleep."""
    board, reader = _board(leaving), leaving.member
    by_holder: dict[int, list[Task]] = {}
    for task in _tasks(leaving, board):
        holder = board.holder(task)
        if reader and holder and reader.id in (holder.id, task.backup_id) and not _is_covered(leaving, task):
            by_holder.setdefault(holder.id, []).append(task)
    if reader is None or not by_holder:
        return None
    own = by_holder.pop(reader.id, [])
    parts = list(_for_holder(board, own)) if own else []
    for holder_id, tasks in by_holder.items():
        parts += _for_backup(board, tasks, board.people[holder_id])
    return message(*parts)


def offered_to_backup(leaving: Leaving) -> Message | None:
    """Offer the backup what the leads have not answered."""
    board, reader = _board(leaving), leaving.member
    held = [(task, board.holding(task)) for task in _tasks(leaving, board)]
    tasks = [task for task, holding in held if reader and holding.as_backup and holding.member_id == reader.id]
    if not tasks:
        return None
    leads = _people(board, [task.lead_id for task in tasks])
    answer = min((task.backup_answer_by for task in tasks if task.backup_answer_by), default=None)
    return message(
        Heading(say("Can you take {task}?", task=board.titles(tasks))),
        count(
            len(leads),
            "{people} has not answered, and you are the backup.",
            "{people} have not answered, and you are the backup.",
            people=_named(leads),
        )
        if leads
        else None,
        *_when(board, tasks),
        say("Please answer by {moment}.", moment=moment_of(board, tasks, answer, "moment")) if answer else None,
        answer_actions(board, tasks),
    )


def lapsed(leaving: Leaving) -> Message | None:
    """Tell a coordinator what nobody accepted."""
    if not _coordinates(leaving.member):
        return None
    board = _board(leaving)
    tasks = [task for task in _tasks(leaving, board) if task.lead_id is not None and not board.holder(task)]
    if not tasks:
        return None
    words = board.command(tasks)
    asked = _people(board, [member_id for task in tasks for member_id in (task.lead_id, task.backup_id)])
    return message(
        Heading(say("Nobody has accepted {task}", task=board.titles(tasks))),
        count(len(asked), "{people} was asked.", "{people} were asked.", people=_named(asked)) if asked else None,
        *_when(board, tasks),
        say("`assign {task} @name` asks somebody else.", task=words),
        actions((say("Take it"), f"take {words}")),
    )


def overdue_bundle(leaving: Leaving) -> Message | None:
    """Give a coordinator, in the direct chat, all that is overdue and who has it."""
    if leaving.room is not None or not _coordinates(leaving.member):
        return None
    board = _board(leaving)
    late = [task for task in board.waiting() if is_overdue(board, task)]
    if not late:
        return None
    groups = _late_together(board, late)
    lines = [_late_line(board, tasks) for tasks in groups[:MOST_LINES]]
    if left := sum(map(len, groups[MOST_LINES:])):
        lines.append(count(left, "and {n} more: `tasks overdue`", "and {n} more: `tasks overdue`"))
    return message(
        Heading(count(len(late), "{n} task is overdue", "{n} tasks are overdue")),
        List(tuple(lines)),
        say("`reassign {task} @name` puts one into other hands.", task=board.command(groups[0][:1])),
    )


def span(length: dt.timedelta) -> Phrase:
    """Say how long a time is: in minutes below an hour, in days from two on, else in hours."""
    minutes = max(1, round(length.total_seconds() / 60))
    if minutes < 60:
        return count(minutes, "{n} minute", "{n} minutes")
    hours = round(minutes / 60)
    if hours < 48:
        return count(hours, "{n} hour", "{n} hours")
    return count(round(hours / 24), "{n} day", "{n} days")


def _board(leaving: Leaving) -> Board:
    return look(leaving.work, leaving.now, leaving.ceiling)


def _tasks(leaving: Leaving, board: Board) -> list[Task]:
    """Give the tasks that are still to be done, in the order of the text; what is settled is left out."""
    meant = {notice.subject_id for notice in leaving.notices}
    return [task for task in board.waiting() if task.id in meant]


def _is_covered(leaving: Leaving, task: Task) -> bool:
    """Tell whether there is nothing to remind of: no due time, or the moment of a later reminder has come too."""
    later = _COVERED_FROM.get(leaving.notices[0].occasion)
    return task.due is None or (later is not None and leaving.now >= task.due + later)


def _for_holder(board: Board, tasks: Sequence[Task]) -> Iterator[Part]:
    yield from _due_in(board, tasks)
    late = [task for task in tasks if is_overdue(board, task)]
    if late:
        yield count(
            len(late),
            "If you cannot do it, give it back: somebody else will look.",
            "If you cannot do them, give them back: somebody else will look.",
        )
    accepted = [task for task in tasks if board.holding(task).accepted]
    offered = [task for task in tasks if not board.holding(task).accepted]
    yield done_actions(board, accepted) if accepted else None
    yield answer_actions(board, offered) if offered else None


def _for_backup(board: Board, tasks: Sequence[Task], holder: Member) -> Iterator[Part]:
    heading, *when = _due_in(board, tasks)
    yield heading
    yield count(
        len(tasks),
        "{person} has it and is probably asleep. You are the backup: can you look?",
        "{person} has them and is probably asleep. You are the backup: can you look?",
        person=mention(holder),
    )
    yield from when
    if all(board.provision(task) for task in tasks):
        yield actions((say("Review"), f"review {board.command(tasks)}"))


def _due_in(board: Board, tasks: Sequence[Task]) -> Iterator[Part]:
    """Say what is due in how long and when that is, soonest first, in one breath what has as long left."""
    in_order = [task for _, rows in due_groups(tasks) for task in rows]
    for (is_late, length), rows in groupby(in_order, key=lambda task: _left(board, task)):
        together = sorted(rows, key=tasks.index)
        title = board.titles(together)
        yield Heading(
            say("Overdue for {span}: {task}", span=length, task=title)
            if is_late
            else say("Due in {span}: {task}", span=length, task=title)
        )
        yield from _when(board, together)


def _left(board: Board, task: Task) -> tuple[bool, Phrase]:
    """Tell whether a task is overdue, and how long it is, as it is said, to or from its due time."""
    left = (task.due or board.now) - board.now
    return left <= dt.timedelta(0), span(abs(left))


def _when(board: Board, tasks: Sequence[Task]) -> Iterator[Part]:
    """Say when tasks are due, and when their provisions are on the floor: in one line each when it is one moment."""
    yield due_lines(board, tasks)
    yield _floor(board, tasks)


def _floor(board: Board, tasks: Sequence[Task]) -> Phrase | None:
    slots: dict[dt.datetime, list[Task]] = {}
    for task in tasks:
        if meeting := board.meeting(task):
            slots.setdefault(meeting.starts_at, []).append(task)
    if not slots:
        return None
    moments = {at: moment_of(board, rows, at, "moment") for at, rows in sorted(slots.items())}
    if len(slots) == 1 and len(next(iter(slots.values()))) == len(tasks):
        return say("On the floor {moment}.", moment=next(iter(moments.values())))
    lines = [say("{tasks} {moment}", tasks=_short(board, slots[at]), moment=moment) for at, moment in moments.items()]
    return say("On the floor: {slots}.", slots=joined(lines, "; "))


def _short(board: Board, tasks: Sequence[Task]) -> str:
    return board.title(tasks[0]) if len(tasks) == 1 else board.titles(tasks)


def _people(board: Board, ids: Sequence[int | None]) -> list[Member]:
    """Give the active members among these, each once."""
    return [member for member_id in dict.fromkeys(ids) if (member := board.member(member_id))]


def _named(people: Sequence[Member]) -> Inline:
    *others, last = [mention(member) for member in people]
    return say("{people} and {last}", people=joined(others), last=last) if others else last


def _late_together(board: Board, late: Sequence[Task]) -> list[list[Task]]:
    """Group what is overdue by due time, longest first, and by who has it."""
    groups: dict[tuple[dt.datetime | None, int | None, bool], list[Task]] = {}
    for due, tasks in due_groups(late):
        for task in tasks:
            held = board.holding(task)
            groups.setdefault((due, held.member_id, held.accepted), []).append(task)
    return list(groups.values())


def _late_line(board: Board, tasks: Sequence[Task]) -> Phrase:
    holder = board.holder(tasks[0])
    due = moment_of(board, tasks, tasks[0].due or board.now)
    if holder is None:
        return say("Nobody: {tasks}, due {due}", tasks=board.titles(tasks), due=due)
    if not board.holding(tasks[0]).accepted:
        asked = mention(holder)
        return say(
            "Asked, not accepted: {person}: {tasks}, due {due}", person=asked, tasks=board.titles(tasks), due=due
        )
    return say("{person}: {tasks}, due {due}", person=mention(holder), tasks=board.titles(tasks), due=due)


def _coordinates(member: Member | None) -> bool:
    return member is not None and member.role is Role.COORDINATOR


OCCASIONS: dict[str, Write] = {
    "task.due-in-24h": remind,
    "task.due-in-2h": remind,
    "task.overdue": remind,
    "task.still-overdue": remind,
    "task.offered-to-backup": offered_to_backup,
    "task.lapsed": lapsed,
    "tasks.overdue-bundle": overdue_bundle,
}
