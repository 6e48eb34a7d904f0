"""What benchmarks stand on: databases on both engines, coalitions with lanes and notices, work in other processes."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import resource
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import SQLModel

from bot.message import Message, message, say
from storage.cipher import Keyring
from storage.tables import Label, Lane, Member, Notice, NoticeKind, Purpose, Role, Room
from storage.work import Store, Work, open_engine
from tests.conftest import KEY, found_coalition
from tests.fakes.postgres import Postgres

T = TypeVar("T")
ENGINES = ("SQLite", "PostgreSQL")


class Ground:
    """New databases on demand, gone at the end."""

    def __init__(self, folder: Path, house: ExitStack) -> None:
        self._folder, self._house = folder, house
        self._server: Postgres | None = None
        self._made = 0

    def address(self, engine: str) -> str:
        """Give the SQLAlchemy URL of an empty database on "SQLite" or "PostgreSQL"."""
        if engine == "SQLite":
            self._made += 1
            return f"sqlite+aiosqlite:///{self._folder / f'{self._made}.db'}"
        if self._server is None:
            self._server = Postgres()
            self._house.callback(self._server.close)
            self._server.start()
        return self._server.url(self._server.database())


@contextmanager
def ground() -> Iterator[Ground]:
    """Give somewhere to make databases; PostgreSQL is started when it is first asked for."""
    with ExitStack() as house:
        yield Ground(Path(house.enter_context(tempfile.TemporaryDirectory())), house)


def opened(url: str) -> Store:
    """Open a store with the benchmarks' key."""
    return Store(url, Keyring([KEY]))


async def make_tables(url: str) -> None:
    """Make Dragoman's tables."""
    engine = open_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    await engine.dispose()


async def make_coalitions(store: Store, coalitions: int, rooms: int, people: int) -> list[int]:
    """Found coalitions of so many rooms and people each, every one with a lane, and give their ids."""
    return [await store.write(None, _founding(number, rooms, people, store.keyring)) for number in range(coalitions)]


def _founding(number: int, rooms: int, people: int, keyring: Keyring) -> Callable[[Work], int]:
    who = {f"Person {number}-{one}": (Role.MEMBER, "UTC") for one in range(people)}
    where: dict[str, tuple[Label, list[Purpose]]] = {
        f"room-{number}-{one}": (Label.COALITION, [Purpose.TASKS]) for one in range(rooms)
    }

    def act(work: Work) -> int:
        here = found_coalition(work, f"Coalition {number}", who, where, keyring)
        for room in work.rows(Room):
            work.add(Lane(coalition_id=here, platform=room.platform, room_id=room.id))
        for member in work.rows(Member):
            member.quiet = False
            work.add(Lane(coalition_id=here, platform="console", member_id=member.id))
        return here

    return act


def words(number: int) -> Message:
    """Give a message as long as most are."""
    return message(say("In 30 minutes: {what}, Conference Room 4. Article 27 has no owner.", what=f"Plenary {number}"))


async def owe(store: Store, coalition: int, each: int, kind: NoticeKind, due: Callable[[int], dt.datetime]) -> None:
    """Owe so many messages to every lane of a coalition, each due when `due` says of its number."""

    def act(work: Work) -> None:
        for number, lane in enumerate(work.rows(Lane)):
            for step in range(each):
                moment = due(number * each + step)
                work.add(
                    Notice(
                        coalition_id=coalition, key=f"bench/{lane.id}/{step}", lane_id=lane.id, kind=kind, due=moment,
                        send_at=moment, content=words(step).to_data(), created_at=moment,
                    )
                )  # fmt: skip

    await store.write(coalition, act)


def aside(act: Callable[..., T], calls: Sequence[tuple[Any, ...]]) -> list[T]:
    """Call a function of a module in new processes, one for each tuple of arguments, all at once."""
    with ProcessPoolExecutor(len(calls), mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(act, *zip(*calls, strict=True)))


def resident() -> float:
    """Give how many MB of this process are in memory."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def most_resident() -> float:
    """Give how many MB of this process have been in memory at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
