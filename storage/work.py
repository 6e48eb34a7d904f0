"""The unit of work: one short transaction on the rows of one coalition."""

from __future__ import annotations

import asyncio
import random
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import structlog
from sqlalchemy import event, func, or_
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.sql import ColumnElement
from sqlmodel import Session as SqlSession
from sqlmodel import SQLModel, col, select

from storage.cipher import DEPLOYMENT, Keyring, LineProblem, active, sealing
from storage.engines import OVERFLOW, POOL, is_postgres, open_sync
from storage.journal import Entry, entries
from storage.purging import delete_rows
from storage.scrubbing import scrub
from storage.tables import Coalition, Inbox, Notice, NoticeState
from storage.trouble import Again, CoalitionGone, DatabaseTrouble, settled_by_trying, told_plainly

T = TypeVar("T")
Row = TypeVar("Row", bound=SQLModel)

REST_SECONDS = 2.0
"""How long closing waits for units of work that were given up while they ran."""
THREADS = POOL + OVERFLOW
"""How many units of work go on side by side: as many as there are connections."""
TRIES = 5
"""How often a unit of work on PostgreSQL is begun that met another one, or a connection that had died."""
CHANNEL = "dragoman"
"""The channel on which processes that share a PostgreSQL database tell each other that something is due."""
_COALITIONS = 0x647261
"""The class of our advisory locks: the second number is the coalition's."""
_STRANGERS = 0
_log = structlog.get_logger()


class Work(SqlSession):
    """A transaction on behalf of one coalition (or of none: the inbox, strangers). Never waits for anything outside."""

    coalition_id: int | None = None
    journal: list[Entry]
    rings = False
    """Whether something was added that another process may have to see to."""
    ends = False
    """Whether the coalition is deleted when the transaction ends, with whatever was written in it until then."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Open with an empty journal of what changes."""
        super().__init__(*args, **kwargs)
        self.journal = []
        self.kept: list[object] = []
        """Every row that was read: without a reference of its own each would be read again whenever it is asked for."""

    @property
    def tenant(self) -> int:
        """The coalition's id; raises LookupError in a transaction that belongs to none."""
        if self.coalition_id is None:
            raise LookupError("this transaction belongs to no coalition")
        return self.coalition_id

    def rows(self, table: type[Row], *criteria: ColumnElement[bool] | bool) -> list[Row]:
        """Give this coalition's rows that meet the criteria, in the order they were made."""
        found = select(table).where(_column(table, "coalition_id") == self.tenant, *criteria)
        return list(self.exec(found.order_by(_column(table, "id"))))

    def first(self, table: type[Row], *criteria: ColumnElement[bool] | bool) -> Row | None:
        """Give the first of this coalition's rows that meets the criteria, or None."""
        found = select(table).where(_column(table, "coalition_id") == self.tenant, *criteria)
        return self.exec(found.order_by(_column(table, "id")).limit(1)).first()

    def row(self, table: type[Row], row_id: int | None) -> Row:
        """Give this coalition's row with that id; raises LookupError when it has none, another coalition's included."""
        found = None if row_id is None else self.get(table, row_id)
        if found is None or getattr(found, "coalition_id", None) != self.tenant:
            raise LookupError(f"no {table.__name__} {row_id} here")
        return found

    def reaches(self, table: type[SQLModel]) -> ColumnElement[bool]:
        """Tell, within a query, which rows of a table are this coalition's, or nobody's."""
        owner = _column(table, "coalition_id")
        return or_(owner == self.coalition_id, owner.is_(None))

    @property
    def shared(self) -> bool:
        """Tell whether other processes may be working on the same database."""
        return self.get_bind().dialect.name == "postgresql"

    def alone(self, coalition_id: int = _STRANGERS) -> None:
        """Be the only writer of a coalition, or of strangers' rows, until the transaction ends.

        On SQLite every write transaction is alone from its begin.
        """
        if self.shared:
            self.execute(select(func.pg_advisory_xact_lock(_COALITIONS, coalition_id)))

    def alone_where_free(self, coalition_ids: Collection[int]) -> set[int]:
        """Be the only writer of those of several coalitions that nobody is writing in at this moment, and give them."""
        if not self.shared or not coalition_ids:
            return set(coalition_ids)
        ids = sorted(coalition_ids)
        had = self.execute(select(*(func.pg_try_advisory_xact_lock(_COALITIONS, one) for one in ids))).one()
        return {one for one, free in zip(ids, had, strict=True) if free}

    @contextmanager
    def within(self, coalition_id: int | None) -> Iterator[None]:
        """Work for one coalition, or for strangers, in a transaction that belongs to none; at the end all is flushed.

        It waits for no other writer: see `alone_where_free`. Raises CoalitionGone when there is no such coalition.
        """
        keyring, _ = active()
        with sealing(keyring, coalition_id or DEPLOYMENT):
            if coalition_id is not None:
                self.admit(coalition_id)
            try:
                yield
                self.flush()
            finally:
                self.coalition_id = None

    def admit(self, coalition_id: int) -> None:
        """Open a coalition's rows to this transaction; raises CoalitionGone when there is no such coalition."""
        keyring, _ = active()
        wrapped = self.exec(select(Coalition.wrapped_key).where(Coalition.id == coalition_id)).first()
        if wrapped is None:
            keyring.forget(coalition_id)
            raise CoalitionGone(coalition_id)
        try:
            keyring.admit(coalition_id, wrapped)
        except LineProblem as problem:  # on another host the coalition was just made: until its key file is here
            raise DatabaseTrouble(str(problem), "key-line") from None
        self.coalition_id = coalition_id

    def put(self, row: Row) -> Row:
        """Add a row and flush, so that it has its id."""
        self.add(row)
        self.flush()
        return row


