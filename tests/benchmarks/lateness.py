"""How late notices leave that are spread over a minute, by the real clock and the real alarm."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence

from sqlmodel import select

from bot.app import build
from bot.clock import SystemClock
from bot.scheduler import ScheduledAlarm
from bot.terminal.serving import LANES
from storage.tables import Notice, NoticeKind, NoticeState
from storage.work import Store, Work
from tests.benchmarks.ground import ENGINES, aside, ground, make_coalitions, make_tables, opened, owe
from tests.benchmarks.measuring import Row
from tests.benchmarks.notices import NullChat

COALITIONS = 10
PATIENCE = 120.0
"""How many seconds after the last was due it is waited for."""


def measure(
    notices: int = 1_000, seconds: float = 60.0, before: float = 5.0, engines: Sequence[str] = ENGINES
) -> list[Row]:
    """Measure on each engine, in a process of its own that has them written so many seconds before the first."""
    rows: list[Row] = []
    with ground() as place:
        for engine in engines:
            [found] = aside(run, [(place.address(engine), notices, seconds, before)])
            late = sorted(found)
            typical, nearly_all, most = late[len(late) // 2], late[-(len(late) // 100) - 1], late[-1]
            rows.append(
                Row(
                    f"{engine}: {len(late):,} notices to as many rooms over {seconds:.0f} s, 99th percentile",
                    f"{nearly_all:.3f} s (median {typical:.3f} s, most {most:.3f} s)",
                    "0.5 s",
                )
            )
    return rows


def run(url: str, notices: int, seconds: float, before: float) -> list[float]:
    """Serve until all have left; gives by how many seconds each was marked as sent after it was due."""
    return asyncio.run(_run(url, notices, dt.timedelta(seconds=seconds / notices), dt.timedelta(seconds=before)))


async def _run(url: str, notices: int, step: dt.timedelta, before: dt.timedelta) -> list[float]:
    await make_tables(url)
    store, clock = opened(url), SystemClock()
    coalitions = await make_coalitions(store, COALITIONS, notices // COALITIONS, 0)
    first = clock.now() + before
    for place, coalition in enumerate(coalitions):
        # Neighbours in time are in different coalitions.
        await owe(store, coalition, 1, NoticeKind.ALERT, lambda n, place=place: first + (n * COALITIONS + place) * step)  # type: ignore[misc]
    alarm, stop = ScheduledAlarm(), asyncio.Event()
    running = asyncio.create_task(build(store, clock, {"console": NullChat()}, lanes=LANES).run(alarm, stop))
    try:
        await asyncio.sleep((first + notices * step - clock.now()).total_seconds())
        async with asyncio.timeout(PATIENCE):
            while await store.read(None, _is_left):
                await asyncio.sleep(0.5)
    finally:
        stop.set()
        await running
        alarm.close()
    return await _lateness(store)


async def _lateness(store: Store) -> list[float]:
    found = await store.read(None, lambda work: list(work.exec(select(Notice.due, Notice.sent_at))))
    await store.close()
    return [(sent - due).total_seconds() for due, sent in found if sent is not None]


def _is_left(work: Work) -> bool:
    return work.exec(select(Notice.id).where(Notice.state != NoticeState.SENT).limit(1)).first() is not None
