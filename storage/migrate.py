"""The shape of the database: where it stands, and bringing it up to date. Nothing else makes tables."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, func, inspect, make_url, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

import storage.tables  # noqa: F401 - fills the metadata
from storage.engines import open_engine
from storage.trouble import DatabaseProblem, told_plainly

T = TypeVar("T")

_HERE = Path(__file__).parent / "migrations"
_FIRST = "coalition"
"""A table that every version has."""
_LOCK = 0x64726167_6F6D616E
"""The number of the advisory lock that a migration on PostgreSQL holds."""


class State(StrEnum):
    """Where a database stands against the migrations of this version."""

    CURRENT = "current"
    BEHIND = "behind"
    EMPTY = "empty"
    NEWER = "newer"
    DAMAGED = "damaged"
    """Tables that its version should have are missing, or it has tables and does not say of which version."""


CANNOT = (
    "the database cannot be opened or changed: check that the address in the settings is right, that the file "
    "is a database, and that nothing else holds it"
)
DAMAGED = (
    "the database is damaged, tables or the mark of its version are missing: put a backup back with "
    "`dragoman db restore FILE --force`"
)


async def state(url: str) -> State:
    """Tell where the database stands; a missing SQLite file is empty and stays missing. Raises DatabaseProblem."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        return State.EMPTY
    return await _run(url, _state)


async def upgrade(url: str) -> list[str]:
    """Bring the database up to date in one transaction and name the migrations applied, oldest first.

    Raises DatabaseProblem, also for a database that a newer version made.
    """
    path = sqlite_path(url)
    if path is not None and not path.parent.is_dir():
        raise DatabaseProblem(f"the folder {path.parent} for the database is missing: make it first")
    return await _run(url, _upgrade)


def sqlite_path(url: str) -> Path | None:
    """Give the file of a SQLite URL; None for other databases."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


async def _run(url: str, act: Callable[[Connection], T]) -> T:
    engine = open_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _loosen)
    try:
        with told_plainly(CANNOT):
            async with engine.begin() as connection:
                return await connection.run_sync(act)
    except (DBAPIError, OSError):
        raise DatabaseProblem(CANNOT) from None
    finally:
        await engine.dispose()


def _loosen(connection: Any, _record: object) -> None:
    """Let a table be made anew that others refer to: SQLite would empty it first, which its references forbid."""
    connection.execute("PRAGMA foreign_keys=OFF").close()


def _check_references(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise DatabaseProblem("the database has rows that refer to nothing, so it was left as it was: restore a backup")


def _state(connection: Connection) -> State:
    current = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory(str(_HERE))
    ours = set(SQLModel.metadata.tables)
    there = ours & set(inspect(connection).get_table_names())
    if current is None:
        return State.DAMAGED if there else State.EMPTY
    if current == scripts.get_current_head():
        return State.CURRENT if there == ours else State.DAMAGED
    known = {script.revision for script in scripts.walk_revisions()}
    if current not in known:
        return State.NEWER
    return State.BEHIND if _FIRST in there else State.DAMAGED


def _upgrade(connection: Connection) -> list[str]:
    if connection.dialect.name == "postgresql":
        # Of several processes that start at once, one does it and the others find it done. Gone with the transaction.
        connection.execute(select(func.set_config("lock_timeout", "0", True)))
        connection.execute(select(func.set_config("statement_timeout", "0", True)))
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    stands = _state(connection)
    if stands is State.DAMAGED:
        raise DatabaseProblem(DAMAGED)
    if stands is State.NEWER:
        raise DatabaseProblem("a newer version of Dragoman made this database: install that version again")
    current = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory(str(_HERE))
    pending = [] if current == scripts.get_current_head() else list(scripts.iterate_revisions("head", current))
    if pending:
        command.upgrade(config_for(connection), "head")
        _check_references(connection)
    return [f"{script.revision} {script.doc.rstrip('.')}" for script in reversed(pending)]


def config_for(connection: Connection) -> Config:
    """Give Alembic's configuration for a connection in a transaction."""
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
