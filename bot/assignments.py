"""Putting tasks into people's hands and taking them back: what changes, and who hears of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.commands import Call
from bot.message import Actions, Heading, Inline, Joined, List, Message, Phrase, actions, count, joined, message, say
from bot.notices import About, coordinators, member_lane
from bot.offers import open_offer
from bot.people import mention
from bot.rules.ownership import default_due
from bot.rules.reminders import WAITING
from bot.tasks import Board, by_due, due_groups, moment_of, who_has
from storage.tables import Label, Member, NoticeKind, Task, TaskState


def hand(
    board: Board,
    task: Task,
    lead: Member,
    backup: Member | None = None,
    *,
    by: dt.datetime | None = None,
    accepted: bool = False,
) -> None:
    """Put a task into a lead's hands, as an offer or accepted already.

    `by` is a due time that a person chose; without one a chosen time that is still ahead stays, else it follows from
    the programme.
    """
    task.lead_id, task.backup_id = lead.id, backup.id if backup else None
    task.assigned_at = board.now
    task.accepted_at = board.now if accepted else None
    if task.state is not TaskState.STALE:
        task.state = TaskState.OPEN
    _set_due(board, task, by)
    task.answer_by = task.backup_answer_by = None
    if not accepted:
        open_offer(board.work, task, board.now, board.meeting(task))


def accept(board: Board, task: Task, member: Member) -> None:
    """Let a member who was offered a task have it."""
    if task.lead_id != member.id:
        task.lead_id, task.backup_id = member.id, None
    task.accepted_at, task.backup_answer_by = board.now, None


@dataclass
class GivenBack:
    """What became of the tasks that a member gave back."""

    offered: dict[int, list[Task]] = field(default_factory=dict)
    """To their backups, by member id."""
    unowned: list[Task] = field(default_factory=list)
    without_backup: list[Task] = field(default_factory=list)
    """The member was the backup only; their leads keep them."""


def give_back(board: Board, tasks: Sequence[Task], member: Member) -> GivenBack:
    """Take tasks out of a member's hands: the backup is offered them, else nobody has them."""
    result = GivenBack()
    for task in tasks:
        backup = board.member(task.backup_id)
        holder = board.holder(task)
        if backup and backup.id == member.id and holder and holder.id != member.id:
            task.backup_id = task.backup_answer_by = None
            result.without_backup.append(task)
        elif backup and backup.id != member.id and task.state in WAITING:
            _pass_on(board, task, backup, result)
        else:
            let_go(task)
            result.unowned.append(task)
    return result


def let_go(task: Task) -> None:
    """Leave a task in nobody's hands."""
    task.lead_id = task.backup_id = None
    task.assigned_at = task.accepted_at = task.answer_by = task.backup_answer_by = None


Hands = Mapping[int, Collection[int]]
"""Who had a part in each task, by task id: the members' ids."""


def hands(board: Board, tasks: Sequence[Task]) -> Hands:
    """Give who has a part in each task: lead and backup of those that somebody has."""
    return {task.id: {task.lead_id or 0, task.backup_id or 0} if board.holder(task) else set() for task in tasks}


def whom_to_tell(call: Call, board: Board, tasks: Sequence[Task], before: Hands) -> list[Member]:
    """Give the people, the speaker aside, whom handing over these tasks concerns; `before`: their hands until now."""
    ids = {member_id for task in tasks for member_id in (task.lead_id, task.backup_id, *before[task.id])}
    return [member for member in board.people.values() if member.id in ids and member.id != call.speaker.id]


def tell_of_handing_over(call: Call, board: Board, tasks: Sequence[Task], before: Hands) -> None:
    """Tell each of them, in one message, what this command gave and took; the speaker gets the answer."""
    told = board.seen_by(Label.CLOSED)
    for member in whom_to_tell(call, board, tasks, before):
        leads = [task for task in tasks if task.lead_id == member.id]
        backs = [task for task in tasks if task.backup_id == member.id]
        lost = [task for task in tasks if member.id in before[task.id] and task not in leads and task not in backs]
        whole = handed_over(told, mention(call.speaker), leads, backs, lost)
        known = bool(leads) and all(task.accepted_at is not None for task in leads)
        facts = {"leads": _ids(leads), "backs": _ids(backs), "lost": _ids(lost), "known": known}
        send(call, member, whole, [*leads, *backs, *lost], facts=facts)


