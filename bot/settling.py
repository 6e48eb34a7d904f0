"""After the sending: parcels are marked as sent, those of several lanes in one transaction, or as refused."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple, Protocol

from sqlalchemy import LargeBinary, bindparam, case, null, update
from sqlmodel import col, select

from bot.departures import Outgoing
from bot.reachability import cannot_reach, room_lost
from storage.cipher import DEPLOYMENT, active
from storage.tables import Lane, Notice, NoticeState, Parcel, ParcelState, Room
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work

_PARCEL = (
    update(Parcel)
    .where(col(Parcel.id) == bindparam("parcel"))
    .values(
        state=ParcelState.SENT,
        sent_at=bindparam("now"),
        message_id=bindparam("message", type_=LargeBinary),  # sealed for its own coalition, see _row
        fingerprint=bindparam("print"),
    )
)
_NOTICES = (
    update(Notice)
    .where(col(Notice.parcel_id) == bindparam("parcel"))
    .values(state=NoticeState.SENT, sent_at=bindparam("now"))
)
_LANE = (
    update(Lane)
    .where(col(Lane.id) == bindparam("lane"))
    .values(
        failures=0,
        held_until=null(),
        spoken_at=case((bindparam("counts"), bindparam("now")), else_=col(Lane.spoken_at)),
        leased_until=case((bindparam("ours"), bindparam("until")), else_=col(Lane.leased_until)),
    )
)
_LEASE = update(Lane).where(col(Lane.id) == bindparam("lane")).values(leased_until=bindparam("until"))


@dataclass(frozen=True)
class Delivered:
    """A parcel that a chat has taken."""

    outgoing: Outgoing
    lane_id: int
    coalition_id: int | None
    message_id: str | None
    next_id: int | None
    """The parcel that is to be sent after it; None: there is none, and the lane's lease is given back."""


class Settled(NamedTuple):
    """How it stands after a settlement."""

    ours: bool
    """The lane is still this process's."""
    late: bool
    """The parcel had been called off while it was on its way, or is gone with its reader: nothing was marked."""
    next_stands: bool = True
    """The parcel after it is still to be sent: its reader may have been put out since it was written."""


Pair = tuple[Delivered, asyncio.Future[Settled]]


class Act(Protocol):
    """What settles some within a transaction, and tells of each how it stands then."""

    def __call__(self, work: Work, batch: Sequence[Delivered], *, wait: bool) -> Sequence[Settled | None]:
        """Settle all; unless it may `wait`, give None of those in whose coalition somebody else is writing."""


class Settling:
    """Settles what was delivered: while one transaction is on its way, what comes in meanwhile waits for the next."""

    def __init__(self, store: Store, act: Act) -> None:
        """Take how it is done."""
        self._store, self._act = store, act
        self._waiting: list[Pair] = []
        self._writing: asyncio.Task[None] | None = None
        self._apart: set[asyncio.Task[None]] = set()

    async def settle(self, one: Delivered) -> Settled:
        """Mark it as sent; once this returns, that is committed. Raises as `Store.write` does."""
        done: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await done

    async def finish(self) -> None:
        """Wait until nothing is being written; what was cancelled while it waited is settled all the same."""
        if self._writing is not None:
            await self._writing
        while self._apart:
            await asyncio.gather(*self._apart)

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._together(batch)
        finally:
            self._writing = None

    async def _together(self, batch: Sequence[Pair], *, wait: bool = False) -> None:
        told: Sequence[Settled | BaseException | None]
        apart: Callable[[Delivered], object] = attrgetter("coalition_id")  # each coalition has its own turn
        try:
            told = await self._store.write(None, lambda work: self._act(work, [one for one, _ in batch], wait=wait))
        except BaseException as problem:
            # One that cannot be settled leaves the others in peace.
            last = len(batch) == 1 or isinstance(problem, DatabaseTrouble) or not isinstance(problem, Exception)
            told, apart = [problem if last else None] * len(batch), id
        left: dict[object, list[Pair]] = {}
        for pair, result in zip(batch, told, strict=True):
            if result is None:
                left.setdefault(apart(pair[0]), []).append(pair)
            elif pair[1].done():
                pass  # nobody waits any more
            elif isinstance(result, BaseException):
                pair[1].set_exception(result)
            else:
                pair[1].set_result(result)
        for group in left.values():
            task = asyncio.create_task(self._together(group, wait=True))
            self._apart.add(task)
            task.add_done_callback(self._apart.discard)


