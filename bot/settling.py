"""After the sending: parcels are marked as sent, those of several lanes in one transaction."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import LargeBinary, bindparam, case, null, update
from sqlmodel import col, select

from bot.departures import Outgoing
from storage.cipher import DEPLOYMENT, active
from storage.tables import Lane, Notice, NoticeState, Parcel, ParcelState
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work

_ROWS_ONLY = {"synchronize_session": False}  # none of these rows was read in this transaction
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


class Settling:
    """Settles what was delivered: while one transaction is on its way, what comes in meanwhile waits for the next."""

    def __init__(self, store: Store, act: Callable[[Work, Sequence[Delivered]], list[bool]]) -> None:
        """Take what settles some within a transaction, and tells of each whether its lane is still this process's."""
        self._store, self._act = store, act
        self._waiting: list[tuple[Delivered, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def settle(self, one: Delivered) -> bool:
        """Mark it as sent; once this returns, that is committed. Raises as `Store.write` does."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await done

    async def finish(self) -> None:
        """Wait until nothing is being written; what was cancelled while it waited is settled all the same."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                told = await self._store.write(None, lambda work, batch=batch: self._act(work, [d for d, _ in batch]))  # type: ignore[misc]
            except Exception as problem:
                if len(batch) > 1 and not isinstance(problem, DatabaseTrouble):
                    await self._one_by_one(batch)
                    continue
                told = [problem] * len(batch)
            for (_, done), result in zip(batch, told, strict=True):
                _tell(done, result)

    async def _one_by_one(self, batch: Sequence[tuple[Delivered, asyncio.Future[bool]]]) -> None:
        """Settle each alone, so that one that cannot be settled leaves the others in peace."""
        for one, done in batch:
            try:
                _tell(done, (await self._store.write(None, lambda work, one=one: self._act(work, [one])))[0])  # type: ignore[misc]
            except Exception as problem:
                _tell(done, problem)


def _tell(done: asyncio.Future[bool], result: bool | Exception) -> None:
    if done.done():
        return  # nobody waits any more
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)


def settle(work: Work, batch: Sequence[Delivered], holder: str, now: dt.datetime, until: dt.datetime) -> list[bool]:
    """Mark parcels as sent, with their notices and lanes; renew or give back the leases that `holder` still has.

    Tells of each whether its lane is still the holder's. What another process has settled meanwhile stays as it is.
    """
    lanes = select(Lane.id).where(
        col(Lane.id).in_([one.lane_id for one in batch]),
        col(Lane.leased_by) == holder,
        col(Lane.leased_until).is_not(None),
    )
    ours = set(work.exec(lanes.order_by(col(Lane.id)).with_for_update()))
    parcels = select(Parcel.id).where(
        col(Parcel.id).in_([one.outgoing.parcel_id for one in batch]), Parcel.state == ParcelState.SENDING
    )
    open_ = set(work.exec(parcels.order_by(col(Parcel.id)).with_for_update()))
    rows = [_row(one, now) for one in batch if one.outgoing.parcel_id in open_]
    if rows:
        connection = work.connection()
        for change in (_PARCEL, _NOTICES, _LANE):
            connection.execute(change, rows)
    leases = [{"lane": one.lane_id, "until": None if one.last else until} for one in batch if one.lane_id in ours]
    if leases:
        work.connection().execute(_LEASE, leases)
    return [one.lane_id in ours for one in batch]


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
