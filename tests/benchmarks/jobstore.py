"""What the notices are held against: APScheduler 3.11 with its SQLAlchemy job store on the same engine."""

from __future__ import annotations

import asyncio
import datetime as dt
import pickle
import time

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Engine, create_engine, event, make_url

from storage.engines import is_postgres

_fired: list[float] = []


async def fire() -> None:
    """Do what the null chat does: nothing."""
    _fired.append(time.monotonic())


def _engine(url: str) -> Engine:
    """Open the database as Dragoman does: on SQLite with a write-ahead log, which makes commits much cheaper."""
    if is_postgres(url):
        return create_engine(make_url(url))
    engine = create_engine(make_url(url).set(drivername="sqlite"))

    @event.listens_for(engine, "connect")
    def prepare(connection: object, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined] # a driver's connection

    return engine


def _scheduler(url: str) -> AsyncIOScheduler:
    store = SQLAlchemyJobStore(engine=_engine(url))
    return AsyncIOScheduler(
        jobstores={"default": store},
        executors={"default": AsyncIOExecutor()},
        job_defaults={"misfire_grace_time": None, "coalesce": False, "max_instances": 1},
        timezone=dt.UTC,
    )


async def fill(url: str, jobs: int, due: dt.datetime) -> None:
    """Put so many date jobs, due from a moment on over a minute."""
    scheduler = _scheduler(url)
    scheduler.start(paused=True)
    store = scheduler._jobstores["default"]
    rows = []
    for number in range(jobs):
        job = scheduler.add_job(fire, "date", run_date=due + dt.timedelta(seconds=60 * number / jobs), id="made")
        job.id = f"job-{number}"
        rows.append(
            {
                "id": job.id,
                "next_run_time": job.next_run_time.timestamp(),
                "job_state": pickle.dumps(job.__getstate__()),
            }
        )
        scheduler.remove_job("made")
    with store.engine.begin() as connection:
        connection.execute(store.jobs_t.insert(), rows)
    scheduler.shutdown()


async def fire_all(url: str, jobs: int) -> float:
    """Fire all jobs, which are due, and give how long it took in seconds."""
    _fired.clear()
    scheduler = _scheduler(url)
    begun = time.monotonic()
    scheduler.start()
    while len(_fired) < jobs:
        await asyncio.sleep(0.01)
    took = _fired[-1] - begun
    scheduler.shutdown(wait=False)
    return took


async def start(url: str) -> float:
    """Start with what is planned, and give how long it takes in seconds until it knows when to wake up."""
    begun = time.monotonic()
    scheduler = _scheduler(url)
    scheduler.start()
    await asyncio.sleep(0)
    took = time.monotonic() - begun
    scheduler.shutdown(wait=False)
    return took