def settle(
    work: Work, batch: Sequence[Delivered], holder: str, now: dt.datetime, until: dt.datetime, *, wait: bool
) -> list[Settled | None]:
    """Mark parcels as sent, with their notices and lanes; renew or give back the leases that `holder` still has.

    What another process has settled meanwhile stays as it is. Where it may `wait`, all are of one coalition, and it
    waits until nobody else writes there; else None is given, and nothing done, for those that would have to: one
    coalition's long transaction must not hold up another's messages.
    """
    scopes = {one.coalition_id or DEPLOYMENT for one in batch}
    if wait:
        work.alone(*scopes)
    else:
        scopes = work.alone_where_free(scopes)
    taken = [one for one in batch if (one.coalition_id or DEPLOYMENT) in scopes]
    settled = iter(_settle(work, taken, holder, now, until))
    return [next(settled) if one in taken else None for one in batch]


def _settle(work: Work, batch: Sequence[Delivered], holder: str, now: dt.datetime, until: dt.datetime) -> list[Settled]:
    lanes = select(Lane.id).where(
        col(Lane.id).in_([one.lane_id for one in batch]),
        col(Lane.leased_by) == holder,
        col(Lane.leased_until).is_not(None),
    )
    ours = set(work.exec(lanes.order_by(col(Lane.id)).with_for_update()))
    ids = [one.outgoing.parcel_id for one in batch] + [one.next_id for one in batch if one.next_id is not None]
    parcels = select(Parcel.id, Parcel.state).where(col(Parcel.id).in_(ids))
    states = dict(work.exec(parcels.order_by(col(Parcel.id)).with_for_update()).all())
    open_ = [one for one in batch if states.get(one.outgoing.parcel_id) is ParcelState.SENDING]
    rows = [_row(one, now, until, ours=one.lane_id in ours) for one in open_]
    others = [one for one in batch if one not in open_ and one.lane_id in ours]
    leases = [{"lane": one.lane_id, "until": _until(one, until)} for one in others]
    for change, given in ((_PARCEL, rows), (_NOTICES, rows), (_LANE, rows), (_LEASE, leases)):
        if given:
            work.connection().execute(change, given)
    return [
        Settled(
            ours=one.lane_id in ours,
            late=states.get(one.outgoing.parcel_id) in (None, ParcelState.CANCELLED),
            next_stands=one.next_id is None or states.get(one.next_id) is ParcelState.SENDING,
        )
        for one in batch
    ]


def refuse(work: Work, parcel_id: int, code: str, now: dt.datetime) -> None:
    """Mark a parcel that the platform will never take as failed, and note who or which room cannot be reached."""
    parcel = work.get(Parcel, parcel_id)
    if parcel is None or parcel.state is not ParcelState.SENDING:
        return
    parcel.state = ParcelState.FAILED
    lane = work.get_one(Lane, parcel.lane_id)
    if lane.member_id is not None:
        cannot_reach(work, now, lane.member_id, lane.platform)
    if lane.room_id is not None:
        room_lost(work, now, work.row(Room, lane.room_id))
    for notice in work.exec(select(Notice).where(Notice.parcel_id == parcel_id)):
        notice.state, notice.failed_at, notice.code = NoticeState.FAILED, now, code


def _until(one: Delivered, until: dt.datetime) -> dt.datetime | None:
    return until if one.next_id is not None else None


def _row(one: Delivered, now: dt.datetime, until: dt.datetime, *, ours: bool) -> dict[str, object]:
    keyring, _ = active()
    scope, message_id = one.coalition_id or DEPLOYMENT, one.message_id
    return {
        "parcel": one.outgoing.parcel_id,
        "lane": one.lane_id,
        "now": now,
        "counts": one.outgoing.counts,
        "ours": ours,
        "until": _until(one, until),
        "message": None if message_id is None else keyring.seal(scope, message_id.encode(), "parcel.message_id"),
        "print": None if message_id is None else keyring.fingerprint(message_id),
    }
