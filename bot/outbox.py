"""The outbox: lease a lane, write and commit its parcels, send them, settle."""

from __future__ import annotations

import datetime as dt
import random
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import ColumnElement, and_, exists, func, or_
from sqlmodel import col, select

from bot.clock import Clock
from bot.departures import Outgoing, prepare, unsettled
from bot.erasing import came_too_late
from bot.occasions.leaving import Write
from bot.ports import PACED, Chat, SendLater, SendRefused
from bot.reachability import cannot_reach, room_lost
from bot.redlinefiles import with_files, without_files
from bot.rules.waiting import counts_for_company
from storage.cipher import active
from storage.tables import Erasure, Lane, Notice, NoticeKind, NoticeState, Parcel, ParcelState, Room
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work

LEASE = dt.timedelta(seconds=60)
LONGEST_BACK_OFF = 600.0
GIVE_UP_AFTER = 10
"""How often a parcel is tried whose sending ends in an accident: some half an hour."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class _Leased:
    lane_id: int
    coalition_id: int | None


class Outbox:
    """Sends what is due, lane by lane, in order."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        chats: Mapping[str, Chat],
        writers: Mapping[str, Write],
        sole: Collection[str] = (),
        *,
        files: bool = False,
    ) -> None:
        """Take the chats by platform, and the writers of planned notices by occasion.

        With `files`, redlines go with alerts as files.

        `sole` names the platforms on which no other process can be sending: a lane there that still is leased was
        leased by a process that died, and is free at once.
        """
        self._store, self._clock, self._chats, self._writers = store, clock, chats, writers
        self._sole, self._files = tuple(sole), files
        self._name = secrets.token_hex(4)
        self._untried: set[int] = set()
        """Parcels that were committed here and not given to a chat yet: they waited behind one that could not leave."""
        self.coalition_id: int | None = None
        """Serve the lanes of this coalition only, and those of strangers to all; None: of every coalition."""

    async def drain(self) -> bool:
        """Send all that is due now; tells whether there was anything."""
        busy = False
        while (leased := await self._store.write(None, self._lease)) is not None:
            busy = True
            await self._serve(leased)
        return busy

    async def next_moment(self) -> dt.datetime | None:
        """Give the moment at which something is due next, None when nothing is planned."""
        return await self._store.read(None, self._soonest)

    def _soonest(self, work: Work) -> dt.datetime | None:
        found = (
            select(func.min(Notice.send_at), Lane.held_until, Lane.leased_until)
            .join(Lane, col(Lane.id) == col(Notice.lane_id))
            .where(
                or_(
                    col(Notice.state) == NoticeState.PLANNED,
                    and_(
                        col(Notice.state) == NoticeState.SENDING,
                        or_(col(Lane.held_until).is_not(None), col(Lane.leased_until).is_not(None)),
                    ),
                ),
                self._served(),
            )
            .group_by(col(Lane.held_until), col(Lane.leased_until))
        )
        # A lane that another process has is nothing to be woken for before its lease is over.
        moments = [max(moment for moment in row if moment is not None) for row in work.exec(found)]
        return min(moments, default=None)

    def _lease(self, work: Work) -> _Leased | None:
        now = self._clock.now()
        free = or_(
            col(Lane.leased_until).is_(None),
            col(Lane.leased_until) <= now,
            col(Lane.leased_by) == self._name,
            col(Lane.platform).in_(self._sole),
        )
        held = or_(col(Lane.held_until).is_(None), col(Lane.held_until) <= now)
        due = and_(col(Notice.state) == NoticeState.PLANNED, col(Notice.send_at) <= now)
        crashed = col(Notice.state) == NoticeState.SENDING
        # Whoever had themselves forgotten is told so after their messages are gone, or it would go with them.
        erased_first = exists().where(
            col(Erasure.platform) == col(Lane.platform), col(Erasure.fingerprint) == col(Lane.fingerprint),
            col(Erasure.erased).is_(False), col(Erasure.failures) == 0,
        )  # fmt: skip
        found = (
            select(Notice.lane_id, Notice.coalition_id)
            .join(Lane, col(Lane.id) == col(Notice.lane_id))
            .where(or_(due, crashed), free, held, self._served(), ~erased_first)
            .order_by(col(Notice.send_at), col(Notice.kind) != NoticeKind.REPLY, col(Notice.id))
            .limit(1)
        )
        row = work.exec(found).first()
        if row is None:
            return None
        lane = work.get_one(Lane, row[0])
        lane.leased_by, lane.leased_until = self._name, now + LEASE
        return _Leased(row[0], row[1])

    def _served(self) -> ColumnElement[bool]:
        ours = or_(col(Lane.coalition_id) == self.coalition_id, col(Lane.coalition_id).is_(None))
        here = col(Lane.platform).in_(self._chats)
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
                if not await self._send(leased, outgoing, last=outgoing is parcels[-1]):
                    return
        except BaseException:
            await self._store.write(leased.coalition_id, lambda work: _release(work, leased.lane_id))
            raise

    def _prepare(self, work: Work, leased: _Leased) -> list[Outgoing]:
        parcels = unsettled(work, leased.lane_id)
        new = prepare(work, leased.lane_id, self._clock.now(), self._writers)
        self._untried |= {outgoing.parcel_id for outgoing in new}
        parcels += new
        if not parcels:
            _release(work, leased.lane_id)
        return parcels

    async def _send(self, leased: _Leased, outgoing: Outgoing, *, last: bool) -> bool:
        """Send one parcel and settle it; False when the lane has to wait."""
        chat, to = self._chats[outgoing.to.platform], outgoing.to
        if not await self._store.read(leased.coalition_id, lambda work: _stands(work, outgoing.parcel_id)):
            await self._store.write(leased.coalition_id, lambda work: _release(work, leased.lane_id))
            return not last
        if outgoing.parcel_id in self._untried:
            self._untried.discard(outgoing.parcel_id)
            to = replace(to, tried_since=None)
        content = without_files(outgoing.message)
        if self._files:
            content = await with_files(self._store, leased.coalition_id, outgoing.message, to.reader)
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
        await self._store.write(
            leased.coalition_id,
            lambda work: _settle(work, outgoing, message_id, self._clock.now(), release=last),
        )
        return True

    async def _later(self, leased: _Leased, code: str, seconds: float | None) -> int:
        (_log.debug if code == PACED else _log.warning)("lane held", lane=leased.lane_id, code=code)
        return await self._store.write(leased.coalition_id, lambda work: self._hold(work, leased.lane_id, seconds))

    async def _refuse(self, leased: _Leased, outgoing: Outgoing, code: str, *, last: bool) -> None:
        _log.warning("parcel refused", parcel=outgoing.parcel_id, code=code)
        now = self._clock.now()
        await self._store.write(leased.coalition_id, lambda work: _refused(work, outgoing.parcel_id, now, release=last))

    def _hold(self, work: Work, lane_id: int, seconds: float | None) -> int:
        """Hold the lane and give back its lease; tells how often in a row it failed, the platform's wishes left out."""
        lane = work.get(Lane, lane_id)
        if lane is None:
            return 0
        lane.failures += seconds is None
        usual = min(LONGEST_BACK_OFF, 2.0 ** min(lane.failures, 10)) * random.uniform(0.5, 1.0)
        lane.held_until = self._clock.now() + dt.timedelta(seconds=seconds if seconds is not None else usual)
        _release(work, lane_id)
        return lane.failures


