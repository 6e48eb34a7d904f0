"""The outbox: lease a lane, write and commit its parcels, send them, settle."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, case, exists, func, or_
from sqlmodel import col, select

from bot.clock import Clock
from bot.departures import Outgoing, prepare, unsettled
from bot.erasing import came_too_late
from bot.leases import is_over
from bot.occasions.leaving import Write
from bot.ports import PACED, Chat, SendLater, SendRefused
from bot.reachability import cannot_reach, room_lost
from bot.redlinefiles import with_files, without_files
from bot.rules.waiting import counts_for_company
from storage.cipher import active
from storage.tables import Erasure, Lane, Notice, NoticeKind, NoticeState, Parcel, ParcelState, Room
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work

LEASE = dt.timedelta(seconds=10)
"""How long a lane is kept without being renewed: what a process that died had is taken over within 15 seconds."""
RENEW_SECONDS = 3.0
LONGEST_BACK_OFF = 600.0
LONGEST_HOLD = dt.timedelta(minutes=15)
"""A platform that wishes for more is asked again then: a hold that is longer comes from a clock that has gone back."""
GIVE_UP_AFTER = 10
"""How often a parcel is tried whose sending ends in an accident: some half an hour."""
ROUND_SECONDS = 0.2
"""How old a list of due lanes gets while there are many: what is new elsewhere has its turn within this time."""
LOOK_SECONDS = 1.0
"""How long the outbox looks at slow lanes only, when nothing wakes it."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class _Leased:
    lane_id: int
    coalition_id: int | None
    again: bool = False
    """Nobody else has had the lane since this process had it."""


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
        self._sole, self._files, self._most = sole, files, lanes
        self._name = secrets.token_hex(4)
        self._untried: set[int] = set()
        """Parcels that were committed here and not given to a chat yet: they waited behind one that could not leave."""
        self._round: list[_Leased] = []
        self._round_until = 0.0
        self._renew_at = 0.0
        self._kept_until: dict[int, dt.datetime] = {}
        """Until when a lane being served is leased for sure: a process that was paused may have lost it."""
        self._turns: dict[int | None, int] = {}
        self._serving: dict[asyncio.Task[None], _Leased] = {}
        self._woken = asyncio.Event()
        self.turned: Callable[[], None] = self.wake
        """Called again and again while there is something to do."""
        self.stopping = False
        """Set to take no more lanes and to end after the parcels that are on their way."""
        self.coalition_id: int | None = None
        """Serve the lanes of this coalition only, and those of strangers to all; None: of every coalition."""

    async def drain(self) -> bool:
        """Send all that is due now; tells whether there was anything.

        When one lane raises, the others end what they are at first.
        """
        busy = False
        self._turns.clear()
        self._renew_at = time.monotonic() + RENEW_SECONDS
        try:
            while True:
                self.turned()
                self._woken.clear()
                for leased in await self._take():
                    busy = True
                    self._serving[asyncio.create_task(self._serve(leased))] = leased
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
            self._serving.clear()
            self._kept_until.clear()

    def wake(self) -> None:
        """Look at once whether something is due beside the lanes that are being served."""
        self._woken.set()

    async def next_moment(self) -> dt.datetime | None:
        """Give the moment at which something is due next, None when nothing is planned."""
        return await self._store.read(None, self._soonest)

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
            until = self._clock.now() + LEASE
            self._kept_until |= dict.fromkeys(await self._store.write(None, self._renew), until)
        for task in [task for task in self._serving if task.done()]:
            del self._serving[task]
            task.result()

    async def _take(self) -> list[_Leased]:
        """Lease as many due lanes as there is room for, each coalition's in its turn."""
        room = self._most - len(self._serving)
        if room <= 0 or self.stopping:
            return []
        if not self._round or time.monotonic() >= self._round_until:
            self._round = await self._store.read(None, self._due)
            self._round_until = time.monotonic() + ROUND_SECONDS
        while self._round:
            wanted, self._round = self._round[:room], self._round[room:]
            until = self._clock.now() + LEASE
            leased = await self._store.write(None, lambda work, wanted=wanted: self._lease(work, wanted))  # type: ignore[misc]
            for one in leased:
                self._turns[one.coalition_id] = max(self._turns.values(), default=0) + 1
                self._kept_until[one.lane_id] = until
            if leased:
                return leased
        return []

    def _soonest(self, work: Work) -> dt.datetime | None:
        """Read the first planned notice of the lanes that are free, and one line a lane that is held or leased."""
        bound = or_(col(Lane.held_until).is_not(None), col(Lane.leased_until).is_not(None))
        first = (
            select(Notice.send_at)
            .join(Lane, col(Lane.id) == col(Notice.lane_id))
            .where(Notice.state == NoticeState.PLANNED, ~bound, self._served())
            .order_by(col(Notice.send_at))
            .limit(1)
        )
        found = select(
            _first_of(NoticeState.PLANNED), _first_of(NoticeState.SENDING), Lane.held_until, Lane.leased_until
        )
        moments = list(work.exec(first))
        for planned, sending, held, leased in work.exec(found.where(bound, self._served())):
            if planned or sending:
                # A lane that another process has is nothing to be woken for before its lease is over.
                moments.append(max(one for one in (sending or planned, held, leased) if one is not None))
        return min(moments, default=None)

    def _due(self, work: Work) -> list[_Leased]:
        """Give the lanes that have something due: the first of each coalition, then the second of each, and so on."""
        due = and_(col(Notice.state) == NoticeState.PLANNED, col(Notice.send_at) <= self._clock.now())
        crashed = col(Notice.state) == NoticeState.SENDING
        reply = case((col(Notice.kind) == NoticeKind.REPLY, 0), else_=1)
        soonest, first = func.min(Notice.send_at), func.min(Notice.id)
        found = (
            select(Notice.lane_id, Notice.coalition_id)
            .join(Lane, col(Lane.id) == col(Notice.lane_id))
            .where(or_(due, crashed), self._free(), self._served(), ~_erased_first())
            .where(col(Notice.lane_id).not_in([leased.lane_id for leased in self._serving.values()]))
            .group_by(col(Notice.lane_id), col(Notice.coalition_id))
            .order_by(soonest, func.min(reply), first)
        )
        places: dict[int | None, int] = {}
        waiting: list[tuple[int, int, _Leased]] = []
        for lane_id, coalition_id in work.exec(found):
            place = places[coalition_id] = places.get(coalition_id, 0) + 1
            waiting.append((place, self._turns.get(coalition_id, 0), _Leased(lane_id, coalition_id)))
        return [leased for _, _, leased in sorted(waiting, key=lambda one: one[:2])]

    def _lease(self, work: Work, wanted: Sequence[_Leased]) -> list[_Leased]:
        """Lease those that are still free; what another process is just leasing is left to it."""
        now = self._clock.now()
        found = select(Lane).where(col(Lane.id).in_([one.lane_id for one in wanted]), self._free())
        ours: dict[int, bool] = {}
        for lane in work.exec(found.with_for_update(skip_locked=True)):
            ours[lane.id] = lane.leased_by == self._name
            lane.leased_by, lane.leased_until = self._name, now + LEASE
        return [replace(one, again=ours[one.lane_id]) for one in wanted if one.lane_id in ours]

    def _renew(self, work: Work) -> list[int]:
        """Renew the leases of the lanes that are being served; gives those that nobody has taken meanwhile."""
        ids = [leased.lane_id for leased in self._serving.values()]
        ours = select(Lane).where(
            col(Lane.id).in_(ids), col(Lane.leased_by) == self._name, col(Lane.leased_until).is_not(None)
        )
        lanes = work.exec(ours.order_by(col(Lane.id)).with_for_update()).all()
        for lane in lanes:
            lane.leased_until = self._clock.now() + LEASE
        return [lane.id for lane in lanes]

    def _free(self) -> ColumnElement[bool]:
        """Tell which lanes may be leased."""
        now = self._clock.now()
        return and_(
            or_(
                is_over(col(Lane.leased_until), now, 2 * LEASE),
                col(Lane.leased_by) == self._name,
                col(Lane.platform).in_(tuple(self._sole)),
            ),
            is_over(col(Lane.held_until), now, LONGEST_HOLD + LEASE),
        )

    def _served(self) -> ColumnElement[bool]:
        ours = or_(col(Lane.coalition_id) == self.coalition_id, col(Lane.coalition_id).is_(None))
        here = col(Lane.platform).in_(tuple(self._chats))
        return here if self.coalition_id is None else and_(here, ours)

    async def _serve(self, leased: _Leased) -> None:
        """Send what was left unsettled by a crash, then what is due, and give the lane back."""
        try:
            parcels = await self._store.write(leased.coalition_id, lambda work: self._prepare(work, leased))
        except DatabaseTrouble:
            raise  # not the lane's fault
        except Exception as problem:  # a lane that cannot be written must not stop the others
            await self._later(leased, type(problem).__name__, None)
            return
        try:
            for outgoing in parcels:
                chat = None if self.stopping else self._chats.get(outgoing.to.platform)
                if chat is None:
                    break
                last = outgoing is parcels[-1]
                if outgoing is not parcels[0] and not await self._stands(leased, outgoing, last=last):
                    continue
                if not await self._send(leased, chat, outgoing, last=last):
                    return
            else:
                return
            await self._store.write(leased.coalition_id, lambda work: self._release(work, leased.lane_id))
        except BaseException:
            await self._store.write(leased.coalition_id, lambda work: self._release(work, leased.lane_id))
            raise

    def _prepare(self, work: Work, leased: _Leased) -> list[Outgoing]:
        if not self._have(work.get(Lane, leased.lane_id)):
            return []
        parcels = unsettled(work, leased.lane_id)
        if not leased.again:
            # Another process had the lane meanwhile, and may have tried them.
            self._untried -= {outgoing.parcel_id for outgoing in parcels}
        new = prepare(work, leased.lane_id, self._clock.now(), self._writers)
        self._untried |= {outgoing.parcel_id for outgoing in new}
        parcels += new
        if not parcels:
            self._release(work, leased.lane_id)
        return parcels

    async def _send(self, leased: _Leased, chat: Chat, outgoing: Outgoing, *, last: bool) -> bool:
        """Send one parcel and settle it; False when the lane has to wait, or another process took it over."""
        content = without_files(outgoing.message)
        if self._files:
            content = await with_files(self._store, leased.coalition_id, outgoing.message, outgoing.to.reader)
        # The last thing before it is sent: making files takes a while.
        if self._clock.now() >= self._kept_until[leased.lane_id] and not await self._still(leased):
            return False
        to = outgoing.to
        if outgoing.parcel_id in self._untried:
            self._untried.discard(outgoing.parcel_id)
            to = replace(to, tried_since=None)
        try:
            message_id = await chat.send(to, content, outgoing.key)
        except SendLater as problem:
            await self._later(leased, problem.code, problem.seconds)
            return False
        except SendRefused as problem:
            await self._refuse(leased, outgoing, problem.code, last=last)
            return True
        except Exception as problem:
            # No adapter should raise this. It may pass, and must neither stop the other lanes nor this one for ever.
            code = type(problem).__name__
            if await self._later(leased, code, None) < GIVE_UP_AFTER:
                return False
            await self._refuse(leased, outgoing, code, last=True)
            return False
        return await self._store.write(
            leased.coalition_id, lambda work: self._settle(work, outgoing, message_id, release=last)
        )

    async def _later(self, leased: _Leased, code: str, seconds: float | None) -> int:
        (_log.debug if code == PACED else _log.warning)("lane held", lane=leased.lane_id, code=code)
        return await self._store.write(leased.coalition_id, lambda work: self._hold(work, leased.lane_id, seconds))

    async def _refuse(self, leased: _Leased, outgoing: Outgoing, code: str, *, last: bool) -> None:
        _log.warning("parcel refused", parcel=outgoing.parcel_id, code=code)
        now = self._clock.now()
        await self._store.write(
            leased.coalition_id, lambda work: self._refused(work, outgoing.parcel_id, code, now, release=last)
        )

    def _hold(self, work: Work, lane_id: int, seconds: float | None) -> int:
        """Hold the lane and give back its lease; tells how often in a row it failed, the platform's wishes left out."""
        lane = work.get(Lane, lane_id)
        if lane is None:
            return 0
        lane.failures += seconds is None
        usual = min(LONGEST_BACK_OFF, 2.0 ** min(lane.failures, 10)) * random.uniform(0.5, 1.0)
        wait = min(dt.timedelta(seconds=seconds if seconds is not None else usual), LONGEST_HOLD)
        lane.held_until = self._clock.now() + wait
        self._release(work, lane_id)
        return lane.failures

    def _settle(self, work: Work, outgoing: Outgoing, message_id: str | None, *, release: bool) -> bool:
        parcel, now = work.get(Parcel, outgoing.parcel_id), self._clock.now()
        if parcel is None or parcel.state is ParcelState.CANCELLED:
            came_too_late(work, now, outgoing.to)
        lane = work.get(Lane, parcel.lane_id) if parcel is not None else None
        if parcel is None or lane is None:
            return False
        ours = self._have(lane)
        if parcel.state is ParcelState.SENDING:
            _sent(work, parcel, lane, message_id, now)
        if ours:
            lane.leased_until = now + LEASE
        if release:
            self._release(work, lane.id)
        return ours

    async def _stands(self, leased: _Leased, outgoing: Outgoing, *, last: bool) -> bool:
        """Tell whether a parcel is still to be sent: its reader may have been put out since it was written."""
        if await self._store.read(leased.coalition_id, lambda work: _to_be_sent(work, outgoing.parcel_id)):
            return True
        if last:
            await self._store.write(leased.coalition_id, lambda work: self._release(work, leased.lane_id))
        return False

    async def _still(self, leased: _Leased) -> bool:
        """Renew a lease that may be over; tells whether no other process has taken the lane meanwhile."""

        def renew(work: Work) -> bool:
            lane = work.get(Lane, leased.lane_id, with_for_update=True)
            if lane is not None and self._have(lane):
                lane.leased_until = self._clock.now() + LEASE
            return self._have(lane)

        return await self._store.write(leased.coalition_id, renew)

    def _have(self, lane: Lane | None) -> bool:
        """Tell whether the lane is still this process's, which may have been asleep for longer than its lease.

        One whose reader is gone for good is nobody's.
        """
        return lane is not None and lane.leased_by == self._name and lane.leased_until is not None

    def _release(self, work: Work, lane_id: int) -> None:
        lane = work.get(Lane, lane_id)
        if lane is not None and self._have(lane):
            lane.leased_until = None

    def _refused(self, work: Work, parcel_id: int, code: str, now: dt.datetime, *, release: bool) -> None:
        parcel = work.get(Parcel, parcel_id)
        if parcel is None:
            return
        if release:
            self._release(work, parcel.lane_id)
        if parcel.state is not ParcelState.SENDING:
            return
        parcel.state = ParcelState.FAILED
        lane = work.get_one(Lane, parcel.lane_id)
        if lane.member_id is not None:
            cannot_reach(work, now, lane.member_id, lane.platform)
        if lane.room_id is not None:
            room_lost(work, now, work.row(Room, lane.room_id))
        for notice in _notices_of(work, parcel_id):
            notice.state, notice.failed_at, notice.code = NoticeState.FAILED, now, code


