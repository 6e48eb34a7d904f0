"""The other way to keep what is due: APScheduler's own SQLAlchemy job store, with its executor for coroutines.

Its scheduler for asyncio is taken, since its jobs are coroutines as ours are; with threads it came to the same.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import pickle
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from apscheduler.job import Job
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from sqlalchemy import Engine, create_engine, event, make_url

from bot.clock import SystemClock

AS_IT_COMES: tuple[str, ...] = ()
AS_OURS = ("journal_mode=WAL", "synchronous=NORMAL")
_AT_ONCE = 1000
_fired = 0


async def job(_number: int) -> None:
    """Be fired."""
    global _fired  # noqa: PLW0603 - a job in a store is a function of a module, and has nowhere else to count
    _fired += 1


def fill(url: str, jobs: int, ahead: dt.timedelta) -> None:
    """Put so many jobs into the store, due that long from now."""
    asyncio.run(_fill(url, jobs, ahead))


async def _fill(url: str, jobs: int, ahead: dt.timedelta) -> None:
    store = SQLAlchemyJobStore(engine=_engine(url, AS_OURS))
    scheduler = _scheduler(store)
    scheduler.start(paused=True)
    due = SystemClock().now() + ahead
    with store.engine.begin() as connection:
        for first in range(0, jobs, _AT_ONCE):
            rows = [_row(scheduler, number, due) for number in range(first, min(first + _AT_ONCE, jobs))]
            connection.execute(store.jobs_t.insert(), rows)
    scheduler.shutdown(wait=False)


def _row(scheduler: Any, number: int, due: dt.datetime) -> dict[str, object]:
    """Give what `add_job` writes, so that many are written in one transaction."""
    made = Job(
        scheduler, id=uuid4().hex, trigger=DateTrigger(due), executor="default", func=job, args=[number], kwargs={},
        name="job", misfire_grace_time=None, coalesce=True, max_instances=1, next_run_time=due,
    )  # fmt: skip
    return {
        "id": made.id,
        "next_run_time": due.timestamp(),
        "job_state": pickle.dumps(made.__getstate__(), pickle.HIGHEST_PROTOCOL),
    }


@dataclass(frozen=True)
class Fired:
    """How many seconds it took until the store was empty, and how many of them of a processor."""

    seconds: float
    cpu: float


def fire(url: str, jobs: int, settings: tuple[str, ...]) -> Fired:
    """Fire all that is in the store, all of it past due."""
    return asyncio.run(_fire(url, jobs, settings))


async def _fire(url: str, jobs: int, settings: tuple[str, ...]) -> Fired:
    store = SQLAlchemyJobStore(engine=_engine(url, settings))
    scheduler = _scheduler(store)
    scheduler.start(paused=True)
    start, cpu = time.monotonic(), time.process_time()
    scheduler.resume()
    while _fired < jobs or store.get_next_run_time() is not None:
        await asyncio.sleep(0.05)
    fired = Fired(time.monotonic() - start, time.process_time() - cpu)
    scheduler.shutdown(wait=False)
    return fired


def start(url: str) -> float:
    """Start a scheduler on a store in which nothing is due yet, and give how many seconds that took."""
    return asyncio.run(_start(url))


async def _start(url: str) -> float:
    start = time.monotonic()
    scheduler = _scheduler(SQLAlchemyJobStore(engine=_engine(url, AS_OURS)))
    scheduler.start()
    await asyncio.sleep(0)
    took = time.monotonic() - start
    scheduler.shutdown(wait=False)
    return took


def _scheduler(store: SQLAlchemyJobStore) -> Any:
    return AsyncIOScheduler(jobstores={"default": store}, timezone=dt.UTC)


def _engine(url: str, settings: tuple[str, ...]) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed)
    engine = create_engine(parsed.set(drivername="sqlite"))

    def prepare(connection: Any, _record: object) -> None:
        for setting in settings:
            connection.execute(f"PRAGMA {setting}").close()

    event.listen(engine, "connect", prepare)
    return engine
