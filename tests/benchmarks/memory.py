"""What a process has in memory while it serves some coalitions through a simulated day."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import tempfile
from itertools import groupby
from pathlib import Path

from tests.benchmarks.ground import aside, resident
from tests.benchmarks.measuring import Row
from tests.integration.fortnight import BEGIN, Fuse, House, Size, found, script

DAY = Size(coalitions=10, members=20, days=2, articles=10, said=20)


def sample(size: Size) -> list[float]:
    """Give how many MB are in memory at the end of each simulated hour of the second day."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_sample(size, Path(folder)))


async def _sample(size: Size, folder: Path) -> list[float]:
    path = await found(folder, size)
    house = House(f"sqlite+aiosqlite:///{path}", Fuse(random.Random(0), 0))
    seen: list[float] = []
    hour = BEGIN + dt.timedelta(days=1)
    for at, lines in groupby(enumerate(script(size, 1)), key=lambda row: row[1].at):
        while at >= hour + dt.timedelta(hours=1):
            hour += dt.timedelta(hours=1)
            seen.append(resident())
        await house.hear(dict(lines))
    await house.closed()
    return seen


def measure(size: Size = DAY) -> list[Row]:
    """Compare the last quarter of the day with its first."""
    [seen] = aside(sample, [(size,)])
    quarter = max(1, len(seen) // 4)
    first, last = sum(seen[:quarter]) / quarter, sum(seen[-quarter:]) / quarter
    what = f"memory of a day of {size.coalitions} coalitions of {size.members}, the last quarter against the first"
    return [Row(what, f"{last / first:.3f} times ({last:.0f} MB)", "flat")]
