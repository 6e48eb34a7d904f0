"""How long a start takes with many planned notices and with none, and what APScheduler's job store takes."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import insert
from sqlmodel import col, select

from bot.app import build
from bot.clock import SystemClock
from bot.scheduler import ScheduledAlarm
from bot.terminal.serving import LANES
from storage import migrate
from storage.tables import Lane, Notice, NoticeKind, NoticeState, Reminder
from storage.work import Work
from tests.benchmarks import jobstore
from tests.benchmarks.ground import ENGINES, aside, ground, make_coalitions, opened
from tests.benchmarks.measuring import Row, each_in_turn
from tests.benchmarks.notices import NullChat

PEOPLE = 10
AHEAD = dt.timedelta(days=3)


class StartAlarm:
    """Knows when it was set first: then the inbox is done, what was due is sent, and the next moment is known."""

    def __init__(self) -> None:
        self.set_at: float | None = None
        self.moment: dt.datetime | None = None
        self._alarm = ScheduledAlarm()
        self.was_set = asyncio.Event()

    def at(self, moment: dt.datetime | None, wake: Callable[[], None]) -> None:
        self._alarm.at(moment, wake)
        if self.set_at is None:
            self.set_at, self.moment = time.monotonic(), moment
            self.was_set.set()

    def close(self) -> None:
        self._alarm.close()


def measure(
    planned: int = 100_000, coalitions: int = 100, rounds: int = 5, engines: Sequence[str] = ENGINES
) -> list[Row]:
    """Measure on each engine, each start in a new process on the same database; of the rounds, the least."""
    rows: list[Row] = []
    with ground() as place:
        for engine in engines:
            full, none, store = place.address(engine), place.address(engine), place.address(engine)
            asyncio.run(fill(full, planned, coalitions))
            asyncio.run(fill(none, 0, coalitions))
            jobstore.fill(store, planned, AHEAD)
            works = {
                "full": partial(_one, start, full),
                "none": partial(_one, start, none),
                "store": partial(_one, jobstore.start, store),
            }
            took = {name: min(found) for name, found in each_in_turn(works, rounds).items()}
            rows += [
                Row(
                    f"{engine}: start with {planned:,} planned notices, against start with none",
                    f"{took['full'] / took['none']:.2f} times ({took['full'] * 1000:.0f} ms)",
                    "1.2",
                ),
                Row(
                    f"{engine}: the same, against the job store's start with {planned:,} jobs",
                    f"{took['full'] / took['store']:.1f} times ({took['store'] * 1000:.0f} ms)",
                ),
            ]
    return rows


def _one(act: Callable[[str], float], url: str) -> float:
    return aside(act, [(url,)])[0]


def start(url: str) -> float:
    """Start to serve, imports aside, and give how many seconds it took until all was looked at and the alarm set."""
    return asyncio.run(_start(url))


async def _start(url: str) -> float:
    begin = time.monotonic()
    assert await migrate.state(url) is migrate.State.CURRENT
    store, stop = opened(url), asyncio.Event()
    engine = build(store, SystemClock(), {"console": NullChat()}, ("console",), lanes=LANES)
    alarm = StartAlarm()
    running = asyncio.create_task(engine.run(alarm, stop))
    await asyncio.wait({running, asyncio.ensure_future(alarm.was_set.wait())}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await running
    alarm.close()
    await store.close()
    assert alarm.set_at is not None
    return alarm.set_at - begin


async def fill(url: str, planned: int, coalitions: int) -> None:
    """Make coalitions whose people asked to be reminded so many times in all, each reminder planned as it should be."""
    await migrate.upgrade(url)
    store, now = opened(url), SystemClock().now()
    for coalition in await make_coalitions(store, coalitions, 1, PEOPLE):
        await store.write(coalition, lambda work: _remind(work, now, planned // coalitions))
    await store.close()


def _remind(work: Work, now: dt.datetime, each: int) -> None:
    lanes = [lane for lane in work.rows(Lane) if lane.member_id is not None]
    if not each:
        return
    here: dict[str, object] = {"coalition_id": work.tenant}
    reminders = [
        here | {"member_id": lanes[n % len(lanes)].member_id, "words": f"look at paragraph {n}", "due": _due(now, n)}
        for n in range(each)
    ]
    work.connection().execute(insert(Reminder), reminders)
    lane_of = {lane.member_id: lane.id for lane in lanes}
    notices = [
        here
        | {
            "key": f"reminder.due/{row_id}/{due.isoformat()}", "lane_id": lane_of[member_id], "subject_id": row_id,
            "kind": NoticeKind.REMINDER, "occasion": "reminder.due", "due": due, "send_at": due, "created_at": now,
            "state": NoticeState.PLANNED,
        }
        for row_id, member_id, due in work.exec(
            select(Reminder.id, Reminder.member_id, Reminder.due).where(col(Reminder.coalition_id) == work.tenant)
        )
    ]  # fmt: skip
    work.connection().execute(insert(Notice), notices)


def _due(now: dt.datetime, number: int) -> dt.datetime:
    return now + AHEAD + dt.timedelta(minutes=number)