def tell_of_giving_back(call: Call, board: Board, result: GivenBack, why: str) -> None:
    """Tell the backups what they are offered, and the coordinators, with the reason, what nobody has."""
    told = board.seen_by(Label.CLOSED)
    for member_id, tasks in result.offered.items():
        content = passed_on(told, mention(call.speaker), tasks)
        send(call, board.people[member_id], content, tasks, facts={"passed": _ids(tasks)})
    if not (result.unowned or result.without_backup):
        return
    content = returned(told, mention(call.speaker), result.unowned, result.without_backup, why)
    facts = {"free": _ids(result.unowned), "kept": _ids(result.without_backup), "why": why}
    label = call.typed_label if why else Label.COALITION
    for member in coordinators(call.work):
        if member.id != call.speaker.id:
            send(call, member, content, [*result.unowned, *result.without_backup], label, facts)


def send(
    call: Call,
    member: Member,
    content: Message,
    tasks: Sequence[Task],
    label: Label = Label.COALITION,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Tell one member of tasks in the direct chat, under the most sensitive label among them."""
    highest = label_of(tasks, label)
    about = About("told.tasks", None, {"by": call.speaker.id, **facts}) if facts is not None else None
    call.tell(member_lane(call.work, member.id), NoticeKind.TASK, content, highest, about=about)


def label_of(tasks: Sequence[Task], least: Label = Label.COALITION) -> Label:
    """Give how sensitive a message about tasks is."""
    return max((least, *(task.label for task in tasks)), key=lambda one: one.rank)


def handed_over(
    board: Board, giver: Inline, leads: Sequence[Task], backs: Sequence[Task], lost: Sequence[Task]
) -> Message:
    """Say what somebody gave a reader as lead and as backup, and what they took."""
    parts = [
        _asked(giver, board, leads) if leads else None,
        message(_backup_line(board, backs)) if backs else None,
        message(List(tuple(_now_with(board, task) for task in lost))) if lost else None,
    ]
    return Message(tuple(block for part in parts if part for block in part.blocks))


def passed_on(board: Board, giver: Inline, tasks: Sequence[Task]) -> Message:
    """Offer a backup what the lead gave back."""
    return _offer(board, tasks, say("{person} cannot do it; you are the backup.", person=giver))


def returned(board: Board, giver: Inline, free: Sequence[Task], kept: Sequence[Task], why: str) -> Message:
    """Tell a coordinator what somebody gave back: what nobody has now, and what has no backup now."""
    return message(
        Heading(say("{person} gave back {tasks}", person=giver, tasks=board.titles([*free, *kept])))
        if free
        else Heading(say("{person} is no longer the backup for {tasks}", person=giver,
                         tasks=board.titles(kept))),
        say("Why: {why}", why=why) if why else None,
        *left_open(board, free, kept),
    )  # fmt: skip


def left_open(board: Board, free: Sequence[Task], kept: Sequence[Task]) -> Iterator[Phrase]:
    """Say what nobody has now, and what has no backup now, with what to do about it."""
    if free:
        yield say("Nobody has {tasks}. `assign {command} @name` or `take {command}`.",
                  tasks=board.titles(free), command=board.command(free))  # fmt: skip
    if kept:
        yield say("{who}, without a backup. `reassign {command} @lead backup @name` names one.",
                  who=who_has(board, kept), command=board.command(kept))  # fmt: skip


def counted_by_person(board: Board, tasks: Sequence[Task]) -> List:
    """List who has which of the tasks, how many, and when they are due."""
    people = [member for member in board.people.values() if any(task.lead_id == member.id for task in tasks)]
    lines = [_person_line(board, member, [task for task in tasks if task.lead_id == member.id]) for member in people]
    return List(tuple(lines))


def answer_actions(board: Board, tasks: Sequence[Task]) -> Actions:
    """Give the two answers to an offer."""
    words = board.command(tasks)
    return actions((say("Accept"), f"accept {words}"), (say("Decline"), f"decline {words}"))


def done_actions(board: Board, tasks: Sequence[Task]) -> Actions:
    """Give what the holder of tasks can do: say what they found, mark them done, give them back."""
    words = board.command(tasks)
    review = [(say("Review"), f"review {words}")] if all(board.provision(task) for task in tasks) else []
    return actions(*review, (say("Done"), f"done {words}"), (say("Give it back"), f"release {words}"))


def due_lines(board: Board, tasks: Sequence[Task]) -> List | Phrase | None:
    """Say when tasks are due: in one line when it is one moment, nothing when there is none."""
    groups = list(due_groups(tasks))
    if len(groups) > 1:
        return List(by_due(board, tasks).parts)
    due = groups[0][0]
    if due is None:
        return None
    moment = moment_of(board, tasks, due)
    return say("Due {due}.", due=moment) if due > board.now else say("It was due {due}.", due=moment)


def _set_due(board: Board, task: Task, by: dt.datetime | None) -> None:
    if by is not None:
        task.due, task.due_chosen = by, True
    elif not (task.due_chosen and task.due is not None and task.due > board.now):
        meeting = board.meeting(task)
        task.due, task.due_chosen = default_due(board.now, meeting.starts_at if meeting else None), False


def _pass_on(board: Board, task: Task, backup: Member, result: GivenBack) -> None:
    """Make the backup the lead, by an offer; one that was made already when the lead did not answer goes on."""
    known, lapses_at = board.holding(task).as_backup, task.backup_answer_by
    task.lead_id, task.backup_id, task.backup_answer_by = backup.id, None, None
    task.assigned_at, task.accepted_at = board.now, None
    if known:
        task.answer_by = lapses_at
    else:
        open_offer(board.work, task, board.now, board.meeting(task))
        result.offered.setdefault(backup.id, []).append(task)


def _ids(tasks: Sequence[Task]) -> list[int]:
    return [task.id for task in tasks]


def _asked(giver: Inline, board: Board, tasks: Sequence[Task]) -> Message:
    known = all(task.accepted_at is not None for task in tasks)
    why = (
        say("{person} changed this.", person=giver)
        if known
        else say("{person} asks you to take this on.", person=giver)
    )
    return _offer(board, tasks, why)


def _backup_line(board: Board, tasks: Sequence[Task]) -> Phrase:
    leads = _named(board, [task.lead_id for task in tasks])
    return say(
        "You are the backup of {people} for {tasks}. Nothing to do unless I ask you.",
        people=leads,
        tasks=board.titles(tasks),
    )


def _offer(board: Board, tasks: Sequence[Task], why: Phrase) -> Message:
    answer = min((task.answer_by for task in tasks if task.answer_by is not None), default=None)
    is_early = answer is not None and board.now < answer and all(not task.due or answer < task.due for task in tasks)
    backups = _named(board, [task.backup_id for task in tasks])
    return message(
        Heading(say("For you: {tasks}", tasks=board.titles(tasks))),
        why,
        due_lines(board, tasks),
        say("Your backup: {people}.", people=backups) if backups.parts else None,
        say("Please answer by {moment}.", moment=moment_of(board, tasks, answer, "moment"))
        if answer and is_early
        else None,
        answer_actions(board, tasks) if answer else done_actions(board, tasks),
    )


def _named(board: Board, ids: Sequence[int | None]) -> Joined:
    people = [board.member(member_id) for member_id in dict.fromkeys(ids)]
    return joined([mention(person) for person in people if person])


def _now_with(board: Board, task: Task) -> Inline:
    lead = _named(board, [task.lead_id])
    return say("No longer with you: {task}. {person} has it now.", task=board.long_title(task), person=lead)


def _person_line(board: Board, member: Member, tasks: Sequence[Task]) -> Phrase:
    return count(
        len(tasks),
        "{person}, {n} task: {tasks}",
        "{person}, {n} tasks: {tasks}",
        person=mention(member),
        tasks=by_due(board, tasks),
    )
