"""What waits and why, of one coalition or of all, as `status` tells it: counts, rooms and moments, no content."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import col, func, select

from bot.limits import notices_within_a_day
from bot.message import Inline, Moment, Phrase, count, say
from bot.provisions import current_draft
from bot.pulse import alive, last_backup, lost, scrub_owed
from bot.reachability import platform_name
from bot.retention import last_swept, unswept_since
from bot.rules.limits import Limits
from bot.sources import sources, trouble_words
from storage.tables import UNSETTLED, Draft, DraftState, Duty, Lane, Notice, NoticeState, Room, Source
from storage.work import Work

LATE = dt.timedelta(minutes=1)
"""From when on what is due waits: until then it is on its way."""
MOST_ROOMS = 5
NIGHTS = dt.timedelta(days=3)
"""How long the files may have what was deleted before that is told."""
NEARLY = 0.8
"""From which share of a limit on it is said how far it is reached."""


@dataclass(frozen=True)
class Waiting:
    """What is due and has not left, of one lane."""

    platform: str
    room_id: int | None
    n: int
    since: dt.datetime


def waiting(work: Work, now: dt.datetime) -> list[Waiting]:
    """Give the lanes in which something is late, the longest wait first: the coalition's, or all in work of none."""
    found = (
        select(Lane.platform, Lane.room_id, func.count(), func.min(Notice.send_at))
        .select_from(Notice)
        .join(Lane, col(Lane.id) == col(Notice.lane_id))
        .where(col(Notice.state).in_(UNSETTLED), col(Notice.send_at) < now - LATE)
        .group_by(col(Lane.id), col(Lane.platform), col(Lane.room_id))
    )
    if work.coalition_id is not None:
        found = found.where(Notice.coalition_id == work.tenant)
    rows = [Waiting(*row) for row in work.exec(found)]
    return sorted(rows, key=lambda row: row.since)


def by_platform(rows: Sequence[Waiting]) -> list[Waiting]:
    """Give what waits for each platform, all its lanes together."""
    platforms = dict.fromkeys(row.platform for row in rows)
    return [
        Waiting(platform, None, sum(row.n for row in own), min(row.since for row in own))
        for platform in platforms
        for own in [[row for row in rows if row.platform == platform]]
    ]


def wrong(work: Work, now: dt.datetime, limits: Limits) -> list[Inline]:
    """Give a sentence for each thing that is not as it should be; none when all is well."""
    return [
        *_lost(work, now), *_notices(work, now), *_failed(work), *_sources(work, now), *_drafts(work, now),
        *_duties(work, now), *_nearly_full(work, now, limits), *_unswept(work, now),
    ]  # fmt: skip


def beside(work: Work, now: dt.datetime) -> list[Inline]:
    """Give what is good to know beside that."""
    current, backup, n = current_draft(work), last_backup(work), len(alive(work, now))
    # Compared here: with a bound on the id, PostgreSQL looks through what waits in all coalitions.
    last = current.id if current else 0
    read = [row for row in work.rows(Draft, col(Draft.state) == DraftState.PREVIEWED) if row.id > last]
    return [
        *(say("{symbol} is read and waits for `draft publish`.", symbol=draft.symbol) for draft in read),
        *([count(n, "{n} process serves.", "{n} processes serve.")] if n > 1 else []),
        say("Last backup: {moment}.", moment=Moment(backup)) if backup is not None
        else say("I know of no backup: whoever hosts me makes one with `dragoman db backup`."),
        *([swept] if (swept := last_swept(work)) is not None else []),
    ]  # fmt: skip


def _lost(work: Work, now: dt.datetime) -> list[Phrase]:
    return [
        say(
            "I have had no connection to {platform} since {moment}.", platform=platform_name(name), moment=Moment(since)
        )
        for name, since in sorted(lost(alive(work, now)).items())
    ]


def _notices(work: Work, now: dt.datetime) -> list[Phrase]:
    late = waiting(work, now)
    named = {room.id: room.name for room in work.rows(Room)}
    rooms = [(named[row.room_id], row) for row in late if row.room_id in named][:MOST_ROOMS]
    return [
        *(
            count(row.n, "{n} notice waits for {platform}, since {moment}.",
                  "{n} notices wait for {platform}, the oldest since {moment}.",
                  platform=platform_name(row.platform), moment=Moment(row.since))
            for row in by_platform(late)
        ),
        *(
            count(row.n, "#{room}: {n} of them, since {moment}.", "#{room}: {n} of them, the oldest since {moment}.",
                  room=name, moment=Moment(row.since))
            for name, row in rooms
        ),
    ]  # fmt: skip


def _failed(work: Work) -> list[Phrase]:
    ours = Notice.coalition_id == work.tenant, Notice.state == NoticeState.FAILED
    n = work.exec(select(func.count()).select_from(Notice).where(*ours)).one()
    failed = count(n, "{n} notice did not arrive: `notices failed` tells why.",
                   "{n} notices did not arrive: `notices failed` tells why.")  # fmt: skip
    return [failed] if n else []


def _sources(work: Work, now: dt.datetime) -> list[Phrase]:
    """Tell of sources by their numbers: their addresses are for the direct chat alone."""
    found = sources(work)
    late = [row for row in found if not row.failures and row.next_at + dt.timedelta(seconds=row.every) < now]
    return [*(_source(row) for row in found if row.failures), *(_unseen(row) for row in late)]


def _source(row: Source) -> Phrase:
    why = trouble_words(row.trouble)
    if row.answered_at is None:
        return say("The draft source {n} has never answered as it should: {why}.", n=row.id, why=why)
    return say("The draft source {n} has not answered as it should since {moment}: {why}.",
               n=row.id, moment=Moment(row.answered_at), why=why)  # fmt: skip


def _unseen(row: Source) -> Phrase:
    return say("I should have looked at the draft source {n} at {moment}.", n=row.id, moment=Moment(row.next_at))


def _drafts(work: Work, now: dt.datetime) -> list[Phrase]:
    unread = work.rows(Draft, col(Draft.state) == DraftState.RECEIVED, col(Draft.added_at) < now - LATE)
    return [
        say("{symbol} has waited to be read since {moment}.", symbol=row.symbol, moment=Moment(row.added_at))
        for row in unread
    ]


def _duties(work: Work, now: dt.datetime) -> list[Phrase]:
    """Tell of what one of several processes should do and none does."""
    if not work.shared:
        return []
    given_up = work.exec(select(Duty).where(col(Duty.until) < now - LATE).order_by(col(Duty.name)))
    return [
        say("No process has had the duty `{duty}` since {moment}.", duty=row.name, moment=Moment(row.until))
        for row in given_up
        if row.until is not None
    ]


def _nearly_full(work: Work, now: dt.datetime, limits: Limits) -> list[Phrase]:
    n = notices_within_a_day(work, now)
    nearly = say("{n} of {most} messages that I may send for you within a day are due.", n=n, most=limits.notices)
    return [nearly] if n >= NEARLY * limits.notices else []


def _unswept(work: Work, now: dt.datetime) -> Iterator[Phrase]:
    """Tell of nights on which nothing was erased, and of what was and is still in the files."""
    if (since := unswept_since(work, now)) is not None:
        yield say("I have erased nothing since {moment}, though I should every night.", moment=Moment(since))
    since, _ = scrub_owed(work) or (now, 0)
    if since < now - NIGHTS:
        yield say("Since {moment} what I erase stays in the database's files: another program holds them. "
                  "Whoever hosts me ends it.", moment=Moment(since))  # fmt: skip
