"""What several processes on PostgreSQL share: who reads and watches, who fetches a file, and what each hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from sqlmodel import select

from bot.app import build
from bot.commands import CommandTable
from bot.duty import TERM, Duty
from bot.engine import Engine
from bot.fetching import CLAIM, TRY_FOR, Fetching
from bot.invocation import Attachment, Enclosed
from bot.outbox import LEASE, Outbox
from bot.ports import Fetcher
from handlers import sources
from storage.cipher import Keyring
from storage.tables import Draft, DraftState, Inbox, InboxState, Label, Notice, Purpose
from storage.work import Store, Work
from tests.conftest import KEY, PLATFORM, World
from tests.fakes.chat import RecordingChat
from tests.fakes.postgres import Postgres
from tests.unit.test_jumps import errands, plan
from tests.unit.test_several_processes import SlowChat, owe
from tests.unit.test_watching import ADDRESS, Web

pytestmark = pytest.mark.parametrize("database", ["postgres"], indirect=True)

TREATY = b"Article 1\n\nStates shall do this.\n\nArticle 2\n\nStates shall do that.\n"


class NoAlarm:
    """Wakes nobody: the engine sweeps."""

    def at(self, moment: object, wake: Callable[[], None]) -> None:
        pass


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often."""
    monkeypatch.setattr("bot.engine.RENEW_SECONDS", 0.02)
    monkeypatch.setattr("bot.engine.SWEEP_SECONDS", 0.1)


async def until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def another(address: str) -> AsyncIterator[Store]:
    """Open the database as another process does."""
    store = Store(address, Keyring([KEY]))
    try:
        yield store
    finally:
        await store.close()


@dataclass
class Process:
    """An engine that runs."""

    engine: Engine
    stop: asyncio.Event
    running: asyncio.Task[None]


@asynccontextmanager
async def running(world: World, store: Store, fetcher: Fetcher | None = None) -> AsyncIterator[Process]:
    """Run an engine as one process does, with the chat that all share."""
    engine, stop = build(store, world.clock, {PLATFORM: world.chat}, fetcher=fetcher), asyncio.Event()
    process = Process(engine, stop, asyncio.create_task(engine.run(NoAlarm(), stop)))
    try:
        yield process
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await process.running


def drafts(world: World) -> list[DraftState]:
    """Give the states of all drafts."""
    return world.read(lambda work: [row.state for row in work.rows(Draft)])


def test_one_process_watches_and_the_other_takes_over(world: World, address: str) -> None:
    """Each look at a source is one process's; when the one that has the duty is gone, the other looks."""
    world.do(CommandTable(sources.VERBS), "Ana", f"watch {ADDRESS} every 15m", confirmed=True)
    webs = [Web({ADDRESS: TREATY}) for _ in range(2)]

    async def go() -> None:
        async with another(address) as other, running(world, world.store, webs[0]) as first:
            async with running(world, other, webs[1]):
                await until(lambda: any(web.asked for web in webs))
                await asyncio.sleep(0.3)
                assert sum(len(web.asked) for web in webs) == 1
                had, heir = sorted(webs, key=lambda web: not web.asked)
                if had is not webs[0]:
                    return  # the second one got the duty: to stop the first shows nothing
                first.stop.set()
                await first.running
                world.pass_time(minutes=30)
                await until(lambda: bool(heir.asked))
            assert len(had.asked) == 1

    world.run(go())


def test_a_draft_is_read_by_the_process_on_duty(world: World, address: str) -> None:
    """Whichever process takes the command, the one on duty reads the draft, and nobody reads it twice."""
    said = world.saying("Ana", "draft add A/1", attachments=(Attachment("treaty.txt", TREATY),))

    async def go() -> None:
        async with another(address) as other, running(world, world.store), running(world, other) as second:
            await second.engine.receive(said)
            await until(lambda: bool(world.chat.shown))

    world.run(go())
    assert drafts(world) == [DraftState.PREVIEWED]
    assert len(world.chat.shown) == 1


def test_a_console_leaves_the_draft_to_who_has_the_duty(world: World, address: str) -> None:
    """It is not refused half way: the draft stays received; where nobody has the duty, the console reads it."""
    said = world.saying("Ana", "draft add A/1", attachments=(Attachment("treaty.txt", TREATY),))
    engine = build(world.store, world.clock, {PLATFORM: world.chat})

    async def go() -> None:
        async with another(address) as other:
            duty = Duty(other, world.clock, "chores")
            await duty.hold()
            await engine.receive(said)
            await engine.settle()
            assert await world.store.read(1, lambda work: work.rows(Draft)[0].state) is DraftState.RECEIVED
            await duty.lay_down()
            await engine.settle()
            assert await duty.hold()  # the console gave it back

    world.run(go())
    assert drafts(world) == [DraftState.PREVIEWED]


def test_chores_that_take_long_do_not_lose_the_duty(world: World, address: str, postgres: Postgres) -> None:
    """They go on beside the renewing, so that no other process begins them again, and again."""
    name = address.partition("@/")[2].partition("?")[0]

    async def go(holder: psycopg.Connection) -> None:
        holder.execute("SELECT pg_advisory_xact_lock(%s, 1)", [0x647261])
        async with another(address) as other, running(world, world.store) as process:
            await until(lambda: process.engine._duty.held)
            heir = Duty(other, world.clock, "chores")
            for _ in range(4):
                await asyncio.sleep(0.3)
                world.clock.advance_to(world.now + TERM / 2)
                await until(lambda: process.engine._duty.held)
                assert not await heir.hold()
            holder.rollback()
            await until(lambda: process.engine._chores_at is not None)

    with psycopg.connect(postgres.conninfo(name)) as holder:
        world.run(go(holder))


