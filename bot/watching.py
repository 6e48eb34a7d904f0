"""Watching: each source looked at when it is due, outside of any transaction; new text becomes a received draft."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import structlog
from sqlmodel import col

from bot.clock import Clock
from bot.drafts import fingerprint, keep_bytes, text_of
from bot.duty import DutyLost, Write
from bot.limits import drafts_within_a_day, tell_coordinators
from bot.message import Message, message, say
from bot.notices import coordinators, member_lane, tell
from bot.ports import Fetched, Fetcher, FetchLater, FetchRefused, Remembered
from bot.reading import links_of, read_file
from bot.rules.limits import USUAL, Limits
from bot.sources import TOO_MANY, allowed_hosts, due, matches, soonest, trouble_words
from bot.texts.document import Document, Unreadable
from storage.tables import Draft, DraftState, Label, NoticeKind, Snapshot, Source
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work

JITTER = 0.1
"""By which share of its interval a look may come earlier or later: servers see no clockwork."""
MOST_DOCUMENTS = 5
"""How many new documents of a listing page are taken at one look."""
PATIENCE = 3
"""How often in a row a source fails to answer before the coordinators are told."""
_log = structlog.get_logger()


@dataclass(frozen=True)
class _Look:
    """One look at a source: what is known before it."""

    id: int
    address: str
    pattern: str | None
    known: Remembered
    sha256: str
    seen: frozenset[str]
    allowed: Callable[[str], bool]


@dataclass(frozen=True)
class _Found:
    """A document that was not there at the last look, and what was read of it, or why it cannot be."""

    fetched: Fetched
    read: Document | Unreadable


class Watch:
    """Looks at the sources of all coalitions."""

    def __init__(
        self, store: Store, clock: Clock, fetcher: Fetcher | None, write: Write, limits: Limits = USUAL
    ) -> None:
        """Take what fetches (without it nothing is watched here) and what commits: only who is on duty may."""
        self._store, self._clock, self._fetcher, self._write, self._limits = store, clock, fetcher, write, limits

    async def drain(self) -> bool:
        """Look at every source that is due; tells whether there was any."""
        if self._fetcher is None:
            return False
        now = self._clock.now()
        waiting = await self._store.read(None, lambda work: due(work, now))
        for coalition_id, source_id in waiting:
            await self._look(self._fetcher, coalition_id, source_id)
        return bool(waiting)

    async def next_moment(self) -> dt.datetime | None:
        """Give the moment at which a source is due next; None when nothing is watched."""
        return await self._store.read(None, soonest) if self._fetcher is not None else None

    async def _look(self, fetcher: Fetcher, coalition_id: int, source_id: int) -> None:
        look = await self._store.read(coalition_id, lambda work: _look(work, source_id))
        try:
            fetched = await fetcher.fetch(look.address, look.allowed, look.known)
            if fetched is None or look.pattern is None:
                found = [] if fetched is None else [await self._found(look, fetched)]
                followed: list[str] = []
            else:
                found, followed = await self._listed(fetcher, look, fetched)
        except FetchLater as problem:
            await self._failed(coalition_id, look, problem.code, problem.seconds)
            return
        except FetchRefused as problem:
            await self._failed(coalition_id, look, problem.code, None)
            return
        except (DatabaseTrouble, DutyLost):
            raise
        except Exception as problem:  # one source that cannot be looked at must not keep the others from being
            _log.error("source failed", source=source_id, code=type(problem).__name__)
            await self._failed(coalition_id, look, type(problem).__name__, None)
            return
        news = [row for row in found if row is not None]
        await self._write(coalition_id, lambda work: self._settle(work, look, fetched, news, followed))

    async def _found(self, look: _Look, fetched: Fetched) -> _Found | None:
        """Read a document; None where the bytes are those of the last look."""
        if hashlib.sha256(fetched.content).hexdigest() == look.sha256:
            return None
        name = unquote(urlsplit(fetched.url).path.rpartition("/")[2]) or "draft"
        try:
            return _Found(fetched, await read_file(fetched.content, name))
        except Unreadable as problem:
            return _Found(fetched, problem)

    async def _listed(self, fetcher: Fetcher, look: _Look, page: Fetched) -> tuple[list[_Found | None], list[str]]:
        """Follow the links of a page that fit the pattern and were not followed before."""
        assert look.pattern is not None
        try:
            links = await links_of(page.content, page.url)
        except Unreadable:
            raise FetchRefused("no-document") from None
        wanted = [link.address for link in links if matches(look.pattern, link.address, link.words)]
        if not wanted:
            raise FetchRefused("no-document")
        new = [address for address in wanted if self._mark(address) not in look.seen][:MOST_DOCUMENTS]
        found: list[_Found | None] = []
        for address in new:
            fetched = await fetcher.fetch(address, look.allowed)
            found.append(await self._found(look, fetched) if fetched is not None else None)
        return found, [self._mark(address) for address in new]

    def _mark(self, address: str) -> str:
        return self._store.keyring.fingerprint(address)

    async def _failed(self, coalition_id: int, look: _Look, code: str, seconds: float | None) -> None:
        _log.warning("source not fetched", source=look.id, code=code)
        await self._write(coalition_id, lambda work: self._note_failure(work, look.id, code, seconds))

    def _note_failure(self, work: Work, source_id: int, code: str, seconds: float | None) -> None:
        source, now = work.row(Source, source_id), self._clock.now()
        source.failures, source.trouble = source.failures + 1, code
        pause = max(source.every * _around(), seconds or 0.0)
        source.next_at = now + dt.timedelta(seconds=pause)
        if source.failures == PATIENCE:
            words = say("Source {n} gives me nothing: {why}. I go on trying; `sources` shows it.",
                        n=source.id, why=trouble_words(code))  # fmt: skip
            _tell(work, now, message(words), f"source/{source.id}/trouble/{now:%Y%m%d}")

    def _settle(
        self, work: Work, look: _Look, fetched: Fetched | None, found: list[_Found], followed: list[str]
    ) -> None:
        source, now = work.row(Source, look.id), self._clock.now()
        if found and drafts_within_a_day(work, now) + len(found) > self._limits.drafts:
            # Nothing of it is kept, so that it is found again at a later look.
            self._note_failure(work, look.id, TOO_MANY, None)
            tell_coordinators(work, now, "drafts", self._limits.drafts)
            return
        source.failures, source.trouble, source.answered_at = 0, "", now
        source.next_at = now + dt.timedelta(seconds=source.every * _around())
        if fetched is not None:
            source.sha256 = hashlib.sha256(fetched.content).hexdigest()
            if not any(isinstance(row.read, Unreadable) for row in found):
                source.etag, source.modified = fetched.remembered.etag, fetched.remembered.modified
        source.seen = [*source.seen, *followed]
        for row in found:
            self._take(work, source, row, now)

    def _take(self, work: Work, source: Source, found: _Found, now: dt.datetime) -> None:
        """Keep a document as evidence, and as a received draft where its text is new."""
        sha256 = keep_bytes(work, found.fetched.content)
        work.add(
            Snapshot(
                coalition_id=work.tenant, source_id=source.id, address=found.fetched.url, taken_at=now, sha256=sha256
            )
        )
        if isinstance(found.read, Unreadable):
            reason = say(found.read.reason, **found.read.values)
            words = say(
                "Something new stands at source {n}, and I cannot read it: {reason}", n=source.id, reason=reason
            )
            _tell(work, now, message(words), f"source/{source.id}/unreadable/{sha256[:16]}")
            return
        if work.first(Draft, col(Draft.text_sha256) == fingerprint(found.read)) is not None:
            return
        work.put(
            Draft(
                coalition_id=work.tenant, text_id=text_of(work, found.read.label).id, symbol=found.read.label[:80],
                date=now.date(), state=DraftState.RECEIVED, label=Label.PUBLIC, filename=found.read.label,
                sha256=sha256, source_id=source.id, added_at=now,
            )
        )  # fmt: skip


def _look(work: Work, source_id: int) -> _Look:
    row = work.row(Source, source_id)
    known = Remembered(row.etag, row.modified)
    return _Look(row.id, row.address, row.pattern, known, row.sha256, frozenset(row.seen), allowed_hosts(work))


def _tell(work: Work, now: dt.datetime, content: Message, key: str) -> None:
    for person in coordinators(work):
        tell(work, member_lane(work, person.id), NoticeKind.NOTICE, content, key=f"{key}/{person.id}", now=now)


def _around() -> float:
    return random.uniform(1 - JITTER, 1 + JITTER)
