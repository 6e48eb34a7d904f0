"""While the bot runs its database has no room any more, its chat is silent: nothing is lost, nothing twice."""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field

import pytest
from sqlalchemy import event

from bot.app import build
from bot.clock import SystemClock
from bot.engine import Engine
from bot.message import message, say
from bot.notices import room_lane, tell
from bot.ports import SendLater
from bot.scheduler import ScheduledAlarm
from storage.tables import NoticeKind, Room
from storage.trouble import DatabaseTrouble
from storage.work import Work
from tests.conftest import World
from tests.fakes.chat import RecordingChat

Fault = Callable[["Running"], Awaitable[None]]


@dataclass
class Running:
    """The real loops on the real clock, with an alert due each tenth of a second."""

    world: World
    engine: Engine
    due: int = 0
    refused: int = 0
    said: list[str] = field(default_factory=list)

    async def owe(self, number: int) -> None:
        """Owe so many more alerts to #team, due one after the other from now on."""
        now, first = SystemClock().now(), self.due
        self.due += number

        def act(work: Work) -> None:
            room = next(row for row in work.rows(Room) if row.name == "team")
            for step in range(first, first + number):
                moment = now + dt.timedelta(seconds=0.1 * (step - first))
                content = message(say("alert {n}", n=step))
                tell(work, room_lane(work, room), NoticeKind.ALERT, content, key=f"alert/{step}", now=moment)

        await self.world.store.write(self.world.coalition_id, act)
        self.engine.wake()

    async def say(self) -> None:
        """Let Ana say something, and say it again until it is taken, as platforms do."""
        said = self.world.saying("Ana", "next")
        self.said.append(said.event_id)
        while True:
            try:
                await self.engine.receive(said)
            except DatabaseTrouble:
                self.refused += 1
                await asyncio.sleep(0.2)
            else:
                return

    @property
    def alerts(self) -> list[int]:
        """Give the alerts that were shown, in order."""
        texts = [sent.text for sent in self.world.chat.shown if sent.name == "team"]
        return [int(line.removeprefix("alert ")) for text in texts for line in text.splitlines()]

    @property
    def answers(self) -> int:
        """Give how often Ana was answered."""
        return len([sent for sent in self.world.chat.shown if sent.name == "Ana"])


def through(world: World, chat: RecordingChat, fault: Fault) -> Running:
    """Run, let something go wrong in the middle, and wait until all that was owed has arrived."""
    running = Running(world, build(world.store, SystemClock(), {"console": chat}, lanes=4))
    world.clock.advance_to(SystemClock().now())

    async def go() -> None:
        stop, alarm = asyncio.Event(), ScheduledAlarm()
        loops = asyncio.create_task(running.engine.run(alarm, stop))
        try:
            await running.owe(30)
            await asyncio.sleep(0.5)
            await fault(running)
            await asyncio.gather(running.say(), running.say())
            for _ in range(600):
                if len(running.alerts) >= running.due and running.answers >= len(running.said):
                    break
                assert not loops.done(), "the bot ended"
                await asyncio.sleep(0.1)
        finally:
            stop.set()
            alarm.close()
            await loops

    world.run(go())
    assert running.alerts == list(range(running.due))
    assert running.answers == len(running.said)
    return running


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less for a database that is held, and look at it more often."""
    monkeypatch.setattr("storage.engines.BUSY_SECONDS", 1)
    monkeypatch.setattr("bot.engine.LONGEST_PAUSE", 1.0)


def test_the_disk_is_full(world: World, quick: None) -> None:
    """What cannot be kept is not taken; what is owed waits, and goes out when there is room again."""
    full = {"pages": 0}

    async def fill(running: Running) -> None:
        engine = world.store._engine
        with closing(sqlite3.connect(world.path)) as database:
            [(full["pages"],)] = database.execute("PRAGMA page_count").fetchall()
        event.listen(engine, "begin", cap)
        refused = 0
        for number in range(200):
            said = world.saying("Ana", f"note {'x' * 3000}{number}")
            try:
                await running.engine.receive(said)
            except DatabaseTrouble:
                refused += 1
            else:
                running.said.append(said.event_id)
            if refused >= 3:
                break
        assert refused >= 3
        await asyncio.sleep(2)
        event.remove(engine, "begin", cap)
        event.listen(engine, "begin", free)

    def cap(connection: object) -> None:
        _pages(connection, full["pages"] + 8)

    def free(connection: object) -> None:
        _pages(connection, 1_000_000)

    through(world, world.chat, fill)


def _pages(connection: object, most: int) -> None:
    with suppress(AttributeError):
        connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")  # type: ignore[attr-defined] # an event's


def test_the_chat_is_silent(world: World) -> None:
    """For ten minutes, by the simulated clock: then all in order, each once; it is tried ever more seldom."""
    engine = build(world.store, world.clock, {"console": world.chat})
    begun = world.now

    def owe(work: Work) -> None:
        room = next(row for row in work.rows(Room) if row.name == "team")
        for number in range(20):
            moment = begun + dt.timedelta(seconds=20 * number)
            content = message(say("alert {n}", n=number))
            tell(work, room_lane(work, room), NoticeKind.ALERT, content, key=f"alert/{number}", now=moment)

    world.write(owe)
    world.chat.troubles = [SendLater("away") for _ in range(1000)]
    world.run(engine.advance(world.clock, begun + dt.timedelta(minutes=10)))
    tries = 1000 - len(world.chat.troubles)
    assert world.chat.shown == []
    assert 5 < tries < 30
    world.chat.troubles = []
    world.run(engine.advance(world.clock, begun + dt.timedelta(minutes=30)))
    lines = [line for sent in world.chat.shown for line in sent.text.splitlines()]
    assert lines == [f"alert {number}" for number in range(20)]
