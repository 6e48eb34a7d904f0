"""What many tests stand on: a database of one small coalition, a clock moved by hand, and a chat that remembers.

Everything runs on one event loop a test, so tests are plain functions: `world.write(...)`, `world.run(coroutine)`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from sqlmodel import SQLModel

from bot.accounts import open_account
from bot.clock import SimulatedClock
from bot.commands import Call, CommandTable, NeedsSecond
from bot.invocation import Invocation
from bot.message import Message
from bot.people import find_member
from bot.plain import Reader, plain
from bot.veil import Veil
from storage.cipher import Keyring
from storage.coalitions import founding
from storage.engines import open_engine
from storage.tables import Coalition, Identity, Label, Member, Purpose, Role, Room
from storage.work import Store, Work
from tests.fakes.chat import RecordingChat
from tests.fakes.postgres import Postgres
from tests.fakes.synapse import Synapse

T = TypeVar("T")

# How long an example takes depends on what else this machine does: laws are not about time. `make test` tries the same
# examples each time, so that it fails for what was changed; `make soak` looks for new ones.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("new", deadline=None, max_examples=3000)
settings.load_profile("same")

NOW = dt.datetime(2024, 1, 29, 13, tzinfo=dt.UTC)
"""A Monday on which all three are awake: 14:00 in Vienna, 8:00 in New York, 21:00 in Singapore."""
KEY = bytes(32)
PLATFORM = "console"

PEOPLE = {
    "Ana": (Role.COORDINATOR, "Europe/Vienna"),
    "Luis": (Role.MEMBER, "America/New_York"),
    "Mei": (Role.MEMBER, "Asia/Singapore"),
}
ROOMS: Mapping[str, tuple[Label, list[Purpose]]] = {
    "team": (Label.COALITION, [Purpose.TASKS, Purpose.ALERTS]),
    "hall": (Label.PUBLIC, [Purpose.COUNTDOWN]),
}


@dataclass
class World:
    """A deployment in a temporary folder. Its first coalition has Ana (coordinator), Luis and Mei, #team and #hall."""

    store: Store
    clock: SimulatedClock
    chat: RecordingChat
    path: Path
    runner: asyncio.Runner
    coalition_id: int = 1
    said: int = field(default=0)

    @property
    def now(self) -> dt.datetime:
        """Give the moment the clock stands at."""
        return self.clock.now()

    def pass_time(self, **duration: float) -> dt.datetime:
        """Move the clock on (hours=2, minutes=30), and give the new moment."""
        self.clock.advance_to(self.now + dt.timedelta(**duration))
        return self.now

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the test's event loop."""
        return self.runner.run(coroutine)

    def write(self, act: Callable[[Work], T], coalition_id: int | None = None) -> T:
        """Run `act` in one transaction of the first coalition, or of another."""
        return self.run(self.store.write(coalition_id or self.coalition_id, act))

    def read(self, ask: Callable[[Work], T], coalition_id: int | None = None) -> T:
        """Ask the first coalition, or another."""
        return self.run(self.store.read(coalition_id or self.coalition_id, ask))

    def member_id(self, alias: str, coalition_id: int | None = None) -> int:
        """Give a member's id."""
        return self.read(lambda work: find_member(work, alias).id, coalition_id)

    def room_id(self, name: str, coalition_id: int | None = None) -> int:
        """Give a room's id."""
        return self.read(lambda work: next(room.id for room in work.rows(Room) if room.name == name), coalition_id)

    def add_account(self, alias: str, address: str, platform: str = PLATFORM) -> None:
        """Give a member one more account."""

        def act(work: Work) -> None:
            member = find_member(work, alias)
            open_account(work, self.saying(address, "", platform=platform), member)

        self.write(act)

    def found(
        self,
        name: str,
        people: Mapping[str, tuple[Role, str]] = PEOPLE,
        rooms: Mapping[str, tuple[Label, list[Purpose]]] = ROOMS,
    ) -> int:
        """Make another coalition and give its id; its rooms must be called otherwise than those there are."""
        return self.run(self.store.write(None, lambda work: found_coalition(work, name, people, rooms)))

    def saying(self, alias: str, words: str, room: str | None = None, **others: Any) -> Invocation:
        """Make what one person says now, in a room or (None) in the direct chat; each call is another event."""
        self.said += 1
        invocation = Invocation(
            event_id=f"event/{self.said}",
            platform=PLATFORM,
            sender=alias.casefold(),
            sender_name=alias,
            words=words,
            said_at=self.now,
            place=room,
            addressed=room is None,
        )
        return replace(invocation, **others)

    def do(self, table: CommandTable, alias: str, words: str, room: str | None = None, **others: Any) -> Message | None:
        """Let a member say a command and call its verb as dispatch would, roles and planning aside.

        Gives the verb's own answer; `confirmed=True` stands for a yes, `seconded=True` for a second person's word. What
        the verb raises comes through.
        """
        confirmed, seconded = others.pop("confirmed", False), others.pop("seconded", False)
        invocation = self.saying(alias, words, room, **others)

        def act(work: Work) -> Message | None:
            found = table.find(words)
            if found is None:
                raise LookupError(f"no verb in: {words}")
            verb, rest = found
            place = next((row for row in work.rows(Room) if row.name == room), None)
            coalition = work.get_one(Coalition, work.tenant)
            speaker = find_member(work, alias)
            call = Call(work, self.now, coalition, speaker, place, rest, invocation, table, confirmed)
            try:
                return verb.act(call)
            except NeedsSecond as needs:
                if not seconded:
                    raise
                return verb.act(replace(call, seconded=needs.what))

        return self.write(act)


