"""Notices that are due in the same minute, sent through a chat that does nothing, against APScheduler's job store."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from dataclasses import dataclass

from sqlmodel import func, select

from bot.app import writers
from bot.clock import SystemClock
from bot.message import Message
from bot.outbox import Outbox
from bot.ports import Destination
from bot.terminal.serving import LANES
from storage.tables import Notice, NoticeKind, NoticeState
from tests.benchmarks import jobstore
from tests.benchmarks.ground import (
    ENGINES,
    Ground,
    aside,
    ground,
    make_coalitions,
    make_tables,
    meet,
    most_resident,
    opened,
    owe,
    resident,
)
from tests.benchmarks.measuring import Row

COALITIONS = 20


class NullChat:
    """Takes every message at once."""

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        return key

    async def fetch(self, where: str, most: int, /) -> bytes | None:
        return None

    async def erase(self, to: Destination, since: dt.datetime, /) -> None:
        return None

    async def forget(self, account: str, /) -> None:
        return None

    async def leave(self, room: str, /) -> None:
        """There is nothing."""


@dataclass(frozen=True)
class Emptied:
    """What one process did: from when to when, with how much of a processor, and by how many MB it grew."""

    began: float
    ended: float
    cpu: float
    grown: float


@dataclass(frozen=True)
class Rate:
    """How many left a second, and how many milliseconds of a processor each took."""

    each_second: float
    cost: float
    grown: float = 0.0
    """By how many MB the memory of one process grew at most."""


@dataclass(frozen=True)
class Runs:
    """Runs of one size, each on a database of its own."""

    ground: Ground
    notices: int
    rooms: int

    def ours(self, engine: str, processes: int = 1) -> Rate:
        """Send alerts to rooms, each as a message of its own."""
        url = self.ground.address(engine)
        asyncio.run(_fill(url, self.notices, self.rooms))
        done = aside(empty, [(url,)] * processes)
        assert asyncio.run(_left(url)) == 0
        seconds = max(one.ended for one in done) - min(one.began for one in done)
        cost = sum(one.cpu for one in done) / self.notices * 1000
        return Rate(self.notices / seconds, cost, max(one.grown for one in done))

    def theirs(self, engine: str, settings: tuple[str, ...] = ()) -> Rate:
        """Fire as many jobs."""
        url = self.ground.address(engine)
        jobstore.fill(url, self.notices, -dt.timedelta(seconds=1))
        [fired] = aside(jobstore.fire, [(url, self.notices, settings)])
        return Rate(self.notices / fired.seconds, fired.cpu / self.notices * 1000)


def measure(notices: int = 10_000, rooms: int = 1_000) -> list[Row]:
    """Measure on both engines, on PostgreSQL with one and with two workers."""
    sqlite, postgres = ENGINES
    with ground() as place:
        runs = Runs(place, notices, rooms)
        ours, store, as_ours = runs.ours(sqlite), runs.theirs(sqlite), runs.theirs(sqlite, jobstore.AS_OURS)
        there, two, store_there = runs.ours(postgres), runs.ours(postgres, 2), runs.theirs(postgres)
    grown = max(one.grown for one in (ours, there, two))
    return [
        _row(f"SQLite: {notices:,} to {rooms:,} rooms, against the job store as it comes", ours, store, "10"),
        _row("SQLite: against the job store with our settings of SQLite", ours, as_ours),
        _row("PostgreSQL: one worker, against the job store", there, store_there),
        _row("PostgreSQL: two workers, against the job store", two, store_there),
        _row("PostgreSQL: two workers, against one", two, there, "more"),
        Row("a worker's memory grows by at most", f"{grown:.0f} MB", "20 MB"),
    ]


def _row(what: str, ours: Rate, theirs: Rate, goal: str = "") -> Row:
    rates = f"{ours.each_second:.0f}/s to {theirs.each_second:.0f}/s"
    costs = f"{ours.cost:.2f} to {theirs.cost:.2f} ms of a processor each"
    return Row(what, f"{ours.each_second / theirs.each_second:.2f} times ({rates}; {costs})", goal)


async def _fill(url: str, notices: int, rooms: int) -> None:
    await make_tables(url)
    store, now, coalitions = opened(url), SystemClock().now(), min(COALITIONS, rooms)
    for coalition in await make_coalitions(store, coalitions, rooms // coalitions, 0):
        past = [now - dt.timedelta(seconds=number) for number in range(60)]
        await owe(store, coalition, notices // rooms, NoticeKind.ALERT, lambda number, past=past: past[number % 60])  # type: ignore[misc]
    await store.close()


async def _left(url: str) -> int:
    store = opened(url)
    unsent = select(func.count()).select_from(Notice).where(Notice.state != NoticeState.SENT)
    left = await store.read(None, lambda work: work.exec(unsent).one())
    await store.close()
    return left


def empty(url: str) -> Emptied:
    """Send all that is due, once all processes are ready."""
    return asyncio.run(_empty(url))


async def _empty(url: str) -> Emptied:
    store, chat = opened(url), NullChat()
    outbox = Outbox(store, SystemClock(), {"console": chat}, writers(), lanes=LANES)
    await outbox.next_moment()
    before = resident()
    meet()
    began, cpu = time.monotonic(), time.process_time()
    while await outbox.drain():
        pass
    ended, used = time.monotonic(), time.process_time() - cpu
    await store.close()
    return Emptied(began, ended, used, most_resident() - before)
