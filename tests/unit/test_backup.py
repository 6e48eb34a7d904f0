"""Backup and restore: the same database comes back, only with the key file, and never over one in use."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import select

from bot.clock import SimulatedClock
from bot.leftovers import Leftovers
from bot.purging import purge
from storage.backup import BackupProblem, backup, restore
from storage.cipher import KeyProblem, Keyring, LineProblem, create_key_file, read_key_file
from storage.coalitions import founding
from storage.migrate import upgrade
from storage.tables import Coalition, Member
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work
from tests.fakes.filling import contents, fill
from tests.unit.test_upgrades import within

NOW = dt.datetime(2024, 1, 29, 10, tzinfo=dt.UTC)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    """Give the keyring of a fresh key file."""
    create_key_file(tmp_path / "dragoman.key")
    return read_key_file(tmp_path / "dragoman.key")


@pytest.fixture
def url(tmp_path: Path, keyring: Keyring) -> str:
    """Give a database with one coalition and one member in it."""
    address = f"sqlite+aiosqlite:///{tmp_path}/dragoman.db"

    def found(work: Work) -> None:
        with founding(work, "Coalition of Test", NOW) as coalition:
            work.put(Member(coalition_id=coalition.id, alias="Quetzal"))

    async def fill() -> None:
        await upgrade(address)
        store = Store(address, keyring)
        await store.write(None, found)
        await store.close()

    asyncio.run(fill())
    return address


def aliases(url: str, keyring: Keyring, coalition_id: int = 1) -> list[str]:
    """Give the aliases that a coalition has in a database."""

    async def ask() -> list[str]:
        store = Store(url, keyring)
        found = await store.read(coalition_id, lambda work: [member.alias for member in work.rows(Member)])
        await store.close()
        return found

    return asyncio.run(ask())


def test_a_database_comes_back(tmp_path: Path, url: str, keyring: Keyring) -> None:
    """What a backup restores elsewhere opens with the same key file; the copy says nothing without it."""
    target = tmp_path / "copy.backup"
    asyncio.run(backup(url, target, keyring))
    content = target.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o600
    assert b"SQLite format" not in content
    assert b"Coalition of Test" not in content
    assert (tmp_path / "dragoman.key").read_bytes().strip() not in content
    elsewhere = f"sqlite+aiosqlite:///{tmp_path}/other.db"
    asyncio.run(restore(target, elsewhere, keyring))
    assert aliases(elsewhere, keyring) == ["Quetzal"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_every_table_comes_back(tmp_path: Path, url: str, keyring: Keyring) -> None:
    """Whatever tables there are: each has a row, and each row is there again."""
    within(url, fill)
    before = within(url, contents)
    assert all(before.values())
    asyncio.run(backup(url, tmp_path / "copy.backup", keyring))
    elsewhere = f"sqlite+aiosqlite:///{tmp_path}/other.db"
    asyncio.run(restore(tmp_path / "copy.backup", elsewhere, keyring))
    assert within(elsewhere, contents) == before


def test_a_backup_is_of_the_last_commit(tmp_path: Path, url: str, keyring: Keyring) -> None:
    """What stands only in the write-ahead log of an open database is in the backup too."""
    with closing(sqlite3.connect(tmp_path / "dragoman.db")) as database:
        database.execute("UPDATE coalition SET language = 'fr'")
        database.commit()
        assert (tmp_path / "dragoman.db-wal").stat().st_size
        asyncio.run(backup(url, tmp_path / "copy.backup", keyring))
    asyncio.run(restore(tmp_path / "copy.backup", f"sqlite+aiosqlite:///{tmp_path}/other.db", keyring))
    with closing(sqlite3.connect(tmp_path / "other.db")) as copy:
        assert copy.execute("SELECT language FROM coalition").fetchall() == [("fr",)]


def test_nothing_is_overwritten_unasked(tmp_path: Path, url: str, keyring: Keyring) -> None:
    """Neither a backup nor a restore replaces a file; with force a restore does, write-ahead log included."""
    target = tmp_path / "copy.backup"
    asyncio.run(backup(url, target, keyring))
    with pytest.raises(BackupProblem, match="exists already: choose another name"):
        asyncio.run(backup(url, target, keyring))
    with pytest.raises(BackupProblem, match=r"there is a database at .* already"):
        asyncio.run(restore(target, url, keyring))
    with closing(sqlite3.connect(tmp_path / "dragoman.db")) as database:
        database.execute("DELETE FROM member")
        database.commit()
    asyncio.run(restore(target, url, keyring, force=True))
    assert aliases(url, keyring) == ["Quetzal"]


def test_a_database_in_use_is_not_replaced(tmp_path: Path, url: str, keyring: Keyring) -> None:
    """While a process has the database open, even force is refused."""
    asyncio.run(backup(url, tmp_path / "copy.backup", keyring))
    with closing(sqlite3.connect(tmp_path / "dragoman.db")) as database:
        database.execute("SELECT * FROM coalition").fetchall()
        with pytest.raises(BackupProblem, match="is in use: stop Dragoman first"):
            asyncio.run(restore(tmp_path / "copy.backup", url, keyring, force=True))


def test_a_broken_database_can_be_replaced(tmp_path: Path, url: str, keyring: Keyring) -> None:
    """A file that is no database any more does not stand in the way of a forced restore."""
    asyncio.run(backup(url, tmp_path / "copy.backup", keyring))
    (tmp_path / "dragoman.db").write_bytes(b"what the disk left of it" * 100)
    asyncio.run(restore(tmp_path / "copy.backup", url, keyring, force=True))
    assert aliases(url, keyring) == ["Quetzal"]


def test_what_does_not_fit_changes_nothing(tmp_path: Path, url: str, keyring: Keyring) -> None:
    """Another key file, a damaged backup and a file that is none are each refused, before anything is replaced."""
    target = tmp_path / "copy.backup"
    asyncio.run(backup(url, target, keyring))
    with pytest.raises(BackupProblem, match="damaged, or was made with another key file"):
        asyncio.run(restore(target, url, Keyring([bytes(32)]), force=True))
    target.write_bytes(target.read_bytes()[:-1])
    with pytest.raises(BackupProblem, match="damaged, or was made with another key file"):
        asyncio.run(restore(target, url, keyring, force=True))
    target.write_bytes(b"x")
    with pytest.raises(BackupProblem, match="is no backup made by"):
        asyncio.run(restore(target, url, keyring, force=True))
    assert aliases(url, keyring) == ["Quetzal"]


def test_a_copy_of_no_use_is_not_made(tmp_path: Path, url: str, keyring: Keyring) -> None:
    """Neither with a key file that does not open the database, nor of a file that is none of Dragoman's."""
    target = tmp_path / "copy.backup"
    with pytest.raises(KeyProblem, match="does not fit the database"):
        asyncio.run(backup(url, target, Keyring([bytes(32)])))
    (tmp_path / "empty.db").touch()
    with closing(sqlite3.connect(tmp_path / "other.db")) as other, other:
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
    for name in ("empty", "other"):
        with pytest.raises(BackupProblem, match="holds no database of Dragoman"):
            asyncio.run(backup(f"sqlite+aiosqlite:///{tmp_path}/{name}.db", target, keyring))
    assert not target.exists()


