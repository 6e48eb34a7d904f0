"""The programme as the rules and the messages see it: sessions, their days, and when a provision is on the floor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from storage.tables import Coalition, Meeting, MeetingState, OnTable, Session
from storage.work import Work

OVERRUN = dt.timedelta(hours=3)
"""How long after its time a meeting that nobody closed may still be on."""
GOING = (MeetingState.PLANNED, MeetingState.RUNNING)
"""Meetings that are still to come or under way."""


def meetings_between(work: Work, start: dt.datetime, end: dt.datetime) -> list[Meeting]:
    """Give the meetings, cancelled ones too, that touch the time from start to end, soonest first."""
    found = work.rows(Meeting, col(Meeting.ends_at) > start, col(Meeting.starts_at) < end)
    return sorted(found, key=lambda meeting: (meeting.starts_at, meeting.id))


def coming(work: Work, now: dt.datetime) -> list[Meeting]:
    """Give the meetings that are not over yet, soonest first."""
    found = work.rows(Meeting, col(Meeting.state).in_(GOING), col(Meeting.ends_at) > now)
    return sorted(found, key=lambda meeting: (meeting.starts_at, meeting.id))


def next_meetings(work: Work, now: dt.datetime) -> dict[int, Meeting]:
    """Give for each lineage on the table of a coming meeting the soonest such meeting that has not begun."""
    soonest: dict[int, Meeting] = {}
    tabled = work.exec(
        select(OnTable.lineage_id, Meeting)
        .join(Meeting, col(Meeting.id) == col(OnTable.meeting_id))
        .where(
            OnTable.coalition_id == work.tenant, col(OnTable.lineage_id).is_not(None),
            Meeting.state == MeetingState.PLANNED, Meeting.starts_at > now,
        )
        .order_by(col(Meeting.starts_at), col(Meeting.id))
    )  # fmt: skip
    for lineage_id, meeting in tabled:
        if lineage_id is not None:
            soonest.setdefault(lineage_id, meeting)
    return soonest


def session_days(meetings: Iterable[Meeting], zones: Mapping[int, ZoneInfo]) -> dict[dt.date, ZoneInfo]:
    """Give the days (of the venue) on which something meets, with the venue's zone; `zones` by session id."""
    days: dict[dt.date, ZoneInfo] = {}
    for meeting in meetings:
        if meeting.state is not MeetingState.CANCELLED:
            zone = zones[meeting.session_id]
            days[meeting.starts_at.astimezone(zone).date()] = zone
    return dict(sorted(days.items()))


def session_zones(work: Work) -> dict[int, ZoneInfo]:
    """Give each session's zone by its id."""
    return {session.id: ZoneInfo(session.timezone) for session in work.rows(Session)}


def session_spans(work: Work) -> dict[int, tuple[dt.datetime, dt.datetime]]:
    """Give from when to when (UTC) each session with meetings lasts, by its id: whole days of its venue."""
    spans: dict[int, tuple[dt.datetime, dt.datetime]] = {}
    meetings = work.rows(Meeting, Meeting.state != MeetingState.CANCELLED)
    for session_id, zone in session_zones(work).items():
        days = [row.starts_at.astimezone(zone).date() for row in meetings if row.session_id == session_id]
        if days:
            ends = (min(days), max(days) + dt.timedelta(days=1))
            first, last = (dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC) for day in ends)
            spans[session_id] = first, last
    return spans


def session_now(work: Work, now: dt.datetime) -> Session | None:
    """Give the session that is on: between the first and the last of its meetings, each with its whole day."""
    on = [session_id for session_id, (begins, ends) in session_spans(work).items() if begins <= now < ends]
    return work.row(Session, on[0]) if on else None


def home_zone(work: Work, coalition: Coalition, now: dt.datetime) -> ZoneInfo:
    """Give the zone that rooms read: the venue's while a session is on, else the coalition's."""
    session = session_now(work, now)
    return ZoneInfo(session.timezone if session else coalition.timezone)
