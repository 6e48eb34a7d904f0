"""Who has a task: an offer that is not accepted in time passes to the backup, then back to the coordinators.

What follows from time alone is never stored: it is read from the task's moments whenever somebody asks.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bot.rules.waking import Sleeper, after_waking_hours
from storage.tables import Task

ANSWER_WITHIN = dt.timedelta(hours=72)
ANSWER_WAKING_HOURS = 12


@dataclass(frozen=True)
class Holding:
    """Who has a task at a moment, and whether they said yes to it."""

    member_id: int | None
    accepted: bool = False
    as_backup: bool = False


def holding(task: Task, at: dt.datetime) -> Holding:
    """Tell who has the task at a moment: its lead, the backup it was passed on to, or nobody."""
    if task.accepted_at is not None and task.accepted_at <= at:
        return Holding(task.lead_id, accepted=True)
    if task.lead_id is not None and (task.answer_by is None or at < task.answer_by):
        return Holding(task.lead_id)
    if task.backup_id is not None and task.backup_answer_by is not None and at < task.backup_answer_by:
        return Holding(task.backup_id, as_backup=True)
    return Holding(None)


def answer_by(offered_at: dt.datetime, person: Sleeper, *, in_session: bool) -> dt.datetime:
    """Give the moment an offer lapses: after 72 hours, during a session after twelve of the person's waking hours."""
    if in_session:
        return after_waking_hours(person, offered_at, ANSWER_WAKING_HOURS)
    return offered_at + ANSWER_WITHIN


def default_due(now: dt.datetime, meeting_at: dt.datetime | None, *, new_text: bool = False) -> dt.datetime | None:
    """Give the due time that nobody chose: a day before the provision's meeting, for new text in session an hour.

    When a day before is past already, an hour before is next best; with no meeting ahead there is none.
    """
    if meeting_at is None:
        return None
    for before in (dt.timedelta(hours=1),) if new_text else (dt.timedelta(days=1), dt.timedelta(hours=1)):
        if meeting_at - before > now:
            return meeting_at - before
    return meeting_at if meeting_at > now else None
