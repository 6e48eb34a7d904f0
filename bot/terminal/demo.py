"""The demo: a negotiating fortnight on a simulated clock, played by the code that `run` uses, clock and chat aside."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from rich.console import Console as Screen
from rich.text import Text

import config
from bot.adapters.console import Console, ConsoleChat, ConsoleProblem, read_moment
from bot.app import build
from bot.clock import SimulatedClock
from bot.load import load_file
from bot.terminal.opening import coalition_name, start_logs
from storage import migrate
from storage.cipher import create_key_file, read_key_file
from storage.work import Store

FOLDER = Path(config.__file__).parent / "demo"
SCRIPT = "fortnight.txt"
BEGINS = "2024-01-22T15:00:00Z"


async def demo(*, pause: float) -> int:
    """Play the script; `pause` is how many seconds a message may be looked at."""
    start_logs("warning")
    screen = Screen(highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="dragoman-demo-") as folder:
        url, key_file = f"sqlite+aiosqlite:///{folder}/dragoman.db", Path(folder) / "dragoman.key"
        create_key_file(key_file)
        await migrate.upgrade(url)
        store = Store(url, read_key_file(key_file))
        try:
            await _play(store, screen, pause)
        finally:
            await store.close()
    return 0


async def _play(store: Store, screen: Screen, pause: float) -> None:
    clock = SimulatedClock(read_moment(BEGINS))
    for line in await load_file(store, FOLDER / "demo.toml", clock.now()):
        screen.print(Text(f"  {line}", style="dim"))
    name = await coalition_name(store, None)
    shown: list[str] = []
    engine = build(store, clock, {"console": ConsoleChat(shown.append)})

    async def known(wanted: str) -> str | None:
        return wanted if wanted == name else None

    console = Console(engine, clock, known, "Ana", None, name)
    before = Path.cwd()
    os.chdir(FOLDER)
    try:
        for line in (FOLDER / SCRIPT).read_text("utf-8").splitlines()[1:]:
            await _say(console, screen, line)
            await _show(shown, screen, pause)
    finally:
        os.chdir(before)


async def _say(console: Console, screen: Screen, line: str) -> None:
    if line.startswith("#"):
        screen.print(Text(f"\n{line[2:]}", style="bold"))
        return
    if not line.startswith(":"):
        where = f"#{console.room}" if console.room else "direct"
        screen.print(Text(f"{console.speaker} ({where})> {line}", style="cyan"))
    try:
        await console.line(line)
    except ConsoleProblem as problem:
        screen.print(Text(f"! {problem}", style="red"))


async def _show(shown: list[str], screen: Screen, pause: float) -> None:
    for message in shown:
        screen.print(Text(message))
        await asyncio.sleep(pause)
    shown.clear()
