"""Commands that talk: load, console, run."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from sqlmodel import select

from bot.adapters.console import Console, ConsoleChat, ConsoleProblem, read_moment
from bot.app import build
from bot.calendar_load import load_calendar
from bot.clock import SimulatedClock, SystemClock
from bot.load import load_file
from bot.planning import replan
from bot.scheduler import ScheduledAlarm
from bot.terminal.opening import CommandProblem, coalition_name, first_coordinator, opened, write, write_problem
from config.settings import Settings
from storage.tables import Coalition, Identity, Member
from storage.work import Store, Work

PLATFORMS = ("console", "slack", "matrix")
STRANGER = "you"


async def load(settings: Settings, file: Path, session: str | None, coalition: str | None, at: str | None) -> int:
    """Load a .toml or .ics file and print what changed."""
    now = read_moment(at) if at else SystemClock().now()
    async with opened(settings) as store:
        if file.suffix.casefold() == ".ics":
            if session is None:
                raise CommandProblem("say which session the meetings belong to: --session NAME")
            report = await load_calendar(store, file, session, coalition, now)
        else:
            report = await load_file(store, file, now)
    for line in report:
        write(line)
    return 0


async def console(
    settings: Settings, speaker: str | None, room: str | None, coalition: str | None, at: str | None, *, as_json: bool
) -> int:
    """Take lines from standard input until it ends or `:quit`."""
    async with opened(settings) as store:
        name = await coalition_name(store, coalition)
        clock = SimulatedClock(read_moment(at) if at else SystemClock().now())
        chat = ConsoleChat(write, as_json=as_json)
        engine = build(store, clock, dict.fromkeys(PLATFORMS, chat))
        who = (speaker or await first_coordinator(store, name) or STRANGER).lstrip("@")
        place = room.lstrip("#") if room else None
        talk = Console(engine, clock, lambda wanted: known_coalition(store, wanted), who, place, name)
        talk.find_account = lambda coalition, alias: console_account(store, coalition, alias)
        await _plan(store, clock.now())
        await engine.settle()
        return await _talk(talk, as_json=as_json)


async def _plan(store: Store, now: dt.datetime) -> None:
    """Plan as of the console's moment: what was loaded by the real clock counted everything before it as past."""
    for coalition_id in await store.read(None, lambda work: list(work.exec(select(Coalition.id)))):
        await store.write(coalition_id, lambda work: replan(work, now))


async def _talk(talk: Console, *, as_json: bool) -> int:
    async for line in _lines():
        try:
            if not await talk.line(line):
                break
        except ConsoleProblem as problem:
            if as_json:
                write_problem(str(problem))
            else:
                write(f"! {problem}")
    return 0


async def _lines() -> AsyncIterator[str]:
    prompt = "> " if sys.stdin.isatty() else ""
    while True:
        sys.stdout.write(prompt)
        sys.stdout.flush()
        line = await asyncio.to_thread(sys.stdin.buffer.readline)
        if not line:
            return
        yield line.decode("utf-8", "replace")


async def known_coalition(store: Store, wanted: str) -> str | None:
    """Give a coalition's name as it is written, or None when there is none of that name."""
    try:
        return await coalition_name(store, wanted)
    except CommandProblem:
        return None


async def console_account(store: Store, coalition: str | None, alias: str) -> str | None:
    """Give the console's account of the member of a coalition who is called so, or None when nobody is."""

    def find(work: Work) -> str | None:
        members = {row.id: row.alias.casefold() for row in work.rows(Member)}
        accounts = work.rows(Identity, Identity.platform == "console")
        return next((row.address for row in accounts if members.get(row.member_id) == alias.casefold()), None)

    def which(work: Work) -> int | None:
        return work.exec(select(Coalition.id).where(Coalition.name == coalition)).first()

    coalition_id = await store.read(None, which)
    return await store.read(coalition_id, find) if coalition_id is not None else None


async def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT. With no chat configured, what is due appears on the terminal."""
    async with opened(settings) as store:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        clock = SystemClock()
        engine = build(store, clock, {"console": ConsoleChat(write)})
        alarm = ScheduledAlarm()
        write_problem(
            f"running since {clock.now().astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC, terminal only; stop with Ctrl-C"
        )
        try:
            await engine.run(alarm, stop)
        finally:
            alarm.close()
    return 0
