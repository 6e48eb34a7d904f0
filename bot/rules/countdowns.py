"""Which countdowns a room should have: sessions 7 days and 1 day ahead, meetings, and outside deadlines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from bot.rules.planned import Planned, stamp
from storage.tables import Deadline, Meeting, Room
from storage.tables.words import MeetingState, NoticeKind, Purpose

SESSION_POINTS = (dt.timedelta(days=7), dt.timedelta(days=1))
DEADLINE_POINTS = (dt.timedelta(days=7), dt.timedelta(days=1), dt.timedelta(hours=2))


def meeting_countdowns(meeting: Meeting, rooms: Iterable[Room]) -> Iterator[Planned]:
    """Give the countdowns of a meeting that is still to begin."""
    if meeting.state is not MeetingState.PLANNED:
        return
    for room in _counting(rooms):
        for minutes in room.countdown:
            due = meeting.starts_at - dt.timedelta(minutes=minutes)
            yield _planned("meeting.countdown", meeting.id, room, due, meeting.starts_at)


def session_countdowns(session_id: int, begins_at: dt.datetime, rooms: Iterable[Room]) -> Iterator[Planned]:
    """Give the countdowns to the first meeting of a session."""
    for room in _counting(rooms):
        for before in SESSION_POINTS:
            yield _planned("session.countdown", session_id, room, begins_at - before, begins_at)


def deadline_countdowns(deadline: Deadline, rooms: Iterable[Room]) -> Iterator[Planned]:
    """Give the countdowns to an outside deadline."""
    for room in _counting(rooms):
        for before in DEADLINE_POINTS:
            yield _planned("deadline.countdown", deadline.id, room, deadline.due - before, deadline.due)


def is_overtaken(due: dt.datetime, anchor: dt.datetime, points: Iterable[dt.timedelta], now: dt.datetime) -> bool:
    """Tell whether a countdown that is late says no more than the next one, whose moment has come too."""
    return any(due < anchor - point <= now for point in points)


def _counting(rooms: Iterable[Room]) -> list[Room]:
    return [room for room in rooms if room.serves(Purpose.COUNTDOWN)]


def _planned(occasion: str, subject_id: int, room: Room, due: dt.datetime, anchor: dt.datetime) -> Planned:
    minutes = int((anchor - due).total_seconds() // 60)
    key = f"{occasion}/{subject_id}/{room.id}/{minutes}/{stamp(anchor)}"
    return Planned(key, NoticeKind.COUNTDOWN, occasion, subject_id, due, room_id=room.id)
