"""The unit of work: whole or not at all, one coalition's rows only, one writer at a time, nothing in clear."""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm.exc import StaleDataError

from storage.cipher import KeyProblem, Keyring
from storage.tables import Coalition, Member, Note, Reminder, Role, Task
from storage.trouble import DatabaseProblem, DatabaseTrouble
from storage.work import Store, Work
from tests.conftest import KEY, NOW, World, both


def aliases(work: Work) -> list[str]:
    """Give the aliases of the members."""
    return [member.alias for member in work.rows(Member)]


@both
def test_two_people_take_one_task_and_one_of_them_gets_it(world: World) -> None:
    """A transaction that read "free" is the only one that does so, until it is done."""
    task_id = world.write(lambda work: work.put(Task(coalition_id=work.tenant, number=1)).id)
    takers = [world.member_id(alias) for alias in ("Ana", "Luis", "Mei")]

    def take(work: Work, member_id: int) -> bool:
        task = work.row(Task, task_id)
        if task.lead_id is not None:
            return False
        task.lead_id = member_id
        return True

    async def all_at_once() -> list[bool]:
        taking = [world.store.write(1, lambda work, who=who: take(work, who)) for who in takers]  # type: ignore[misc]
        return await asyncio.gather(*taking)

    won = world.run(all_at_once())
    assert sorted(won) == [False, False, True]
    assert world.read(lambda work: work.row(Task, task_id).lead_id) == takers[won.index(True)]


@both
def test_whoever_writes_an_old_version_of_a_task_is_refused(world: World) -> None:
    """A task carries a version, which also guards where the database does not lock."""
    task = world.write(lambda work: work.put(Task(coalition_id=work.tenant, number=1)))
    task_id = task.id
    world.write(lambda work: setattr(work.row(Task, task_id), "words", "first"))

    def overwrite(work: Work) -> None:
        work.add(task)
        task.words = "second"

    with pytest.raises(StaleDataError):
        world.write(overwrite)
    assert world.read(lambda work: work.row(Task, task_id).words) == "first"


@both
def test_rows_of_another_coalition_do_not_exist(world: World) -> None:
    """Listing, finding and getting by id all stop at the coalition."""
    other = world.found("Other", {"Zoë": (Role.MEMBER, "UTC")}, {})
    stranger = world.member_id("Zoë", other)
    assert world.read(aliases) == ["Ana", "Luis", "Mei"]
    assert world.read(aliases, other) == ["Zoë"]
    assert world.read(lambda work: work.first(Member, Member.id == stranger)) is None
    with pytest.raises(LookupError):
        world.read(lambda work: work.row(Member, stranger))
    with pytest.raises(LookupError):
        world.read(lambda work: work.row(Member, None))


@both
def test_a_transaction_of_none_has_no_tenant(world: World) -> None:
    """Without a coalition nothing of a coalition can be listed."""
    with pytest.raises(LookupError):
        world.run(world.store.read(None, aliases))


@both
def test_a_coalition_that_is_not_there_is_a_lookup_error(world: World) -> None:
    """Nothing is done on behalf of an unknown coalition."""
    with pytest.raises(LookupError):
        world.read(aliases, 99)


@both
def test_one_transaction_serves_several_coalitions_one_by_one(world: World) -> None:
    """What is written within one is its own, under its own key; between them nothing of a coalition can be listed."""
    other = world.found("Other", {}, {})

    def act(work: Work) -> None:
        for here, name in ((world.coalition_id, "Noor"), (other, "Zoë")):
            with work.within(here):
                work.add(Member(coalition_id=here, alias=name))
        with pytest.raises(LookupError):
            aliases(work)
        with pytest.raises(LookupError), work.within(99):
            pass

    world.run(world.store.write(None, act))
    assert world.read(aliases) == ["Ana", "Luis", "Mei", "Noor"]
    fresh = Store(world.store.url, Keyring([KEY]))  # has no other coalition's key
    assert world.run(fresh.read(other, aliases)) == ["Zoë"]
    world.run(fresh.close())


