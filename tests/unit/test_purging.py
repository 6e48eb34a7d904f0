"""Purging: a coalition is gone from every table, nothing of it leaves any more, and others do not notice."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import SQLModel, func, select

from bot.app import build
from bot.engine import Engine
from bot.leftovers import Leftovers
from bot.message import Text, message
from bot.notices import member_lane, tell
from bot.ports import SendLater, SendRefused
from bot.purging import inventory, lines_of_purged, purge
from storage.cipher import KeyProblem, Keyring, read_key_file
from storage.coalitions import founding
from storage.destroying import destroy_database, in_use, names_of_rooms
from storage.keyfile import part_of
from storage.migrate import State, state
from storage.purging import OF_NOBODY, owned
from storage.tables import (
    Inbox,
    InboxState,
    Leftover,
    Member,
    Note,
    NoticeKind,
    Role,
    WrongCodes,
)
from storage.trouble import CoalitionGone
from storage.work import Store, Work
from tests.conftest import KEY, NOW, World, both
from tests.fakes.chat import RecordingChat
from tests.fakes.crowded import MARK, fill, rows
from tests.unit.test_sharing import another, running, until


@pytest.fixture
def engine(world: World) -> Engine:
    """Give the engine of the small coalition's deployment."""
    return build(world.store, world.clock, {"console": world.chat})


@dataclass
class Deployment:
    """A world whose key file is a file, so that coalitions have lines in it."""

    world: World
    key_file: Path

    def found(self, name: str) -> int:
        """Make a coalition with a member, and give its id."""

        def act(work: Work) -> int:
            with founding(work, name, NOW) as coalition:
                work.put(Member(coalition_id=coalition.id, alias=f"Quetzal of {name}"))
                return coalition.id

        return self.world.run(self.world.store.write(None, act))

    def purge(self, coalition_id: int) -> None:
        """End a coalition, and nothing else yet."""
        self.world.write(lambda work: purge(work, self.world.now), coalition_id)

    def lines(self) -> int:
        """Give how many coalitions have a line in the key file."""
        return len(self.key_file.read_text().splitlines()) - 1


@pytest.fixture
def deployment(world: World, tmp_path: Path) -> Deployment:
    """Give the small deployment with a key file of the same key."""
    path = tmp_path / "dragoman.key"
    path.touch(0o600)
    path.write_bytes(base64.b64encode(KEY) + b"\n")
    world.store.keyring = read_key_file(path)
    return Deployment(world, path)


def drain(world: World, chat: RecordingChat | None = None) -> None:
    """Do what is left over."""
    world.run(Leftovers(world.store, world.clock, {"console": chat or world.chat}).drain())


def test_every_table_says_whose_its_rows_are() -> None:
    """A new table has `coalition_id`, or it is written down here that it has no coalition's rows."""
    known = {owner.table.name for owner in owned()} | OF_NOBODY
    assert known == set(SQLModel.metadata.tables)


@both
def test_nothing_of_it_is_left_in_any_table(world: World) -> None:
    """With a row in every table it goes from every one, and the other coalition keeps each of its own."""
    other = world.found("Other", rooms={})
    for coalition_id in (1, other):
        world.write(fill, coalition_id)
    before = world.read(lambda work: rows(work, 1))
    kept = world.read(lambda work: rows(work, other), other)
    assert set(before) == {owner.table.name for owner in owned()}
    assert 0 not in before.values()
    assert world.read(inventory) == dict(sorted(before.items()))
    world.write(lambda work: purge(work, world.now))
    world.chat.leaving.append(SendRefused("no"))
    drain(world)
    assert set(world.read(lambda work: rows(work, 1), other).values()) == {0}
    assert world.read(lambda work: rows(work, other), other) == kept


def test_no_file_of_the_database_has_it_any_more(world: World) -> None:
    """Neither the database nor its log: what stood in clear is overwritten once what was left over is done."""
    world.write(fill)
    files = [world.path, world.path.with_name("dragoman.db-wal")]
    assert any(MARK.encode() in file.read_bytes() for file in files)
    world.write(lambda work: purge(work, world.now))
    drain(world)
    assert not any(MARK.encode() in file.read_bytes() for file in files if file.exists())
    assert (
        world.run(world.store.read(None, lambda work: work.exec(select(func.count()).select_from(Leftover)).one())) == 0
    )


