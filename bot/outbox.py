"""The outbox: lease a lane, write and commit its parcels, send them, settle."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import structlog

from bot.clock import Clock
from bot.departures import Outgoing, prepare, unsettled
from bot.erasing import came_too_late
from bot.lanes import Lanes, Leased
from bot.occasions.leaving import Write
from bot.ports import PACED, Chat, SendLater, SendRefused
from bot.redlinefiles import with_files, without_files
from bot.settling import Delivered, Settled, Settling, refuse, settle
from storage.cipher import DEPLOYMENT
from storage.tables import Lane, Parcel, ParcelState
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work

LEASE = dt.timedelta(seconds=10)
"""How long a lane is kept without being renewed: what a process that died had is taken over within 15 seconds."""
RENEW_SECONDS = 3.0
GIVE_UP_AFTER = 10
"""How often a parcel is tried whose sending ends in an accident: some half an hour."""
ROUND_SECONDS = 0.2
"""How old a list of due lanes gets while there are many: what is new elsewhere has its turn within this time."""
LOOK_SECONDS = 1.0
"""How long the outbox looks at slow lanes only, when nothing wakes it."""
WRITING_SECONDS = 0.25
"""How long a transaction goes on to write what is due in one more lane: whoever else writes waits for it."""

_log = structlog.get_logger()
_Parcels = list[Outgoing] | None
"""What is to leave in a lane; None: its parcels are not written yet."""


class Outbox:
    """Sends what is due: each lane in order, several lanes at once, the coalitions in turn."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        chats: Mapping[str, Chat],
        writers: Mapping[str, Write],
        sole: Collection[str] = (),
        *,
        files: bool = False,
        lanes: int = 1,
    ) -> None:
        """Take the chats by platform, the writers of planned notices by occasion, and how many lanes to serve at once.

        With `files`, redlines go with alerts as files.

        `sole` names the platforms on which no other process can be sending: a lane there that still is leased was
        leased by a process that died, and is free at once. Chats may come and go, `sole` with them.
        """
        self._store, self._clock, self._chats, self._writers = store, clock, chats, writers
        self._files, self._most = files, lanes
        self._lanes = Lanes(clock, chats, sole, LEASE)
        self._untried: set[int] = set()
        """Parcels that were committed here and not given to a chat yet: they waited behind one that could not leave."""
        self._round: list[Leased] = []
        self._round_until = 0.0
        self._renew_at = 0.0
        self._kept_until: dict[int, dt.datetime] = {}
        """Until when a lane being served is leased for sure: a process that was paused may have lost it."""
        self._serving: dict[asyncio.Task[None], Leased] = {}
        self._settling = Settling(store, self._settle)
        self._woken = asyncio.Event()
        self.turned: Callable[[], None] = self.wake
        """Called again and again while there is something to do."""
        self.stopping = False
        """Set to take no more lanes and to end after the parcels that are on their way."""

    @property
    def coalition_id(self) -> int | None:
        """The only coalition whose lanes are served, beside those of strangers to all; None: every coalition's are."""
        return self._lanes.coalition_id

    @coalition_id.setter
    def coalition_id(self, coalition_id: int | None) -> None:
        self._lanes.coalition_id = coalition_id

    async def drain(self) -> bool:
        """Send all that is due now; tells whether there was anything.

        When one lane raises, the others end what they are at first.
        """
        busy = False
        self._lanes.begin()
        self._renew_at = time.monotonic() + RENEW_SECONDS
        try:
            while True:
                self.turned()
                self._woken.clear()
                for leased, parcels in await self._take():
                    busy = True
                    self._serving[asyncio.create_task(self._serve(leased, parcels))] = leased
                if not self._serving:
                    return busy
                await self._wait()
        except asyncio.CancelledError:
            for task in self._serving:
                task.cancel()
            raise
        finally:
            self._round = []
            await asyncio.gather(*self._serving, return_exceptions=True)
            await self._settling.finish()
            self._serving.clear()
            self._kept_until.clear()

    def wake(self) -> None:
        """Look at once whether something is due beside the lanes that are being served."""
        self._woken.set()

    async def next_moment(self) -> dt.datetime | None:
        """Give the moment at which something is due next, None when nothing is planned."""
        return await self._store.read(None, self._lanes.soonest)

    async def _wait(self) -> None:
        """Wait until a lane is done or, with room for another, something may be due; keep the leases meanwhile."""
        waking = asyncio.create_task(self._woken.wait())
        room = len(self._serving) < self._most
        await asyncio.wait(
            {*self._serving, waking} if room else {*self._serving},
            timeout=LOOK_SECONDS,
            return_when=asyncio.FIRST_COMPLETED,
        )
        waking.cancel()
        if time.monotonic() >= self._renew_at:
            self._renew_at = time.monotonic() + RENEW_SECONDS
            await self._renew(self._served())
        for task in [task for task in self._serving if task.done()]:
            del self._serving[task]
            task.result()

    def _served(self) -> list[int]:
        return [leased.lane_id for leased in self._serving.values()]

    async def _renew(self, lane_ids: Sequence[int]) -> list[int]:
        """Keep lanes that are being served; gives those that are still this process's."""
        until = self._lanes.until()
        kept = await self._store.write(None, lambda work: self._lanes.renew(work, lane_ids))
        self._kept_until |= dict.fromkeys(kept, until)
        return kept

    async def _take(self) -> list[tuple[Leased, _Parcels]]:
        """Lease as many due lanes as there is room for, each coalition's in its turn, and write what is due in them."""
        room = self._most - len(self._serving)
        if room <= 0 or self.stopping:
            return []
        if not self._round or time.monotonic() >= self._round_until:
            serving = self._served()
            self._round = await self._store.read(None, lambda work: self._lanes.due(work, serving))
            self._round_until = time.monotonic() + ROUND_SECONDS
        while self._round:
            wanted, self._round = self._round[:room], self._round[room:]
            until = self._lanes.until()
            if taken := await self._lease(wanted):
                self._lanes.turn(leased for leased, _ in taken)
                self._kept_until |= {leased.lane_id: until for leased, _ in taken}
                return taken
        return []

    async def _lease(self, wanted: Sequence[Leased]) -> list[tuple[Leased, _Parcels]]:
        try:
            return await self._store.write(None, lambda work: self._begin(work, wanted))
        except DatabaseTrouble:
            raise  # no lane's fault
        except Exception:  # of one lane: each is written alone then, so that it does not stop the others
            leased = await self._store.write(None, lambda work: self._lanes.lease(work, wanted))
            return [(one, None) for one in leased]

    def _begin(self, work: Work, wanted: Sequence[Leased]) -> list[tuple[Leased, _Parcels]]:
        """Lease lanes and write their parcels; what would take long, or wait for others, is left unwritten."""
        end = time.monotonic() + WRITING_SECONDS
        leased = self._lanes.lease(work, wanted)
        free = work.alone_where_free({one.coalition_id or DEPLOYMENT for one in leased})
        begun: list[tuple[Leased, _Parcels]] = []
        for one in leased:
            parcels = None
            if (one.coalition_id or DEPLOYMENT) in free and time.monotonic() < end:
                with work.within(one.coalition_id):
                    parcels = self._prepare(work, one)
            begun.append((one, parcels))
        return begun

    async def _serve(self, leased: Leased, parcels: _Parcels) -> None:
        """Send what was left unsettled by a crash, then what is due, and give the lane back."""
        try:
            if parcels is None:
                parcels = await self._store.write(leased.coalition_id, lambda work: self._prepare(work, leased))
        except DatabaseTrouble:
            raise  # not the lane's fault
        except Exception as problem:  # a lane that cannot be written must not stop the others
            await self._later(leased, type(problem).__name__, None)
            return
        self._note_untried(leased, parcels)
        try:
            if await self._send_all(leased, parcels):
                return
            await self._release(leased)
        except BaseException:
            await self._release(leased)
            raise

    async def _send_all(self, leased: Leased, parcels: Sequence[Outgoing]) -> bool:
        """Send a lane's parcels in order; False when some are left, and the lane is still to be given back."""
        stands = True
        for outgoing, after in zip(parcels, (*parcels[1:], None), strict=False):
            chat = None if self.stopping else self._chats.get(outgoing.to.platform)
            if chat is None:
                return False
            if not stands and not await self._stands(leased, outgoing, last=after is None):
                continue
            settled = await self._send(leased, chat, outgoing, after)
            if settled is None or not settled.ours:
                return True
            stands = settled.next_stands
        return True

    def _prepare(self, work: Work, leased: Leased) -> list[Outgoing]:
        if not self._lanes.has(work.get(Lane, leased.lane_id)):
            return []
        parcels = unsettled(work, leased.lane_id) + prepare(work, leased.lane_id, self._clock.now(), self._writers)
        if not parcels:
            self._lanes.release(work, leased.lane_id)
        return parcels

    def _note_untried(self, leased: Leased, parcels: Sequence[Outgoing]) -> None:
        """Note which parcels were never given to a chat; another process may have had the lane and tried them."""
        if not leased.again:
            self._untried -= {one.parcel_id for one in parcels}
        self._untried |= {one.parcel_id for one in parcels if one.to.tried_since is None}

    async def _send(self, leased: Leased, chat: Chat, outgoing: Outgoing, after: Outgoing | None) -> Settled | None:
        """Send one parcel and settle it; None when the lane has to wait, or another process took it over."""
        content = without_files(outgoing.message)
        if self._files:
            content = await with_files(self._store, leased.coalition_id, outgoing.message, outgoing.to.reader)
        # The last thing before it is sent: making files takes a while. What may be over is renewed, or another's.
        if self._clock.now() >= self._kept_until[leased.lane_id] and not await self._renew([leased.lane_id]):
            return None
        to = outgoing.to
        if outgoing.parcel_id in self._untried:
            self._untried.discard(outgoing.parcel_id)
            to = replace(to, tried_since=None)
        try:
            message_id = await chat.send(to, content, outgoing.key)
        except SendLater as problem:
            await self._later(leased, problem.code, problem.seconds)
            return None
        except SendRefused as problem:
            await self._refuse(leased, outgoing, problem.code, last=after is None)
            return Settled(ours=True, late=False, next_stands=False)
        except Exception as problem:
            # No adapter should raise this. It may pass, and must neither stop the other lanes nor this one for ever.
            code = type(problem).__name__
            if await self._later(leased, code, None) >= GIVE_UP_AFTER:
                await self._refuse(leased, outgoing, code, last=True)
            return None
        next_id = after.parcel_id if after is not None else None
        return await self._delivered(Delivered(outgoing, leased.lane_id, leased.coalition_id, message_id, next_id))

    async def _delivered(self, one: Delivered) -> Settled:
        """Settle what a chat has taken."""
        settled = await self._settling.settle(one)
        if settled.late:
            now, to = self._clock.now(), one.outgoing.to
            await self._store.write(one.coalition_id, lambda work: came_too_late(work, now, to))
        return settled

    def _settle(self, work: Work, batch: Sequence[Delivered], *, wait: bool) -> list[Settled | None]:
        return settle(work, batch, self._lanes.holder, self._clock.now(), self._lanes.until(), wait=wait)

    async def _later(self, leased: Leased, code: str, seconds: float | None) -> int:
        (_log.debug if code == PACED else _log.warning)("lane held", lane=leased.lane_id, code=code)
        return await self._store.write(
            leased.coalition_id, lambda work: self._lanes.hold(work, leased.lane_id, seconds)
        )

    async def _refuse(self, leased: Leased, outgoing: Outgoing, code: str, *, last: bool) -> None:
        _log.warning("parcel refused", parcel=outgoing.parcel_id, code=code)
        now = self._clock.now()

        def act(work: Work) -> None:
            refuse(work, outgoing.parcel_id, code, now)
            if last:
                self._lanes.release(work, leased.lane_id)

        await self._store.write(leased.coalition_id, act)

    async def _stands(self, leased: Leased, outgoing: Outgoing, *, last: bool) -> bool:
        """Tell whether a parcel is still to be sent: its reader may have been put out since it was written."""
        if await self._store.read(leased.coalition_id, lambda work: _to_be_sent(work, outgoing.parcel_id)):
            return True
        if last:
            await self._release(leased)
        return False

    async def _release(self, leased: Leased) -> None:
        await self._store.write(leased.coalition_id, lambda work: self._lanes.release(work, leased.lane_id))


def _to_be_sent(work: Work, parcel_id: int) -> bool:
    parcel = work.get(Parcel, parcel_id)
    return parcel is not None and parcel.state is ParcelState.SENDING
