"""When a room's digest is due: each session day at its hour in the venue's zone, otherwise on Mondays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from zoneinfo import ZoneInfo

MONDAY = 0


def next_digest(
    now: dt.datetime, at: dt.time, session_days: Mapping[dt.date, ZoneInfo], home: ZoneInfo
) -> tuple[dt.date, dt.datetime]:
    """Give the day (of the venue, or of home on Mondays) and the moment (UTC) of the first digest after `now`.

    `session_days` are the days with meetings, each with its venue's zone.
    """
    day = now.astimezone(home).date() - dt.timedelta(days=1)
    while True:
        zone = session_days.get(day) or (home if day.weekday() == MONDAY else None)
        if zone is not None:
            moment = dt.datetime.combine(day, at, zone).astimezone(dt.UTC)
            if moment > now:
                return day, moment
        day += dt.timedelta(days=1)


def next_morning(now: dt.datetime, zone: ZoneInfo, at: dt.time = dt.time(9)) -> dt.datetime:
    """Give the next moment (UTC) at which it is that hour in a zone: the coordinators' daily bundle."""
    day = now.astimezone(zone).date()
    moment = dt.datetime.combine(day, at, zone).astimezone(dt.UTC)
    return moment if moment > now else dt.datetime.combine(day + dt.timedelta(days=1), at, zone).astimezone(dt.UTC)
