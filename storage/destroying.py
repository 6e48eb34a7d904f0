"""Ending the whole database: its files, or its tables on a server."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier
from sqlmodel import SQLModel

import storage.tables  # noqa: F401 - fills the metadata
from storage.engines import is_held, is_postgres, server_address
from storage.keyfile import destroy
from storage.migrate import sqlite_path
from storage.server_backup import OTHERS
from storage.trouble import DatabaseProblem, told_plainly

_ROOMS = "SELECT name FROM room WHERE platform <> 'console' ORDER BY id"
_SIDES = ("", "-wal", "-shm", "-journal")


def in_use(url: str) -> bool:
    """Tell whether something has the database open; one that cannot be reached is not seen to be."""
    if is_postgres(url):
        with suppress(DatabaseProblem), told_plainly(), _connect(url) as server:
            return server.execute(OTHERS).fetchone() != (0,)
        return False
    path = _file(url)
    return path is not None and path.exists() and is_held(path)


def names_of_rooms(url: str) -> list[str]:
    """Give what the rooms on platforms are called, without any key; none where there is no such database."""
    if is_postgres(url):
        with suppress(DatabaseProblem), told_plainly(), _connect(url) as server:
            return [name for (name,) in server.execute(_ROOMS)]
        return []
    path = _file(url)
    if path is None or not path.exists():
        return []
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as database:
        return [name for (name,) in database.execute(_ROOMS)]
    return []


def destroy_database(url: str) -> None:
    """Take away the files, written over first, or drop the tables. Raises DatabaseProblem or OSError."""
    if is_postgres(url):
        with told_plainly(), _connect(url) as server, server.transaction():
            for name in [*SQLModel.metadata.tables, "alembic_version"]:
                server.execute(SQL("DROP TABLE IF EXISTS {} CASCADE").format(Identifier(name)))
        return
    path = _file(url)
    if path is not None:
        for side in _SIDES:
            destroy(path.with_name(path.name + side))


def _file(url: str) -> Path | None:
    path = sqlite_path(url)
    return path.resolve() if path is not None else None


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(server_address(url), autocommit=True, connect_timeout=5)