def test_a_link_to_the_database_stays_one(tmp_path: Path, url: str, keyring: Keyring) -> None:
    """A restore replaces the file that a link leads to, not the link."""
    target, link = tmp_path / "copy.backup", tmp_path / "link.db"
    asyncio.run(backup(url, target, keyring))
    link.symlink_to(tmp_path / "dragoman.db")
    with closing(sqlite3.connect(tmp_path / "dragoman.db")) as database, database:
        database.execute("DELETE FROM member")
    asyncio.run(restore(target, f"sqlite+aiosqlite:///{link}", keyring, force=True))
    assert link.is_symlink()
    assert aliases(url, keyring) == ["Quetzal"]


def test_no_third_kind_is_copied(tmp_path: Path, keyring: Keyring) -> None:
    """There are SQLite and PostgreSQL."""
    with pytest.raises(BackupProblem, match="only SQLite and PostgreSQL"):
        asyncio.run(backup("mysql://db/x", tmp_path / "copy.backup", keyring))


def test_a_coalition_that_failed_leaves_no_key(tmp_path: Path, keyring: Keyring) -> None:
    """An id comes again after a rolled-back founding, and opens with the new coalition's key."""

    def fail(work: Work) -> None:
        with founding(work, "A", NOW) as coalition:
            work.put(Member(coalition_id=coalition.id, alias="Lost"))
            raise LookupError("lost")

    def found(work: Work) -> int:
        with founding(work, "B", NOW) as coalition:
            work.put(Member(coalition_id=coalition.id, alias="Found"))
            return coalition.id

    async def run() -> list[str]:
        address = f"sqlite+aiosqlite:///{tmp_path}/a.db"
        await upgrade(address)
        store = Store(address, keyring)
        with pytest.raises(LookupError, match="lost"):
            await store.write(None, fail)
        made = await store.write(None, found)
        await store.close()
        again = Store(address, read_key_file(tmp_path / "dragoman.key"))
        names = await again.read(made, lambda work: [row.alias for row in work.rows(Member)])
        names += await again.read(None, lambda work: list(work.exec(select(Coalition.name))))
        await again.close()
        return names

    assert asyncio.run(run()) == ["Found", "B"]


