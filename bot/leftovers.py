"""What purged coalitions left to be done: lines of the key file, rooms to leave, files to be freed of what was deleted.

Each process strikes the lines in the key file of its own machine. Rooms and accounts are rows that go when it is done,
so a crash or a chat that is away forgets none; nothing is said there.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Mapping

import structlog
from sqlalchemy import ColumnElement, or_
from sqlmodel import col, delete, func, select, update

from bot.clock import Clock
from bot.ports import Chat, SendLater
from bot.purging import lines_of_purged
from storage.cipher import KeyProblem
from storage.tables import Leftover, LeftoverKind
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work

LONGEST_BACK_OFF = 86400.0

_log = structlog.get_logger()


class Leftovers:
    """Does what is left, one thing after the other."""

    def __init__(self, store: Store, clock: Clock, chats: Mapping[str, Chat]) -> None:
        """Take the chats by platform; nothing is done yet."""
        self._store, self._clock, self._chats = store, clock, chats
        self._struck: set[int] = set()
        """The purged coalitions whose lines were looked for in the key file here."""

    async def drain(self) -> bool:
        """Do what is due now; tells whether there was anything."""
        lines, due = await self._store.read(None, lambda work: (lines_of_purged(work), self._due(work)))
        await self._strike(lines)
        done = [await self._take(row) for row in due]
        if any(done):
            await self._scrubbed()  # the addresses of what was just done, too
        return bool(due)

    async def next_moment(self) -> dt.datetime | None:
        """Give the moment at which something is tried next, None when nothing is left."""
        found = select(func.min(Leftover.next_at)).where(self._here())
        return await self._store.read(None, lambda work: work.exec(found).one())

    async def _strike(self, lines: Mapping[int, str]) -> None:
        for coalition_id in sorted(lines.keys() - self._struck):
            self._struck.add(coalition_id)
            try:
                if await asyncio.to_thread(self._store.keyring.strike, lines[coalition_id]):
                    _log.info("line struck", coalition=coalition_id)
            except KeyProblem:
                _log.error("line not struck", coalition=coalition_id, code="key-file")  # doctor says what to do

    def _due(self, work: Work) -> list[Leftover]:
        found = select(Leftover).where(self._here(), Leftover.next_at <= self._clock.now())
        return list(work.exec(found.order_by(col(Leftover.id))))

    def _here(self) -> ColumnElement[bool]:
        return or_(col(Leftover.kind) == LeftoverKind.FILES, col(Leftover.platform).in_(tuple(self._chats)))

    async def _take(self, row: Leftover) -> bool:
        """Try one thing; tells whether that is over. Another process may be at it too: it is safe to repeat."""
        mine = col(Leftover.id) == row.id
        try:
            await self._do(row)
        except Exception as problem:  # SendLater and SendRefused; no adapter should raise another, and it may pass
            code = getattr(problem, "code", type(problem).__name__)
            _log.warning("left over", leftover=row.id, kind=str(row.kind), code=code)
            seconds = problem.seconds if isinstance(problem, SendLater) else None
            usual = min(LONGEST_BACK_OFF, 5.0 * 2.0 ** min(row.failures, 15)) * random.uniform(0.5, 1.0)
            next_at = self._clock.now() + dt.timedelta(seconds=seconds if seconds is not None else usual)
            later = update(Leftover).where(mine).values(failures=row.failures + 1, code=code, next_at=next_at)
            await self._store.write(None, lambda work: work.exec(later))
            return False
        await self._store.write(None, lambda work: work.exec(delete(Leftover).where(mine)))
        return True

    async def _do(self, row: Leftover) -> None:
        if row.kind is LeftoverKind.FILES:
            if not await self._scrubbed():
                raise SendLater("busy")
        elif row.kind is LeftoverKind.ROOM:
            await self._chats[row.platform].leave(row.address)
        else:
            await self._chats[row.platform].forget(row.address)

    async def _scrubbed(self) -> bool:
        try:
            return await self._store.scrub()
        except DatabaseTrouble:  # somebody writes just now
            return False


def rooms_to_leave(work: Work) -> list[Leftover]:
    """Give the rooms that are still to be left; those with failures were tried, and could not be left so far."""
    found = select(Leftover).where(Leftover.kind == LeftoverKind.ROOM)
    return list(work.exec(found.order_by(col(Leftover.id))))
