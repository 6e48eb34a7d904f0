"""Files that commands are about: fetched aside, a few at a time, while everybody else is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog
from nio.crypto.attachments import decrypt_attachment

from bot.adapters.matrix.homeserver import Away, Homeserver, TokenRevoked
from bot.adapters.matrix.sealed import SealedStore
from bot.invocation import Attachment, Invocation
from storage.trouble import DatabaseTrouble

LARGEST_FILE = 20 * 2**20
"""How large a draft may be, in bytes."""
AT_ONCE = 4
"""How many files are fetched at once; the others wait for their turn."""
PER_SENDER = 8
"""How many commands of one sender wait for their files; of more the files are not fetched."""
FETCH_AGAIN = (1, 4)
"""How long to wait before each new try to fetch a file, in seconds."""
FETCH_SECONDS = 60.0
"""How long fetching a file may take."""
RECEIVE_AGAIN = 5.0
"""How long to wait before the core is given a command again that its database could not take, in seconds."""
_PENDING = "pending"
_log = structlog.get_logger()


class Fetching:
    """Commands on their way to the core, each waiting for the file that it is about.

    They reach it in the order in which their files are there: a later command of the same person may overtake.
    """

    def __init__(
        self, server: Homeserver, store: SealedStore, receive: Callable[[Invocation], Awaitable[None]]
    ) -> None:
        """Take the core's `receive`, and what waits in the store; nothing is fetched yet."""
        self._server, self._store, self._receive = server, store, receive
        rows = store.all(_PENDING).items()
        self._rows: dict[str, dict[str, Any]] = dict(sorted(rows, key=lambda pair: pair[1]["invocation"]["said_at"]))
        self._begun: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    async def take(self, invocation: Invocation, file: Mapping[str, Any]) -> None:
        """Keep a command until its file is there or cannot be had. Once this returns, it will not be lost."""
        name = invocation.event_id
        if name not in self._rows:
            if sum(row["invocation"]["sender"] == invocation.sender for row in self._rows.values()) >= PER_SENDER:
                _log.warning("file not fetched", event_id=name[:64], code="too-many")
                await self._receive(invocation)
                return
            row = {"invocation": invocation.to_data(), "file": dict(file)}
            self._store.put(_PENDING, name, row)
            self._rows[name] = row
        self.go_on()

    def go_on(self) -> None:
        """Fetch what waits, also from before a crash; does not wait for it."""
        for name in self._rows:
            if self._closed or len(self._running()) >= AT_ONCE:
                return
            if name not in self._begun:
                self._begun[name] = asyncio.create_task(self._work(name))

    async def close(self) -> None:
        """Leave what is not here yet to the next start."""
        self._closed, running = True, self._running()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _running(self) -> list[asyncio.Task[None]]:
        return [task for task in self._begun.values() if not task.done()]

    async def _work(self, name: str) -> None:
        try:
            await self._deliver(name)
        except Exception as problem:  # it stays for the next start, and the others go on
            _log.error("command held", event_id=name[:64], code=type(problem).__name__)
        else:
            del self._begun[name]
        asyncio.get_running_loop().call_soon(self.go_on)  # once this one counts no more

    async def _deliver(self, name: str) -> None:
        row = self._rows[name]
        content = await self._fetch(row["file"])
        attached = (Attachment(str(row["file"]["name"]), content),) if content is not None else ()
        invocation = replace(Invocation.from_data(row["invocation"]), attachments=attached)
        while True:
            try:
                await self._receive(invocation)
                break
            except DatabaseTrouble as trouble:
                _log.warning("command waits", event_id=name[:64], code=trouble.code)
                await asyncio.sleep(RECEIVE_AGAIN)
        # Last: after a crash before this the core drops it, as it does any event that it has.
        self._store.delete(_PENDING, name)
        del self._rows[name]

    async def _fetch(self, file: Mapping[str, Any]) -> bytes | None:
        """Fetch and open a file; None where it cannot be had: it is answered like a command without one."""
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                sealed = await self._download(str(file["url"]))
            if sealed is None:
                return None
            opened = await asyncio.to_thread(decrypt_attachment, sealed, file["key"], file["hash"], file["iv"])
            return bytes(opened)
        except TokenRevoked:
            raise
        except Exception as problem:  # where it lies and what opens it are the sender's choice
            _log.warning("file not fetched", code=type(problem).__name__)
            return None

    async def _download(self, address: str) -> bytes | None:
        """Download a file; a server that is away is asked again a few times: it may be the one that keeps the file."""
        for wait in FETCH_AGAIN:
            try:
                return await self._server.download(address, LARGEST_FILE)
            except Away:
                await asyncio.sleep(wait)
        return await self._server.download(address, LARGEST_FILE)
