"""After the sending: parcels are marked as sent, those of several lanes in one transaction."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import LargeBinary, bindparam, case, null, update
from sqlmodel import col, select

from bot.departures import Outgoing
from storage.cipher import DEPLOYMENT, active
from storage.tables import Lane, Notice, NoticeState, Parcel, ParcelState
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
    last: bool
    """Nothing else of the lane is to be sent: its lease is given back."""


class Settled(NamedTuple):
    """How it stands after a settlement."""

    ours: bool
    """The lane is still this process's."""
    late: bool
    """The parcel had been called off while it was on its way, or is gone with its reader: nothing was marked."""


Act = Callable[[Work, Sequence[Delivered]], list[Settled]]


class Settling:
    """Settles what was delivered: while one transaction is on its way, what comes in meanwhile waits for the next.

    On PostgreSQL each coalition's are on their own, so that they take turns with its other writers. On SQLite, where
    there is one writer, all go together.
    """

    def __init__(self, store: Store, act: Act) -> None:
        """Take what settles some within a transaction, and tells of each how it stands then."""
        self._store, self._act = store, act
        self._waiting: dict[int | None, list[tuple[Delivered, asyncio.Future[Settled]]]] = {}
        self._writing: dict[int | None, asyncio.Task[None]] = {}

    async def settle(self, one: Delivered) -> Settled:
        """Mark it as sent; once this returns, that is committed. Raises as `Store.write` does."""
        scope = one.coalition_id if self._store.shared else None
        done: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(scope, []).append((one, done))
        if scope not in self._writing:
            self._writing[scope] = asyncio.create_task(self._write(scope))
        return await done

    async def finish(self) -> None:
        """Wait until nothing is being written; what was cancelled while it waited is settled all the same."""
        await asyncio.gather(*self._writing.values())

    async def _write(self, scope: int | None) -> None:
        try:
            while batch := self._waiting.pop(scope, None):
                await self._together(scope, batch)
        finally:
            del self._writing[scope]

    async def _together(self, scope: int | None, batch: Sequence[tuple[Delivered, asyncio.Future[Settled]]]) -> None:
        told: Sequence[Settled | BaseException]
        try:
            told = await self._store.write(scope, lambda work: self._act(work, [one for one, _ in batch]))
        except BaseException as problem:
            if len(batch) > 1 and isinstance(problem, Exception) and not isinstance(problem, DatabaseTrouble):
                for pair in batch:  # one that cannot be settled leaves the others in peace
                    await self._together(scope, [pair])
                return
            told = [problem] * len(batch)
        for (_, done), result in zip(batch, told, strict=True):
            if done.done():
                continue  # nobody waits any more
            if isinstance(result, BaseException):
                done.set_exception(result)
            else:
                done.set_result(result)


def settle(work: Work, batch: Sequence[Delivered], holder: str, now: dt.datetime, until: dt.datetime) -> list[Settled]:
    """Mark parcels as sent, with their notices and lanes; renew or give back the leases that `holder` still has.

    What another process has settled meanwhile stays as it is.
    """
    lanes = select(Lane.id).where(
        col(Lane.id).in_([one.lane_id for one in batch]),
        col(Lane.leased_by) == holder,
        col(Lane.leased_until).is_not(None),
    )
    ours = set(work.exec(lanes.order_by(col(Lane.id)).with_for_update()))
    found = select(Parcel.id, Parcel.state).where(col(Parcel.id).in_([one.outgoing.parcel_id for one in batch]))
    states = dict(work.exec(found.order_by(col(Parcel.id)).with_for_update()).all())
    rows = [_row(one, now) for one in batch if states.get(one.outgoing.parcel_id) is ParcelState.SENDING]
    leases = [{"lane": one.lane_id, "until": None if one.last else until} for one in batch if one.lane_id in ours]
    for change, given in ((_PARCEL, rows), (_NOTICES, rows), (_LANE, rows), (_LEASE, leases)):
        if given:
            work.connection().execute(change, given)
    called_off = (None, ParcelState.CANCELLED)
    return [Settled(one.lane_id in ours, states.get(one.outgoing.parcel_id) in called_off) for one in batch]


def _row(one: Delivered, now: dt.datetime) -> dict[str, object]:
    keyring, _ = active()
    scope, message_id = one.coalition_id or DEPLOYMENT, one.message_id
    return {
        "parcel": one.outgoing.parcel_id,
        "lane": one.lane_id,
        "now": now,
        "counts": one.outgoing.counts,
        "message": None if message_id is None else keyring.seal(scope, message_id.encode(), "parcel.message_id"),
        "print": None if message_id is None else keyring.fingerprint(message_id),
    }
