"""Killed with SIGKILL at every named point, and at random moments: nothing lost, nothing twice, in order."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from storage.tables import Duty, Inbox, Lane
from storage.work import Work
from tests.fakes.postgres import Postgres
from tests.integration.crashes import Kills, at_every_point, at_random, lives, until

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
        await at_every_point(kills, (1,))
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


def test_another_takes_over_within_fifteen_seconds(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Killed while it has three lanes, a file and the duty: the other sends, fetches, reads, with its real terms."""
    server: Postgres = request.getfixturevalue("postgres")

    async def ordeal(kills: Kills) -> None:
        kills.platform.files["treaty.txt"] = b"Article 1\n\nStates shall do this.\n\nArticle 2\n\nAnd that.\n"
        kills.start()
        first = kills.pids[0]
        assert await until(lambda: first in kills.platform.heard_by, 30)
        kills.platform.ignored.add(first)
        await kills.owe(1, 0.1)
        kills.platform.said.append({"event": "draft", "who": "Ana", "words": "draft add L.1", "file": "treaty.txt"})
        while await kills.store.read(None, _held) != (3, 1, 1):
            await asyncio.sleep(0.05)
        kills.processes = 2
        kills.start()
        assert await until(lambda: kills.platform.heard_by >= set(kills.pids), 30)
        await asyncio.sleep(1)
        kills.kill(first)
        died = time.monotonic()
        shown = kills.platform.shown
        assert await until(lambda: len(shown) == 4, 30)
        took = time.monotonic() - died
        assert sorted(row["asked"] or row["to"] for row in shown) == ["draft", "one", "three", "two"]
        print(f"postgres, taken over: three lanes, a file and the duty within {took:.1f} seconds")
        assert took < 15

    survive(Kills(tmp_path, server.url(server.database()), 1, hurry=False), ordeal)


def test_a_frozen_holder_of_matrix_raises_the_alarm(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Stopped, it keeps the store, and the other says so; thawed, it goes on; killed, the other has it."""

    async def ordeal(kills: Kills) -> None:
        (tmp_path / "matrix.account").touch(0o600)
        lock, errors = tmp_path / "matrix" / "lock", tmp_path / "errors.txt"

        def holder() -> int:
            return int(json.loads(lock.read_text())["pid"]) if lock.exists() and lock.read_text() else 0

        def alarms() -> int:
            return errors.read_text().count("matrix holder frozen")

        kills.start()
        assert await until(lambda: kills.platform.heard_by >= set(kills.pids) and holder() in kills.pids, 30)
        frozen = holder()
        assert alarms() == 0
        os.kill(frozen, signal.SIGSTOP)
        kills.say(1)
        assert await until(lambda: alarms() > 0, 30)
        assert holder() == frozen
        os.kill(frozen, signal.SIGCONT)
        kills.say(1)
        await asyncio.sleep(2)
        before = alarms()
        await asyncio.sleep(1)
        assert (alarms(), lives(frozen)) == (before, True)
        had = holder()
        kills.kill(had)
        heir = next(pid for pid in kills.pids if pid != had)
        assert await until(lambda: holder() == heir, 30)
        await kills.calm_down()
        await kills.check()

    survive(on("postgres", tmp_path, request), ordeal)


def _held(work: Work) -> tuple[int, int, int]:
    """Count the lanes, files and duties that somebody has."""
    lanes = work.exec(select(func.count()).select_from(Lane).where(col(Lane.leased_until).is_not(None))).one()
    files = work.exec(select(func.count()).select_from(Inbox).where(col(Inbox.taken_until).is_not(None))).one()
    duties = work.exec(select(func.count()).select_from(Duty).where(col(Duty.until).is_not(None))).one()
    return lanes, files, duties
