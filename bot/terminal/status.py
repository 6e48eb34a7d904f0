"""How the whole deployment is doing, for whoever hosts it: counts and moments, no names and no addresses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlmodel import col, func, select

from bot.clock import SystemClock
from bot.pulse import alive, last_backup, lost
from bot.terminal.opening import opened, write
from bot.waits import LATE, by_platform, waiting
from config.settings import Settings
from storage.tables import Inbox, InboxState, Notice, NoticeState, Source
from storage.work import Work


async def status(settings: Settings) -> int:
    """Print what waits and since when; 1 when something does, or nothing serves."""
    now = SystemClock().now()
    async with opened(settings) as store:
        troubles, known = await store.read(None, lambda work: (list(_wrong(work, now)), list(_beside(work, now))))
    for line in (*(f"WRONG: {trouble}" for trouble in troubles), *known):
        write(line)
    if not troubles:
        write(f"all is well, looked at {_said(now)}")
    return 1 if troubles else 0


def _wrong(work: Work, now: dt.datetime) -> Iterator[str]:
    living = alive(work, now)
    if not living:
        yield "no process serves: start `dragoman run`, or look at its log"
    for platform, since in sorted(lost(living).items()):
        yield f"no connection to {platform} since {_said(since)}"
    for row in by_platform(waiting(work, now)):
        yield f"{row.n} notices wait for {row.platform}, the oldest since {_said(row.since)}"
    unheard = select(func.count(), func.min(Inbox.received_at)).where(
        col(Inbox.state).in_((InboxState.WAITING, InboxState.FETCHING)), col(Inbox.received_at) < now - LATE
    )
    n, since = work.exec(unheard).one()
    if n and since is not None:
        yield f"{n} commands wait, the oldest since {_said(since)}"
    silent = select(func.count()).select_from(Source).where(col(Source.active).is_(True), col(Source.failures) > 0)
    if n := work.exec(silent).one():
        yield f"{n} draft sources do not answer: their coordinators see them in `sources`"


def _beside(work: Work, now: dt.datetime) -> Iterator[str]:
    yield f"processes that serve: {len(alive(work, now))}"
    failed = select(func.count()).select_from(Notice).where(Notice.state == NoticeState.FAILED)
    yield f"notices that did not arrive: {work.exec(failed).one()}"
    backup = last_backup(work)
    yield f"last backup: {_said(backup) if backup else 'none is known'}"


def _said(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