def _stands(work: Work, parcel_id: int) -> bool:
    """Tell whether a parcel is still to be sent: its reader may have been put out since it was written."""
    parcel = work.get(Parcel, parcel_id)
    return parcel is not None and parcel.state is ParcelState.SENDING


def _settle(work: Work, outgoing: Outgoing, message_id: str | None, now: dt.datetime, *, release: bool) -> None:
    parcel = work.get(Parcel, outgoing.parcel_id)
    if parcel is None or parcel.state is not ParcelState.SENDING:
        came_too_late(work, now, outgoing.to)
        if release and parcel is not None:
            _release(work, parcel.lane_id)
        return
    parcel.state, parcel.sent_at = ParcelState.SENT, now
    if message_id is not None:
        parcel.message_id, parcel.fingerprint = message_id, active()[0].fingerprint(message_id)
    lane = work.get_one(Lane, parcel.lane_id)
    lane.failures, lane.held_until = 0, None
    for notice in _notices_of(work, parcel.id):
        notice.state, notice.sent_at = NoticeState.SENT, now
        if counts_for_company(notice):
            lane.spoken_at = now
    if release:
        _release(work, lane.id)


def _refused(work: Work, parcel_id: int, now: dt.datetime, *, release: bool) -> None:
    parcel = work.get(Parcel, parcel_id)
    if parcel is None:
        return
    if parcel.state is not ParcelState.SENDING:
        _release(work, parcel.lane_id)
        return
    parcel.state = ParcelState.FAILED
    lane = work.get_one(Lane, parcel.lane_id)
    if lane.member_id is not None:
        cannot_reach(work, now, lane.member_id, lane.platform)
    if lane.room_id is not None:
        room_lost(work, now, work.row(Room, lane.room_id))
    if release:
        _release(work, parcel.lane_id)
    for notice in _notices_of(work, parcel_id):
        notice.state = NoticeState.FAILED


def _release(work: Work, lane_id: int) -> None:
    lane = work.get(Lane, lane_id)
    if lane is not None:  # one who is gone for good has none
        lane.leased_by, lane.leased_until = None, None


def _notices_of(work: Work, parcel_id: int) -> list[Notice]:
    return list(work.exec(select(Notice).where(Notice.parcel_id == parcel_id).order_by(col(Notice.id))))