@both
def test_what_raises_leaves_nothing_behind(world: World) -> None:
    """A transaction is kept whole or not at all."""

    def fail(work: Work) -> None:
        work.put(Member(coalition_id=work.tenant, alias="Nobody"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.write(fail)
    assert world.read(aliases) == ["Ana", "Luis", "Mei"]


@both
def test_what_a_read_changes_is_not_kept(world: World) -> None:
    """A read leaves the database as it is."""
    world.read(lambda work: work.put(Member(coalition_id=work.tenant, alias="Nobody")))
    assert world.read(aliases) == ["Ana", "Luis", "Mei"]


@both
def test_moments_come_back_aware_and_naive_ones_are_refused(world: World) -> None:
    """Storage is UTC whatever zone was given."""
    vienna = dt.datetime.fromisoformat("2024-03-31T03:30:00+02:00")

    def remind(work: Work, due: dt.datetime) -> int:
        return work.put(Reminder(coalition_id=work.tenant, member_id=1, words="call", due=due)).id

    kept = world.write(lambda work: remind(work, vienna))
    due = world.read(lambda work: work.row(Reminder, kept).due)
    assert due.isoformat() == "2024-03-31T01:30:00+00:00"
    with pytest.raises(StatementError, match="without zone"):
        world.write(lambda work: remind(work, vienna.replace(tzinfo=None)))


@both
def test_foreign_keys_hold(world: World) -> None:
    """SQLite is told to check them."""
    with pytest.raises(IntegrityError):
        world.write(lambda work: work.put(Task(coalition_id=work.tenant, number=1, lead_id=999)))


def test_the_file_holds_no_name_and_no_note_and_is_private(world: World) -> None:
    """What people typed stands nowhere in the database in clear, its log included, and only its owner reads it."""
    note = "the envoy is wavering"
    world.write(lambda work: work.put(Note(coalition_id=work.tenant, member_id=1, words=note, noted_at=world.now)))
    bytes_kept = b"".join(file.read_bytes() for file in world.path.parent.glob("dragoman.db*"))
    assert [word for word in (note, "Luis", "luis", "Mei\x00") if word.encode() in bytes_kept] == []
    assert world.read(lambda work: work.rows(Note))[0].words == note

    async def fresh() -> int:
        store = Store(f"sqlite+aiosqlite:///{world.path.parent}/new.db", world.store.keyring)
        await store.write(None, lambda work: work.connection())
        await store.close()
        return (world.path.parent / "new.db").stat().st_mode & 0o777

    assert world.run(fresh()) == 0o600


@both
def test_a_coalition_whose_key_is_gone_cannot_be_read(world: World) -> None:
    """Another coalition's wrapped key in its place opens nothing."""
    other = world.found("Other", {}, {})

    def swap(work: Work) -> None:
        work.get_one(Coalition, 1).wrapped_key = work.get_one(Coalition, other).wrapped_key

    world.run(world.store.write(None, swap))
    world.store.keyring.forget(1)
    with pytest.raises(KeyProblem):
        world.read(aliases)


def test_a_held_database_is_told_in_our_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may pass is trouble, and what is said of it quotes neither statement nor values."""
    monkeypatch.setattr("storage.engines.BUSY_SECONDS", 0)
    with closing(sqlite3.connect(world.path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseTrouble, match="something else holds the database") as raised:
            world.write(lambda work: work.put(Note(coalition_id=1, member_id=1, words="quetzal", noted_at=NOW)))
    assert (raised.value.code, "quetzal" in str(raised.value)) == ("SQLITE_BUSY", False)


def test_a_full_disk_is_trouble_and_a_missing_table_is_not(world: World) -> None:
    """A full disk may get room; a table does not come back by itself. What was changed before is rolled back."""

    def fill(work: Work) -> None:
        work.connection().exec_driver_sql("PRAGMA max_page_count = 1")
        for n in range(200):
            work.put(Note(coalition_id=1, member_id=1, words=f"{n}" * 500, noted_at=NOW))

    with pytest.raises(DatabaseTrouble, match="disk of the database is full") as raised:
        world.write(fill)
    assert raised.value.code == "SQLITE_FULL"
    with pytest.raises(DatabaseProblem, match="run `dragoman doctor`") as missing:
        world.write(lambda work: work.connection().exec_driver_sql("SELECT 'quetzal' FROM nowhere"))
    assert not isinstance(missing.value, DatabaseTrouble)
    assert world.read(lambda work: work.rows(Note)) == []
