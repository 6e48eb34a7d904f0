"""Migrations: they make what the tables say, in one transaction, and know where a database stands."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

from storage.engines import open_engine
from storage.migrate import State, config_for, state, upgrade
from storage.trouble import DatabaseProblem

OLD_ROWS = """\
INSERT INTO coalition (id, name, timezone, language, wrapped_key, created_at, changes)
VALUES (1, 'A', 'UTC', 'en', x'00', '2024-01-29 13:00:00', 0);
INSERT INTO member (id, coalition_id, alias, organisation, role, standing, timezone, quiet)
VALUES (1, 1, x'00', x'00', 'member', 'active', 'UTC', 1);
INSERT INTO lane (id, coalition_id, platform, member_id, failures) VALUES (7, 1, 'slack', 1, 2);
INSERT INTO notice (id, coalition_id, key, lane_id, kind, occasion, due, send_at, state, label, created_at)
VALUES (1, 1, 'k', 7, 'notice', '', '2024-01-29 13:00:00', '2024-01-29 13:00:00', 'planned', 'public',
        '2024-01-29 13:00:00');
"""


def url(path: Path) -> str:
    """Give the address of a SQLite file."""
    return f"sqlite+aiosqlite:///{path}"


def test_migrations_make_what_the_tables_say(tmp_path: Path) -> None:
    """Models and migrated schema do not differ: columns, types, keys, indexes."""

    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))

    async def run() -> list[Any]:
        await upgrade(url(tmp_path / "a.db"))
        engine = open_engine(url(tmp_path / "a.db"))
        async with engine.begin() as connection:
            found = await connection.run_sync(differences)
        await engine.dispose()
        return found

    assert asyncio.run(run()) == []


def test_state_goes_from_empty_to_current_once(tmp_path: Path) -> None:
    """Asking makes no file; upgrading names what was applied; again, there is nothing to do."""
    path = tmp_path / "a.db"
    assert asyncio.run(state(url(path))) is State.EMPTY
    assert not path.exists()
    assert asyncio.run(upgrade(url(path))) == [
        "0001 All tables",
        "0002 Several accounts",
        "0003 Corrected commands",
        "0004 Shared rooms",
        "0005 Watched sources",
        "0006 Several processes",
        "0007 Indexes, and what is known of the processes",
        "0008 Agreed provisions",
        "0009 People out",
        "0010 Oversight",
        "0011 Retention",
        "0012 Purges",
        "0013 Discreet",
    ]
    assert asyncio.run(state(url(path))) is State.CURRENT
    assert asyncio.run(upgrade(url(path))) == []


def test_newer_database_is_let_be(tmp_path: Path) -> None:
    """A database of a later version is told and not touched."""
    path = tmp_path / "a.db"
    asyncio.run(upgrade(url(path)))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    assert asyncio.run(state(url(path))) is State.NEWER
    with pytest.raises(DatabaseProblem, match="a newer version of Dragoman made this database"):
        asyncio.run(upgrade(url(path)))


def test_failed_upgrade_leaves_nothing(tmp_path: Path) -> None:
    """A table in the way stops the upgrade, and no other table is left behind."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE ix_inbox_state (id INTEGER)")
    with pytest.raises(DatabaseProblem, match="cannot be opened or changed"):
        asyncio.run(upgrade(url(path)))
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [
            ("ix_inbox_state",)
        ]


@pytest.mark.parametrize("harm", ["DELETE FROM alembic_version", "DROP TABLE task", "DROP TABLE coalition"])
def test_damage_is_told(tmp_path: Path, harm: str) -> None:
    """A database without the mark of its version, or without some of its tables, is neither empty nor up to date."""
    path = tmp_path / "a.db"
    asyncio.run(upgrade(url(path)))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute(harm)
    assert asyncio.run(state(url(path))) is State.DAMAGED
    with pytest.raises(DatabaseProblem, match="put a backup back"):
        asyncio.run(upgrade(url(path)))


def test_an_older_database_keeps_its_rows(tmp_path: Path) -> None:
    """Lanes and the notices in them come through; then a member may have a lane on each platform, and one only."""
    path = tmp_path / "a.db"

    async def first() -> None:
        engine = open_engine(url(path))
        async with engine.begin() as connection:
            await connection.run_sync(lambda sync: command.upgrade(config_for(sync), "0001"))
        await engine.dispose()

    asyncio.run(first())
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(OLD_ROWS)
    assert asyncio.run(state(url(path))) is State.BEHIND
    names = [f"{number:04}" for number in range(2, 14)]
    assert [name.split()[0] for name in asyncio.run(upgrade(url(path)))] == names
    with closing(sqlite3.connect(path)) as database, database:
        assert database.execute("SELECT lane_id FROM notice").fetchall() == [(7,)]
        assert database.execute("SELECT id, platform, failures FROM lane").fetchall() == [(7, "slack", 2)]
        database.execute("INSERT INTO lane (coalition_id, platform, member_id, failures) VALUES (1, 'matrix', 1, 0)")
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            database.execute("INSERT INTO lane (coalition_id, platform, member_id, failures) VALUES (1, 'slack', 1, 0)")


PEOPLE_OF_0010 = """\
INSERT INTO coalition (id, name, timezone, language, wrapped_key, created_at, changes)
VALUES (1, 'A', 'UTC', 'en', x'00', '2024-01-29 13:00:00', 0);
INSERT INTO member (id, coalition_id, alias, organisation, role, standing, timezone, quiet) VALUES
    (1, 1, x'00', x'00', 'member', 'active', 'UTC', 1), (2, 1, x'00', x'00', 'member', 'active', 'UTC', 1),
    (3, 1, x'00', x'00', 'member', 'active', 'UTC', 1), (4, 1, x'00', x'00', 'member', 'suspended', 'UTC', 1),
    (5, 1, x'00', x'00', 'member', 'active', 'UTC', 1);
INSERT INTO identity (coalition_id, member_id, platform, address, fingerprint) VALUES
    (1, 1, 'matrix', x'00', 'a'), (1, 1, 'console', x'00', 'b'), (1, 2, 'slack', x'00', 'c'),
    (1, 3, 'matrix', x'00', 'd'), (1, 3, 'slack', x'00', 'e'), (1, 5, 'console', x'00', 'f');
"""


def test_who_is_known_on_matrix_alone_is_discreet(tmp_path: Path) -> None:
    """So is, to be on the safe side, who is suspended: of their accounts nothing can be read here."""
    path = tmp_path / "a.db"

    async def until_0010() -> None:
        engine = open_engine(url(path))
        async with engine.begin() as connection:
            await connection.run_sync(lambda sync: command.upgrade(config_for(sync), "0010"))
        await engine.dispose()

    asyncio.run(until_0010())
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(PEOPLE_OF_0010)
    asyncio.run(upgrade(url(path)))
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT id, discreet FROM member ORDER BY id").fetchall()
    assert found == [(1, 1), (2, 0), (3, 0), (4, 1), (5, 0)]


@pytest.mark.parametrize("broken", ["file", "folder"])
def test_what_cannot_be_opened_is_one_sentence(tmp_path: Path, broken: str) -> None:
    """A file that is no database and a folder that is missing are told without a traceback."""
    path = tmp_path / "a.db" if broken == "file" else tmp_path / "no" / "a.db"
    if broken == "file":
        path.write_text("no database, but long enough to be taken for one" * 20)
    with pytest.raises(DatabaseProblem):
        asyncio.run(upgrade(url(path)))
