"""Dragoman on a real homeserver, in the test's own process: set up, loaded, served, stopped and started again."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.adapters.matrix.account import Account, account_file, read_account, write_account
from bot.adapters.matrix.connection import Matrix, connected
from bot.adapters.matrix.login import Credentials, House, log_in
from bot.app import build
from bot.clock import Clock, SystemClock
from bot.load import load_file
from bot.ports import Core
from bot.scheduler import ScheduledAlarm
from storage import migrate
from storage.cipher import create_key_file, read_key_file
from storage.work import Store
from tests.fakes.human import Human
from tests.fakes.synapse import Synapse

PASSWORD = "only for a test"


def awake() -> str:
    """Give a zone in which it is early afternoon now, so that nobody's quiet hours hold a message back."""
    ahead = 13 - SystemClock().now().hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


@dataclass
class Deployment:
    """One Dragoman: its folder, its account, and, while it runs, its tasks."""

    folder: Path
    synapse: Synapse
    user_id: str
    told: list[str]
    """What `matrix login` printed."""
    servers: tuple[str, ...] = ()
    clock: Clock = field(default_factory=SystemClock)
    store: Store = field(init=False)
    matrix: Matrix | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _running: asyncio.Task[object] | None = None

    def __post_init__(self) -> None:
        self.store = Store(self.url, read_key_file(self.folder / "dragoman.key"))

    @property
    def url(self) -> str:
        return f"sqlite+aiosqlite:///{self.folder / 'dragoman.db'}"

    @property
    def house(self) -> House:
        keyring = read_key_file(self.folder / "dragoman.key")
        return House(self.folder / "matrix", keyring, int(SystemClock().now().timestamp() * 1000))

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.synapse.url, self.user_id, PASSWORD)

    @property
    def recovery_key(self) -> str:
        """Give the recovery key as it was printed."""
        return next(line.strip() for line in self.told if line.startswith("    "))

    @property
    def account(self) -> Account:
        """Give the account with its token."""
        return read_account(account_file(self.house.store), self.house.keyring)

    def go_through(self, url: str) -> None:
        """Reach the homeserver at another address from the next start on."""
        write_account(account_file(self.house.store), replace(self.account, homeserver=url), self.house.keyring)

    async def start(self) -> None:
        """Serve, as `dragoman run` does, in tasks of this loop."""
        self._stop = asyncio.Event()
        ready = asyncio.Event()
        self._running = asyncio.create_task(self._serve(ready))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({self._running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._running.done():
            self._running.result()

    async def stop(self) -> None:
        """Stop as SIGTERM does, and raise what ended it before."""
        if self._running is not None:
            self._stop.set()
            running, self._running = self._running, None
            await running

    async def ended(self, seconds: float = 10) -> None:
        """Wait until it ends by itself, and raise why."""
        assert self._running is not None
        running, self._running = self._running, None
        await asyncio.wait_for(running, seconds)

    async def close(self) -> None:
        """Stop and close the store."""
        try:
            await self.stop()
        finally:
            await self.store.close()

    async def _serve(self, ready: asyncio.Event) -> None:
        clock, alarm = self.clock, ScheduledAlarm()
        keyring = read_key_file(self.folder / "dragoman.key")
        try:
            async with connected(self.folder / "matrix", keyring, self.store, clock, self.servers) as matrix:
                self.matrix = matrix
                engine = build(self.store, clock, {"matrix": matrix.chat}, sole=("matrix",))
                ready.set()
                parts = (engine.run(alarm, self._stop), self._follow(matrix, engine))
                results = await asyncio.gather(*parts, return_exceptions=True)
                for problem in results:
                    if problem is not None:
                        raise problem
        finally:
            alarm.close()

    async def _follow(self, matrix: Matrix, core: Core) -> None:
        try:
            await matrix.run(core, self._stop)
        finally:
            self._stop.set()


async def deploy(synapse: Synapse, folder: Path, servers: tuple[str, ...] = ()) -> Deployment:
    """Set Dragoman up with an account of its own on the homeserver; nothing runs yet."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    create_key_file(folder / "dragoman.key")
    user_id = await asyncio.to_thread(synapse.register, synapse.unused("dragoman"), PASSWORD, display_name="Dragoman")
    told: list[str] = []
    made = Deployment(folder, synapse, user_id, told, servers)
    await migrate.upgrade(made.url)
    await log_in(made.house, made.credentials, told.append)
    return made


ROSTER = """
[coalition]
name = "Safeguards Now"
timezone = "{zone}"
language = "en"
{members}
"""
MEMBER = """
[[members]]
name = "{name}"
organisation = "Org of {name}"
role = "{role}"
timezone = "{zone}"
matrix = "{matrix}"
"""
CONVENTION = """
[[texts]]
name = "Convention"

[[texts.drafts]]
symbol = "DEM/CONF.7/L.3/Rev.1"
file = "{file}"
date = 2023-12-11
language = "en"
"""
DEMO = Path(__file__).parents[3] / "config" / "demo"


async def enrol(deployment: Deployment, people: Mapping[Human, str], *, text: bool = False) -> None:
    """Load a coalition of these people with their roles, all awake now, and where asked the demo's first draft."""
    zone = awake()
    members = "".join(
        MEMBER.format(name=human.account.name, role=role, zone=zone, matrix=human.user_id)
        for human, role in people.items()
    )
    words = ROSTER.format(zone=zone, members=members)
    if text:
        words += CONVENTION.format(file=DEMO / "convention-rev1.txt")
    file = deployment.folder / "coalition.toml"
    file.write_text(words, "utf-8")
    await load_file(deployment.store, file, SystemClock().now() - dt.timedelta(days=1))
