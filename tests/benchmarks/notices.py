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
    most_resident,
    opened,
    owe,
    resident,
)
from tests.benchmarks.measuring import Row

NOTICES, ROOMS, COALITIONS = 10_000, 1_000, 20
READY_SECONDS = 5.0
"""How long new processes have to get ready before all of them begin at once."""


class NullChat:
    """Takes every message at once."""

    def __init__(self) -> None:
        """Nothing was taken yet."""
        self.taken = 0

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        """Take it."""
        self.taken += 1
        return key

    async def fetch(self, where: str, most: int, /) -> bytes | None:
        """There is nothing."""
        return None

    async def erase(self, to: Destination, since: dt.datetime, /) -> None:
        """There is nothing."""

    async def forget(self, account: str, /) -> None:
        """There is nothing."""

    async def leave(self, room: str, /) -> None:
        """There is nothing."""


@dataclass(frozen=True)
class Sent:
    """What one process did: when it ended, how many it sent, and how many MB its memory grew at most."""

    ended: float
    sent: int
    grown: float


async def fill(url: str, notices: int, rooms: int) -> None:
    """Owe so many alerts in so many rooms, all of them due in the last minute."""
    await make_tables(url)
    store, now = opened(url), SystemClock().now()
    for coalition in await make_coalitions(store, COALITIONS, rooms // COALITIONS, 0):
        due = [now - dt.timedelta(seconds=number % 60) for number in range(60)]
        await owe(store, coalition, notices // rooms, NoticeKind.ALERT, lambda number, due=due: due[number % 60])  # type: ignore[misc]
    await store.close()


def send(url: str, start: float) -> Sent:
    """Send all that is due, from a moment of the monotonic clock on."""
    return asyncio.run(_send(url, start))


async def _send(url: str, start: float) -> Sent:
    store, chat = opened(url), NullChat()
    outbox = Outbox(store, SystemClock(), {"console": chat}, writers(), lanes=LANES)
    await outbox.next_moment()
    before = resident()
    await asyncio.sleep(max(0.0, start - time.monotonic()))
    while await outbox.drain():
        pass
    ended = time.monotonic()
    await store.close()
    return Sent(ended, chat.taken, most_resident() - before)


async def _left(url: str) -> int:
    store = opened(url)
    unsent = select(func.count()).select_from(Notice).where(Notice.state != NoticeState.SENT)
    left = await store.read(None, lambda work: work.exec(unsent).one())
    await store.close()
    return left


def fire(url: str, jobs: int) -> float:
    """Give how many jobs a second APScheduler fires."""
    asyncio.run(jobstore.fill(url, jobs, SystemClock().now() - dt.timedelta(minutes=2)))
    return jobs / asyncio.run(jobstore.fire_all(url, jobs))


def rate(place: Ground, engine: str, workers: int, notices: int, rooms: int) -> tuple[float, float]:
    """Give how many notices a second so many processes send together, and how many MB the largest grew."""
    url = place.address(engine)
    asyncio.run(fill(url, notices, rooms))
    start = time.monotonic() + READY_SECONDS
    sent = aside(send, [(url, start)] * workers)
    assert asyncio.run(_left(url)) == 0
    return notices / (max(one.ended for one in sent) - start), max(one.grown for one in sent)


def measure(notices: int = NOTICES, rooms: int = ROOMS) -> list[Row]:
    """Measure on both engines, on PostgreSQL with one and with two processes."""
    rows: list[Row] = []
    with ground() as place:
        for engine in ENGINES:
            ours, grown = rate(place, engine, 1, notices, rooms)
            [theirs] = aside(fire, [(place.address(engine), notices)])
            plain = ours / theirs
            rows.append(Row(f"{engine}, one process, against the job store", f"{plain:.2f} times ({ours:.0f} a second)",
                            "10" if engine == "SQLite" else ""))  # fmt: skip
            rows.append(Row(f"{engine}, memory grown meanwhile", f"{grown:.0f} MB", "20 MB"))
        two, _ = rate(place, "PostgreSQL", 2, notices, rooms)
        rows.append(
            Row("PostgreSQL, two processes against one", f"{two / ours:.2f} times ({two:.0f} a second)", "more")
        )
    return rows
