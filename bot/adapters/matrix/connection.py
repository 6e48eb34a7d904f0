"""One connection to Matrix: the account's parts put together, and the loop that keeps it in step with its server."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from bot.adapters.matrix.account import Account, account_file, read_account
from bot.adapters.matrix.chat import MatrixChat
from bot.adapters.matrix.devices import Devices
from bot.adapters.matrix.encryption import Encryption
from bot.adapters.matrix.hearing import Hearing
from bot.adapters.matrix.homeserver import Away, Denied, Homeserver, Limited, TokenRevoked
from bot.adapters.matrix.lock import hold
from bot.adapters.matrix.login import check_set_up
from bot.adapters.matrix.parting import Parting
from bot.adapters.matrix.retention import Retention
from bot.adapters.matrix.rooms import Rooms
from bot.adapters.matrix.sealed import SealedStore
from bot.adapters.matrix.sync import POLL, Sync
from bot.adapters.matrix.typing_sign import Typing
from bot.clock import Clock
from bot.commands import without_prefix
from bot.invocation import Invocation
from bot.ports import Core
from storage.cipher import Keyring
from storage.trouble import DatabaseTrouble
from storage.work import Store

LONGEST_PAUSE = 60.0
"""How long the loop pauses at most when the server is away, in seconds."""
_log = structlog.get_logger()


class LoggedOut(Exception):
    """The bot's device was logged out: the process cannot go on. str() says what to do."""


class Matrix:
    """The account at work; made by `connected`."""

    def __init__(
        self,
        account: Account,
        sealed: SealedStore,
        keyring: Keyring,
        store: Store,
        clock: Clock,
        servers: tuple[str, ...] = (),
    ) -> None:
        """Put the parts together; nothing is asked of the server yet."""
        self._account, self._sealed, self._clock = account, sealed, clock
        self._server = Homeserver(account.homeserver, account.token)
        rooms, devices = Rooms(account.user_id, sealed), Devices(account.user_id, sealed)
        self._encryption = Encryption(
            account.user_id, account.device_id, devices, sealed, keyring.fingerprint("matrix.pickle")
        )
        self._core: Core | None = None
        self._synced = asyncio.Event()
        self._typing = Typing(lambda room_id, on: self.chat.typing(room_id, on=on))
        parting = Parting(self._server, sealed, rooms, devices, self._encryption)
        self.chat = MatrixChat(
            self._server, rooms, devices, self._encryption, parting, self._synced, self._typing.answered
        )
        hearing = Hearing(self._server, sealed, rooms, store, clock, self, servers)
        self._sync = Sync(self._server, sealed, rooms, devices, self._encryption, hearing, clock, account.since)
        self._retention = Retention(sealed, self._encryption.sessions, rooms)

    @property
    def connected(self) -> bool:
        """Whether the server was in reach the last time that it was asked."""
        return self._synced.is_set()

    async def run(self, core: Core, stop: asyncio.Event) -> None:
        """Keep in step with the server, on behalf of the core, until `stop` is set. Raises LoggedOut."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                work = asyncio.create_task(self._follow(core))
                await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not work.done():
                    work.cancel()
                await asyncio.gather(work, return_exceptions=True)
                if not work.cancelled() and (problem := work.exception()) is not None:
                    raise problem
        finally:
            stopping.cancel()
            await self._typing.close()

    async def sync_once(self, core: Core, poll: float = POLL) -> None:
        """Take in what happened since the last time, on behalf of the core, waiting up to `poll` seconds for it.

        Raises what asking the homeserver raises.
        """
        self._core = core
        await self._encryption.publish(self._server)
        # Nothing is sent while out of step, and there may be nothing new for long: not to be waited for.
        longest = poll if self._synced.is_set() else 0.0
        await self._sync.once(longest)
        self._synced.set()
        self._retention.erase_old(int(self._clock.now().timestamp() * 1000))

    async def close(self) -> None:
        """Let go of the server: not before all who send through it have ended, or they would connect anew."""
        await self._typing.close()
        await self._server.close()

    async def _follow(self, core: Core) -> None:
        """Sync again and again, pausing longer each time that the server does not answer."""
        failures = 0
        while True:
            try:
                await self.sync_once(core)
                failures = 0
            except TokenRevoked:
                raise LoggedOut(
                    "the homeserver has logged the bot's device out: run `dragoman matrix recover` with its recovery "
                    "key, and find out who did it"
                ) from None
            except Limited as problem:
                await asyncio.sleep(problem.seconds)
            except (Away, Denied, DatabaseTrouble) as problem:
                # Nothing is lost: the mark has not moved, and what happened is asked for again.
                if isinstance(problem, Away):
                    self._synced.clear()
                failures += 1
                code = type(problem).__name__ if isinstance(problem, DatabaseTrouble) else str(problem)
                _log.warning("sync held", code=code, failures=failures)
                await asyncio.sleep(min(LONGEST_PAUSE, 2.0 ** min(failures, 10)) * random.uniform(0.5, 1.0))

    async def receive(self, invocation: Invocation) -> None:
        """Hand on what was said, and show that an answer is on its way when it takes long."""
        assert self._core is not None
        if invocation.words and (invocation.addressed or without_prefix(invocation.words)[1]):
            self._typing.expect(str(invocation.origin.get("room", "")))
        await self._core.receive(invocation)

    def wake(self) -> None:
        """Hand on that a fact was changed."""
        if self._core is not None:
            self._core.wake()


@asynccontextmanager
async def connected(
    folder: Path, keyring: Keyring, store: Store, clock: Clock, servers: tuple[str, ...] = ()
) -> AsyncIterator[Matrix]:
    """Hold the store in `folder`, open the account and give its connection; all is closed at the end.

    `servers` are those whose people may open direct chats unasked. Raises AccountProblem, StoreProblem or StoreHeld.
    """
    account = read_account(account_file(folder), keyring)
    with hold(folder, clock.now()):
        sealed = SealedStore(folder / "matrix.db", keyring)
        try:
            check_set_up(account, sealed)
            matrix = Matrix(account, sealed, keyring, store, clock, servers)
            try:
                yield matrix
            finally:
                await matrix.close()
        finally:
            sealed.close()
