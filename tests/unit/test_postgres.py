"""PostgreSQL: what goes wrong is told in our words, migrations run once, writers of one coalition take turns."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel, select

from bot.dispatch import Dispatch
from storage.cipher import Keyring
from storage.engines import OVERFLOW, POOL, open_engine
from storage.migrate import State, state, upgrade
from storage.tables import Inbox, Note
from storage.trouble import DatabaseProblem, DatabaseTrouble
from storage.work import TRIES, Store, Work
from tests.conftest import KEY, NOW, World
from tests.fakes.postgres import Postgres
from tests.unit.test_dispatch import TABLE

pytestmark = pytest.mark.parametrize("database", ["postgres"], indirect=True)


def note(words: str) -> Any:
    """Give a unit of work that keeps a note."""
    return lambda work: work.put(Note(coalition_id=1, member_id=1, words=words, noted_at=NOW))


def told(url: str) -> tuple[type[DatabaseProblem], str, str]:
    """Give what is said when a database cannot be used."""

    async def ask() -> None:
        store = Store(url, Keyring([KEY]))
        try:
            await store.read(None, lambda work: work.exec(select(Inbox.id)).first())
        finally:
            await store.close()

    with pytest.raises(DatabaseProblem) as raised:
        asyncio.run(ask())
    return type(raised.value), raised.value.code, str(raised.value)


def test_what_is_wrong_with_the_address_is_said(postgres: Postgres, database: str) -> None:
    """A missing database and a user that is not let in last; nobody answering may pass. No name is repeated."""
    kind, code, said = told(postgres.url("quetzal"))
    assert (kind, code) == (DatabaseProblem, "3D000")
    assert "quetzal" not in said
    kind, code, said = told(postgres.url("postgres").replace("dragoman@", "quetzal:hunter2@"))
    assert (kind, code) == (DatabaseProblem, "28000")
    assert "quetzal" not in said
    kind, code, said = told("postgresql+psycopg://quetzal:hunter2@127.0.0.1:9/x")
    assert (kind, code) == (DatabaseTrouble, "08006")
    assert "hunter2" not in said


def test_a_server_that_comes_back_is_used_again(world: World, postgres: Postgres) -> None:
    """Its connections have died; what is asked while it is away is trouble and changes nothing."""
    world.write(note("before"))
    postgres.stop(at_once=True)
    with pytest.raises(DatabaseTrouble, match="cannot be reached"):
        world.write(note("during"))
    postgres.start()
    world.write(note("after"))
    assert world.read(lambda work: [row.words for row in work.rows(Note)]) == ["before", "after"]


def test_connections_that_died_unnoticed_are_made_anew(world: World, postgres: Postgres) -> None:
    """Nobody sees a restart between two units of work."""
    world.write(note("before"))
    postgres.stop()
    postgres.start()
    world.write(note("after"))
    assert world.read(lambda work: len(work.rows(Note))) == 2


def test_what_met_another_is_begun_anew_and_not_for_ever(world: World) -> None:
    """A serialisation failure is tried again; one that never ends is trouble."""
    tries = []

    def meet(work: Work, until: int) -> int:
        note("x")(work)
        tries.append(1)
        if len(tries) < until:
            work.connection().exec_driver_sql("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")
        return len(tries)

    assert world.write(lambda work: meet(work, 3)) == 3
    assert world.read(lambda work: len(work.rows(Note))) == 1
    tries.clear()
    with pytest.raises(DatabaseTrouble, match="something else holds"):
        world.write(lambda work: meet(work, 99))
    assert len(tries) == TRIES


def test_a_lock_is_not_waited_for_without_end(world: World, postgres: Postgres, address: str) -> None:
    """Whoever holds a coalition's turn for too long is told of as whatever else holds the database."""
    name = address.partition("@/")[2].partition("?")[0]
    with psycopg.connect(postgres.conninfo(name)) as holder:
        holder.execute("LOCK TABLE note IN ACCESS EXCLUSIVE MODE")

        def hasty(work: Work) -> None:
            work.connection().exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
            note("x")(work)

        with pytest.raises(DatabaseTrouble, match="something else holds the database") as raised:
            world.write(hasty)
        assert raised.value.code == "55P03"


def test_readers_see_one_state(world: World) -> None:
    """What is written while somebody reads does not appear in what they read, and waits for nobody."""
    begun, written = threading.Event(), threading.Event()

    def look(work: Work) -> tuple[int, int]:
        before = len(work.rows(Note))
        begun.set()
        written.wait(10)
        return before, len(work.rows(Note))

    async def together() -> tuple[int, int]:
        looking = asyncio.create_task(world.store.read(1, look))
        await asyncio.to_thread(begun.wait, 10)
        await world.store.write(1, note("x"))
        written.set()
        return await looking

    assert world.run(together()) == (0, 0)


def test_the_same_event_at_two_processes_is_kept_once(world: World, address: str) -> None:
    """A chat that delivers to both: one of them keeps it, the other finds it kept."""
    said = world.saying("Ana", "note x")

    async def both_at_once() -> list[bool]:
        stores = [Store(address, Keyring([KEY])) for _ in range(4)]
        kept = await asyncio.gather(*(Dispatch(store, world.clock, TABLE).receive(said) for store in stores))
        for store in stores:
            await store.close()
        return kept

    assert sorted(world.run(both_at_once())) == [False, False, False, True]


def test_migrations_make_what_the_tables_say(postgres: Postgres, database: str) -> None:
    """On a server too; several processes that start at once make them once, and what was cut off is begun anew."""
    name = postgres.database()

    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))

    async def run() -> tuple[list[list[str]], list[Any]]:
        applied = await asyncio.gather(*(upgrade(postgres.url(name)) for _ in range(4)))
        engine = open_engine(postgres.url(name))
        async with engine.begin() as connection:
            found = await connection.run_sync(differences)
        await engine.dispose()
        return applied, found

    assert asyncio.run(state(postgres.url(name))) is State.EMPTY
    applied, found = asyncio.run(run())
    assert sorted(map(bool, applied)) == [False, False, False, True]
    assert found == []
    assert asyncio.run(state(postgres.url(name))) is State.CURRENT


def test_ten_processes_fit_a_server_as_it_comes(database: str) -> None:
    """PostgreSQL lets 100 in, three of them reserved; each process has its pool and one connection that listens."""
    assert 10 * (POOL + OVERFLOW + 1) <= 97
