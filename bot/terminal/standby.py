"""Matrix where several processes share the work: only the holder of its duty sends and receives there."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol

import structlog

from bot.adapters.matrix.lock import StoreHeld
from bot.duty import RENEW_SECONDS, Duty
from bot.message import Message
from bot.ports import Chat, Core, Destination, SendLater
from storage.trouble import DatabaseProblem, DatabaseTrouble

PLATFORM = "matrix"
STALE, STALE_SECONDS = "matrix-standby", 1.0
"""The code of a send by a process that no longer has the duty, and how long its lane is held: until that is noticed."""

_log = structlog.get_logger()


class Connection(Protocol):
    """A connection to Matrix, as `connected` gives it."""

    @property
    def chat(self) -> Chat:
        """What sends."""

    @property
    def connected(self) -> bool:
        """Whether the server is in reach."""

    async def run(self, core: Core, stop: asyncio.Event) -> None:
        """Keep in step with the server until `stop` is set."""


Connect = Callable[[], AbstractAsyncContextManager[Connection]]


class OnDuty:
    """A chat that sends only while its duty is held: a process that was paused must not go on where it was."""

    def __init__(self, chat: Chat, duty: Duty) -> None:
        """Take the chat and the duty it needs."""
        self._chat, self._duty = chat, duty
        self._sending: set[asyncio.Task[str | None]] = set()
        self._closed = False

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        """Send as the chat does; raises SendLater too when the duty is not held at this moment."""
        await self._need_duty()
        sending = asyncio.create_task(self._chat.send(to, message, key))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        return await sending

    async def fetch(self, where: str, most: int) -> bytes | None:
        """Fetch as the chat does: reading twice harms nobody."""
        return await self._chat.fetch(where, most)

    async def erase(self, to: Destination, since: dt.datetime) -> None:
        """Delete as the chat does; raises SendLater too when the duty is not held at this moment."""
        await self._need_duty()
        await self._chat.erase(to, since)

    async def forget(self, account: str) -> None:
        """Let go of an account as the chat does; raises SendLater too when the duty is not held at this moment."""
        await self._need_duty()
        await self._chat.forget(account)

    async def leave(self, room: str) -> None:
        """Leave a room as the chat does; raises SendLater too when the duty is not held at this moment."""
        await self._need_duty()
        await self._chat.leave(room)

    async def close(self) -> None:
        """Take nothing more, and wait for what is on its way: it needs the connection."""
        self._closed = True
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _need_duty(self) -> None:
        if self._closed or not await self._on_duty():
            raise SendLater(STALE, STALE_SECONDS)

    async def _on_duty(self) -> bool:
        try:
            return self._duty.held or await self._duty.hold()
        except DatabaseTrouble:
            return False


class Standby:
    """Waits for the duty, then for the store's lock; serves while both are held; begins to wait again."""

    def __init__(self, duty: Duty, connect: Connect, chats: MutableMapping[str, Chat], sole: set[str]) -> None:
        """Take what the outbox sends by and what it takes for its own: both are changed with the duty."""
        self._duty, self._connect, self._chats, self._sole = duty, connect, chats, sole
        self._matrix: Connection | None = None

    @property
    def connected(self) -> bool | None:
        """Whether the server is in reach; None while another process has the duty."""
        return self._matrix.connected if self._matrix is not None else None

    async def run(self, core: Core, stop: asyncio.Event) -> None:
        """Serve whenever it is this process's turn, until `stop` is set. Raises what serving raises."""
        while not stop.is_set():
            try:
                if await self._duty.hold():
                    await self._serve(core, stop)
            except DatabaseTrouble as trouble:
                _log.error("matrix waits", code=trouble.code)
            except StoreHeld:
                # The duty is free and the store is not: whoever holds it does not renew, so it hangs.
                _log.error("matrix holder frozen", duty=self._duty.name)
                with suppress(DatabaseProblem):
                    await self._duty.lay_down()
            await _pause(stop)

    async def _serve(self, core: Core, stop: asyncio.Event) -> None:
        ended = asyncio.Event()
        async with self._connect() as matrix:
            self._matrix, following = matrix, asyncio.create_task(matrix.run(core, ended))
            chat = self._chats[PLATFORM] = OnDuty(matrix.chat, self._duty)
            self._sole.add(PLATFORM)
            core.wake()
            _log.info("matrix held", epoch=self._duty.epoch)
            try:
                while not stop.is_set() and not following.done():
                    await _pause(stop)
                    if not await self._still():
                        _log.warning("duty lost", duty=self._duty.name)
                        break
            finally:
                self._matrix = None
                self._chats.pop(PLATFORM, None)
                self._sole.discard(PLATFORM)
                await chat.close()
                ended.set()
                await following
        with suppress(DatabaseProblem):
            await self._duty.lay_down()

    async def _still(self) -> bool:
        """Renew the duty. While the database is away nobody can take it, and nothing can be sent or kept."""
        try:
            return await self._duty.hold()
        except DatabaseTrouble:
            return True


async def _pause(stop: asyncio.Event) -> None:
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({stopping}, timeout=RENEW_SECONDS)
    stopping.cancel()