@both
def test_what_another_process_is_at_ends_and_writes_nothing_back(world: World) -> None:
    """It has the data key in memory and rows in its hands, and goes on with the other coalition."""
    other, elsewhere = world.found("Other", rooms={}), Store(world.store.url, Keyring([KEY]))

    def note(work: Work) -> None:
        work.put(Note(coalition_id=work.tenant, member_id=1, words="late", noted_at=NOW))

    world.run(elsewhere.read(1, lambda work: work.rows(Member)))
    world.write(lambda work: purge(work, world.now))
    for again in (note, lambda work: work.rows(Member)):
        with pytest.raises(CoalitionGone, match="it was purged"):
            world.run(elsewhere.write(1, again))
    with pytest.raises(CoalitionGone):
        world.run(elsewhere.read(1, lambda work: work.rows(Member)))
    assert len(world.run(elsewhere.read(other, lambda work: work.rows(Member)))) == 3
    assert world.run(elsewhere.read(None, lambda work: list(work.exec(select(Note.id))))) == []
    world.run(elsewhere.close())


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_transaction_that_is_open_has_its_turn_first(world: World) -> None:
    """One that was begun before the purge ends before it, and what it wrote goes too; one that waited finds nothing."""
    elsewhere = Store(world.store.url, Keyring([KEY]))
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def meet() -> tuple[object, object, object]:
        loop = asyncio.get_running_loop()

        def first(work: Work) -> None:
            work.put(Note(coalition_id=1, member_id=1, words="in flight", noted_at=NOW))
            loop.call_soon_threadsafe(begun.set)
            asyncio.run_coroutine_threadsafe(may_end.wait(), loop).result(10)

        writing = asyncio.create_task(elsewhere.write(1, first))
        await begun.wait()
        purging = asyncio.create_task(world.store.write(1, lambda work: purge(work, world.now)))
        await asyncio.sleep(0.2)
        behind = asyncio.create_task(elsewhere.write(1, lambda work: work.rows(Note)))
        await asyncio.sleep(0.2)
        assert not purging.done()
        may_end.set()
        return await asyncio.gather(writing, purging, behind, return_exceptions=True)

    written, purged, behind = world.run(meet())
    assert (written, purged) == (None, None)
    assert isinstance(behind, CoalitionGone)
    assert world.run(elsewhere.read(None, lambda work: list(work.exec(select(Note.id))))) == []
    world.run(elsewhere.close())


def test_what_is_pending_never_leaves(world: World, engine: Engine) -> None:
    """Notices that are due, commands that wait, and files that are fetched end with it; the other one's leave."""
    other = world.found("Other", {"Olu": (Role.MEMBER, "UTC")}, {})
    late, now = world.now, world.now

    def owe(work: Work) -> None:
        alias = "Luis" if work.tenant == 1 else "Olu"
        member = next(row for row in work.rows(Member) if row.alias == alias)
        tell(work, member_lane(work, member.id), NoticeKind.ALERT, message(Text(f"to {alias}")), key="k", now=now)

    for coalition_id in (1, other):
        world.write(owe, coalition_id)
    world.run(engine._dispatch.receive(world.saying("Ana", "tasks")))
    world.write(lambda work: purge(work, late))
    world.run(engine.settle())
    assert [sent.text for sent in world.chat.shown] == ["to Olu"]
    kept = world.run(world.store.read(None, lambda work: list(work.exec(select(Inbox.state, Inbox.body)))))
    assert kept == [(InboxState.DONE, None)]


def test_rooms_are_left_and_accounts_forgotten_without_a_word(world: World, engine: Engine) -> None:
    """Those that another coalition has too stay as they are."""
    world.found("Other", {"Mei": (Role.MEMBER, "UTC")}, {})
    world.write(lambda work: purge(work, world.now))
    world.run(engine.settle())
    assert world.chat.left == ["team", "hall"]
    assert world.chat.forgotten == ["ana", "luis"]
    assert world.chat.shown == []


def test_a_chat_that_is_away_is_waited_for(world: World) -> None:
    """A room is left when the chat comes back, however long that takes, and in whichever process."""
    world.write(lambda work: purge(work, world.now))
    world.chat.leaving += [SendLater("away", 60.0), SendRefused("last_member")]
    drain(world)
    drain(world)
    assert world.chat.left == []
    left = world.run(world.store.read(None, lambda work: [row.code for row in work.exec(select(Leftover))]))
    assert left == ["away", "last_member"]
    world.pass_time(days=2)
    drain(world, again := RecordingChat())
    assert again.left == ["team", "hall"]


def test_its_people_are_strangers_then(world: World, engine: Engine) -> None:
    """Who says something afterwards hears what strangers hear, and what they left as strangers before is gone."""
    world.found("Other", rooms={}, people={})
    world.run(world.store.write(None, lambda work: work.put(_wrong(world, "ana"))))
    world.write(lambda work: purge(work, world.now))
    assert world.run(world.store.read(None, lambda work: list(work.exec(select(WrongCodes.id))))) == []
    world.run(engine.receive(world.saying("Ana", "tasks")))
    world.run(engine.settle())
    assert [text.partition(".")[0] for text in world.chat.texts()] == ["I work for a coalition and answer its members"]


def _wrong(world: World, account: str) -> WrongCodes:
    print_ = world.store.keyring.fingerprint(account)
    return WrongCodes(platform="console", fingerprint=print_, count=3, last_at=NOW)


def test_its_number_is_never_given_again(world: World) -> None:
    """SQLite would give the number of the last one to the next: what is still in somebody's hands would be theirs."""
    last = world.found("Last", {}, {})
    world.write(lambda work: purge(work, world.now), last)
    assert world.found("Next", {}, {}) == last + 1