def _first_of(state: NoticeState) -> Any:
    """Give, within a query of lanes, when the first notice of a lane in a state is tried."""
    first = select(func.min(Notice.send_at)).where(Notice.lane_id == Lane.id, Notice.state == state)
    return first.correlate(Lane).scalar_subquery()


def _erased_first() -> ColumnElement[bool]:
    """Tell, within a query of lanes, whether something there is to be deleted before anything is said.

    Whoever had themselves forgotten is told so after their messages are gone, or it would go with them.
    """
    return exists().where(
        col(Erasure.platform) == col(Lane.platform), col(Erasure.fingerprint) == col(Lane.fingerprint),
        col(Erasure.erased).is_(False), col(Erasure.failures) == 0,
    )  # fmt: skip


def _to_be_sent(work: Work, parcel_id: int) -> bool:
    parcel = work.get(Parcel, parcel_id)
    return parcel is not None and parcel.state is ParcelState.SENDING


def _sent(work: Work, parcel: Parcel, lane: Lane, message_id: str | None, now: dt.datetime) -> None:
    parcel.state, parcel.sent_at = ParcelState.SENT, now
    if message_id is not None:
        parcel.message_id, parcel.fingerprint = message_id, active()[0].fingerprint(message_id)
    lane.failures, lane.held_until = 0, None
    for notice in _notices_of(work, parcel.id):
        notice.state, notice.sent_at = NoticeState.SENT, now
        if counts_for_company(notice):
            lane.spoken_at = now


def _notices_of(work: Work, parcel_id: int) -> list[Notice]:
    return list(work.exec(select(Notice).where(Notice.parcel_id == parcel_id).order_by(col(Notice.id))))
