"""Duties: work that one process at a time may do, held for a few seconds and renewed.

A process that was paused and wakes up still believes that it has its duty. So its writes carry the epoch that it has
the duty in: once another process has taken over, they are refused.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import case, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select

from bot.clock import Clock
from bot.leases import is_over
from storage.tables import Duty as DutyRow
from storage.work import Store, Work

T = TypeVar("T")


class Write(Protocol):
    """Runs `act` in one transaction, as `Store.write` and `Duty.write` do."""

    async def __call__(self, coalition_id: int | None, act: Callable[[Work], T], /) -> T:
        """Give what `act` gives, once it is committed."""


TERM = dt.timedelta(seconds=8)
"""How long a duty is held without being renewed: after a kill another process has it within 15 seconds."""
RENEW_SECONDS = 2.0
"""How often its holder renews it, and the others look whether it is free."""


class DutyLost(Exception):
    """Another process has taken the duty over; nothing was changed."""


class Duty:
    """One duty, as one process sees it."""

    def __init__(self, store: Store, clock: Clock, name: str, holder: str | None = None) -> None:
        """Take the duty's name, and what this process is called among the others; nothing is held yet."""
        self._store, self._clock, self.name = store, clock, name
        self._holder = holder or store.name
        self._epoch: int | None = None
        self._until: dt.datetime | None = None
        self._asking = asyncio.Lock()

    @property
    def held(self) -> bool:
        """Tell by the clock whether it is held at this moment."""
        return self._epoch is not None and self._until is not None and self._clock.now() < self._until

    @property
    def epoch(self) -> int | None:
        """Give the epoch in which it is held; None when it is not known to be."""
        return self._epoch

    async def hold(self) -> bool:
        """Take the duty where it is free, or renew it; tells whether it is held. Raises as Store.write does."""
        async with self._asking:  # of two that asked at once, one would find the other in its way
            until = self._clock.now() + TERM
            self._epoch = await self._store.write(None, self._take)
            self._until = until if self._epoch is not None else None
            return self._epoch is not None

    async def lay_down(self) -> None:
        """Let others have it at once."""
        async with self._asking:
            epoch, self._epoch, self._until = self._epoch, None, None
            if epoch is not None:
                mine = update(DutyRow).where(col(DutyRow.name) == self.name, col(DutyRow.epoch) == epoch)
                await self._store.write(None, lambda work: work.exec(mine.values(holder=None, until=None)))

    async def write(self, coalition_id: int | None, act: Callable[[Work], T]) -> T:
        """Run `act` in one transaction as the holder. Raises DutyLost, and as Store.write does."""
        epoch = self._epoch

        def guarded(work: Work) -> T:
            self._check(work, epoch)
            return act(work)

        return await self._store.write(coalition_id, guarded)

    def _check(self, work: Work, epoch: int | None) -> None:
        """Make sure that nobody has taken over, and that nobody does before the transaction ends."""
        found = select(DutyRow.epoch).where(DutyRow.name == self.name, DutyRow.holder == self._holder)
        if epoch is None or work.exec(found.with_for_update(read=True)).first() != epoch:
            if self._epoch == epoch:  # it may have been taken anew since
                self._epoch = self._until = None
            raise DutyLost(self.name)

    def _take(self, work: Work) -> int | None:
        insert = postgresql.insert if work.shared else sqlite.insert
        work.execute(insert(DutyRow).values(name=self.name, epoch=0).on_conflict_do_nothing())
        now = self._clock.now()
        mine = (col(DutyRow.holder) == self._holder) & (col(DutyRow.epoch) == self._epoch)
        free = is_over(col(DutyRow.until), now, 2 * TERM)
        taking = (
            update(DutyRow)
            .where(col(DutyRow.name) == self.name, or_(mine, free))
            .values(
                holder=self._holder,
                until=now + TERM,
                epoch=case((mine, col(DutyRow.epoch)), else_=col(DutyRow.epoch) + 1),
            )
            .returning(col(DutyRow.epoch))
        )
        return work.execute(taking).scalar()