class Store:
    """The database of one deployment."""

    def __init__(self, url: str, keyring: Keyring) -> None:
        """Take the SQLAlchemy URL of a database; nothing is opened before the first unit of work."""
        self.url = url
        self.keyring = keyring
        self.name = secrets.token_hex(8)
        """What this process is called among those that share the database."""
        self._engine = open_sync(url)
        self._working, self._at_rest, self._closed = 0, threading.Condition(), False
        self._threads = ThreadPoolExecutor(THREADS, "database")
        # SQLite has one writer at a time, and a second one sleeps ever longer before it looks again: ours queue here.
        self._writer = self._threads if self.shared else ThreadPoolExecutor(1, "writer")

    @property
    def shared(self) -> bool:
        """Tell whether other processes may be working on the same database."""
        return is_postgres(self.url)

    async def write(self, coalition_id: int | None, act: Callable[[Work], T]) -> T:
        """Run `act` in one transaction that is committed when it returns and rolled back when it raises.

        The writers of one coalition take turns. On PostgreSQL `act` may be begun again, up to TRIES times, so it must
        not change anything but rows. Raises DatabaseTrouble for what may pass (the database is held or away, the disk
        is full), CoalitionGone among it, and DatabaseProblem for the rest.
        """
        return await self._run(coalition_id, act, read_only=False)

    async def read(self, coalition_id: int | None, ask: Callable[[Work], T]) -> T:
        """Run `ask` on one consistent state of the database; what it changes is not kept. Raises as `write` does."""
        return await self._run(coalition_id, ask, read_only=True)

    async def scrub(self) -> bool:
        """See that what was deleted is in no file any more: see `storage.scrubbing`."""
        return await asyncio.to_thread(scrub, self.url)

    async def close(self) -> None:
        """Close all connections, once the units of work that nobody waits for any more have ended: seconds at most."""
        await asyncio.to_thread(self._rest)
        for threads in {self._threads, self._writer}:
            threads.shutdown(wait=False)

    def _rest(self) -> None:
        with self._at_rest:
            self._at_rest.wait_for(lambda: self._working == 0, timeout=REST_SECONDS)
            self._closed = True
            self._engine.pool.dispose()

    async def _run(self, coalition_id: int | None, act: Callable[[Work], T], *, read_only: bool) -> T:
        # One hop to a thread for the whole transaction: an async driver hops for every statement, three times as slow.
        threads = self._threads if read_only else self._writer
        with self._at_rest:
            self._working += 1  # from here on: what waits for a thread opens a connection, too
        try:
            working = threads.submit(self._tried, coalition_id, act, read_only)
        except RuntimeError:
            self._ended()
            raise
        working.add_done_callback(self._ended)
        return await asyncio.wrap_future(working)

    def _ended(self, _working: object = None) -> None:
        with self._at_rest:
            self._working -= 1
            self._at_rest.notify_all()
            if self._closed:  # a connection that comes back after the others were closed stays open else
                self._engine.pool.dispose()

    def _tried(self, coalition_id: int | None, act: Callable[[Work], T], read_only: bool) -> T:
        for attempt in range(1, TRIES if self.shared else 1):
            try:
                with settled_by_trying():
                    return self._once(coalition_id, act, read_only)
            except Again:
                time.sleep(random.uniform(0, 0.01 * 2**attempt))  # apart, or the two would meet again
        return self._once(coalition_id, act, read_only)

    def _once(self, coalition_id: int | None, act: Callable[[Work], T], read_only: bool) -> T:
        options: dict[str, Any] = {"dragoman_reads": True} if read_only else {}
        if self.shared:
            # Writers of a coalition take turns and must see what the one before them did; readers want one state.
            options["isolation_level"] = "REPEATABLE READ" if read_only else "READ COMMITTED"
        engine = self._engine.execution_options(**options) if options else self._engine
        scope = coalition_id or DEPLOYMENT
        with told_plainly(), sealing(self.keyring, scope), Work(engine, expire_on_commit=False) as work:
            if coalition_id is not None:
                if not read_only:
                    work.alone(coalition_id)
                work.admit(coalition_id)
            result = act(work)
            if not read_only:
                self._commit(work)
            if work.ends and not read_only:
                self.keyring.forget(scope)
                _log.warning("coalition purged", coalition=scope)  # all else that knew of it is gone
            return result

    def _commit(self, work: Work) -> None:
        work.flush()
        if work.ends:
            delete_rows(work, work.tenant)
        if (work.rings or work.ends) and self.shared:
            work.execute(select(func.pg_notify(CHANNEL, self.name)))
        with told_plainly(at_commit=True):
            work.commit()


def _column(table: type[SQLModel], name: str) -> Any:
    return col(getattr(table, name))


@event.listens_for(Work, "loaded_as_persistent")
@event.listens_for(Work, "pending_to_persistent")
def _keep(session: OrmSession, row: object) -> None:
    cast(Work, session).kept.append(row)


@event.listens_for(Work, "after_flush")
def _journal(session: OrmSession, _context: object) -> None:
    work = cast(Work, session)
    work.journal.extend(entries(work))
    work.rings = work.rings or any(_rings(row) for row in (*work.new, *work.dirty))


def _rings(row: object) -> bool:
    """Tell whether there may be something to do for others: what has been sent, or is on its way, is nobody else's."""
    return isinstance(row, Inbox) or (isinstance(row, Notice) and row.state is NoticeState.PLANNED)
