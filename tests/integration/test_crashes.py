"""Killed with SIGKILL at every named point, and at random moments: nothing lost, nothing twice, in order."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.fakes.crashing import POINTS
from tests.fakes.postgres import Postgres
from tests.integration.crashes import Kills, at_random

SEED = int.from_bytes(b"dragoman", "big") % 100_000


def on(database: str, folder: Path, request: pytest.FixtureRequest) -> Kills:
    """Give one process on SQLite, or two on PostgreSQL."""
    if database == "sqlite":
        return Kills(folder, f"sqlite+aiosqlite:///{folder / 'dragoman.db'}", 1)
    server: Postgres = request.getfixturevalue("postgres")
    return Kills(folder, server.url(server.database()), 2)


def survive(kills: Kills, ordeal: Callable[[Kills], Awaitable[None]]) -> None:
    """Put a deployment through an ordeal, and show its errors when something is wrong."""

    async def go() -> None:
        await kills.prepare()
        try:
            await ordeal(kills)
        except BaseException:
            errors = kills.folder / "errors.txt"
            print(errors.read_text("utf-8", "replace")[-3000:] if errors.exists() else "no errors")
            raise
        finally:
            await kills.close()

    asyncio.run(go())


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_killed_at_every_point(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """In receive, handle, plan, send and settle, before and after each commit."""

    async def ordeal(kills: Kills) -> None:
        for number, point in enumerate(POINTS):
            kills.say(2)
            await kills.owe(3, 0.1)
            kills.start(point, 1 + number % 2)
            assert await kills.ended(30), point
            kills.killed += 1
            for pid in kills.pids:
                kills.kill(pid)
        await kills.calm_down()
        await kills.check()
        print(kills.figures(f"{database}, every point"))

    survive(on(database, tmp_path, request), ordeal)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_killed_at_random_moments(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Ten times; `make soak` does it 300 times."""

    async def ordeal(kills: Kills) -> None:
        await at_random(kills, 10, SEED)
        print(kills.figures(f"{database}, random moments"))

    survive(on(database, tmp_path, request), ordeal)


def test_no_process_dies_of_a_server_that_restarts(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Stopped, and killed: both processes are the same ones afterwards, and nothing is lost."""
    server: Postgres = request.getfixturevalue("postgres")

    async def ordeal(kills: Kills) -> None:
        kills.say(2)
        await kills.owe(30, 2)
        kills.start()
        before = list(kills.pids)
        for at_once in (False, True):
            await asyncio.sleep(0.7)
            await asyncio.to_thread(server.stop, at_once=at_once)
            kills.say(1)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(server.start)
        await asyncio.sleep(0.5)
        for pid in before:
            os.kill(pid, 0)
        kills.say(1)
        await kills.calm_down()
        assert kills.pids == before
        await kills.check()
        print(kills.figures("postgres, server restarted twice"))

    survive(on("postgres", tmp_path, request), ordeal)


def test_a_process_that_was_frozen_goes_on_in_order(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Stopped for longer than its leases while the other works, it wakes up and says nothing twice."""

    async def ordeal(kills: Kills) -> None:
        kills.say(2)
        await kills.owe(30, 3)
        kills.start()
        await asyncio.sleep(0.7)
        os.kill(kills.pids[0], signal.SIGSTOP)
        await asyncio.sleep(3)
        os.kill(kills.pids[0], signal.SIGCONT)
        await kills.calm_down()
        await kills.check()

    survive(on("postgres", tmp_path, request), ordeal)