@both
def test_what_was_done_is_sealed_for_the_coalition(world: World, engine: Engine) -> None:
    """The words of a command are the coalition's once it is done: an old backup has them under its data key."""
    world.run(engine.receive(world.saying("Ana", "help")))
    world.run(engine.settle())
    bodies = select(Inbox.coalition_id, Inbox.body)
    assert [(owner, (body or {})["words"]) for owner, body in world.read(lambda work: work.exec(bodies).all())] == [
        (1, "help")
    ]
    raw = "SELECT body FROM inbox"
    [(sealed,)] = world.read(lambda work: work.connection().exec_driver_sql(raw).all())
    assert int.from_bytes(bytes(sealed)[1:9], "big") == 1


@both
def test_the_line_goes_from_each_key_file(deployment: Deployment, tmp_path: Path) -> None:
    """Also where the process that purged ended before, and on another host with a copy of the key file."""
    world = deployment.world
    one, two = deployment.found("One"), deployment.found("Two")
    copy = tmp_path / "copy" / "dragoman.key"
    copy.parent.mkdir()
    copy.write_bytes(deployment.key_file.read_bytes())
    copy.chmod(0o600)
    deployment.purge(one)
    assert deployment.lines() == 2  # cut off here
    drain(world)
    assert deployment.lines() == 1
    drain(world)
    elsewhere = Store(world.store.url, read_key_file(copy))
    world.run(Leftovers(elsewhere, world.clock, {}).drain())
    assert copy.read_bytes() == deployment.key_file.read_bytes()
    aliases = world.run(elsewhere.read(two, lambda work: [row.alias for row in work.rows(Member)]))
    assert aliases == ["Quetzal of Two"]
    world.run(elsewhere.close())


def test_a_coalition_that_is_not_made_leaves_no_line(deployment: Deployment) -> None:
    """What is written in the key file for it is taken out again."""

    def fail(work: Work) -> None:
        with founding(work, "A", NOW):
            raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        deployment.world.run(deployment.world.store.write(None, fail))
    assert deployment.lines() == 0


def test_purging_twice_is_purging_once(deployment: Deployment) -> None:
    """The second finds no coalition; what is left over is done once."""
    one = deployment.found("One")
    deployment.purge(one)
    with pytest.raises(CoalitionGone):
        deployment.purge(one)
    drain(deployment.world)
    purged = deployment.world.run(deployment.world.store.read(None, lambda work: list(lines_of_purged(work))))
    assert purged == [one]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_processes_that_serve_go_on(world: World, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two serve while a third purges: neither ends, and what the other coalition is owed still goes out."""
    monkeypatch.setattr("bot.engine.RENEW_SECONDS", 0.02)
    monkeypatch.setattr("bot.engine.SWEEP_SECONDS", 0.1)
    other = world.found("Other", {"Olu": (Role.MEMBER, "UTC")}, {})

    def owe(alias: str, n: int) -> Callable[[Work], None]:
        def act(work: Work) -> None:
            member = next(row for row in work.rows(Member) if row.alias == alias)
            lane = member_lane(work, member.id)
            tell(work, lane, NoticeKind.ALERT, message(Text(f"{n} to {alias}")), key=f"k{n}", now=world.now)

        return act

    async def go() -> None:
        async with (
            another(address) as one,
            another(address) as two,
            running(world, one) as first,
            running(world, two) as second,
        ):
            for n in range(20):
                with suppress(CoalitionGone):
                    await first.engine.receive(world.saying("Ana", "tasks"))
                    await world.store.write(1, owe("Luis", n))
                if n == 10:
                    await world.store.write(1, lambda work: purge(work, world.now))
                await world.store.write(other, owe("Olu", n))
            await until(lambda: any("19 to Olu" in text for text in world.chat.texts("Olu")))
            await until(lambda: set(world.chat.left) == {"team", "hall"})
            assert not first.running.done()
            assert not second.running.done()

    world.run(go())
    assert set(world.read(lambda work: rows(work, 1), other).values()) == {0}


@both
def test_the_whole_database_goes(world: World, address: str) -> None:
    """Not while something has it open; then there is nothing, and to do it again is no harm."""
    world.read(lambda work: work.rows(Member))
    assert in_use(address)
    world.run(world.store.close())
    assert not in_use(address)
    for _ in range(2):
        destroy_database(address)
        assert asyncio.run(state(address)) is State.EMPTY
    assert names_of_rooms(address) == []


def test_a_host_that_cannot_write_its_key_file_goes_on(deployment: Deployment) -> None:
    """The coalition is purged all the same; who runs the next command is told which line to take out."""
    one = deployment.found("One")
    deployment.purge(one)
    line = deployment.key_file.read_text().splitlines()[1].split()[0]
    part_of(deployment.key_file).mkdir()  # where the next content would be written
    drain(deployment.world)
    with pytest.raises(KeyProblem, match=line):
        deployment.world.store.keyring.strike(line)
    assert deployment.lines() == 1
