"""The engine: inbox, files, drafts and outbox worked on, by a clock that runs or by one moved by hand."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Literal

import structlog

from bot.clock import Clock, SimulatedClock
from bot.dispatch import Dispatch
from bot.erasing import Erasing
from bot.fetching import AT_ONCE, Fetching
from bot.ingest import Ingest
from bot.invocation import Invocation
from bot.outbox import Outbox
from bot.ports import Alarm
from bot.retention import erase_old
from bot.watching import Watch
from storage.trouble import DatabaseTrouble
from storage.work import Store

SWEEP_SECONDS = 15.0
"""How long the engine sleeps at most: a clock that jumped is noticed within this time."""
ERASE_EVERY = dt.timedelta(hours=1)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""How many seconds `run` waits after trouble with the database: twice as long each time in a row."""
Drain = Callable[[], Awaitable[bool]]
"""One kind of work: does all that is due now, and tells whether there was anything."""

_log = structlog.get_logger()


class Engine:
    """What `run`, `console` and `demo` share."""

    def __init__(  # noqa: PLR0913, PLR0917 - each is one part
        self,
        store: Store,
        clock: Clock,
        dispatch: Dispatch,
        fetching: Fetching,
        watch: Watch,
        ingest: Ingest,
        erasing: Erasing,
        outbox: Outbox,
    ) -> None:
        """Take the parts; nothing runs yet."""
        self.store, self.clock = store, clock
        self._dispatch, self._fetching, self._watch = dispatch, fetching, watch
        self._ingest, self._erasing, self._outbox = ingest, erasing, outbox
        self._bells: dict[Drain, asyncio.Event] = {
            work: asyncio.Event()
            for work in (dispatch.drain, fetching.drain, watch.drain, ingest.drain, erasing.drain, outbox.drain)
        }
        self._sending = self._bells[outbox.drain]
        self._erased_at: dt.datetime | None = None
        self.heeding: list[Callable[[], None]] = []
        """Called after work that may have changed what people see."""

    def serve_only(self, coalition_id: int, platform: str) -> None:
        """Send and read for one coalition only, and answer what came from one platform: what a console may do.

        The others are left to the process that serves them.
        """
        self._outbox.coalition_id = self._ingest.coalition_id = self._erasing.coalition_id = coalition_id
        self._dispatch.platform = self._fetching.platform = platform

    async def receive(self, invocation: Invocation) -> None:
        """Keep what was said and wake the engine."""
        await self._dispatch.receive(invocation)
        self.wake()

    async def settle(self) -> None:
        """Do everything that is due now: answer, read drafts, send."""
        busy = True
        while busy:
            busy = await self._fetching.drain()
            busy = await self._dispatch.drain() or busy
            busy = await self._watch.drain() or busy
            busy = await self._ingest.drain() or busy
            busy = await self._erasing.drain() or busy
            busy = await self._outbox.drain() or busy
            self._heed(busy=busy)
        await self._erase()

    async def advance(self, clock: SimulatedClock, moment: dt.datetime) -> None:
        """Move a simulated clock to a moment, stopping at each one on the way at which something is due."""
        while (soonest := await self._next_moment()) is not None and soonest <= moment:
            clock.advance_to(max(soonest, clock.now()))
            await self.settle()
        clock.advance_to(moment)
        await self.settle()

    async def run(self, alarm: Alarm, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is unsent then is left for the next start.

        The kinds of work go on side by side, and several files are fetched at once: a draft that takes long to read,
        or a chat that answers slowly, keeps nobody's command waiting. Trouble with the database is logged by its code
        and tried again, ever more seldom.
        """
        stopping = asyncio.create_task(stop.wait())
        try:
            loops = [work for work in self._bells for _ in range(AT_ONCE if work == self._fetching.drain else 1)]
            await asyncio.gather(*(self._go_on(work, alarm, stopping) for work in loops))
        finally:
            stopping.cancel()

    async def _go_on(self, work: Drain, alarm: Alarm, stopping: asyncio.Task[Literal[True]]) -> None:
        pause = FIRST_PAUSE
        while not stopping.done():
            try:
                await self._once(work, alarm, stopping)
            except DatabaseTrouble as trouble:
                _log.error("database trouble", code=trouble.code, seconds=pause)
                await asyncio.wait({stopping}, timeout=pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                pause = FIRST_PAUSE

    async def _once(self, work: Drain, alarm: Alarm, stopping: asyncio.Task[Literal[True]]) -> None:
        """Do what is due of one kind of work, then wait until something wakes it, for the time of a sweep at most."""
        bell = self._bells[work]
        bell.clear()
        if await self._unless_stopped(work, stopping):
            self._heed(busy=True)
            self.wake()
            return
        await self._erase()
        if bell is self._sending:
            # Only here: while it is busy, what is due and not yet sent would ring again and again.
            alarm.at(await self._next_moment(), self.wake)
        waking = asyncio.create_task(bell.wait())
        await asyncio.wait({stopping, waking}, timeout=SWEEP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        waking.cancel()

    async def _unless_stopped(self, work: Drain, stopping: asyncio.Task[Literal[True]]) -> bool:
        """Do what is due; what waits for others (to download, read, delete) is broken off to stop, and done later."""
        if work not in (self._fetching.drain, self._watch.drain, self._ingest.drain, self._erasing.drain):
            return await work()
        doing = asyncio.ensure_future(work())
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
            return False
        return doing.result()

    def wake(self) -> None:
        """Look at once whether something is due."""
        for bell in self._bells.values():
            bell.set()

    def _heed(self, *, busy: bool) -> None:
        for told in self.heeding if busy else ():
            told()

    async def _next_moment(self) -> dt.datetime | None:
        parts = (self._outbox, self._watch, self._erasing)
        moments = [await part.next_moment() for part in parts]
        return min((moment for moment in moments if moment is not None), default=None)

    async def _erase(self) -> None:
        now = self.clock.now()
        if self._erased_at is None or now - self._erased_at >= ERASE_EVERY:
            await self.store.write(None, lambda work: erase_old(work, now))
            self._erased_at = now
