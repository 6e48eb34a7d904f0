"""Which reminders a task should have: 24 h and 2 h before it is due, twice when overdue, and when an offer lapses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from bot.rules.ownership import holding
from bot.rules.planned import Planned, stamp
from bot.rules.waking import Sleeper, asleep
from storage.tables import Task
from storage.tables.words import NoticeKind, TaskState

POINTS = (
    ("task.due-in-24h", dt.timedelta(hours=-24)),
    ("task.due-in-2h", dt.timedelta(hours=-2)),
    ("task.overdue", dt.timedelta(hours=1)),
    ("task.still-overdue", dt.timedelta(hours=25)),
)
"""Occasion and distance from the due time. A point that has passed is covered by any later one that has."""

BACKUP_HEARS_WITHIN = dt.timedelta(hours=8)

WAITING = (TaskState.OPEN, TaskState.STALE)


def task_reminders(
    task: Task, people: Mapping[int, Sleeper], meeting_at: dt.datetime | None, coordinators: Sequence[int]
) -> Iterator[Planned]:
    """Give every notice that a task should have, past ones included. `meeting_at` is its provision's next meeting."""
    if task.state not in WAITING:
        return
    if task.due is not None:
        for occasion, distance in POINTS:
            moment = task.due + distance
            for member_id in _hearers(task, people, moment, meeting_at):
                yield _to_member(task, occasion, member_id, moment, task.due)
    if task.accepted_at is None:
        yield from _lapses(task, coordinators)


def _hearers(
    task: Task, people: Mapping[int, Sleeper], moment: dt.datetime, meeting_at: dt.datetime | None
) -> Iterator[int]:
    holder = holding(task, moment).member_id
    if holder is None or holder not in people:
        return
    yield holder
    near = meeting_at is not None and dt.timedelta(0) <= meeting_at - moment <= BACKUP_HEARS_WITHIN
    backup = task.backup_id
    if near and backup is not None and backup in people and backup != holder and asleep(people[holder], moment):
        yield backup


def _lapses(task: Task, coordinators: Sequence[int]) -> Iterator[Planned]:
    if task.lead_id is None or task.answer_by is None:
        return
    lapses_at = task.answer_by
    if task.backup_id is not None and task.backup_answer_by is not None:
        yield _to_member(task, "task.offered-to-backup", task.backup_id, task.answer_by, task.answer_by)
        lapses_at = task.backup_answer_by
    for member_id in coordinators:
        yield _to_member(task, "task.lapsed", member_id, lapses_at, lapses_at)


def _to_member(task: Task, occasion: str, member_id: int, moment: dt.datetime, anchor: dt.datetime) -> Planned:
    key = f"{occasion}/{task.id}/{member_id}/{stamp(anchor)}"
    kind = NoticeKind.TASK if occasion == "task.offered-to-backup" else NoticeKind.REMINDER
    return Planned(key, kind, occasion, task.id, moment, member_id=member_id)
