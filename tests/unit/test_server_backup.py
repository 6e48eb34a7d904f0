"""Backup of a PostgreSQL database: encrypted, whole, and put back or left as it was."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlmodel import SQLModel

from bot.leftovers import Leftovers
from bot.purging import purge
from storage.backup import BackupProblem, backup, restore
from storage.cipher import KeyProblem, Keyring, read_key_file
from storage.tables import Note
from storage.work import Store
from tests.conftest import KEY, NOW, World
from tests.fakes.crowded import fill as crowd_in
from tests.fakes.crowded import rows as crowd
from tests.fakes.filling import fill
from tests.fakes.postgres import BIN, Postgres
from tests.unit.test_upgrades import within

pytestmark = pytest.mark.parametrize("database", ["postgres"], indirect=True)


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pg_dump and pg_restore be found."""
    monkeypatch.setenv("PATH", str(BIN), prepend=":")


def rows(postgres: Postgres, name: str) -> dict[str, list[tuple[Any, ...]]]:
    """Give every row of every table."""
    with psycopg.connect(postgres.conninfo(name)) as connection:
        return {
            table: sorted(connection.execute(f'SELECT * FROM "{table}"').fetchall(), key=str)
            for table in [*SQLModel.metadata.tables, "alembic_version"]
        }


def version(world: World, postgres: Postgres) -> str:
    """Give the database's name, once it says which version made it."""
    name = world.store.url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(postgres.conninfo(name)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('0006')")
    return name


def marked(world: World, postgres: Postgres) -> str:
    """Give the database's name, once it says which version made it and has a row in every table."""
    name = version(world, postgres)
    world.write(lambda work: work.put(Note(coalition_id=1, member_id=1, words="the envoy wavers", noted_at=NOW)))
    within(world.store.url, fill)
    return name


def test_every_table_comes_back(world: World, postgres: Postgres, tmp_path: Path) -> None:
    """Twice in a row, into an empty database and over a full one; ids go on where they were."""
    name, file, keyring = marked(world, postgres), tmp_path / "copy", Keyring([KEY])
    asyncio.run(backup(postgres.url(name), file, keyring))
    assert b"coalition" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    before = rows(postgres, name)
    assert all(before.values())
    other = postgres.database()
    asyncio.run(restore(file, postgres.url(other), keyring))
    assert rows(postgres, other) == before
    with psycopg.connect(postgres.conninfo(other)) as connection:
        connection.execute("DELETE FROM note")
        connection.execute("CREATE TABLE left_over (id integer)")
    with pytest.raises(BackupProblem, match="--force"):
        asyncio.run(restore(file, postgres.url(other), keyring))
    asyncio.run(restore(file, postgres.url(other), keyring, force=True))
    assert rows(postgres, other) == before
    again = tmp_path / "again"
    asyncio.run(backup(postgres.url(other), again, keyring))
    third = postgres.database()
    asyncio.run(restore(again, postgres.url(third), keyring))
    assert rows(postgres, third) == before
    with psycopg.connect(postgres.conninfo(third)) as connection:
        assert connection.execute("SELECT nextval('note_id_seq')").fetchone() == (2,)


def test_a_purged_coalition_is_left_out(world: World, postgres: Postgres, tmp_path: Path) -> None:
    """The others come back from a backup from before, and of the purged one nothing does."""
    name, file, path = version(world, postgres), tmp_path / "copy", tmp_path / "dragoman.key"
    path.touch(0o600)
    path.write_bytes(base64.b64encode(KEY) + b"\n")
    keyring = world.store.keyring = read_key_file(path)
    other = world.found("Other", rooms={})
    for coalition_id in (1, other):
        world.write(crowd_in, coalition_id)
    kept = world.read(lambda work: crowd(work, 1))
    asyncio.run(backup(postgres.url(name), file, keyring))
    world.write(lambda work: purge(work, NOW), other)
    world.run(Leftovers(world.store, world.clock, {}).drain())
    elsewhere = Store(postgres.url(postgres.database()), read_key_file(path))
    assert asyncio.run(restore(file, elsewhere.url, keyring)) == [other]
    assert set(world.run(elsewhere.read(1, lambda work: crowd(work, other))).values()) == {0}
    assert world.run(elsewhere.read(1, lambda work: crowd(work, 1))) == kept
    world.run(elsewhere.close())


def test_what_cannot_be_put_back_changes_nothing(world: World, postgres: Postgres, tmp_path: Path) -> None:
    """A database in use, a damaged copy, one of SQLite's, one of another key."""
    name, file, keyring = marked(world, postgres), tmp_path / "copy", Keyring([KEY])
    asyncio.run(backup(postgres.url(name), file, keyring))
    with pytest.raises(BackupProblem, match="in use"):
        asyncio.run(restore(file, postgres.url(name), keyring, force=True))
    world.run(world.store.close())
    before = rows(postgres, name)
    wrong = tmp_path / "wrong"
    wrong.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(BackupProblem, match="damaged"):
        asyncio.run(restore(wrong, postgres.url(name), keyring, force=True))
    broken = tmp_path / "broken"
    broken.write_bytes(b"dragoman backup 1 of a server\n" + keyring.seal(0, b"PGDMP but not for long", "backup"))
    with pytest.raises(BackupProblem, match="pg_restore failed"):
        asyncio.run(restore(broken, postgres.url(name), keyring, force=True))
    other_kind = tmp_path / "sqlite"
    other_kind.write_bytes(b"dragoman backup 1\n" + keyring.seal(0, b"x", "backup"))
    with pytest.raises(BackupProblem, match="other kind"):
        asyncio.run(restore(other_kind, postgres.url(name), keyring, force=True))
    assert rows(postgres, name) == before
    with pytest.raises(KeyProblem):
        asyncio.run(backup(postgres.url(name), tmp_path / "new", Keyring([bytes(31) + b"x"])))


def test_without_its_programs_it_says_so(
    world: World, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, and no file."""
    monkeypatch.setenv("PATH", str(tmp_path))
    name = marked(world, postgres)
    with pytest.raises(BackupProblem, match="pg_dump is missing"):
        asyncio.run(backup(postgres.url(name), tmp_path / "copy", Keyring([KEY])))
    assert not (tmp_path / "copy").exists()
