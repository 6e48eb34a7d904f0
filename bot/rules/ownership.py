"""Who has a task: an offer that is not accepted in time passes to the backup, then back to the coordinators.

What follows from time alone is never stored: it is read from the task's moments whenever somebody asks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
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


Span = tuple[dt.datetime, dt.datetime]
"""From a moment up to another."""


def answer_by(offered_at: dt.datetime, person: Sleeper, sessions: Sequence[Span]) -> dt.datetime:
    """Give the moment an offer lapses: after 72 hours, sooner where twelve of the person's waking hours are in session.

    `sessions` are the times of the sessions, each from its first day to the end of its last.
    """
    lapses_at = offered_at + ANSWER_WITHIN
    for begins, ends in sessions:
        if begins < lapses_at and offered_at < ends:
            counted_from = max(offered_at, begins)
            lapses_at = min(lapses_at, after_waking_hours(person, counted_from, ANSWER_WAKING_HOURS))
    return lapses_at


def limit_of(now: dt.datetime, *moments: dt.datetime | None) -> dt.datetime | None:
    """Give the moment by which an offer must be answered: the first still ahead of its due time and its meeting."""
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


def offer_times(
    offered_at: dt.datetime, lead: Sleeper, backup: Sleeper | None, sessions: Sequence[Span], limit: dt.datetime | None
) -> tuple[dt.datetime, dt.datetime | None]:
    """Give until when a lead, and then a backup, can answer an offer, both by `limit`.

    Where time is short the lead has the first three quarters of it, to the quarter of an hour, and the backup the rest.
    """
    first = answer_by(offered_at, lead, sessions)
    if limit is not None:
        first = min(first, limit if backup is None else _three_quarters(offered_at, limit))
    if backup is None:
        return first, None
    second = answer_by(first, backup, sessions)
    return first, second if limit is None else min(second, limit)


def _three_quarters(start: dt.datetime, end: dt.datetime) -> dt.datetime:
    exact = start + (end - start) * 3 / 4
    even = exact.replace(minute=exact.minute // 15 * 15, second=0, microsecond=0)
    return even if even > start else exact


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
