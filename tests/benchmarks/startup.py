"""Starting with many planned notices against starting with none, and against APScheduler's job store."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from statistics import median

from bot.app import build
from bot.clock import SystemClock
from storage.tables import NoticeKind
from tests.benchmarks import jobstore
from tests.benchmarks.ground import aside, ground, make_coalitions, make_tables, opened, owe
from tests.benchmarks.measuring import Row
from tests.benchmarks.notices import NullChat

NOTICES, COALITIONS, ROOMS, ROUNDS = 100_000, 20, 50, 7


async def fill(url: str, notices: int) -> None:
    """Owe so many notices that are due in a week."""
    await make_tables(url)
    store, due = opened(url), SystemClock().now() + dt.timedelta(days=7)
    for coalition in await make_coalitions(store, COALITIONS, ROOMS, 0):
        if notices:
            each = notices // (COALITIONS * ROOMS)
            await owe(store, coalition, each, NoticeKind.ALERT, lambda number: due + dt.timedelta(seconds=number))
    await store.close()


def start(url: str) -> float:
    """Give how many seconds it takes until all that is due is done, and it is known when to wake up next."""
    return asyncio.run(_start(url))


async def _start(url: str) -> float:
    begun = time.perf_counter()
    store = opened(url)
    engine = build(store, SystemClock(), {"console": NullChat()}, sole=("console",))
    await engine.settle()
    await engine._next_moment()
    took = time.perf_counter() - begun
    await store.close()
    return took


def start_jobs(url: str) -> float:
    """Give the same for the job store."""
    return asyncio.run(jobstore.start(url))


def measure(notices: int = NOTICES, rounds: int = ROUNDS) -> list[Row]:
    """Measure each in turn, every time in a process of its own."""
    with ground() as place:
        full, empty, jobs = place.address("SQLite"), place.address("SQLite"), place.address("SQLite")
        asyncio.run(fill(full, notices))
        asyncio.run(fill(empty, 0))
        asyncio.run(jobstore.fill(jobs, notices, SystemClock().now() + dt.timedelta(days=7)))
        took: dict[str, list[float]] = {"full": [], "empty": [], "jobs": []}
        for _ in range(rounds):
            took["full"] += aside(start, [(full,)])
            took["empty"] += aside(start, [(empty,)])
            took["jobs"] += aside(start_jobs, [(jobs,)])
    ours, none, theirs = (median(took[name]) for name in ("full", "empty", "jobs"))
    return [
        Row(f"start with {notices:,} planned notices, against none", f"{ours / none:.2f} times ({ours:.2f} s)", "1.2"),
        Row(f"the job store's start with {notices:,} jobs, against it", f"{theirs / ours:.2f} times ({theirs:.2f} s)"),
    ]
