"""What the engine depends on is away for a while: a chat for ten minutes, a disk that takes nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine as DatabaseEngine
from sqlalchemy import event
from sqlmodel import col, select

from bot.app import build
from bot.clock import SimulatedClock
from bot.message import Message
from bot.ports import Destination, SendLater
from storage.tables import Inbox, InboxState, Notice, NoticeState
from storage.trouble import DatabaseTrouble
from storage.work import Store
from tests.conftest import World, both
from tests.fakes.chat import RecordingChat
from tests.unit.test_jumps import NoAlarm, errands, plan


@dataclass
class AwayChat(RecordingChat):
    """Takes nothing for a while, in one way or another, by the clock."""

    clock: SimulatedClock | None = None
    begins: dt.datetime | None = None
    lasts: dt.timedelta = dt.timedelta(minutes=10)
    trouble: Exception | None = None

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        assert self.clock is not None
        assert self.begins is not None
        if self.trouble is not None and self.begins <= self.clock.now() < self.begins + self.lasts:
            self.troubles = [self.trouble]
        return await super().send(to, message, key)


@both
@pytest.mark.parametrize(
    ("trouble", "appears"),
    [(SendLater("away"), False), (SendLater("slow", 30), False), (ConnectionError(), False), (SendLater("lost"), True)],
    ids=["away", "limited", "accident", "answers-lost"],
)
def test_a_chat_is_away_for_ten_minutes(world: World, trouble: Exception, appears: bool) -> None:
    """Each errand comes once, in order, soon after it is back; what one person missed comes together."""
    plan(world)
    begins = world.now + dt.timedelta(minutes=14)
    chat = AwayChat(clock=world.clock, begins=begins, trouble=trouble, loses_answer=appears)
    engine, world.chat = build(world.store, world.clock, {"console": chat}), chat
    world.run(engine.advance(world.clock, begins + chat.lasts + dt.timedelta(minutes=10)))
    shown = len(chat.shown)
    assert errands(world) == {f"{who}.{number:02}": 1 for who in (1, 2, 3) for number in range(3)}
    world.run(engine.advance(world.clock, begins + dt.timedelta(hours=3)))
    assert errands(world) == {f"{who}.{number:02}": 1 for who in (1, 2, 3) for number in range(12)}
    for name in ("Ana", "Luis", "Mei"):
        mine = [sent for sent in chat.shown if sent.name == name]
        assert [sent.to.due for sent in mine] == sorted(sent.to.due for sent in mine)
        assert len([sent for sent in chat.shown[:shown] if sent.name == name]) <= 3
    undone = col(Notice.state).in_((NoticeState.SENDING, NoticeState.FAILED))
    assert world.read(lambda work: work.rows(Notice, undone)) == []


@pytest.mark.parametrize(
    ("pragma", "back", "code"),
    [("max_page_count = 1", "max_page_count = 1000000", "SQLITE_FULL"),
     ("query_only = ON", "query_only = OFF", "SQLITE_READONLY")],
    ids=["full", "read-only"],
)  # fmt: skip
def test_a_disk_that_takes_nothing(
    world: World, pragma: str, back: str, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is said is refused to the chat, which says it again; what was kept is done once, when there is room."""
    monkeypatch.setattr("bot.engine.FIRST_PAUSE", 0.05)
    monkeypatch.setattr("bot.engine.LONGEST_PAUSE", 0.05)
    now = [pragma]

    def prepare(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA {now[0]}")

    store = Store(world.store.url, world.store.keyring)
    engine = build(store, world.clock, {"console": world.chat})
    world.run(engine.receive(world.saying("Ana", "note one")))
    event.listen(DatabaseEngine, "checkout", prepare)
    words = "x" * 200_000  # more than there is room for in the pages that are free

    async def go() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(engine.run(NoAlarm(), stop))
        with pytest.raises(DatabaseTrouble) as raised:
            await engine.receive(world.saying("Ana", f"note {words}", event_id="long"))
        assert raised.value.code == code
        await asyncio.sleep(0.3)
        assert not running.done()
        now[0] = back
        await engine.receive(world.saying("Ana", f"note {words}", event_id="long"))
        for _ in range(1000):
            if len(world.chat.shown) == 2:
                break
            await asyncio.sleep(0.01)
        stop.set()
        await running
        await store.close()

    try:
        world.run(go())
    finally:
        event.remove(DatabaseEngine, "checkout", prepare)
    assert [sent.text.partition(" ")[0] for sent in world.chat.shown] == ["Noted", "That"]  # the long one is too long
    assert world.read(lambda work: list(work.exec(select(Inbox.state)))) == [InboxState.DONE] * 2
    assert "note one" not in capsys.readouterr().out
