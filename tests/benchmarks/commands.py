"""One command through dispatch, its commit included, in a database of one coalition and in one of a thousand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from statistics import median

from bot.app import build
from bot.clock import SystemClock
from bot.engine import Engine
from bot.invocation import Invocation
from storage.cipher import Keyring
from storage.tables import Label, Purpose, Role, Task, TaskState
from storage.work import Store, Work
from tests.benchmarks.ground import ground, make_tables, opened
from tests.benchmarks.measuring import Row
from tests.benchmarks.notices import NullChat
from tests.conftest import found_coalition
from tests.fakes.treaty import lay_text

COALITIONS, TASKS, COMMANDS = 1_000, 100, 60


async def fill(url: str, coalitions: int, tasks: int) -> None:
    """Found the coalition that is spoken to, and others with so many tasks each."""
    await make_tables(url)
    store = opened(url)
    for number in range(coalitions):
        here = await store.write(None, _founding(number, store.keyring))
        await store.write(here, _laying(tasks if number else 0))
    await store.close()


def _founding(number: int, keyring: Keyring) -> Callable[[Work], int]:
    people = {f"Ana{number}": (Role.COORDINATOR, "UTC"), f"Luis{number}": (Role.MEMBER, "UTC")}
    rooms = {f"room-{number}": (Label.COALITION, [Purpose.TASKS])}
    return lambda work: found_coalition(work, f"Coalition {number}", people, rooms, keyring)


def _laying(tasks: int) -> Callable[[Work], None]:
    def act(work: Work) -> None:
        lay_text(work)
        for number in range(1, tasks + 1):
            work.add(Task(coalition_id=work.tenant, number=number, words=f"Call {number}", state=TaskState.OPEN))

    return act


async def _assign(store: Store, engine: Engine, number: int) -> float:
    """Give how many seconds it takes from a command to its commit, its answer being owed then."""
    said = Invocation(
        event_id=f"bench/{number}", platform="console", sender="ana0", sender_name="Ana0",
        words=f"assign {number % 5 + 1} @Luis0", said_at=SystemClock().now(), addressed=True,
    )  # fmt: skip
    begun = time.perf_counter()
    await engine._dispatch.receive(said)
    await engine._dispatch.drain()
    took = time.perf_counter() - begun
    await store.write(1, _clear)
    return took


def _clear(work: Work) -> None:
    for row in work.rows(Task):
        work.delete(row)


async def _both(small: str, large: str, commands: int) -> tuple[float, float]:
    stores = [opened(small), opened(large)]
    engines = [build(store, SystemClock(), {"console": NullChat()}) for store in stores]
    took: list[list[float]] = [[], []]
    for number in range(commands):
        for side in (0, 1):
            took[side].append(await _assign(stores[side], engines[side], number))
    for store in stores:
        await store.close()
    return median(took[0]), median(took[1])


def measure(coalitions: int = COALITIONS, tasks: int = TASKS, commands: int = COMMANDS) -> list[Row]:
    """Measure both in turn, command by command."""
    with ground() as place:
        small, large = place.address("SQLite"), place.address("SQLite")
        asyncio.run(fill(small, 1, 0))
        asyncio.run(fill(large, coalitions, tasks))
        one, many = asyncio.run(_both(small, large, commands))
    what = f"`assign` with {coalitions:,} coalitions of {tasks} tasks in the database, against one of none"
    return [Row(what, f"{many / one:.2f} times ({many * 1000:.0f} ms)", "1.2")]
