"""A PostgreSQL database as bytes and back, by the server's own pg_dump and pg_restore."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from storage.cipher import KeyProblem, Keyring
from storage.engines import server_address
from storage.purging import deletions
from storage.trouble import told_plainly

_ASIDE = "dragoman_replaced"
"""What the schema is called that is being replaced, until its successor is found sound."""
OTHERS = """\
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


class ServerProblem(Exception):
    """The database cannot be copied or replaced; it is as it was; str() says what to do."""


def dump(url: str, keyring: Keyring) -> bytes:
    """Give a consistent copy of the database while it is used, once the key file is seen to open it.

    Raises ServerProblem, KeyProblem and DatabaseProblem.
    """
    with told_plainly(), _connect(url) as connection:
        _check(connection)
        for coalition_id, wrapped in _coalitions(connection):
            keyring.admit(coalition_id, wrapped)
    return _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges")


def load(url: str, content: bytes, keyring: Keyring, *, force: bool) -> list[int]:
    """Put a copy in the place of what is in the database; the old stays until the new is found sound.

    The coalitions for which the key file has no line are left out; gives their ids.

    Raises ServerProblem, also while something has the database open; KeyProblem and DatabaseProblem.
    """
    with told_plainly(), _connect(url) as connection:
        if connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1").fetchone() and not force:
            raise ServerProblem("there are tables in the database already: `--force` replaces them by the backup")
        if connection.execute(OTHERS).fetchone() != (0,):
            raise ServerProblem("the database is in use: stop Dragoman, and whatever else looks at it, first")
        with _aside(connection):
            _run(url, "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges",
                 "--dbname", make_url(url).database or "", given=content)  # fmt: skip
            _check(connection)
            return _leave_out(connection, keyring)


def _leave_out(connection: psycopg.Connection, keyring: Keyring) -> list[int]:
    there = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    tables = [str(name) for (name,) in there]
    gone = [coalition_id for coalition_id, wrapped in _coalitions(connection) if not keyring.can_open(wrapped)]
    for coalition_id in gone:
        for statement in deletions(coalition_id, tables):
            connection.execute(statement)
    return gone


def _coalitions(connection: psycopg.Connection) -> list[tuple[int, bytes]]:
    rows = connection.execute("SELECT id, wrapped_key FROM coalition ORDER BY id")
    return [(coalition_id, bytes(wrapped)) for coalition_id, wrapped in rows]


def _check(connection: psycopg.Connection) -> None:
    """Make sure that it is a database of Dragoman's."""
    found = connection.execute(
        "SELECT to_regclass('alembic_version') IS NOT NULL AND to_regclass('coalition') IS NOT NULL"
    )
    if found.fetchone() != (True,):
        raise ServerProblem("it holds no database of Dragoman: run `dragoman doctor`")


@contextmanager
def _aside(connection: psycopg.Connection) -> Iterator[None]:
    """Move what is there aside; drop it in the end, or put it back when something goes wrong."""
    connection.execute(f"DROP SCHEMA IF EXISTS {_ASIDE} CASCADE")
    connection.execute(f"ALTER SCHEMA public RENAME TO {_ASIDE}")
    try:
        connection.execute("CREATE SCHEMA public")
        yield
    except (ServerProblem, KeyProblem, psycopg.Error):
        connection.execute("DROP SCHEMA IF EXISTS public CASCADE")
        connection.execute(f"ALTER SCHEMA {_ASIDE} RENAME TO public")
        raise
    connection.execute(f"DROP SCHEMA {_ASIDE} CASCADE")


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(server_address(url), autocommit=True, connect_timeout=5)


def _run(url: str, program: str, *arguments: str, given: bytes = b"") -> bytes:
    """Run one of the server's programs. How to reach it stands in the environment: others see a command line."""
    path = shutil.which(program)
    if path is None:
        raise ServerProblem(f"{program} is missing: install PostgreSQL's client programs of the server's version")
    reached = _environment(url)
    done = subprocess.run(
        [path, *arguments], input=given, env={**os.environ, **reached}, capture_output=True, check=False
    )
    if done.returncode != 0:  # what it says names tables and values
        raise ServerProblem(f"{program} failed: check that it is of the server's version or newer, and the free space")
    return done.stdout


def _environment(url: str) -> dict[str, str]:
    """Give libpq's variables (https://www.postgresql.org/docs/current/libpq-envars.html) for an address."""
    options = conninfo_to_dict(server_address(url))
    return {"PGDATABASE" if name == "dbname" else f"PG{name.upper()}": str(value) for name, value in options.items()}
