"""The engine, when the database cannot be used for a while: nothing ends, nothing is lost, nothing is said twice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from bot.app import build
from bot.engine import Engine
from storage.trouble import DatabaseTrouble
from tests.conftest import PLATFORM, World
from tests.fakes.chat import Sent


class NoAlarm:
    """Wakes nobody: the engine sweeps."""

    def at(self, moment: object, wake: Callable[[], None]) -> None:
        pass


@pytest.fixture
def engine(world: World, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Give an engine that waits for nothing."""
    monkeypatch.setattr("storage.work.BUSY_SECONDS", 0)
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