def purged(url: str, keyring: Keyring, coalition_id: int) -> None:
    """End a coalition and take its line out of the key file."""

    async def act() -> None:
        store = Store(url, keyring)
        await store.write(coalition_id, lambda work: purge(work, NOW))
        await Leftovers(store, SimulatedClock(NOW), {}).drain()
        await store.close()

    asyncio.run(act())


def added(url: str, keyring: Keyring, name: str) -> int:
    """Make one more coalition with a member, and give its id."""

    def act(work: Work) -> int:
        with founding(work, name, NOW) as coalition:
            work.put(Member(coalition_id=coalition.id, alias=f"Heron of {name}"))
            return coalition.id

    async def found() -> int:
        store = Store(url, keyring)
        made = await store.write(None, act)
        await store.close()
        return made

    return asyncio.run(found())


def test_an_old_backup_of_a_purged_coalition_is_unreadable(tmp_path: Path, url: str, keyring: Keyring) -> None:
    """With the present key file its data key is not to be had; the other coalition comes back, and the rows go."""
    other = added(url, keyring, "B")
    target, copy = tmp_path / "old.backup", (tmp_path / "dragoman.key").read_bytes()
    asyncio.run(backup(url, target, keyring))
    purged(url, keyring, 1)
    elsewhere = f"sqlite+aiosqlite:///{tmp_path}/other.db"

    present = read_key_file(tmp_path / "dragoman.key")
    content = present.open(target.read_bytes().removeprefix(b"dragoman backup 1\n"), "backup")
    (tmp_path / "content.db").write_bytes(content)
    with closing(sqlite3.connect(tmp_path / "content.db")) as old:
        [(dead,), (living,)] = old.execute("SELECT wrapped_key FROM coalition ORDER BY id").fetchall()
        [(sealed,)] = old.execute("SELECT alias FROM member WHERE coalition_id = 1").fetchall()
    for keys in (present, keyring):
        assert keys.can_open(living)
        with pytest.raises(LineProblem):
            keys.admit(1, dead)
        with pytest.raises(KeyProblem):
            keys.open(sealed, "member.alias")

    assert asyncio.run(restore(target, elsewhere, present)) == [1]
    assert aliases(elsewhere, present, other) == ["Heron of B"]
    with closing(sqlite3.connect(tmp_path / "other.db")) as restored:
        assert restored.execute("SELECT coalition_id FROM member").fetchall() == [(other,)]
        assert restored.execute("PRAGMA foreign_key_check").fetchall() == []
    assert b"Coalition of Test" not in (tmp_path / "other.db").read_bytes()

    (tmp_path / "copy.key").touch(0o600)
    (tmp_path / "copy.key").write_bytes(copy)
    kept = read_key_file(tmp_path / "copy.key")  # which is why copies have to be replaced
    assert asyncio.run(restore(target, elsewhere, kept, force=True)) == []
    assert aliases(elsewhere, kept) == ["Quetzal"]


def test_a_backup_from_before_there_were_lines_opens(tmp_path: Path, url: str, keyring: Keyring) -> None:
    """A coalition whose data key the first key alone wraps opens as it did, and stays open when another is purged."""
    path = tmp_path / "dragoman.key"
    before = Keyring([base64.b64decode(path.read_text().splitlines()[0])])
    old = added(url, before, "Old")
    assert len(path.read_text().splitlines()) == 2
    purged(url, keyring, 1)
    asyncio.run(backup(url, tmp_path / "copy.backup", keyring))
    asyncio.run(restore(tmp_path / "copy.backup", url, read_key_file(path), force=True))
    assert aliases(url, read_key_file(path), old) == ["Heron of Old"]


def test_a_host_with_an_old_copy_of_the_key_file_says_so(tmp_path: Path, url: str, keyring: Keyring) -> None:
    """It neither opens nor backs up a coalition that was made after its copy; once that is replaced, it goes on."""
    path = tmp_path / "copy.key"
    path.touch(0o600)
    path.write_bytes((tmp_path / "dragoman.key").read_bytes())
    host = read_key_file(path)
    new = added(url, keyring, "New")
    with pytest.raises(DatabaseTrouble, match="copy the key file again") as raised:
        aliases(url, host, new)
    assert raised.value.code == "key-line"
    with pytest.raises(KeyProblem, match="copy the key file again"):
        asyncio.run(backup(url, tmp_path / "copy.backup", host))
    path.write_bytes((tmp_path / "dragoman.key").read_bytes())
    assert aliases(url, host, new) == ["Heron of New"]
