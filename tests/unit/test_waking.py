"""When people sleep: by their own clock, on the days it is changed too."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.waking import Sleeper, after_waking_hours, asleep, wakes_at

VIENNA, NEW_YORK, KATHMANDU = (ZoneInfo(name) for name in ("Europe/Vienna", "America/New_York", "Asia/Kathmandu"))
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)

moments = st.integers(0, 366 * 24 * 60).map(lambda passed: START + dt.timedelta(minutes=passed))
sleepers = st.builds(Sleeper, st.sampled_from([VIENNA, NEW_YORK, KATHMANDU]), st.booleans(), st.none() | moments)


def utc(words: str) -> dt.datetime:
    """Read an ISO time."""
    return dt.datetime.fromisoformat(words).astimezone(dt.UTC)


@pytest.mark.parametrize(
    ("at", "sleeps"),
    [
        ("2024-02-06T21:59+01:00", False), ("2024-02-06T22:00+01:00", True), ("2024-02-07T06:59+01:00", True),
        ("2024-02-07T07:00+01:00", False), ("2024-03-31T06:59+02:00", True), ("2024-03-31T07:00+02:00", False),
    ],
)  # fmt: skip
def test_the_night_is_from_ten_to_seven_on_the_persons_clock(at: str, sleeps: bool) -> None:
    """The edges belong to the night at ten and to the day at seven, on 31 March too."""
    assert asleep(Sleeper(VIENNA), utc(at)) is sleeps
    assert not asleep(Sleeper(VIENNA, quiet=False), utc(at))


@pytest.mark.parametrize(
    ("zone", "at", "wakes"),
    [
        (VIENNA, "2024-03-30T23:00+01:00", "2024-03-31T07:00+02:00"),
        (VIENNA, "2024-03-31T01:30+01:00", "2024-03-31T07:00+02:00"),
        (NEW_YORK, "2024-03-09T22:00-05:00", "2024-03-10T07:00-04:00"),
        (NEW_YORK, "2024-11-02T23:00-04:00", "2024-11-03T07:00-05:00"),
        (VIENNA, "2024-02-06T12:00+01:00", "2024-02-06T12:00+01:00"),
    ],
)
def test_a_night_ends_at_seven_of_the_new_time(zone: ZoneInfo, at: str, wakes: str) -> None:
    """Nights in which the clock is changed are an hour shorter or longer."""
    assert wakes_at(Sleeper(zone), utc(at)) == utc(wakes)


def test_who_is_away_is_woken_by_nothing_before_the_morning_after() -> None:
    """Away until midnight means seven o'clock; without quiet hours midnight itself."""
    until = utc("2024-02-09T00:00+01:00")
    at = utc("2024-02-06T12:00+01:00")
    assert asleep(Sleeper(VIENNA, away_until=until), at)
    assert wakes_at(Sleeper(VIENNA, away_until=until), at) == utc("2024-02-09T07:00+01:00")
    assert wakes_at(Sleeper(VIENNA, quiet=False, away_until=until), at) == until


@given(sleepers, moments)
def test_people_are_awake_when_they_wake_and_not_before(person: Sleeper, at: dt.datetime) -> None:
    """The moment is the first at or after `at`; who is awake is not put off."""
    wakes = wakes_at(person, at)
    assert not asleep(person, wakes)
    assert (wakes == at) is not asleep(person, at)
    assert wakes == at or asleep(person, wakes - dt.timedelta(seconds=1))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-02-06T08:00+01:00", "2024-02-06T20:00+01:00"),
        ("2024-02-06T10:00+01:00", "2024-02-06T22:00+01:00"),
        ("2024-02-06T18:00+01:00", "2024-02-07T15:00+01:00"),
        ("2024-02-06T23:00+01:00", "2024-02-07T19:00+01:00"),
        ("2024-03-30T18:00+01:00", "2024-03-31T15:00+02:00"),
    ],
)
def test_twelve_waking_hours(start: str, end: str) -> None:
    """Nights do not count, also the one that is an hour short."""
    assert after_waking_hours(Sleeper(VIENNA, quiet=False), utc(start), 12) == utc(end)


@given(sleepers, moments, st.integers(1, 48))
def test_waking_hours_never_take_less_than_they_are(person: Sleeper, at: dt.datetime, hours: int) -> None:
    """Half a day of fifteen waking hours: more time passes, but no more than the nights between."""
    passed = after_waking_hours(person, at, hours) - at
    assert dt.timedelta(hours=hours) <= passed <= dt.timedelta(hours=hours + 10 * (hours // 15 + 2))
