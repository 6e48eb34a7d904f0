"""Plays a scenario file: on the console, with the code that `dragoman console` uses, or on another transport.

Lines that begin with `> ` are typed; the lines that follow are what must appear. Lines that begin with `#` are for the
reader, but for four orders: `#! load FILE`, `#! at ISO`, `#! restart ISO` (the process ends and starts again then) and
`#! confirm NUMBER` (the host confirms a request, as `dragoman confirm` does).
`CODE` stands for the last code that was given to link an account.
`python -m tests.scenarios.play FILE ...` writes what appears back into the files, to be read before it is committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import tempfile
from pathlib import Path

from sqlmodel import col, select

from bot.adapters.console import Console, ConsoleProblem, read_moment
from bot.app import command_table
from bot.clock import SimulatedClock
from bot.load import load_file
from bot.requests import confirm_on_host
from bot.terminal.opening import first_coordinator
from bot.terminal.talk import STRANGER
from storage import migrate
from storage.cipher import create_key_file, read_key_file
from storage.tables import Coalition
from storage.work import Store, Work
from tests.scenarios.transports import OnConsole, Transport

FOLDER = Path(__file__).parent
KEY_FILE = "dragoman.key"
START = "2024-01-22T12:00:00Z"
CODE = "CODE"
"""Stands for the last code that was given to link an account: no two are alike."""
_GIVEN = re.compile(r"within ten minutes: `link (\S+)`")


class Play:
    """One scenario on one database, through any number of restarts."""

    def __init__(
        self, folder: Path, transport: Transport | None = None, *, restless: bool = False, url: str | None = None
    ) -> None:
        """Take the folder for key and database, unless that is at `url`.

        Restless: the process ends and starts again before each line.
        """
        self.folder, self.url = folder, url or database(folder)
        self.transport = transport or OnConsole()
        self.restless = restless
        self.now = read_moment(START)
        self._problems: list[str] = []
        self._code = CODE
        self._store: Store | None = None
        self._console: Console | None = None

    async def play(self, script: list[str]) -> list[str]:
        """Give the script back with what really appeared after each typed line."""
        create_key_file(self.folder / KEY_FILE)
        await migrate.upgrade(self.url)
        played: list[str] = []
        try:
            for line, after in zip(script, [*script[1:], ""], strict=True):
                if line.startswith("#") or not line.strip():
                    played.append(line)
                    await self._order(line)
                elif line.startswith("> "):
                    played.append(line)
                    self.transport.expect(answered=after.startswith("["))
                    await self._type(line[2:])
                played += await self._appeared()
        finally:
            await self._stop()
        return played

    async def _appeared(self) -> list[str]:
        shown = "\n".join(await self.transport.appeared() + self._problems)
        self._problems.clear()
        if given := _GIVEN.search(shown):
            self._code = given[1]
            shown = shown.replace(self._code, CODE)
        return shown.split("\n") if shown else []

    async def _order(self, line: str) -> None:
        verb, _, rest = line.removeprefix("#! ").partition(" ")
        if not line.startswith("#! "):
            return
        if verb == "load":
            file = await self.transport.set_up(self.folder, FOLDER / rest)
            store = self._open_store()
            await load_file(store, file, self.now)
            await store.close()
        elif verb == "confirm":
            await self._confirm(rest)
        elif verb in ("at", "restart"):
            await self._stop()
            self.now = read_moment(rest)
        else:
            raise ValueError(f"no such order: {line}")

    async def _confirm(self, number: str) -> None:
        console = await self._started()
        assert self._store is not None
        name = console.coalition
        found = select(Coalition.id).where(Coalition.name == name)
        coalition_id = await self._store.read(None, lambda work: work.exec(found).one())
        now, table = console.clock.now(), command_table()
        await self._store.write(coalition_id, lambda work: confirm_on_host(work, now, table, number))
        self.transport.expect(answered=True)
        await console.core.settle()

    async def _type(self, words: str) -> None:
        try:
            if self.restless and self._console is not None:
                await self._begin_again(self._console)
            console = await self._started()
            await console.line(words.replace(f"link {CODE}", f"link {self._code}"))
            self.now = console.clock.now()
        except ConsoleProblem as problem:
            self._problems.append(f"! {problem}")

    async def _started(self) -> Console:
        if self._console is None:
            self._store = self._open_store()
            name = await self._store.read(None, _first_name)
            clock = SimulatedClock(self.now)
            core = await self.transport.open(self._store, clock)
            speaker = await first_coordinator(self._store, name) or STRANGER
            self._console = Console(
                core, clock, self.transport.turn_to, speaker, coalition=name, find_account=self.transport.account_of
            )
            if name is not None:
                await self.transport.turn_to(name)
        return self._console

    async def _begin_again(self, before: Console) -> None:
        await self._stop()
        after = await self._started()
        if before.coalition is not None:
            await self.transport.turn_to(before.coalition)
        after.speaker, after.room, after.coalition = before.speaker, before.room, before.coalition
        after.attached = before.attached

    def _open_store(self) -> Store:
        return Store(self.url, read_key_file(self.folder / KEY_FILE))

    async def _stop(self) -> None:
        if self._store is not None:
            await self.transport.close()
            await self._store.close()
        self._store = self._console = None


def database(folder: Path) -> str:
    """Give the address of a scenario's database."""
    return f"sqlite+aiosqlite:///{folder / 'dragoman.db'}"


def _first_name(work: Work) -> str | None:
    return work.exec(select(Coalition.name).order_by(col(Coalition.id))).first()


def play_file(
    path: Path,
    folder: Path,
    transport: Transport | None = None,
    *,
    restless: bool = False,
    runner: asyncio.Runner | None = None,
) -> tuple[list[str], list[str]]:
    """Play a file in a folder of its own, on the console or another transport; give what it says and what appeared.

    `runner` has the event loop on which the transport's people live, where they do.
    """
    script = path.read_text("utf-8").splitlines()
    playing = Play(folder, transport, restless=restless).play(script)
    with contextlib.chdir(FOLDER):
        return script, runner.run(playing) if runner else asyncio.run(playing)


def main() -> None:
    """Write what appears back into the files named."""
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            _, played = play_file(Path(name).resolve(), Path(folder))
        Path(name).write_text("\n".join(played) + "\n", "utf-8")


if __name__ == "__main__":
    main()
