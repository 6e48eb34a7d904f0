"""Pulses: each process that serves says every few seconds that it lives, and what it has lost.

Beside them stands when a backup was last written, and whether what was deleted is still in the files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlmodel import col, delete, select

from bot.duty import Write
from storage.tables import BACKUP, PROCESS, SCRUB, Pulse
from storage.work import Store, Work

PULSE = dt.timedelta(seconds=15)
LIVES_FOR = dt.timedelta(seconds=60)
"""How long a process is taken to live after its last pulse."""
FORGOTTEN_AFTER = dt.timedelta(days=1)


def beat(work: Work, name: str, now: dt.datetime, away: Mapping[str, dt.datetime]) -> None:
    """Note that a process lives, and since when it has lost which platforms."""
    row = work.get(Pulse, f"{PROCESS}{name}") or Pulse(name=f"{PROCESS}{name}", at=now)
    row.at, row.facts = now, {platform: since.isoformat() for platform, since in sorted(away.items())}
    work.add(row)


def end(work: Work, name: str) -> None:
    """Note that a process has ended."""
    work.exec(delete(Pulse).where(col(Pulse.name) == f"{PROCESS}{name}"))


def forget_old(work: Work, now: dt.datetime) -> None:
    """Forget the processes that ended without saying so."""
    ours = col(Pulse.name).startswith(PROCESS, autoescape=True)
    work.exec(delete(Pulse).where(ours, col(Pulse.at) < now - FORGOTTEN_AFTER))


def alive(work: Work, now: dt.datetime) -> list[Pulse]:
    """Give the pulses of the processes that live."""
    ours = col(Pulse.name).startswith(PROCESS, autoescape=True)
    return list(work.exec(select(Pulse).where(ours, col(Pulse.at) > now - LIVES_FOR).order_by(col(Pulse.name))))


def lost(pulses: list[Pulse]) -> dict[str, dt.datetime]:
    """Give since when each platform is lost that some process has lost."""
    found: dict[str, dt.datetime] = {}
    for pulse in pulses:
        for platform, said in pulse.facts.items():
            since = dt.datetime.fromisoformat(said)
            found[platform] = min(since, found.get(platform, since))
    return found


def backed_up(work: Work, now: dt.datetime) -> None:
    """Note that a backup was written."""
    work.merge(Pulse(name=BACKUP, at=now))


def last_backup(work: Work) -> dt.datetime | None:
    """Give when a backup was last written; None when none is known."""
    return work.exec(select(Pulse.at).where(Pulse.name == BACKUP)).first()


def owe_scrub(work: Work, now: dt.datetime) -> None:
    """Note, with what was deleted, that it is still in the database's files; before the first time they were clean."""
    row = work.get(Pulse, SCRUB) or Pulse(name=SCRUB, at=now - dt.timedelta(days=1))
    row.facts = {"owed": row.facts.get("owed", 0) + 1}
    work.add(row)


def scrub_owed(work: Work) -> tuple[dt.datetime, int] | None:
    """Give when the files were clean last, and how often something was deleted since; None where they are."""
    row = work.get(Pulse, SCRUB)
    return (row.at, row.facts["owed"]) if row is not None and row.facts.get("owed") else None


async def scrub(store: Store, write: Write, now: dt.datetime) -> bool:
    """Scrub the database's files and note what is not in them any more. False, and it stays owed, as of `Store.scrub`.

    Raises DatabaseTrouble while another process writes.
    """
    owed = await store.read(None, scrub_owed)
    if not await store.scrub():
        return False
    if owed is not None:
        await write(None, lambda work: scrubbed(work, now, owed[1]))
    return True


def scrubbed(work: Work, now: dt.datetime, owed: int) -> None:
    """Note that so much of what was owed is not in the files any more; what was deleted meanwhile may be."""
    row = work.get_one(Pulse, SCRUB)
    row.at, row.facts = now, {"owed": max(0, row.facts["owed"] - owed)}
