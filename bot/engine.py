"""The engine: inbox, files, drafts and outbox worked on, by a clock that runs or by one moved by hand."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Literal

import structlog
from sqlmodel import col, select

from bot import pulse
from bot.clock import Clock, SimulatedClock
from bot.dispatch import Dispatch
from bot.duty import RENEW_SECONDS, Duty, DutyLost
from bot.erasing import Erasing
from bot.fetching import AT_ONCE, Fetching
from bot.health import SLOW_SECONDS, STALE_SECONDS, Health
from bot.ingest import Ingest
from bot.invocation import Invocation
from bot.leftovers import Leftovers
from bot.outbox import Outbox
from bot.planning import replan
from bot.ports import Alarm
from bot.retention import erase_old
from bot.watching import Watch
from storage.listening import listen
from storage.tables import Coalition
from storage.trouble import DatabaseProblem, DatabaseTrouble
from storage.work import Store, Work

SWEEP_SECONDS = 5.0
"""How long the engine sleeps at most: a clock that jumped, and what a process that died has left, is noticed then."""
CHORES_EVERY = dt.timedelta(hours=1)
STOP_SECONDS = 4.0
"""How long `run` waits, once it is told to stop, for what is on its way; it is sent again at the next start."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""How many seconds `run` waits after trouble with the database: twice as long each time in a row."""
Drain = Callable[[], Awaitable[bool]]
"""One kind of work: does all that is due now, and tells whether there was anything."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class Works:
    """The kinds of work that go on side by side."""

    dispatch: Dispatch
    fetching: Fetching
    watch: Watch
    ingest: Ingest
    erasing: Erasing
    leftovers: Leftovers
    outbox: Outbox


class Engine:
    """What `run`, `console` and `demo` share."""

    def __init__(self, store: Store, clock: Clock, works: Works, duty: Duty) -> None:
        """Take the parts, and the duty that watching, reading and chores need; nothing runs yet."""
        self.store, self.clock = store, clock
        self._dispatch, self._fetching, self._watch = works.dispatch, works.fetching, works.watch
        self._ingest, self._erasing, self._outbox = works.ingest, works.erasing, works.outbox
        self._leftovers = works.leftovers
        self._on_duty_only: tuple[Drain, ...] = (self._watch.drain, self._ingest.drain, self._do_chores)
        drains: tuple[Drain, ...] = (
            self._dispatch.drain, self._fetching.drain, *self._on_duty_only, self._erasing.drain,
            self._leftovers.drain, self._outbox.drain,
        )  # fmt: skip
        self._bells = {drain: asyncio.Event() for drain in drains}
        self._sending = self._bells[self._outbox.drain]
        self.health = Health(clock)
        names = ("dispatch", "fetching", "watch", "ingest", "chores", "erasing", "leftovers", "outbox")
        self._names = dict(zip(drains, names, strict=True))
        for part, name in ((self._dispatch, "dispatch"), (self._outbox, "outbox")):
            part.turned = partial(self.health.turned, name)
        self._pulse_at: dt.datetime | None = None
        self._duty = duty
        self._chores_at: dt.datetime | None = None
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
            busy = await self._read() or busy
            busy = await self._erasing.drain() or busy
            busy = await self._leftovers.drain() or busy
            busy = await self._outbox.drain() or busy
            self._heed(busy=busy)
        await self._do_chores()
        if self.store.shared:
            await self._duty.lay_down()

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
        listening = asyncio.create_task(listen(self.store, self._heard))
        loops = [work for work in self._bells for _ in range(AT_ONCE if work == self._fetching.drain else 1)]
        works = [asyncio.create_task(self._go_on(work, alarm, stopping)) for work in loops]
        works.append(asyncio.create_task(self._stay_on_duty(stopping)))
        self._outbox.stopping = False
        try:
            # Ends early when one of them raises what it cannot go on after.
            await asyncio.wait({stopping, *works}, return_when=asyncio.FIRST_COMPLETED)
            self._outbox.stopping = True
            self._outbox.wake()
            await asyncio.wait(works, timeout=STOP_SECONDS if stopping.done() else 0)
        finally:
            self.health.ended()
            for task in (stopping, listening, *works):
                task.cancel()
            ended = await asyncio.gather(*works, return_exceptions=True)
            await asyncio.gather(listening, return_exceptions=True)  # it closes its connection
            with suppress(DatabaseProblem):
                await self._duty.lay_down()
                await self.store.write(None, lambda work: pulse.end(work, self.store.name))
        for problem in ended:
            if problem is not None and not isinstance(problem, asyncio.CancelledError):
                raise problem

    async def _go_on(self, work: Drain, alarm: Alarm, stopping: asyncio.Task[Literal[True]]) -> None:
        pause, name = FIRST_PAUSE, self._names[work]
        patience = STALE_SECONDS if work in (self._dispatch.drain, self._outbox.drain) else SLOW_SECONDS
        while not stopping.done():
            try:
                self.health.turned(name, patience)
                await self._once(work, alarm, stopping)
            except DatabaseTrouble as trouble:
                _log.error("database trouble", code=trouble.code, seconds=pause)
                self.health.trouble(name)
                self.health.turned(name, patience + pause)
                await asyncio.wait({stopping}, timeout=pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            except DutyLost:
                _log.warning("duty lost", duty=self._duty.name)
            else:
                self.health.well(name)
                pause = FIRST_PAUSE

    async def _once(self, work: Drain, alarm: Alarm, stopping: asyncio.Task[Literal[True]]) -> None:
        """Do what is due of one kind of work, then wait until something wakes it, for the time of a sweep at most."""
        bell = self._bells[work]
        bell.clear()
        if await self._unless_stopped(work, stopping):
            self._heed(busy=True)
            self.wake()
            return
        if bell is self._sending:
            # Only here: while it is busy, what is due and not yet sent would ring again and again.
            alarm.at(await self._next_moment(), self.wake)
        waking = asyncio.create_task(bell.wait())
        await asyncio.wait({stopping, waking}, timeout=SWEEP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        waking.cancel()

    async def _unless_stopped(self, work: Drain, stopping: asyncio.Task[Literal[True]]) -> bool:
        """Do what is due; what may take long (a download, a reading, chores) is broken off to stop, and done later."""
        if work in (self._dispatch.drain, self._outbox.drain):
            return await work()
        if work in self._on_duty_only and not self._on_duty():
            return False  # left to the process that has the duty
        doing = asyncio.ensure_future(work())
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
            return False
        return doing.result()

    def wake(self) -> None:
        """Look at once whether something is due."""
        self._outbox.wake()
        for bell in self._bells.values():
            bell.set()

    def _heard(self) -> None:
        """Another process has worked: what is due may be left to this one, and what people see here may be old."""
        self._heed(busy=True)
        self.wake()

    def _heed(self, *, busy: bool) -> None:
        for told in self.heeding if busy else ():
            told()

    async def _next_moment(self) -> dt.datetime | None:
        moments = [await part.next_moment() for part in (self._outbox, self._erasing, self._leftovers)]
        moments += [await self._watch.next_moment()] if self._on_duty() else []
        return min((moment for moment in moments if moment is not None), default=None)

    def _on_duty(self) -> bool:
        """Tell whether this process may do at this moment what one at a time does."""
        return not self.store.shared or self._duty.held

    async def _read(self) -> bool:
        """Watch and read, unless another process has the duty; tells whether there was anything."""
        if self.store.shared and not await self._duty.hold():
            return False
        try:
            busy = await self._watch.drain()
            return await self._ingest.drain() or busy
        except DutyLost:
            return False  # nobody renews it here: what takes longer than its term is left to who took it

    async def _stay_on_duty(self, stopping: asyncio.Task[Literal[True]]) -> None:
        """Have the duty for as long as possible, so that of several processes one does what one at a time may do.

        Nothing else is done here: what takes longer than its term would lose it.
        """
        while not stopping.done():
            before = self._duty.held
            try:
                self.health.turned("duty", SLOW_SECONDS)
                await self._beat()
                if self.store.shared and await self._duty.hold() and not before:
                    self.wake()
            except DatabaseTrouble as trouble:
                _log.error("duty waits", duty=self._duty.name, code=trouble.code)
            await asyncio.wait({stopping}, timeout=RENEW_SECONDS)

    async def _beat(self) -> None:
        """Say to the other processes, and to whoever asks, that this one lives."""
        now, away = self.clock.now(), self.health.report().away
        if self._pulse_at is None or abs(now - self._pulse_at) >= pulse.PULSE:
            await self.store.write(None, lambda work: pulse.beat(work, self.store.name, now, away))
            self._pulse_at = now

    async def _do_chores(self) -> bool:
        """Once an hour, erase what is old, and plan what should exist and for whatever reason is not planned.

        There is never more of it: gives False.
        """
        now = self.clock.now()
        if self._chores_at is not None and abs(now - self._chores_at) < CHORES_EVERY:
            return False
        if not await self._duty.hold():
            return False
        await self._duty.write(None, lambda work: erase_old(work, now))
        for coalition_id in await self.store.read(None, self._coalitions):
            await self._duty.write(coalition_id, lambda work: replan(work, now))
        self._chores_at = now
        return False

    def _coalitions(self, work: Work) -> list[int]:
        found = work.exec(select(Coalition.id).order_by(col(Coalition.id)))
        return [one for one in found if self._outbox.coalition_id in (None, one)]
