"""The two database engines: SQLite in WAL for one process, PostgreSQL for several. Nothing is opened before it is used.

`url` is an SQLAlchemy URL everywhere: `sqlite+aiosqlite:///PATH` or `postgresql+psycopg://…`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.trouble import DatabaseProblem

BUSY_SECONDS = 10
"""How long a writer waits for its turn."""
POOL, OVERFLOW = 4, 2
"""Connections of one process on PostgreSQL. Ten processes, each with one more that listens, fit its usual 100."""
_SERVER = {
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "10s",  # a frozen process holds up the others of its coalition so long
    "TimeZone": "UTC",
    "jit": "off",  # our queries are short: compiling them takes longer than running them
}
"""Options of each connection (https://www.postgresql.org/docs/current/runtime-config-client.html)."""


def is_postgres(url: str) -> bool:
    """Tell whether the database is a PostgreSQL server's."""
    return make_url(url).get_backend_name() == "postgresql"


def server_address(url: str) -> str:
    """Give a PostgreSQL URL as the server's own programs and psycopg take it, with its password."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def is_held(path: Path) -> bool:
    """Tell whether anything has a SQLite file open as a database; one that is no database any more, nobody has."""
    try:
        with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as database:
            database.execute("PRAGMA locking_mode=EXCLUSIVE").close()
            database.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:
        return False
    return False


def open_sync(url: str) -> Engine:
    """Make the engine for units of work; raises DatabaseProblem for what is neither SQLite nor PostgreSQL."""
    if is_postgres(url):
        return create_engine(
            make_url(url), pool_size=POOL, max_overflow=OVERFLOW, pool_timeout=BUSY_SECONDS, connect_args=reaching()
        )
    if make_url(url).get_backend_name() != "sqlite":
        raise DatabaseProblem("only SQLite and PostgreSQL databases can be opened")
    engine = create_engine(make_url(url).set(drivername="sqlite"))
    _keep_private(url)
    _listen(engine)
    return engine


def open_engine(url: str) -> AsyncEngine:
    """Make the async engine for a URL, for what changes the shape of the database."""
    if is_postgres(url):
        return create_async_engine(url, connect_args=reaching())
    engine = create_async_engine(url)
    if engine.dialect.name == "sqlite":
        _keep_private(url)
        _listen(engine.sync_engine)
    return engine


def reaching() -> dict[str, Any]:
    """Give what each connection to PostgreSQL is made with: limits on how long anything may take."""
    options = " ".join(f"-c {name}={value}" for name, value in _SERVER.items())
    return {
        "application_name": "dragoman",
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        "options": f"{options} -c lock_timeout={BUSY_SECONDS}s",
    }


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
