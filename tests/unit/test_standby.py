"""Matrix with several processes: one serves, another takes over, a frozen one is told of and cannot send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pytest

from bot.adapters.matrix.lock import StoreHeld
from bot.duty import Duty
from bot.invocation import Invocation
from bot.message import message, say
from bot.plain import Reader
from bot.ports import Chat, Core, Destination, SendLater
from bot.terminal.standby import OnDuty, Standby
from tests.conftest import NOW, World, both
from tests.fakes.chat import RecordingChat

pytestmark = both

TO = Destination("matrix", "ana", "Ana", Reader(ZoneInfo("UTC"), personal=True), "reply", NOW)


class Bystander:
    """A core that does nothing."""

    async def receive(self, invocation: Invocation) -> None:
        pass

    def wake(self) -> None:
        pass


@dataclass
class Account:
    """One Matrix account with one lock, and who is connected."""

    chat: RecordingChat = field(default_factory=RecordingChat)
    holder: str | None = None
    held_by: list[str] = field(default_factory=list)

    def connect(self, name: str) -> Callable[[], AbstractAsyncContextManager[Line]]:
        account = self

        @asynccontextmanager
        async def connected() -> AsyncIterator[Line]:
            if account.holder is not None:
                raise StoreHeld("in use")
            account.holder = name
            account.held_by.append(name)
            yield Line(account.chat)
            account.holder = None

        return connected


@dataclass
class Line:
    chat: Chat
    connected: bool = True

    async def run(self, core: Core, stop: asyncio.Event) -> None:
        await stop.wait()


async def until(true: Callable[[], bool]) -> None:
    """Wait for it, for ten seconds at most."""
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often."""
    monkeypatch.setattr("bot.terminal.standby.RENEW_SECONDS", 0.02)


Go = Callable[[list[dict[str, Chat]], list[asyncio.Event]], Awaitable[None]]


def running(world: World, account: Account, go: Go) -> None:
    """Run two processes beside a test."""

    async def both_and() -> None:
        chats: list[dict[str, Chat]] = [{}, {}]
        stops = [asyncio.Event(), asyncio.Event()]
        standbys = [
            Standby(Duty(world.store, world.clock, "matrix", name), account.connect(name), chats[number], set())
            for number, name in enumerate("ab")
        ]
        runs = [asyncio.create_task(one.run(Bystander(), stop)) for one, stop in zip(standbys, stops, strict=True)]
        assert [one.connected for one in standbys] == [None, None]
        try:
            await go(chats, stops)
            told = [one.connected for one in standbys]
            assert told == [True if chat else None for chat in chats]  # of what another process has, it knows nothing
        finally:
            for stop in stops:
                stop.set()
            await asyncio.gather(*runs)

    world.run(both_and())


def test_one_serves_and_the_other_follows_it(world: World) -> None:
    """Never both; who is stopped lays the duty down, and the other has it at once."""
    account = Account()

    async def go(chats: list[dict[str, Chat]], stops: list[asyncio.Event]) -> None:
        await until(lambda: account.holder is not None)
        first = "ab".index(account.holder or "")
        await asyncio.sleep(0.2)
        assert [bool(chat) for chat in chats] == [number == first for number in (0, 1)]
        stops[first].set()
        await until(lambda: bool(chats[1 - first]))
        assert not chats[first]

    running(world, account, go)
    assert sorted(account.held_by) == ["a", "b"]


def test_a_frozen_holder_is_told_of(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The duty is free and the lock is not: nobody serves, and the log says why."""
    account = Account(holder="frozen")

    async def go(chats: list[dict[str, Chat]], stops: list[asyncio.Event]) -> None:
        await asyncio.sleep(0.2)
        assert chats == [{}, {}]
        account.holder = None
        await until(lambda: any(chats))

    running(world, account, go)
    assert "matrix holder frozen" in capsys.readouterr().out


def test_whoever_lost_the_duty_sends_nothing(world: World) -> None:
    """A process that slept asks for it before it sends, and is told to wait."""
    mine, theirs = Duty(world.store, world.clock, "matrix", "a"), Duty(world.store, world.clock, "matrix", "b")
    chat = RecordingChat()
    on_duty = OnDuty(chat, mine)
    world.run(mine.hold())
    world.run(on_duty.send(TO, message(say("one")), "k1"))
    world.pass_time(minutes=1)
    world.run(theirs.hold())
    with pytest.raises(SendLater):
        world.run(on_duty.send(TO, message(say("two")), "k2"))
    assert len(chat.tried) == 1
