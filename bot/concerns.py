"""Whom a draft concerns: the owners of what it changed, and what it changed that nobody owns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import col

from bot.changes import Step, numbers_only
from bot.notices import coordinators
from bot.people import members, sleeper
from bot.programme import next_meetings
from bot.rules.ownership import holding
from bot.rules.reminders import BACKUP_HEARS_WITHIN
from bot.rules.waking import asleep
from storage.tables import Change, Meeting, Member, Task, TaskState
from storage.work import Work


@dataclass(frozen=True)
class Concern:
    """One change that a member must hear of, and the task that makes it theirs."""

    change: Change
    task: Task
    old: str
    """The label that the task's provision had before."""
    instead_of: int | None = None
    """The lead who sleeps while the meeting is near, where the backup hears in their stead."""


@dataclass
class Impact:
    """Whom a draft concerns."""

    concerns: dict[int, list[Concern]] = field(default_factory=dict)
    """By member id: the changes to what is theirs that they must look at."""
    quiet: dict[int, list[Change]] = field(default_factory=dict)
    """By member id: what is theirs and has new numbers only."""
    unowned: list[Change] = field(default_factory=list)
    """What is new or changed and in nobody's hands."""

    def told(self, work: Work) -> set[int]:
        """Give the ids of all members who would be told."""
        return {*self.concerns, *([row.id for row in coordinators(work)] if self.unowned else [])}


def impact_of(work: Work, step: Step, now: dt.datetime) -> Impact:
    """Tell whom a draft concerns, by who has the tasks at this moment. Ask before the draft is put in force."""
    impact = Impact()
    if step.base is None:
        return impact
    people = {member.id: member for member in members(work)}
    tasks, floor = tasks_by_lineage(work), next_meetings(work, now)
    for change in step.changes:
        owned = False
        for old in step.olds(change):
            for task in tasks.get(old.lineage_id or 0, ()):
                hearers = _hearers(task, people, floor.get(old.lineage_id or 0), now)
                owned = owned or bool(hearers)
                _note(impact, change, old.label, task, hearers)
        if not owned and (change.relation == "added" or (change.alarming and change.new)):
            impact.unowned.append(change)
    return impact


def tasks_by_lineage(work: Work) -> dict[int, list[Task]]:
    """Index the tasks that were not cancelled by the lineage of their provision."""
    found: dict[int, list[Task]] = {}
    for task in work.rows(Task, col(Task.state) != TaskState.CANCELLED, col(Task.lineage_id).is_not(None)):
        found.setdefault(task.lineage_id or 0, []).append(task)
    return found


def holder_of(task: Task, now: dt.datetime) -> int | None:
    """Tell who answers for a task: whoever has it, or for one that is done, whoever did it."""
    return task.lead_id if task.state is TaskState.DONE else holding(task, now).member_id


def _hearers(
    task: Task, people: Mapping[int, Member], meeting: Meeting | None, now: dt.datetime
) -> list[tuple[int, int | None]]:
    """Give who hears of a task, and in whose stead: the backup too when the lead sleeps and the meeting is near."""
    holder = holder_of(task, now)
    if holder is None or holder not in people:
        return []
    near = meeting is not None and meeting.starts_at - now <= BACKUP_HEARS_WITHIN
    backup = task.backup_id
    if near and backup is not None and backup in people and backup != holder and asleep(sleeper(people[holder]), now):
        return [(holder, None), (backup, holder)]
    return [(holder, None)]


def _note(impact: Impact, change: Change, old: str, task: Task, hearers: Sequence[tuple[int, int | None]]) -> None:
    for member_id, instead_of in hearers:
        if change.alarming:
            impact.concerns.setdefault(member_id, []).append(Concern(change, task, old, instead_of))
        elif numbers_only(change) and instead_of is None:
            impact.quiet.setdefault(member_id, []).append(change)
