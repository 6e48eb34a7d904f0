"""APScheduler behind the alarm port. It keeps no state of ours: each moment is a row, the alarm only wakes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger


class ScheduledAlarm:
    """An alarm on the event loop that is running."""

    def __init__(self) -> None:
        """Start the scheduler; needs a running event loop."""
        self._scheduler = AsyncIOScheduler(timezone=dt.UTC)
        self._scheduler.start()
        self._set = 0

    def at(self, moment: dt.datetime | None, wake: Callable[[], None]) -> None:
        """Wake at the moment, at once when it is past; replaces the moment set before."""
        self._scheduler.remove_all_jobs()
        if moment is None:
            return

        async def ring() -> None:
            # A coroutine runs on the loop itself; a plain function would run in a thread.
            wake()

        # A job of the same name that is set while the old one runs would be lost: each has a name of its own.
        self._set += 1
        # By default a job that is a second late is dropped.
        self._scheduler.add_job(ring, DateTrigger(moment), id=str(self._set), misfire_grace_time=None)

    def close(self) -> None:
        """Stop the scheduler."""
        self._scheduler.shutdown(wait=False)