def test_work_elsewhere_may_change_what_people_see_here(world: World, address: str) -> None:
    """Whoever shows homes hears of what another process did."""
    heard = []

    async def go() -> None:
        async with another(address) as other, running(world, world.store) as first:
            first.engine.heeding.append(lambda: heard.append(1))
            await asyncio.sleep(0.5)
            heard.clear()
            async with running(world, other) as second:
                await second.engine.receive(world.saying("Ana", "my quiet off"))
                await until(lambda: bool(world.chat.shown) and bool(heard))

    world.run(go())


def test_planning_is_done_once(world: World, address: str) -> None:
    """Two processes side by side through a day: each reminder and the digest comes once, and is planned once."""
    plan(world)

    async def go() -> None:
        async with another(address) as other:
            engines = [build(store, world.clock, {PLATFORM: world.chat}) for store in (world.store, other)]
            for _ in range(20):
                world.pass_time(minutes=30)
                await asyncio.gather(*(engine.settle() for engine in engines))

    world.run(go())
    assert errands(world) == {f"{who}.{number:02}": 1 for who in (1, 2, 3) for number in range(12)}
    assert len([text for text in world.chat.texts("team") if "day 1 of 1" in text]) == 1
    assert len(world.chat.tried) == len(world.chat.shown)
    keys = world.read(lambda work: [row.key for row in work.rows(Notice, Notice.occasion == "digest")])
    assert len(keys) == len(set(keys)) == 2  # this evening's, and the next


@dataclass
class Shelf(RecordingChat):
    """Gives files once it is opened."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)

    async def fetch(self, where: str, most: int) -> bytes | None:
        self.asked.append(where)
        await self.open.wait()
        return TREATY


def test_files_are_shared_and_one_left_behind_is_taken_over(world: World, address: str) -> None:
    """While one process fetches a file, another fetches the next; what a dead one had is free after its claim."""
    first, second = Shelf(), Shelf()
    second.open.set()

    async def go() -> None:
        async with another(address) as other:
            mine = Fetching(world.store, world.clock, {PLATFORM: first})
            theirs = Fetching(other, world.clock, {PLATFORM: second})
            for where in ("one", "two"):
                said = world.saying("Ana", "draft add A/1", enclosed=(Enclosed("treaty.txt", where),))
                await build(world.store, world.clock, {}).receive(said)
            fetching = asyncio.create_task(mine.drain())
            await until(lambda: bool(first.asked))
            assert await theirs.drain()
            assert not await theirs.drain()
            assert (first.asked, second.asked) == (["one"], ["two"])
            fetching.cancel()
            with suppress(asyncio.CancelledError):
                await fetching
            world.clock.advance_to(world.now + CLAIM)
            assert await theirs.drain()
            assert second.asked == ["two", "one"]

    world.run(go())
    assert world.read(lambda work: {row.state for row in work.exec(select(Inbox))}) == {InboxState.WAITING}


def test_a_file_that_nobody_can_fetch_is_handed_on(world: World) -> None:
    """Its platform is served by no process: after ten minutes the command goes on without it, as on one machine."""
    fetching = Fetching(world.store, world.clock, {})
    said = world.saying("Ana", "draft add A/1", enclosed=(Enclosed("treaty.txt", "x"),))
    world.run(build(world.store, world.clock, {}).receive(said))
    assert not world.run(fetching.drain())
    world.clock.advance_to(world.now + TRY_FOR)
    assert world.run(fetching.drain())
    assert world.read(lambda work: [row.state for row in work.exec(select(Inbox))]) == [InboxState.WAITING]


def test_a_duty_asked_for_twice_at_once_is_held(world: World) -> None:
    """The two do not get into each other's way: one takes it, the other renews it."""
    duty = Duty(world.store, world.clock, "x")

    async def twice() -> list[bool]:
        return await asyncio.gather(*(duty.hold() for _ in range(5)))

    assert world.run(twice()) == [True] * 5
    assert duty.held


def test_a_process_that_slept_between_two_messages_sends_no_more(
    world: World, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It renews what it still has when it wakes up, and the lane that another has taken is not among it."""
    monkeypatch.setattr("bot.outbox.RENEW_SECONDS", 0.0)
    monkeypatch.setattr("bot.outbox.LOOK_SECONDS", 0.02)
    here = world.found("Busy", {}, {"room-0": (Label.COALITION, [Purpose.TASKS])})
    owe(world, here, ["room-0"], 3)
    chat, awake = SlowChat(), SlowChat(slow="room-0")
    heirs: list[asyncio.Task[bool]] = []
    one_at_a_time = asyncio.Lock()  # whoever sleeps does not renew meanwhile

    async def go() -> None:
        async with another(address) as other:

            class Sleepy(Store):
                async def write(self, coalition_id: int | None, act: Callable[[Work], Any]) -> Any:
                    async with one_at_a_time:
                        if heirs:
                            await until(lambda: awake.most == 1)
                        done = await super().write(coalition_id, act)
                        if chat.shown and not heirs:
                            world.clock.advance_to(world.now + LEASE)
                            heirs.append(asyncio.create_task(Outbox(other, world.clock, {PLATFORM: awake}, {}).drain()))
                    await asyncio.sleep(0.1)  # the leases are renewed before the next message
                    return done

            sleeper = Sleepy(address, Keyring([KEY]))
            await Outbox(sleeper, world.clock, {PLATFORM: chat}, {}).drain()
            assert chat.by_room() == {"room-0": ["000"]}
            awake.free.set()
            await heirs[0]
            await sleeper.close()

    world.run(go())
    assert awake.by_room() == {"room-0": ["001", "002"]}
