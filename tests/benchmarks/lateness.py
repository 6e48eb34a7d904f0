"""How late notices are that come due one after the other, on the real clock and with the real alarm."""

from __future__ import annotations

import asyncio
import datetime as dt

from bot.app import build
from bot.clock import SystemClock
from bot.message import Message
from bot.ports import Destination
from bot.scheduler import ScheduledAlarm
from bot.terminal.serving import LANES
from storage.tables import NoticeKind
from tests.benchmarks.ground import ground, make_coalitions, make_tables, opened, owe
from tests.benchmarks.measuring import Row
from tests.benchmarks.notices import NullChat

NOTICES, SECONDS, COALITIONS, ROOMS = 1_000, 60, 5, 20


class Watch(NullChat):
    """Notes when each message was taken."""

    def __init__(self) -> None:
        """Nothing was taken yet."""
        super().__init__()
        self.at: list[dt.datetime] = []

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        """Take it, and look at the clock."""
        self.at.append(SystemClock().now())
        return await super().send(to, message, key)


async def _run(url: str, notices: int, seconds: float) -> list[float]:
    await make_tables(url)
    store, chat = opened(url), Watch()
    coalitions = await make_coalitions(store, COALITIONS, ROOMS, 0)
    each, begin = notices // (COALITIONS * ROOMS), SystemClock().now() + dt.timedelta(seconds=3)
    due = [begin + dt.timedelta(seconds=seconds * number / notices) for number in range(notices)]
    for place, coalition in enumerate(coalitions):
        # Those of a room lie far apart, so that none waits for the one before it.
        first = place * ROOMS
        await owe(store, coalition, each, NoticeKind.ALERT,
                  lambda number, first=first: due[first + number // each + number % each * COALITIONS * ROOMS])  # type: ignore[misc]  # fmt: skip
    engine, stop, alarm = build(store, SystemClock(), {"console": chat}, lanes=LANES), asyncio.Event(), ScheduledAlarm()
    running = asyncio.create_task(engine.run(alarm, stop))
    while len(chat.at) < notices and SystemClock().now() < due[-1] + dt.timedelta(seconds=30):
        await asyncio.sleep(0.1)
    stop.set()
    await running
    alarm.close()
    await store.close()
    return sorted((at - moment).total_seconds() for at, moment in zip(sorted(chat.at), due, strict=True))


def measure(notices: int = NOTICES, seconds: float = SECONDS) -> list[Row]:
    """Measure from the moment at which each is due to that at which the chat has it."""
    with ground() as place:
        late = asyncio.run(_run(place.address("SQLite"), notices, seconds))
    middle, worst = late[len(late) // 2], late[len(late) * 99 // 100]
    return [
        Row(f"lateness of {notices:,} notices over {seconds:.0f} s, in the middle", f"{middle:.3f} s"),
        Row("the same, 99 of 100 are sooner", f"{worst:.3f} s", "0.5 s"),
    ]
