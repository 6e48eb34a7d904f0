"""The engine while a chat is slow: it works on what else there is, and is in no hurry for nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.app import build
from bot.clock import Clock
from bot.message import Message, message, say
from bot.notices import room_lane, tell
from bot.ports import Destination
from storage.tables import Label, NoticeKind, Room
from storage.work import Work
from tests.conftest import World


@dataclass
class CountingAlarm:
    """Rings at once for what is due, as every alarm does, and counts how often."""

    clock: Clock
    rung: int = 0

    def at(self, moment: dt.datetime | None, wake: Callable[[], None]) -> None:
        if moment is not None and moment <= self.clock.now():
            self.rung += 1
            asyncio.get_running_loop().call_soon(wake)


@dataclass
class SlowChat:
    """Lets nothing through before it may."""

    may: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    shown: list[str] = field(default_factory=list)

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        self.begun.set()
        await self.may.wait()
        self.shown.append(to.name)
        return None

    async def erase(self, to: Destination, since: dt.datetime) -> None:
        raise NotImplementedError

    async def forget(self, account: str) -> None:
        raise NotImplementedError

    async def leave(self, room: str) -> None:
        raise NotImplementedError

    async def fetch(self, where: str, most: int) -> bytes | None:
        return None


def test_while_a_chat_is_slow_nothing_rings_for_what_waits(world: World) -> None:
    """What is due behind a slow message leaves after it; until then nobody is woken for it again and again."""

    async def owe(name: str) -> None:
        def act(work: Work) -> None:
            room = next(row for row in work.rows(Room) if row.name == name)
            words = message(say("words"))
            tell(work, room_lane(work, room), NoticeKind.ALERT, words, key=name, now=world.now, label=Label.PUBLIC)

        await world.store.write(world.coalition_id, act)

    async def scene() -> None:
        chat, alarm, stop = SlowChat(), CountingAlarm(world.clock), asyncio.Event()
        engine = build(world.store, world.clock, {"console": chat})
        await owe("team")
        running = asyncio.create_task(engine.run(alarm, stop))
        await chat.begun.wait()
        await owe("hall")
        engine.wake()
        await asyncio.sleep(0.3)
        assert alarm.rung <= 2
        chat.may.set()
        while len(chat.shown) < 2:
            await asyncio.sleep(0.01)
        stop.set()
        await running
        assert chat.shown == ["team", "hall"]

    world.run(scene())
