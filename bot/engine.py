"""The engine: inbox, drafts and outbox worked on in turn, by a clock that runs or by one that is moved by hand."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal

import structlog
from sqlmodel import col, select

from bot.clock import Clock, SimulatedClock
from bot.dispatch import Dispatch
from bot.duty import RENEW_SECONDS, Duty, DutyLost
from bot.ingest import Ingest
from bot.invocation import Invocation
from bot.outbox import Outbox
from bot.planning import replan
from bot.ports import Alarm
from bot.retention import erase_old
from storage.listening import listen
from storage.tables import Coalition
from storage.trouble import DatabaseProblem, DatabaseTrouble
from storage.work import Store, Work

SWEEP_SECONDS = 15.0
"""How long the engine sleeps at most: a clock that jumped is noticed within this time."""
CHORES_EVERY = dt.timedelta(hours=1)
STOP_SECONDS = 4.0
"""How long `run` waits, once it is told to stop, for what is on its way; it is sent again at the next start."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""How many seconds `run` waits after trouble with the database: twice as long each time in a row."""
Drain = Callable[[], Awaitable[bool]]
"""One kind of work: does all that is due now, and tells whether there was anything."""

_log = structlog.get_logger()


class Engine:
    """What `run`, `console` and `demo` share."""

    def __init__(self, store: Store, clock: Clock, dispatch: Dispatch, ingest: Ingest, outbox: Outbox) -> None:
        """Take the parts; nothing runs yet."""
        self.store, self.clock = store, clock
        self._dispatch, self._ingest, self._outbox = dispatch, ingest, outbox
        self._bells: dict[Drain, asyncio.Event] = {
            work: asyncio.Event() for work in (dispatch.drain, ingest.drain, outbox.drain)
        }
        self._sending = self._bells[outbox.drain]
        self._chores = Duty(store, clock, "chores")
        self._chores_at: dt.datetime | None = None

    def serve_only(self, coalition_id: int, platform: str) -> None:
        """Send and read for one coalition only, and answer what came from one platform: what a console may do.

        The others are left to the process that serves them.
        """
        self._outbox.coalition_id = self._ingest.coalition_id = coalition_id
        self._dispatch.platform = platform

    async def receive(self, invocation: Invocation) -> None:
        """Keep what was said and wake the engine."""
        await self._dispatch.receive(invocation)
        self.wake()

    async def settle(self) -> None:
        """Do everything that is due now: answer, read drafts, send."""
        busy = True
        while busy:
            busy = await self._dispatch.drain()
            busy = await self._ingest.drain() or busy
            busy = await self._outbox.drain() or busy
        await self._do_chores()

    async def advance(self, clock: SimulatedClock, moment: dt.datetime) -> None:
        """Move a simulated clock to a moment, stopping at each one on the way at which something is due."""
        while (soonest := await self._outbox.next_moment()) is not None and soonest <= moment:
            clock.advance_to(max(soonest, clock.now()))
            await self.settle()
        clock.advance_to(moment)
        await self.settle()

    async def run(self, alarm: Alarm, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is unsent then is left for the next start.

        The three kinds of work go on side by side: a draft that takes long to read, or a chat that answers slowly,
        keeps nobody's command waiting. Trouble with the database is logged by its code and tried again, ever more
        seldom.
        """
        stopping = asyncio.create_task(stop.wait())
        listening = asyncio.create_task(listen(self.store, self.wake))
        works = [asyncio.create_task(self._go_on(work, alarm, stopping)) for work in self._bells]
        works.append(asyncio.create_task(self._stay_on_duty(stopping)))
        self._outbox.stopping = False
        try:
            # Ends early when one of them raises what it cannot go on after.
            await asyncio.wait({stopping, *works}, return_when=asyncio.FIRST_COMPLETED)
            self._outbox.stopping = True
            self._outbox.wake()
            await asyncio.wait(works, timeout=STOP_SECONDS if stopping.done() else 0)
        finally:
            for task in (stopping, listening, *works):
                task.cancel()
            ended = await asyncio.gather(*works, return_exceptions=True)
            with suppress(DatabaseProblem):
                await self._chores.lay_down()
        for problem in ended:
            if problem is not None and not isinstance(problem, asyncio.CancelledError):
                raise problem

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
        if await work():
            self.wake()
            return
        if bell is self._sending:
            # Only here: while it is busy, what is due and not yet sent would ring again and again.
            alarm.at(await self._outbox.next_moment(), self.wake)
        waking = asyncio.create_task(bell.wait())
        await asyncio.wait({stopping, waking}, timeout=SWEEP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        waking.cancel()

    def wake(self) -> None:
        """Look at once whether something is due."""
        self._outbox.wake()
        for bell in self._bells.values():
            bell.set()

    async def _stay_on_duty(self, stopping: asyncio.Task[Literal[True]]) -> None:
        """Have the chores for as long as possible, so that of several processes one does them."""
        while not stopping.done():
            try:
                if not self.store.shared or await self._chores.hold():
                    await self._do_chores()
            except DatabaseTrouble as trouble:
                _log.error("chores wait", code=trouble.code)
            except DutyLost:
                _log.warning("duty lost", duty=self._chores.name)
            await asyncio.wait({stopping}, timeout=RENEW_SECONDS)

    async def _do_chores(self) -> None:
        """Once an hour, erase what is old, and plan what should exist and for whatever reason is not planned."""
        now = self.clock.now()
        if self._chores_at is not None and abs(now - self._chores_at) < CHORES_EVERY:
            return
        if not await self._chores.hold():
            return
        await self._chores.write(None, lambda work: erase_old(work, now))
        for coalition_id in await self.store.read(None, self._coalitions):
            await self._chores.write(coalition_id, lambda work: replan(work, now))
        self._chores_at = now

    def _coalitions(self, work: Work) -> list[int]:
        found = work.exec(select(Coalition.id).order_by(col(Coalition.id)))
        return [one for one in found if self._outbox.coalition_id in (None, one)]
