"""Health: codes for what is wrong in this process, told over loopback, and pulses that other processes see."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiohttp
import pytest

from bot import health as module
from bot import pulse
from bot.app import build
from bot.health import Health
from bot.terminal.healthz import serve_health
from bot.terminal.opening import CommandProblem
from storage.tables import Pulse
from storage.trouble import DatabaseTrouble
from storage.work import Store
from tests.conftest import World, both
from tests.unit.test_jumps import NoAlarm


@pytest.fixture
def beat(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the monotonic clock that health reads, moved by hand."""
    now = [0.0]
    monkeypatch.setattr("bot.health.time.monotonic", lambda: now[0])
    return now


def test_a_loop_that_does_not_turn_is_stale(world: World, beat: list[float]) -> None:
    """After its own patience; none is, once they have ended."""
    health = Health(world.clock)
    health.turned("outbox")
    health.turned("ingest", module.SLOW_SECONDS)
    beat[0] = 61
    assert health.report().codes == ["loop-outbox"]
    beat[0] = 901
    assert health.report().codes == ["loop-ingest", "loop-outbox"]
    health.turned("outbox")
    assert health.report().codes == ["loop-ingest"]
    health.ended()
    assert health.report().codes == []


def test_a_chat_is_away_after_some_minutes(world: World) -> None:
    """From when it was lost; not where another process has it, and not once it is back."""
    health, state = Health(world.clock), {"slack": True, "matrix": None}
    health.follow("slack", lambda: state["slack"])
    health.follow("matrix", lambda: state["matrix"])
    assert health.report().codes == []
    state["slack"] = False
    lost = world.now
    assert health.report().codes == []
    world.pass_time(minutes=5)
    assert health.report().away == {"slack": lost}
    assert health.report().codes == ["slack"]
    state["slack"] = True
    assert health.report().codes == []


def test_the_database_is_away_until_every_loop_could_use_it(world: World) -> None:
    """Since the first of them could not."""
    health, first = Health(world.clock), world.now
    health.trouble("outbox")
    world.pass_time(minutes=1)
    health.trouble("dispatch")
    health.well("outbox")
    assert health.report().codes == ["database"]
    health.trouble("outbox")
    health.well("dispatch")
    assert health.report().database != first
    health.well("outbox")
    assert health.report().codes == []


def free_port() -> int:
    """Give a port of loopback that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


async def asked(port: int, path: str = "/healthz") -> tuple[int, Any]:
    """Ask as a supervisor does."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session,
        session.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.json() if answer.status != 404 else None


def test_a_supervisor_is_answered_with_codes_and_counts(world: World) -> None:
    """200 or 503, on one path alone; a port that is taken is told."""
    health, port = Health(world.clock), free_port()

    async def go() -> list[Any]:
        stop = asyncio.Event()
        serving = asyncio.create_task(serve_health(health, "127.0.0.1", port, stop))
        await asyncio.sleep(0.1)
        health.turned("outbox")
        answers: list[Any] = [await asked(port)]
        health.trouble("outbox")
        answers += [await asked(port), await asked(port, "/")]
        with pytest.raises(CommandProblem, match="another program may have it"):
            await serve_health(health, "127.0.0.1", port, stop)
        stop.set()
        await serving
        return answers

    assert world.run(go()) == [
        (200, {"status": "well", "codes": [], "loops": 1}),
        (503, {"status": "wrong", "codes": ["database"], "loops": 1}),
        (404, None),
    ]


LOOPS = 10
"""Dispatch, fetching, watching, reading, chores, sweep, erasing and outbox, and the one that keeps the duty."""


@both
def test_a_process_at_work_says_so(world: World, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its loops turn, its pulse is in the database until it ends, and trouble with the database shows and passes."""
    monkeypatch.setattr("bot.engine.FIRST_PAUSE", 0.05)
    monkeypatch.setattr("bot.engine.RENEW_SECONDS", 0.05)
    engine, other = build(world.store, world.clock, {"console": world.chat}), Store(address, world.store.keyring)

    async def eventually(wanted: list[str]) -> None:
        for _ in range(500):
            if engine.health.report().codes == wanted:
                await asyncio.sleep(0.2)
                return
            engine.wake()
            await asyncio.sleep(0.05)
        raise AssertionError(engine.health.report())

    async def living() -> list[str]:
        return [row.name for row in await other.read(None, lambda work: pulse.alive(work, world.now))]

    async def go() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(engine.run(NoAlarm(), stop))
        for _ in range(200):
            if engine.health.loops == LOOPS and await living():
                break
            await asyncio.sleep(0.05)
        assert engine.health.loops == LOOPS
        assert engine.health.report().codes == []
        assert await living() == [f"process/{world.store.name}"]
        read, write = world.store.read, world.store.write

        async def away(*_: object) -> Any:
            raise DatabaseTrouble("away")

        world.store.read = world.store.write = away  # type: ignore[assignment]
        await eventually(["database"])
        world.store.read, world.store.write = read, write  # type: ignore[method-assign]
        await eventually([])
        stop.set()
        await running
        assert await living() == []
        await other.close()

    world.run(go())


def test_a_pulse_that_is_old_is_nobodys(world: World) -> None:
    """A process that was killed counts no more after a minute, and is forgotten after a day."""
    world.write(lambda work: pulse.beat(work, "dead", world.now, {}))
    assert world.read(lambda work: len(pulse.alive(work, world.now))) == 1
    world.pass_time(minutes=1)
    assert world.read(lambda work: pulse.alive(work, world.now)) == []
    world.write(lambda work: pulse.backed_up(work, world.now))
    world.pass_time(days=2)
    world.write(lambda work: pulse.forget_old(work, world.now))
    assert world.read(lambda work: work.get(Pulse, "process/dead")) is None
    assert world.read(pulse.last_backup) is not None