def found_coalition(
    work: Work,
    name: str,
    people: Mapping[str, tuple[Role, str]],
    rooms: Mapping[str, tuple[Label, Sequence[Purpose]]],
    keyring: Keyring | None = None,
) -> int:
    """Make a coalition with members and rooms that have console accounts, and give its id."""
    keyring = keyring or Keyring([KEY])
    with founding(work, name, NOW, timezone="Europe/Vienna") as coalition:
        here = coalition.id
        for alias, (role, zone) in people.items():
            member = work.put(Member(coalition_id=here, alias=alias, role=role, timezone=zone))
            account = alias.casefold()
            print_ = keyring.fingerprint(account)
            work.add(
                Identity(coalition_id=here, member_id=member.id, platform=PLATFORM, address=account, fingerprint=print_)
            )
        for room, (label, purposes) in rooms.items():
            print_ = keyring.fingerprint(room)
            work.add(
                Room(
                    coalition_id=here, name=room, address=room, fingerprint=print_, label=label, purposes=list(purposes)
                )
            )
        return here


def shown(message: Message | None, zone: str = "UTC") -> str:
    """Give a message as one reader in a zone sees it; an absent one is empty."""
    whole = Veil(names_all=True).over(message) if message is not None else None
    return plain(whole, Reader(ZoneInfo(zone), personal=True)) if whole is not None else ""


both = pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
"""Runs a test on a database of each kind."""


def found_database(url: str) -> None:
    """Make the tables and the small coalition."""

    async def fill() -> None:
        engine = open_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all)
        await engine.dispose()
        store = Store(url, Keyring([KEY]))
        await store.write(None, lambda work: found_coalition(work, "Safe Evidence", PEOPLE, ROOMS))
        await store.close()

    asyncio.run(fill())


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the database once; each test gets a copy."""
    path = tmp_path_factory.mktemp("founded") / "dragoman.db"
    found_database(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """Give the one PostgreSQL of this test process, started when the first test asks for it."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def founded_there(postgres_server: Postgres) -> str:
    """Make the same database on the server once, and give its name."""
    name = postgres_server.database()
    found_database(postgres_server.url(name))
    return name


@pytest.fixture
def postgres(postgres_server: Postgres) -> Postgres:
    """Give the server, running again if a test before this one left it down."""
    postgres_server.start()
    return postgres_server


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Say on which engine the test's database is: SQLite, unless the test is marked with `both`."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def address(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database of the test's own, with one small coalition."""
    if database == "sqlite":
        shutil.copy(request.getfixturevalue("founded"), tmp_path / "dragoman.db")
        yield f"sqlite+aiosqlite:///{tmp_path / 'dragoman.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.database(request.getfixturevalue("founded_there"))
    yield server.url(name)
    server.start()
    server.drop(name)


@pytest.fixture
def clock() -> SimulatedClock:
    """Give a clock that stands at NOW."""
    return SimulatedClock(NOW)


@pytest.fixture
def chat() -> RecordingChat:
    """Give a chat that remembers what it was given."""
    return RecordingChat()


@pytest.fixture
def world(tmp_path: Path, address: str, clock: SimulatedClock, chat: RecordingChat) -> Iterator[World]:
    """Give a deployment with one small coalition, on a database of its own."""
    with asyncio.Runner() as runner:
        store = Store(address, Keyring([KEY]))
        yield World(store, clock, chat, tmp_path / "dragoman.db", runner)
        runner.run(store.close())


@pytest.fixture
def store(world: World) -> Store:
    """Give the database of the small coalition."""
    return world.store


@pytest.fixture(scope="session")
def homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    """Give the one server of this test process, started when the first test asks for it."""
    server = Synapse(tmp_path_factory.mktemp("synapse"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def synapse(homeserver: Synapse) -> Synapse:
    """Give the server, running again if a test before this one left it down."""
    homeserver.start()
    return homeserver
