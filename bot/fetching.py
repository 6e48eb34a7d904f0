"""Fetching: the file that came with `draft add` and still lies with the platform is fetched before it is worked on."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import structlog
from sqlalchemy import ColumnElement, or_, update
from sqlmodel import col, select

from bot.clock import Clock
from bot.commands import clean, without_prefix
from bot.invocation import Attachment, Invocation
from bot.leases import is_over
from bot.ports import Chat, SendLater, SendRefused
from bot.whence import find_coalition, find_member
from storage.cipher import KeyProblem
from storage.tables import Inbox, InboxState, Role
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work

MOST_FETCHED = 20 * 10**6
"""How many bytes a fetched file has at most."""
FETCH_SECONDS = 120.0
"""How long one try takes at most."""
TRY_FOR = dt.timedelta(minutes=10)
"""How long it is tried: after that the command is worked on without the file."""
PAUSE = dt.timedelta(seconds=10)
AT_ONCE = 4
"""How many files are fetched side by side."""
CLAIM = dt.timedelta(seconds=6)
"""How long a process that shares the work has a file to itself without saying so again: when it dies, another has it
within 15 seconds, since all look again within five."""
RENEW_SECONDS = 1.5

_log = structlog.get_logger()


def takes_file(words: str) -> bool:
    """Tell whether the words are of the command that takes a file: no other has one fetched."""
    return without_prefix(clean(words))[0].casefold().startswith("draft add")


class Fetching:
    """Takes each command whose file is not here yet through its fetching, outside of any transaction."""

    def __init__(self, store: Store, clock: Clock, chats: Mapping[str, Chat]) -> None:
        """Take the chats by platform; nothing is fetched yet."""
        self._store, self._clock, self._chats = store, clock, chats
        self._busy: set[int] = set()
        self._paused: dict[int, dt.datetime] = {}
        self.platform: str | None = None
        """Fetch what came from this platform only; None: from every one."""

    async def drain(self) -> bool:
        """Fetch for one command; tells whether there was one. Several may run side by side."""
        found = await self._store.read(None, self._due)
        # Between the look and this line nobody else can have taken it: the look was the last await.
        row_id = next((row_id for row_id in found if row_id not in self._busy), None)
        if row_id is None:
            return False
        self._busy.add(row_id)
        try:
            if not await self._store.write(None, lambda work: self._claim(work, row_id)):
                return False
            keeping = asyncio.create_task(self._keep(row_id))
            try:
                await self._take(row_id)
            finally:
                keeping.cancel()
        finally:
            self._busy.discard(row_id)
        return True

    def _claim(self, work: Work, row_id: int) -> bool:
        """Take a file before other processes do; tells whether it may be fetched here."""
        if not work.shared:
            return True
        now = self._clock.now()
        mine = update(Inbox).where(col(Inbox.id) == row_id, col(Inbox.state) == InboxState.FETCHING, self._free(now))
        taking = mine.values(taken_by=self._store.name, taken_until=now + CLAIM).returning(col(Inbox.id))
        return work.execute(taking).first() is not None

    def _free(self, now: dt.datetime) -> ColumnElement[bool]:
        """Tell which files no other process is fetching."""
        return or_(col(Inbox.taken_by) == self._store.name, is_over(col(Inbox.taken_until), now, 2 * CLAIM))

    async def _keep(self, row_id: int) -> None:
        while self._store.shared:
            await asyncio.sleep(RENEW_SECONDS)
            with suppress(DatabaseTrouble):
                await self._store.write(None, lambda work: self._claim(work, row_id))

    def _due(self, work: Work) -> list[int]:
        found = select(Inbox.id).where(Inbox.state == InboxState.FETCHING).order_by(col(Inbox.id))
        if self.platform is not None:
            found = found.where(Inbox.platform == self.platform)
        now = self._clock.now()
        if work.shared:
            # Another process may have the chat that this one has not; when none has for so long, it is handed on.
            here = col(Inbox.platform).in_(tuple(self._chats))
            found = found.where(self._free(now), or_(here, col(Inbox.received_at) <= now - TRY_FOR))
        return [row_id for row_id in work.exec(found) if self._paused.get(row_id, now) <= now]

    async def _take(self, row_id: int) -> None:
        try:
            invocation, since = await self._store.read(None, lambda work: _opened(work, row_id))
        except (KeyError, TypeError, ValueError, KeyProblem):
            await self._store.write(None, lambda work: _hand_on(work, row_id, None))  # dispatch says what is wrong
            return
        if not await self._may_add(invocation):
            await self._store.write(None, lambda work: _hand_on(work, row_id, replace(invocation, enclosed=())))
            return
        try:
            fetched = await self._fetched(invocation)
        except SendLater as problem:
            _log.warning("file not fetched yet", inbox=row_id, code=problem.code)
            now = self._clock.now()
            if now - since < TRY_FOR:
                pause = dt.timedelta(seconds=problem.seconds) if problem.seconds is not None else PAUSE
                self._paused[row_id] = now + min(pause, TRY_FOR)
                return
            fetched = None
        self._paused.pop(row_id, None)
        found = _with_files(invocation, fetched)
        await self._store.write(None, lambda work: _hand_on(work, row_id, found))

    async def _may_add(self, invocation: Invocation) -> bool:
        """Tell whether a coordinator speaks: for nobody else anything is fetched."""
        now = self._clock.now()
        whence = await self._store.read(None, lambda work: find_coalition(work, invocation, now))
        if whence.coalition_id is None:
            return False
        member = await self._store.read(whence.coalition_id, lambda work: find_member(work, invocation))
        return member is not None and member.role is Role.COORDINATOR

    async def _fetched(self, invocation: Invocation) -> list[Attachment] | None:
        """Fetch all that is enclosed; None where one cannot be had. Raises SendLater for what may pass."""
        chat = self._chats.get(invocation.platform)
        if chat is None:
            raise SendLater("not-served")
        files = []
        try:
            for enclosed in invocation.enclosed:
                async with asyncio.timeout(FETCH_SECONDS):
                    content = await chat.fetch(enclosed.where, MOST_FETCHED)
                if content is None:
                    return None
                files.append(Attachment(enclosed.name, content))
        except SendRefused as problem:
            _log.warning("file refused", code=problem.code)
            return None
        except (SendLater, DatabaseTrouble):
            raise
        except Exception as problem:  # no adapter should raise this, and a timeout may pass
            raise SendLater(type(problem).__name__) from None
        return files


def _opened(work: Work, row_id: int) -> tuple[Invocation, dt.datetime]:
    row = work.get_one(Inbox, row_id)
    return Invocation.from_data(row.body or {}), row.received_at


def _with_files(invocation: Invocation, files: list[Attachment] | None) -> Invocation:
    if files is None:
        return replace(invocation, enclosed=(), unfetched=True)
    return replace(invocation, enclosed=(), attachments=(*invocation.attachments, *files))


def _hand_on(work: Work, row_id: int, invocation: Invocation | None) -> None:
    """Let dispatch have the command. Another process may have been there before."""
    row = work.get_one(Inbox, row_id)
    if row.state is not InboxState.FETCHING:
        return
    row.state = InboxState.WAITING
    if invocation is not None:
        row.body = invocation.to_data()
