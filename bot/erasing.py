"""What the bot owes to delete: its messages to those who were put out or forgotten, then all that bears their ids.

Each is a row that goes when it is done, so a crash forgets none. What cannot be deleted is told to the coordinators.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import col, select

from bot.clock import Clock
from bot.message import Inline, Message, Moment, message, say
from bot.notices import coordinators, tell_each
from bot.people import A_FORMER_MEMBER, mention
from bot.plain import Reader
from bot.ports import Chat, Destination, SendLater, SendRefused
from bot.pulse import owe_scrub, scrub
from bot.removal import scrub_account
from storage.cipher import active
from storage.tables import UNSETTLED, Coalition, Erasure, Lane, Member, Notice, NoticeKind
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work

TRY_FOR = dt.timedelta(days=3)
"""How long messages are tried to be deleted before the coordinators are told that some may stay."""
FAREWELL = dt.timedelta(minutes=10)
"""How long an account that is to be forgotten is waited for to be told so."""
LONGEST_BACK_OFF = 3600.0
_PLATFORMS = {"matrix": "Matrix", "slack": "Slack"}
_log = structlog.get_logger()


class Erasing:
    """Deletes what is owed to be deleted, one account after the other."""

    def __init__(self, store: Store, clock: Clock, chats: Mapping[str, Chat]) -> None:
        """Take the chats by platform; nothing is deleted yet."""
        self._store, self._clock, self._chats = store, clock, chats
        self.coalition_id: int | None = None
        """Look after this coalition only; None: after every one."""

    async def drain(self) -> bool:
        """Do what is due now; tells whether there was anything."""
        due = await self._store.read(None, self._due)
        for coalition_id, row_id in due:
            await self._take(coalition_id, row_id)
        return bool(due)

    async def next_moment(self) -> dt.datetime | None:
        """Give the moment at which something is due next, None when nothing is owed."""
        return await self._store.read(None, self._soonest)

    def _soonest(self, work: Work) -> dt.datetime | None:
        """Read when each row is tried next; what waits for a farewell is not waited for without end."""
        waits = and_(col(Erasure.erased).is_(True), _farewell_open())
        found = select(Erasure.next_at, Erasure.begun_at, waits).where(self._served())
        moments = [
            max(next_at, begun_at + FAREWELL) if waiting else next_at for next_at, begun_at, waiting in work.exec(found)
        ]
        return min(moments, default=None)

    def _due(self, work: Work) -> list[tuple[int, int]]:
        now = self._clock.now()
        told = or_(col(Erasure.erased).is_(False), ~_farewell_open(), col(Erasure.begun_at) <= now - FAREWELL)
        found = select(Erasure.coalition_id, Erasure.id).where(self._served(), Erasure.next_at <= now, told)
        return list(work.exec(found.order_by(col(Erasure.id))))

    def _served(self) -> ColumnElement[bool]:
        here = col(Erasure.platform).in_(tuple(self._chats))
        return here if self.coalition_id is None else and_(here, col(Erasure.coalition_id) == self.coalition_id)

    async def _take(self, coalition_id: int, row_id: int) -> None:
        found = await self._store.read(coalition_id, lambda work: self._opened(work, row_id))
        if found is None:
            return
        row, to, sending_until = found
        if sending_until is not None:
            await self._store.write(coalition_id, lambda work: _put_off(work, row_id, sending_until))
            return
        try:
            if not row.erased:
                await self._chats[row.platform].erase(to, row.since)
            elif row.forget:
                await self._chats[row.platform].forget(row.address)
        except SendRefused as problem:
            _log.warning("not erased", erasure=row_id, code=problem.code)
            await self._store.write(coalition_id, lambda work: self._done(work, row_id, whole=row.erased))
        except DatabaseTrouble:
            raise  # not the platform's fault
        except Exception as problem:  # SendLater; no adapter should raise another, and it may pass
            code = getattr(problem, "code", type(problem).__name__)
            _log.warning("not erased yet", erasure=row_id, code=code)
            seconds = problem.seconds if isinstance(problem, SendLater) else None
            await self._store.write(coalition_id, lambda work: self._later(work, row_id, seconds))
        else:
            await self._store.write(coalition_id, lambda work: self._done(work, row_id, whole=True))
        if row.erased and not await self._store.read(coalition_id, lambda work: work.get(Erasure, row_id)):
            await scrub(self._store, self._store.write, self._clock.now())

    def _opened(self, work: Work, row_id: int) -> tuple[Erasure, Destination, dt.datetime | None] | None:
        row, now = work.get(Erasure, row_id), self._clock.now()
        if row is None:
            return None
        language = work.get_one(Coalition, work.tenant).language
        reader = Reader(ZoneInfo("UTC"), language, personal=True)
        name = row.name or row.address
        to = Destination(row.platform, row.address, name, reader, NoticeKind.NOTICE, now)
        return row, to, _sending(work, row, now)

    def _later(self, work: Work, row_id: int, seconds: float | None) -> None:
        row, now = work.get(Erasure, row_id), self._clock.now()
        if row is None:
            return
        if now - row.begun_at >= TRY_FOR:
            self._done(work, row_id, whole=row.erased)
            return
        row.failures += 1
        usual = min(LONGEST_BACK_OFF, 5.0 * 2.0 ** min(row.failures, 10)) * random.uniform(0.5, 1.0)
        row.next_at = now + dt.timedelta(seconds=seconds if seconds is not None else usual)

    def _done(self, work: Work, row_id: int, *, whole: bool) -> None:
        """Go on from one of the two steps to the next; the last one ends with the row."""
        row, now = work.get(Erasure, row_id), self._clock.now()
        if row is None:
            return
        if not whole:
            _tell_of_rest(work, row, now)
        if row.forget and not row.erased:
            row.erased, row.failures, row.begun_at, row.next_at = True, 0, now, now
            return
        if row.forget:
            scrub_account(work, row)
            owe_scrub(work, now)  # the nightly sweep does it where it cannot be done now
        work.delete(row)


def _sending(work: Work, row: Erasure, now: dt.datetime) -> dt.datetime | None:
    """Give until when a message to the account may be on its way, which is to be deleted with the others.

    Whoever sends may die before it is noted, so it is waited for until nobody can be sending any more.
    """
    lanes = work.rows(Lane, Lane.platform == row.platform, col(Lane.member_id) == row.member_id)
    ends = [lane.leased_until for lane in lanes if lane.leased_until is not None and lane.leased_until > now]
    return max(ends, default=None) if row.member_id is not None and not row.erased else None


def _put_off(work: Work, row_id: int, until: dt.datetime) -> None:
    row = work.get(Erasure, row_id)
    if row is not None:
        row.next_at = until


def came_too_late(work: Work, now: dt.datetime, to: Destination) -> None:
    """Owe to delete a message that was on its way while its reader was put out."""
    prints = active()[0].fingerprints(to.address)
    row = work.first(Erasure, Erasure.platform == to.platform, col(Erasure.fingerprint).in_(prints))
    if row is not None:
        row.erased, row.next_at = False, now
    elif work.coalition_id is not None and to.reader.personal and to.address:
        work.put(
            Erasure(
                coalition_id=work.tenant, platform=to.platform, address=to.address, fingerprint=prints[0],
                since=to.due, begun_at=now, next_at=now,
            )
        )  # fmt: skip


def _farewell_open() -> ColumnElement[bool]:
    """Tell of a row whether something is still to be said to its account, which is a stranger's now."""
    theirs = select(Lane.id).where(
        col(Lane.platform) == col(Erasure.platform), col(Lane.fingerprint) == col(Erasure.fingerprint)
    )
    return exists().where(
        col(Notice.lane_id).in_(theirs.correlate(Erasure)),
        col(Notice.state).in_(UNSETTLED),
    )


def _tell_of_rest(work: Work, row: Erasure, now: dt.datetime) -> None:
    member = work.get(Member, row.member_id) if row.member_id is not None else None
    who: Inline = mention(member) if member is not None else A_FORMER_MEMBER
    key = f"not-erased/{row.id}/{now:%Y%m%dT%H%M%S}"
    tell_each(work, coordinators(work), NoticeKind.NOTICE, _rest(row, who), key, now)


def _rest(row: Erasure, who: Inline) -> Message:
    return message(
        say(
            "I could not delete all that I wrote to {who} on {platform} since {moment}.",
            who=who, platform=_PLATFORMS.get(row.platform, row.platform), moment=Moment(row.since, shape="full"),
        ),
        say("What is left stays in that chat: I do not try again."),
    )  # fmt: skip
