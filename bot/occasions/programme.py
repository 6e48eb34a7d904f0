"""What countdowns to meetings, sessions and deadlines say, and the reminders people set for themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from sqlmodel import SQLModel, col

from bot.agenda import ahead, read_agenda, shown
from bot.message import Block, Heading, Message, Moment, Paragraph, Phrase, actions, message, say
from bot.occasions.leaving import Leaving, Write
from bot.programme import GOING, home_zone
from bot.rules.countdowns import DEADLINE_POINTS, SESSION_POINTS, is_overtaken
from bot.rules.labels import may_show
from storage.tables import Deadline, Meeting, MeetingState, Reminder, Session

Row = TypeVar("Row", bound=SQLModel)

LATE = dt.timedelta(minutes=15)
"""From when on a reminder says what moment it was for."""


def meeting_countdown(leaving: Leaving) -> Message | None:
    """Write the meetings that are about to begin, or have just begun, parallel ones together."""
    points = [dt.timedelta(minutes=minutes) for minutes in (leaving.room.countdown if leaving.room else ())]
    rows = [
        row
        for row in _subjects(leaving, Meeting)
        if row.state in GOING and row.ends_at > leaving.now and not _overtaken(leaving, row.starts_at, points)
    ]
    if not rows:
        return None
    in_order = sorted(rows, key=lambda row: (row.starts_at, row.id))
    return message(*shown(read_agenda(leaving.work, leaving.now), in_order, leaving.ceiling))


def session_countdown(leaving: Leaving) -> Message | None:
    """Write in how many days a session begins, and with what; None once it has begun."""
    agenda = read_agenda(leaving.work, leaving.now)
    blocks: list[Heading | Paragraph] = []
    for session in _subjects(leaving, Session):
        of_it = Meeting.session_id == session.id
        rows = leaving.work.rows(Meeting, of_it, col(Meeting.state) != MeetingState.CANCELLED)
        first = min(rows, key=lambda row: (row.starts_at, row.id), default=None)
        if first is None or first.starts_at <= leaving.now or _overtaken(leaving, first.starts_at, SESSION_POINTS):
            continue
        begins = say("{session} begins", session=session.name)
        blocks.append(Heading(ahead(first.starts_at, leaving.now, agenda.zones[session.id], begins)))
        opening = say("First: {meeting}, {where}", meeting=agenda.name(first), where=agenda.where(first))
        blocks.append(Paragraph(opening))
    return message(*blocks) if blocks else None


def deadline_countdown(leaving: Leaving) -> Message | None:
    """Write which outside deadlines close; those that are not for this room are only said to be there."""
    zone = home_zone(leaving.work, leaving.coalition, leaving.now)
    blocks: list[Heading | Paragraph] = []
    for row in sorted(_subjects(leaving, Deadline), key=lambda row: (row.due, row.id)):
        if row.due <= leaving.now or _overtaken(leaving, row.due, DEADLINE_POINTS):
            continue
        open_here = may_show(row.label, leaving.ceiling)
        what = say("{title}", title=row.title) if open_here else say("a deadline (message me `deadlines`)")
        blocks.append(Heading(ahead(row.due, leaving.now, zone, what)))
        blocks.append(Paragraph(say("Closes {due}", due=Moment(row.due, zone.key))))
    return message(*blocks) if blocks else None


def reminder_due(leaving: Leaving) -> Message | None:
    """Write what a member asked to be reminded of; None when it was taken back or put off."""
    blocks: list[Block | Phrase | None] = []
    for row in _subjects(leaving, Reminder):
        if row.due <= leaving.now and leaving.member is not None and row.member_id == leaving.member.id:
            late = leaving.now - row.due > LATE
            blocks.append(say("You asked me to remind you: {words}", words=row.words))
            blocks.append(say("It was for {due}.", due=Moment(row.due)) if late else None)
    return message(*blocks, actions((say("Snooze"), "snooze"))) if blocks else None


def _overtaken(leaving: Leaving, anchor: dt.datetime, points: Sequence[dt.timedelta]) -> bool:
    """Tell whether a later countdown to the same moment is due as well; what leaves together was due together."""
    return is_overtaken(leaving.notices[0].due, anchor, points, leaving.now)


def _subjects(leaving: Leaving, table: type[Row]) -> Iterator[Row]:
    """Give the rows that the notices are about, each once; those that are gone are left out."""
    for row_id in _each_once(notice.subject_id for notice in leaving.notices):
        row = leaving.work.first(table, col(getattr(table, "id")) == row_id)  # noqa: B009 - SQLModel has no `id` for mypy
        if row is not None:
            yield row


def _each_once(ids: Iterable[int | None]) -> list[int]:
    return list(dict.fromkeys(row_id for row_id in ids if row_id is not None))


OCCASIONS: dict[str, Write] = {
    "meeting.countdown": meeting_countdown,
    "session.countdown": session_countdown,
    "deadline.countdown": deadline_countdown,
    "reminder.due": reminder_due,
}
