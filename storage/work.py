"""The unit of work: one short transaction on the rows of one coalition."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.sql import ColumnElement
from sqlmodel import Session as SqlSession
from sqlmodel import SQLModel, col, select

from storage.cipher import DEPLOYMENT, Keyring, sealing
from storage.journal import Entry, entries
from storage.scrubbing import scrub
from storage.tables import Coalition
from storage.trouble import DatabaseProblem, told_plainly

T = TypeVar("T")
Row = TypeVar("Row", bound=SQLModel)

BUSY_SECONDS = 10
"""How long a SQLite writer waits for its turn."""


class Work(SqlSession):
    """A transaction on behalf of one coalition (or of none: the inbox, strangers). Never waits for anything outside."""

    coalition_id: int | None = None
    journal: list[Entry]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Open with an empty journal of what changes."""
        super().__init__(*args, **kwargs)
        self.journal = []

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

    def put(self, row: Row) -> Row:
        """Add a row and flush, so that it has its id."""
        self.add(row)
        self.flush()
        return row


class Store:
    """The database of one deployment."""

    def __init__(self, url: str, keyring: Keyring) -> None:
        """Take the SQLAlchemy URL of a SQLite database; nothing is opened before the first unit of work."""
        self.url = url
        self.keyring = keyring
        self._engine = _open(url)

    async def write(self, coalition_id: int | None, act: Callable[[Work], T]) -> T:
        """Run `act` in one transaction that is committed when it returns and rolled back when it raises.

        Raises DatabaseTrouble for what may pass (the database is held, the disk is full), DatabaseProblem for the rest.
        """
        return await self._run(coalition_id, act, read_only=False)

    async def read(self, coalition_id: int | None, ask: Callable[[Work], T]) -> T:
        """Run `ask` on one consistent state of the database; what it changes is not kept. Raises as `write` does."""
        return await self._run(coalition_id, ask, read_only=True)

    async def scrub(self) -> bool:
        """See that what was deleted is in no file any more: see `storage.scrubbing.scrub`."""
        return await asyncio.to_thread(scrub, Path(make_url(self.url).database or ""))

    async def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    async def _run(self, coalition_id: int | None, act: Callable[[Work], T], *, read_only: bool) -> T:
        # One hop to a thread for the whole transaction: an async driver hops for every statement, three times as slow.
        return await asyncio.to_thread(self._within, coalition_id, act, read_only)

    def _within(self, coalition_id: int | None, act: Callable[[Work], T], read_only: bool) -> T:
        engine = self._engine.execution_options(dragoman_reads=True) if read_only else self._engine
        scope = coalition_id or DEPLOYMENT
        with told_plainly(), sealing(self.keyring, scope), Work(engine, expire_on_commit=False) as work:
            if coalition_id is not None:
                self._admit(work, coalition_id)
            result = act(work)
            if not read_only:
                work.commit()
            return result

    def _admit(self, work: Work, coalition_id: int) -> None:
        wrapped = work.exec(select(Coalition.wrapped_key).where(Coalition.id == coalition_id)).first()
        if wrapped is None:
            self.keyring.forget(coalition_id)
            raise LookupError(f"no coalition {coalition_id}")
        self.keyring.admit(coalition_id, wrapped)
        work.coalition_id = coalition_id


def open_engine(url: str) -> AsyncEngine:
    """Make the engine for a URL: SQLite in WAL with immediate write transactions, or PostgreSQL."""
    engine = create_async_engine(url)
    if engine.dialect.name == "sqlite":
        _keep_private(url)
        _listen(engine.sync_engine)
    return engine


def _open(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        raise DatabaseProblem("only SQLite databases can be opened yet")  # not a file that is called like the server's
    engine = create_engine(make_url(url).set(drivername="sqlite"))
    _keep_private(url)
    _listen(engine)
    return engine


def _listen(engine: Engine) -> None:
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _keep_private(url: str) -> None:
    path = make_url(url).database
    if path and path != ":memory:" and Path(path).parent.is_dir():
        Path(path).touch(mode=0o600)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL", "secure_delete=ON",
                   f"busy_timeout={BUSY_SECONDS * 1000}"):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # With the default deferred transaction two people could both read "free" and both win a `take`.
    reads = connection.get_execution_options().get("dragoman_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _column(table: type[SQLModel], name: str) -> Any:
    return col(getattr(table, name))


@event.listens_for(Work, "after_flush")
def _journal(session: OrmSession, _context: object) -> None:
    work = cast(Work, session)
    work.journal.extend(entries(work))
