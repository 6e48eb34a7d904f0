"""What must survive any kill: commands and notices while `dragoman run` is killed, and what is checked afterwards."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import col, func, select

from bot.clock import SystemClock
from bot.message import message, say
from bot.notices import room_lane, tell
from storage.cipher import create_key_file, read_key_file
from storage.migrate import upgrade
from storage.tables import Inbox, InboxState, Label, Note, Notice, NoticeKind, NoticeState, Purpose, Role, Room
from storage.work import Store, Work
from tests.conftest import found_coalition
from tests.fakes.crashing import POINTS
from tests.fakes.wire import Platform

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = {"Ana": (Role.COORDINATOR, "UTC"), "Luis": (Role.MEMBER, "UTC")}
ROOMS = ("one", "two", "three")
MOST_MISSING = 50


@dataclass
class Kills:
    """Dragoman processes on one database, a platform, and what people said."""

    folder: Path
    url: str
    processes: int
    hurry: bool = True
    """What one that died had is taken over at once, not after the time that it really takes."""
    platform: Platform = field(default_factory=Platform)
    pids: list[int] = field(default_factory=list)
    killed: int = 0
    asked: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in PEOPLE})
    owed: int = 0
    _owed_until: dt.datetime | None = None
    _launcher: subprocess.Popen[str] | None = None

    async def prepare(self) -> None:
        """Make the database, and start the platform and what starts the processes."""
        self.config = self.folder / "dragoman.toml"
        self.config.write_text(f'database_url = "{self.url}"\nkey_file = "dragoman.key"\nmatrix_store = "matrix"\n')
        create_key_file(self.folder / "dragoman.key")
        await upgrade(self.url)
        self.store = Store(self.url, read_key_file(self.folder / "dragoman.key"))
        rooms = {name: (Label.COALITION, [Purpose.ALERTS]) for name in ROOMS}
        keyring = self.store.keyring
        self.coalition = await self.store.write(
            None, lambda work: found_coalition(work, "Crash", PEOPLE, rooms, keyring)
        )
        await self.platform.start()
        self._launcher = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.crashing"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert self._launcher.stdout is not None
        assert await asyncio.to_thread(self._launcher.stdout.readline) == "ready\n"

    async def close(self) -> None:
        """End everything."""
        if self._launcher is not None:
            self._launcher.kill()
            self._launcher.communicate()
        await self.platform.stop()
        await self.store.close()

    def start(self, point: str = "", hits: int = 1) -> None:
        """Start as many processes as there should be; all of them die at that point."""
        self.pids = [pid for pid in self.pids if lives(pid)]
        while len(self.pids) < self.processes:
            assert self._launcher is not None
            assert self._launcher.stdin is not None
            assert self._launcher.stdout is not None
            asked = {"config": str(self.config), "port": self.platform.port, "point": point, "hits": hits,
                     "hurry": self.hurry, "errors": str(self.folder / "errors.txt")}  # fmt: skip
            self._launcher.stdin.write(json.dumps(asked) + "\n")
            self._launcher.stdin.flush()
            self.pids.append(int(self._launcher.stdout.readline()))

    def kill(self, pid: int) -> None:
        """Kill one at once."""
        if lives(pid):
            os.kill(pid, signal.SIGKILL)
            self.killed += 1
            while lives(pid):
                time.sleep(0.001)

    async def ended(self, seconds: float) -> bool:
        """Wait until one of them has killed itself."""
        return await until(lambda: not all(lives(pid) for pid in self.pids), seconds)

    async def owe(self, number: int, seconds: float) -> None:
        """Owe so many more alerts to each room, due one after the other within so many seconds."""
        now, first = SystemClock().now(), self.owed
        start = max(now, self._owed_until or now)  # what is due later comes later
        self.owed, self._owed_until = first + number, start + dt.timedelta(seconds=seconds)

        def act(work: Work) -> None:
            for room in work.rows(Room):
                lane = room_lane(work, room)
                for step in range(number):
                    due = start + dt.timedelta(seconds=seconds * step / number)
                    text, key = f"alert {first + step:04}", f"{room.name}/{first + step}"
                    tell(work, lane, NoticeKind.ALERT, message(say("{w}", w=text)), key=key, now=due)

        await self.store.write(self.coalition, act)

    def say(self, number: int) -> None:
        """Let everybody say so many commands."""
        for _ in range(number):
            for who, asked in self.asked.items():
                event = f"{who}/{len(asked)}"
                asked.append(event)
                self.platform.said.append({"event": event, "who": who, "words": f"note {event}"})

    async def calm_down(self, seconds: float = 60) -> None:
        """Run without kills until everything came, and a moment longer."""
        self.start()
        await until(lambda: self.missing <= 0, seconds)
        await asyncio.sleep(0.3)
        for pid in self.pids:
            os.kill(pid, signal.SIGTERM)
        await until(lambda: not any(lives(pid) for pid in self.pids), 10)

    async def check(self) -> None:
        """Everything came once and in order, everything said was done once, and nothing is left."""
        assert self.platform.texts() == {
            room: [f"alert {n:04}" for n in range(self.owed)] for room in ROOMS if self.owed
        }
        assert self.platform.answers() == {who.casefold(): asked for who, asked in self.asked.items() if asked}
        noted = await self.store.read(self.coalition, lambda work: sorted(note.words for note in work.rows(Note)))
        assert noted == sorted(event for asked in self.asked.values() for event in asked)
        assert await self.store.read(None, _left) == (0, 0)

    def figures(self, name: str) -> str:
        """Give what was measured, in a line."""
        sent = len(self.platform.shown)
        return (
            f"{name}: {self.killed} kills, {sent} messages, 0 lost, 0 twice, in order; "
            f"{self.platform.repeated} repetitions that the platform knew by their key"
        )

    @property
    def missing(self) -> int:
        """Give how many messages have not come yet."""
        return sum(map(len, self.asked.values())) + self.owed * len(ROOMS) - len(self.platform.shown)


async def at_every_point(kills: Kills, hits: Sequence[int]) -> None:
    """Kill all of them at each named point, the first, the second ... time that one comes to it."""
    for point in POINTS:
        for hit in hits:
            kills.say(2)
            await kills.owe(3, 0.1)
            kills.start(point, hit)
            assert await kills.ended(30), (point, hit)
            kills.killed += 1
            for pid in kills.pids:
                kills.kill(pid)
    await kills.calm_down()
    await kills.check()


async def at_random(kills: Kills, times: int, seed: int) -> None:
    """Kill one of the processes at a random moment, so many times, while people talk and notices come due."""
    dice = random.Random(seed)
    for _ in range(times):
        kills.say(1)
        await kills.owe(2, 0.2)
        kills.start()
        await asyncio.sleep(dice.choice((0.15, 0.4, 0.8)) * dice.random())
        # On a busy machine it may not keep up with what is said between two kills, and would only fall back further.
        await until(lambda: kills.missing < MOST_MISSING, 60)
        kills.kill(dice.choice(kills.pids))
    await kills.calm_down()
    await kills.check()


def lives(pid: int) -> bool:
    """Tell whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(true: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is true; False when it is not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        await asyncio.sleep(0.01)
    return False


def _left(work: Work) -> tuple[int, int]:
    open_states = (NoticeState.PLANNED, NoticeState.SENDING)
    notices = work.exec(select(func.count()).select_from(Notice).where(col(Notice.state).in_(open_states))).one()
    waiting = work.exec(select(func.count()).select_from(Inbox).where(Inbox.state == InboxState.WAITING)).one()
    return notices, waiting
