"""The engine: what it does while the database cannot be used, and what it leaves to others."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import select

from bot.app import build, rehearsed
from bot.engine import Engine
from bot.fetching import AT_ONCE, Fetching
from bot.message import message, say
from bot.notices import member_lane, tell
from config.settings import Settings
from storage.tables import Inbox, InboxState, Member, NoticeKind, Role
from storage.trouble import DatabaseTrouble
from storage.work import Work
from tests.conftest import PLATFORM, World
from tests.fakes.chat import Sent


class NoAlarm:
    """Wakes nobody: the engine sweeps."""

    def at(self, moment: object, wake: Callable[[], None]) -> None:
        pass


@pytest.fixture
def engine(world: World, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Give an engine that waits for nothing."""
    monkeypatch.setattr("storage.engines.BUSY_SECONDS", 0)
    monkeypatch.setattr("bot.engine.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("bot.engine.SWEEP_SECONDS", 0.01)
    return build(world.store, world.clock, {PLATFORM: world.chat})


def test_a_command_waits_while_the_database_is_held(world: World, engine: Engine) -> None:
    """What was taken is done, and answered once, when the database works again; it is not called a failed command."""
    world.run(engine.receive(world.saying("Ana", "my quiet off")))
    with closing(sqlite3.connect(world.path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseTrouble):
            world.run(engine.settle())
    world.run(engine.settle())
    assert world.chat.texts() == ["I write to you at any hour now. `my quiet on` changes it back."]


def test_run_goes_on_after_trouble(
    world: World, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    """`run` holds, logs the code, tries again, and does what waited."""
    world.run(engine.receive(world.saying("Ana", "my quiet off")))

    async def live(holder: sqlite3.Connection) -> list[Sent]:
        stop = asyncio.Event()
        holder.execute("BEGIN IMMEDIATE")
        running = asyncio.create_task(engine.run(NoAlarm(), stop))
        await asyncio.sleep(0.1)
        assert not running.done()
        holder.execute("ROLLBACK")
        for _ in range(500):
            if world.chat.shown:
                break
            await asyncio.sleep(0.01)
        stop.set()
        await running
        return world.chat.shown

    with closing(sqlite3.connect(world.path, isolation_level=None)) as holder:
        assert len(world.run(live(holder))) == 1
    logged = capsys.readouterr().out
    assert "SQLITE_BUSY" in logged
    assert "quiet" not in logged


def test_nothing_is_fetched_between_a_command_and_its_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look is a transaction: those who fetch files look when a file has come, not with every command."""
    looks: list[None] = []

    async def look(fetching: Fetching) -> bool:
        looks.append(None)
        return False

    async def live() -> None:
        engine, stop = build(world.store, world.clock, {PLATFORM: world.chat}), asyncio.Event()
        running = asyncio.create_task(engine.run(NoAlarm(), stop))
        async with asyncio.timeout(30):
            while len(looks) < AT_ONCE:
                await asyncio.sleep(0.01)
            await engine.receive(world.saying("Ana", "my quiet off"))
            while not world.chat.shown:
                await asyncio.sleep(0.01)
        stop.set()
        await running
        assert len(looks) == AT_ONCE

    monkeypatch.setattr(Fetching, "drain", look)
    monkeypatch.setattr("bot.engine.SWEEP_SECONDS", 60.0)
    world.run(live())


def test_one_coalition_is_served_and_the_others_are_left(world: World, engine: Engine) -> None:
    """Another coalition's notices and another platform's commands wait for whoever serves them."""
    other = world.found("Open Records", {"Zoe": (Role.COORDINATOR, "UTC")}, {})

    def owe(work: Work) -> None:
        lane = member_lane(work, work.rows(Member)[0].id)
        tell(work, lane, NoticeKind.TASK, message(say("For you.")), key="k", now=world.now)

    for coalition_id in (1, other):
        world.write(owe, coalition_id)
    world.run(engine.receive(world.saying("Ana", "my quiet off", platform="slack")))
    engine.serve_only(1, PLATFORM)
    world.run(engine.settle())
    assert [sent.name for sent in world.chat.shown] == ["Ana"]
    engine.serve_only(other, PLATFORM)
    world.run(engine.settle())
    assert [sent.name for sent in world.chat.shown] == ["Ana", "Zoe"]
    assert world.read(lambda work: [row.state for row in work.exec(select(Inbox))]) == [InboxState.WAITING]


def test_the_console_shows_no_chat_that_is_really_served(tmp_path: Path) -> None:
    """What it shows counts as sent, so it keeps to chats that `run` has no account for."""
    settings = Settings(
        config=tmp_path,
        database_url=SecretStr(f"sqlite+aiosqlite:///{tmp_path}/a.db"),
        key_file=tmp_path,
        matrix_store=tmp_path / "matrix",
    )
    assert rehearsed(settings) == ("console", "slack", "matrix")
    (tmp_path / "matrix.account").touch()
    assert rehearsed(settings) == ("console", "slack")
    (tmp_path / "slack").mkdir()
    assert rehearsed(settings) == ("console",)
