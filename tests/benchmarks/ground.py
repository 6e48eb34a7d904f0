"""What benchmarks stand on: databases on both engines, coalitions with lanes and notices, work in other processes."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import insert
from sqlmodel import SQLModel

from bot.invocation import Invocation
from bot.message import Message, message, say
from storage.cipher import Keyring
from storage.engines import open_engine
from storage.tables import Label, Lane, Member, Notice, NoticeKind, Purpose, Role, Room, Task
from storage.work import Store, Work
from tests.conftest import KEY, found_coalition
from tests.fakes.postgres import Postgres

T = TypeVar("T")
ENGINES = ("SQLite", "PostgreSQL")
READY_SECONDS = 120.0
"""How long processes wait for each other to begin at once."""


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
    who = {alias(number, one): (Role.MEMBER if one else Role.COORDINATOR, "UTC") for one in range(people)}
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


def alias(coalition: int, one: int) -> str:
    """Give what a person of the coalition made as number so and so is called; the first coordinates."""
    return f"person{coalition}x{one}"


def saying(coalition: int, event: int, words: str, now: dt.datetime) -> Invocation:
    """Make what the coordinator says in the direct chat."""
    name = alias(coalition, 0)
    event_id = f"bench/{coalition}/{event}"
    return Invocation(event_id, "console", sender=name, sender_name=name, words=words, said_at=now)


async def give_tasks(store: Store, coalition: int, tasks: int, now: dt.datetime) -> None:
    """Give the second person so many tasks, one in ten of them due within a fortnight."""

    def act(work: Work) -> None:
        lead = work.rows(Member)[1]
        fortnight = [now + dt.timedelta(days=day + 1) for day in range(14)]
        rows = [
            {
                "coalition_id": coalition, "number": number, "words": f"read note {number}", "lead_id": lead.id,
                "due": fortnight[number % 14] if number % 10 == 0 else None, "assigned_at": now, "accepted_at": now,
            }
            for number in range(1, tasks + 1)
        ]  # fmt: skip
        if rows:
            work.execute(insert(Task), rows)

    await store.write(coalition, act)


def words(number: int) -> Message:
    """Give a message as long as most are."""
    return message(say("In 30 minutes: {what}, Conference Room 4. Article 27 has no owner.", what=f"Plenary {number}"))


async def owe(
    store: Store, coalition: int, each: int, kind: NoticeKind, due: Callable[[int], dt.datetime], why: str = "bench"
) -> None:
    """Owe so many messages to every lane of a coalition, each due when `due` says of its number."""

    def act(work: Work) -> None:
        lanes = [lane.id for lane in work.rows(Lane) for _ in range(each)]
        moments = [due(number) for number in range(len(lanes))]
        rows = [
            {
                "coalition_id": coalition, "key": f"{why}/{number}", "lane_id": lane_id, "kind": kind, "due": moment,
                "send_at": moment, "content": words(number).to_data(), "created_at": moment,
            }
            for number, (lane_id, moment) in enumerate(zip(lanes, moments, strict=True))
        ]  # fmt: skip
        work.execute(insert(Notice), rows)

    await store.write(coalition, act)


def aside(act: Callable[..., T], calls: Sequence[tuple[Any, ...]]) -> list[T]:
    """Call a function of a module in new processes, one for each tuple of arguments, all at once."""
    fresh = multiprocessing.get_context("forkserver")  # each begins as an empty process that has imported everything
    fresh.set_forkserver_preload([act.__module__])
    barrier = fresh.Barrier(len(calls))
    with ProcessPoolExecutor(len(calls), mp_context=fresh, initializer=_will_meet, initargs=(barrier,)) as pool:
        return list(pool.map(act, *zip(*calls, strict=True)))


_barrier: Barrier | None = None


def _will_meet(barrier: Barrier) -> None:
    global _barrier  # noqa: PLW0603 - the way in which a pool hands something to its processes
    _barrier = barrier


def meet() -> None:
    """Wait, in a process made by `aside`, until all of them are here."""
    assert _barrier is not None
    _barrier.wait(READY_SECONDS)


def resident() -> float:
    """Give how many MB of this process are in memory."""
    return _status("VmRSS")


def most_resident() -> float:
    """Give how many MB of this process have been in memory at most."""
    return _status("VmHWM")


def _status(name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) / 1024
