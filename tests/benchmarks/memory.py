"""Resident memory over a session's day: commands, alerts, answers and chores by a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc

from bot.app import build
from bot.clock import SimulatedClock
from bot.engine import Engine
from storage.tables import NoticeKind
from storage.work import Store
from tests.benchmarks.ground import (
    ENGINES,
    alias,
    aside,
    give_tasks,
    ground,
    make_coalitions,
    make_tables,
    opened,
    owe,
    resident,
    saying,
)
from tests.benchmarks.measuring import Row
from tests.benchmarks.notices import NullChat
from tests.conftest import NOW

SETTLED = 6
"""After how many hours all that is kept in memory for good has been made."""
COMMANDS = ("assign look into matter {number} @{whom}", "tasks", "task add write line {number}", "coverage", "help")


def measure(hours: int = 24, coalitions: int = 5, people: int = 20) -> list[Row]:
    """Measure on SQLite, in a process of its own: what it has at the end against what it had after SETTLED hours."""
    with ground() as place:
        [sizes] = aside(live, [(place.address(ENGINES[0]), hours, coalitions, people)])
    since = min(SETTLED, hours // 2)
    settled, last = sizes[since], sizes[-1]
    return [
        Row(
            f"{hours} simulated hours of {coalitions} coalitions with {people} people, from hour {since} on",
            f"grew by {last - settled:.1f} MB ({settled:.0f} MB to {last:.0f} MB; at the start {sizes[0]:.0f} MB)",
            "flat",
        )
    ]


def live(url: str, hours: int, coalitions: int, people: int) -> list[float]:
    """Give how many MB were in memory at the beginning and after each hour."""
    return asyncio.run(_live(url, hours, coalitions, people))


async def _live(url: str, hours: int, coalitions: int, people: int) -> list[float]:
    await make_tables(url)
    store, clock = opened(url), SimulatedClock(NOW)
    ids = await make_coalitions(store, coalitions, 2, people)
    for one in ids:
        await give_tasks(store, one, 100, NOW)
    engine = build(store, clock, {"console": NullChat()})
    sizes = [resident()]
    for hour in range(hours):
        await _hour(engine, store, clock, ids, hour)
        gc.collect()
        sizes.append(resident())
    await store.close()
    return sizes


async def _hour(engine: Engine, store: Store, clock: SimulatedClock, ids: list[int], hour: int) -> None:
    """Owe every room and person something, and let each coordinator say each of the commands in turn."""
    begin = clock.now()
    for number, one in enumerate(ids):
        await owe(store, one, 1, NoticeKind.ALERT, lambda step: begin + dt.timedelta(minutes=step % 60), f"hour{hour}")
        for step, words in enumerate(COMMANDS):
            event = hour * len(COMMANDS) + step
            said = words.format(number=event, whom=alias(number, 1))
            await engine.receive(saying(number, event, said, begin))
    await engine.advance(clock, begin + dt.timedelta(hours=1))
