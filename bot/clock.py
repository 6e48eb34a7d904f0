"""The time: the system's, or one that stands still until it is told to move. Nothing else reads a clock."""

from __future__ import annotations

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> dt.datetime:
        """Give the present moment, aware and in UTC."""
        ...


class SystemClock:
    """The time of this machine."""

    def now(self) -> dt.datetime:
        """Give the machine's present moment, aware and in UTC."""
        return dt.datetime.now(dt.UTC)


class SimulatedClock:
    """A clock that stands still between two calls of `advance_to`."""

    def __init__(self, start: dt.datetime) -> None:
        """Stand at `start`, an aware moment in any zone; raises ValueError for a naive one."""
        self._now = _in_utc(start)

    def now(self) -> dt.datetime:
        """Give the moment it stands at, aware and in UTC."""
        return self._now

    def advance_to(self, moment: dt.datetime) -> None:
        """Move on to an aware moment; raises ValueError for one before now, and for a naive one."""
        moment = _in_utc(moment)
        if moment < self._now:
            raise ValueError(f"The clock cannot go back from {self._now.isoformat()} to {moment.isoformat()}.")
        self._now = moment


def _in_utc(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        raise ValueError(f"The moment {moment.isoformat()} has no offset from UTC.")
    return moment.astimezone(dt.UTC)
