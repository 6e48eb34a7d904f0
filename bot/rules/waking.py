"""When people sleep: quiet hours from 22:00 to 07:00 of their own day, and times away."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

QUIET_FROM = dt.time(22)
QUIET_TO = dt.time(7)


@dataclass(frozen=True)
class Sleeper:
    """What decides whether a person is asleep."""

    zone: ZoneInfo
    quiet: bool = True
    away_until: dt.datetime | None = None


def asleep(person: Sleeper, at: dt.datetime) -> bool:
    """Tell whether a message at that moment would wake or miss the person."""
    return _away(person, at) or (person.quiet and _night(at.astimezone(person.zone).time()))


def wakes_at(person: Sleeper, at: dt.datetime) -> dt.datetime:
    """Give the first moment from `at` on (UTC) at which the person is awake; `at` itself if they are."""
    if person.away_until is not None and _away(person, at):
        at = person.away_until
    if not (person.quiet and _night(at.astimezone(person.zone).time())):
        return at
    local = at.astimezone(person.zone)
    day = local.date() if local.time() < QUIET_TO else local.date() + dt.timedelta(days=1)
    return dt.datetime.combine(day, QUIET_TO, person.zone).astimezone(dt.UTC)


def after_waking_hours(person: Sleeper, start: dt.datetime, hours: int) -> dt.datetime:
    """Give the moment (UTC) at which the person has been awake for that many hours; nights always count."""
    sleeper = Sleeper(person.zone, quiet=True)
    left, moment = dt.timedelta(hours=hours), wakes_at(sleeper, start)
    while True:
        night = _next_night(sleeper, moment)
        if moment + left <= night:
            return moment + left
        left -= night - moment
        moment = wakes_at(sleeper, night)


def _away(person: Sleeper, at: dt.datetime) -> bool:
    return person.away_until is not None and at < person.away_until


def _night(clock: dt.time) -> bool:
    return clock >= QUIET_FROM or clock < QUIET_TO


def _next_night(person: Sleeper, awake_at: dt.datetime) -> dt.datetime:
    day = awake_at.astimezone(person.zone).date()
    return dt.datetime.combine(day, QUIET_FROM, person.zone).astimezone(dt.UTC)
