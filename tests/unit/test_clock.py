"""The system's clock and the simulated one."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from bot.clock import Clock, SimulatedClock, SystemClock

START = dt.datetime(2024, 2, 6, 15, tzinfo=dt.UTC)


def test_system_clock_is_aware_and_in_utc() -> None:
    """The machine's time is told in UTC and does not run backwards between two looks."""
    clock: Clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert first.tzinfo is dt.UTC
    assert first <= second


def test_simulated_clock_stands_still_until_advanced() -> None:
    """Time moves only when it is told to."""
    clock = SimulatedClock(START)
    assert (clock.now(), clock.now()) == (START, START)
    clock.advance_to(START + dt.timedelta(hours=2))
    assert clock.now() == START + dt.timedelta(hours=2)


def test_simulated_clock_may_be_advanced_to_where_it_stands() -> None:
    """Advancing by nothing is not going back."""
    clock = SimulatedClock(START)
    clock.advance_to(START)
    assert clock.now() == START


def test_simulated_clock_tells_utc_whatever_it_was_given() -> None:
    """A start and a moment in another zone are turned into UTC."""
    vienna = ZoneInfo("Europe/Vienna")
    clock = SimulatedClock(START.astimezone(vienna))
    assert clock.now().tzinfo is dt.UTC
    clock.advance_to(dt.datetime(2024, 2, 6, 17, tzinfo=vienna))
    assert clock.now().isoformat() == "2024-02-06T16:00:00+00:00"


def test_going_back_is_refused_with_both_moments() -> None:
    """The refusal names where the clock stands and where it was sent; it stays where it was."""
    clock = SimulatedClock(START)
    with pytest.raises(ValueError, match="cannot go back") as refused:
        clock.advance_to(START - dt.timedelta(minutes=1))
    assert "2024-02-06T15:00:00+00:00" in str(refused.value)
    assert "2024-02-06T14:59:00+00:00" in str(refused.value)
    assert clock.now() == START


def test_naive_moments_are_refused() -> None:
    """A time without an offset is no moment."""
    with pytest.raises(ValueError, match="no offset"):
        SimulatedClock(START.replace(tzinfo=None))
    with pytest.raises(ValueError, match="no offset"):
        SimulatedClock(START).advance_to(START.replace(tzinfo=None))
