"""Plays a scenario file on the console, with the code that `dragoman console` uses.

Lines that begin with `> ` are typed; the lines that follow are what must appear. Lines that begin with `#` are for the
reader, but for three orders: `#! load FILE`, `#! at ISO` and `#! restart ISO` (the process ends and starts again then).
`python -m tests.scenarios.play FILE ...` writes what appears back into the files, to be read before it is committed.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from sqlmodel import col, select

from bot.adapters.console import Console, ConsoleChat, ConsoleProblem, read_moment
from bot.app import PLATFORMS, build
from bot.clock import SimulatedClock
from bot.engine import Engine
from bot.load import load_file
from bot.terminal.opening import first_coordinator
from bot.terminal.talk import STRANGER, console_account, turn_to
from storage import migrate
from storage.cipher import create_key_file, read_key_file
from storage.tables import Coalition
from storage.work import Store, Work

FOLDER = Path(__file__).parent
START = "2024-01-22T12:00:00Z"


class Play:
    """One scenario on one database, through any number of restarts."""

    def __init__(self, folder: Path, *, restless: bool = False) -> None:
        """Take the folder for database and key; restless: the process ends and starts again before each line."""
        self.url = f"sqlite+aiosqlite:///{folder / 'dragoman.db'}"
        self.key_file = folder / "dragoman.key"
        self.restless = restless
        self.lines: list[str] = []
        self.now = read_moment(START)
        self._store: Store | None = None
        self._console: Console | None = None
        self._engine: Engine | None = None

    async def play(self, script: list[str]) -> list[str]:
        """Give the script back with what really appeared after each typed line."""
        create_key_file(self.key_file)
        await migrate.upgrade(self.url)
        played: list[str] = []
        try:
            for line in script:
                if line.startswith("#") or not line.strip():
                    played.append(line)
                    await self._order(line)
                elif line.startswith("> "):
                    played.append(line)
                    await self._type(line[2:])
                played += self._appeared()
        finally:
            await self._stop()
        return played

    def _appeared(self) -> list[str]:
        shown = [line for block in self.lines for line in block.split("\n")]
        self.lines.clear()
        return shown

    async def _order(self, line: str) -> None:
        verb, _, rest = line.removeprefix("#! ").partition(" ")
        if not line.startswith("#! "):
            return
        if verb == "load":
            store = Store(self.url, read_key_file(self.key_file))
            await load_file(store, FOLDER / rest, self.now)
            await store.close()
        elif verb in ("at", "restart"):
            await self._stop()
            self.now = read_moment(rest)
        else:
            raise ValueError(f"no such order: {line}")

    async def _type(self, words: str) -> None:
        try:
            if self.restless and self._console is not None:
                await self._begin_again(self._console)
            console = await self._started()
            await console.line(words)
            self.now = console.clock.now()
        except ConsoleProblem as problem:
            self.lines.append(f"! {problem}")

    async def _started(self) -> Console:
        if self._console is None:
            self._store = Store(self.url, read_key_file(self.key_file))
            name = await self._store.read(None, _first_name)
            clock = SimulatedClock(self.now)
            chat = ConsoleChat(self.lines.append)
            engine = build(self._store, clock, dict.fromkeys(PLATFORMS, chat))
            speaker = await first_coordinator(self._store, name) or STRANGER
            self._console = Console(
                engine, clock, self._known, speaker, coalition=name, find_account=self._account_of
            )  # fmt: skip
            self._engine = engine
            if name is not None:
                await turn_to(self._store, engine, name)
        return self._console

    async def _begin_again(self, before: Console) -> None:
        await self._stop()
        after = await self._started()
        after.speaker, after.room, after.coalition = before.speaker, before.room, before.coalition
        after.attached = before.attached

    async def _known(self, wanted: str) -> str | None:
        assert self._store is not None
        assert self._engine is not None
        return await turn_to(self._store, self._engine, wanted)

    async def _account_of(self, coalition: str | None, alias: str) -> str | None:
        assert self._store is not None
        return await console_account(self._store, coalition, alias)

    async def _stop(self) -> None:
        if self._store is not None:
            await self._store.close()
        self._store = self._console = None


def _first_name(work: Work) -> str | None:
    return work.exec(select(Coalition.name).order_by(col(Coalition.id))).first()


def play_file(path: Path, folder: Path, *, restless: bool = False) -> tuple[list[str], list[str]]:
    """Play a file in a folder of its own; give what it says and what really appeared."""
    script = path.read_text("utf-8").splitlines()
    before = Path.cwd()
    os.chdir(FOLDER)
    try:
        return script, asyncio.run(Play(folder, restless=restless).play(script))
    finally:
        os.chdir(before)


def main() -> None:
    """Write what appears back into the files named."""
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            _, played = play_file(Path(name).resolve(), Path(folder))
        Path(name).write_text("\n".join(played) + "\n", "utf-8")


if __name__ == "__main__":
    main()
