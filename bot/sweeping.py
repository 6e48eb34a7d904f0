"""The nightly sweep: what is over its time is erased, coalition by coalition, and then in no file any more.

Each coalition's row says when it was swept, so a sweep that is broken off goes on where it was, and a night that was
missed is made up for.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from functools import partial

import structlog
from sqlmodel import col, func, or_, select

from bot.clock import Clock
from bot.duty import Duty, DutyLost
from bot.pulse import owe_scrub, scrub, scrub_owed
from bot.retention import ERASERS, Due, Eraser, due_of, erase_old
from bot.rules.retention import DAY, Keeping, last_sweep, next_sweep
from storage.tables import Coalition, Retention
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work

AGAIN_AFTER = dt.timedelta(minutes=10)
"""How long a scrub waits that could not be: somebody else was writing or reading."""

_log = structlog.get_logger()


class Sweep:
    """Sweeps once a night, in the one process that has the duty."""

    def __init__(self, store: Store, clock: Clock, duty: Duty, bounds: Keeping) -> None:
        """Take the longest that things may be kept, with the hour of the sweep; nothing is erased yet."""
        self._store, self._clock, self._duty, self._bounds = store, clock, duty, bounds
        self.coalition_id: int | None = None
        """Sweep this coalition only; None: every one."""
        self._next: dt.datetime | None = None

    async def drain(self) -> bool:
        """Do what is due now; tells whether there was anything. Raises as Store.write does."""
        now = self._clock.now()
        if self._next is not None and now < self._next <= now + DAY:
            return False
        try:
            return await self._duty.hold() and await self._sweep(now)
        except DutyLost:
            return False  # left to who took it

    def next_moment(self) -> dt.datetime:
        """Give the moment to come at which there is something to do next."""
        now = self._clock.now()
        return self._next if self._next is not None and self._next > now else next_sweep(now, self._bounds.sweep_at)

    async def _sweep(self, now: dt.datetime) -> bool:
        last = last_sweep(now, self._bounds.sweep_at)
        unswept = await self._store.read(None, lambda work: _unswept(work, last, now))
        due = [each for each in unswept if self.coalition_id in (None, each)]
        removed: Counter[str] = Counter()
        for coalition_id in due:
            removed += await self._sweep_one(coalition_id, now)
        if due:
            removed["other"] = await self._duty.write(None, lambda work: self.erase_old(work, now))
            (_log.info if +removed else _log.debug)("swept", coalitions=len(due), **+removed)
        whole = await self._scrub(now, last)
        self._next = next_sweep(now, self._bounds.sweep_at) if whole else now + AGAIN_AFTER
        return bool(due)

    def erase_old(self, work: Work, now: dt.datetime) -> int:
        """Erase what is no one coalition's, or may not wait for the night."""
        n = erase_old(work, now, self._bounds)
        if n:
            owe_scrub(work, now)
        return n

    async def _sweep_one(self, coalition_id: int, now: dt.datetime) -> Counter[str]:
        await self._duty.hold()  # of many coalitions the last is long after the first
        due = await self._store.read(coalition_id, lambda work: due_of(work, now, self._bounds))
        removed: Counter[str] = Counter()
        for kind, erase in ERASERS.items():
            while (n := await self._duty.write(coalition_id, partial(_erase, due, erase))) > 0:
                removed[kind] += n
        await self._duty.write(coalition_id, lambda work: _note(work, now, removed))
        return removed

    async def _scrub(self, now: dt.datetime, last: dt.datetime) -> bool:
        """Scrub if anything was deleted, once a night; tells whether nothing is left to do."""
        owed = await self._store.read(None, scrub_owed)
        if owed is None or last <= owed[0] <= now:
            return True
        try:
            return await scrub(self._store, self._duty.write, now)
        except DatabaseTrouble:
            return False  # another process writes: what was deleted stays owed


def _unswept(work: Work, last: dt.datetime, now: dt.datetime) -> Sequence[int]:
    """Give the coalitions not swept since the `last` moment, though there; a time to come was a wrong clock's."""
    since = func.coalesce(Retention.swept_at, Coalition.created_at)
    found = select(Coalition.id).outerjoin(Retention, col(Retention.coalition_id) == col(Coalition.id))
    return list(work.exec(found.where(or_(since < last, since > now)).order_by(col(Coalition.id))))


def _erase(due: Due, erase: Eraser, work: Work) -> int:
    n = erase(work, due)
    if n:
        owe_scrub(work, due.now)
    return n


def _note(work: Work, now: dt.datetime, removed: Counter[str]) -> None:
    row = work.first(Retention) or Retention(coalition_id=work.tenant)
    row.swept_at, row.removed = now, {kind: n for kind, n in removed.items() if n}
    work.add(row)
