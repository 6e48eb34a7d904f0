"""Databases of earlier releases, with a row in every table of their time: upgraded, and interrupted while they are."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from storage.engines import open_engine
from storage.migrate import State, config_for, state, upgrade
from tests.conftest import both
from tests.fakes.filling import Rows, contents, fill
from tests.fakes.postgres import Postgres

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
VERSIONS = sorted(row.revision for row in ScriptDirectory(str(ROOT / "storage/migrations")).walk_revisions())
DIES = """\
import asyncio, os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from storage.migrate import upgrade
left = int(sys.argv[2])
@event.listens_for(Engine, "after_cursor_execute")
def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(upgrade(sys.argv[1]))
"""


def within(url: str, act: Callable[[Connection], T]) -> T:
    """Do something on a database, in one transaction."""

    async def run() -> T:
        engine = open_engine(url)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(act)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def made(url: str, version: str) -> Rows:
    """Make a database as a release made it, and give what is in it: something in every table."""
    within(url, lambda connection: command.upgrade(config_for(connection), version))
    within(url, fill)
    before = within(url, contents)
    assert all(before.values())
    return before


def kept(before: Rows, after: Rows) -> Rows:
    """Give what is left of what was there, by the columns that are still there."""
    return {
        name: [{column: row[column] for column in rows[0] if column in row} for row in after[name]]
        for name, rows in before.items()
    }


@pytest.fixture
def url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Give the address of an empty database."""
    if database == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/a.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.database())


@pytest.mark.parametrize(
    ("database", "version"),
    [("sqlite", version) for version in VERSIONS[:-1]] + [("postgres", VERSIONS[at]) for at in (0, -2)],
    indirect=["database"],
)
def test_a_database_of_each_release_upgrades(url: str, version: str) -> None:
    """Every row of every table is still there and says the same."""
    before = made(url, version)
    assert asyncio.run(state(url)) is State.BEHIND
    assert [name.split()[0] for name in asyncio.run(upgrade(url))] == VERSIONS[VERSIONS.index(version) + 1 :]
    assert asyncio.run(state(url)) is State.CURRENT
    assert kept(before, within(url, contents)) == before


@both
@pytest.mark.parametrize("statement", [3, 30])
def test_an_upgrade_that_was_killed_is_begun_anew(url: str, statement: int) -> None:
    """Killed at some statement in the middle, it has changed nothing, and the next start does it all."""
    before = made(url, VERSIONS[0])
    done = subprocess.run([sys.executable, "-c", DIES, url, str(statement)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert asyncio.run(state(url)) is State.BEHIND
    assert within(url, contents) == before
    assert len(asyncio.run(upgrade(url))) == len(VERSIONS) - 1
    assert kept(before, within(url, contents)) == before
