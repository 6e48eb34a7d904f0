"""Commands that talk: load, console, run."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from sqlmodel import func, select

from bot.adapters.console import PLATFORM, Console, ConsoleChat, ConsoleProblem, ConsoleTrouble, read_moment
from bot.app import build, rehearsed
from bot.calendar_load import load_calendar
from bot.clock import SimulatedClock, SystemClock
from bot.engine import Engine
from bot.load import load_file
from bot.planning import replan
from bot.terminal.opening import (
    COPY_THE_KEY,
    CommandProblem,
    coalition_name,
    first_coordinator,
    opened,
    write,
    write_problem,
)
from config.settings import Settings
from storage.tables import Coalition, Identity, Member
from storage.work import Store, Work

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
            known = await _coalitions(store)
            report = await load_file(store, file, now)
            if await _coalitions(store) > known:
                report.append(COPY_THE_KEY.format(settings.key_file))
    for line in report:
        write(line)
    return 0


async def _coalitions(store: Store) -> int:
    return await store.read(None, lambda work: work.exec(select(func.count()).select_from(Coalition)).one())


async def console(
    settings: Settings, speaker: str | None, room: str | None, coalition: str | None, at: str | None, *, as_json: bool
) -> int:
    """Take lines from standard input until it ends or `:quit`."""
    async with opened(settings) as store:
        name = await coalition_name(store, coalition)
        clock = SimulatedClock(read_moment(at) if at else SystemClock().now())
        chat = ConsoleChat(write, as_json=as_json)
        engine = build(store, clock, dict.fromkeys(rehearsed(settings), chat))
        who = (speaker or await first_coordinator(store, name) or STRANGER).lstrip("@")
        place = room.lstrip("#") if room else None
        talk = Console(engine, clock, lambda wanted: turn_to(store, engine, wanted), who, place, name)
        talk.find_account = lambda coalition, alias: console_account(store, coalition, alias)
        if name is not None:
            await turn_to(store, engine, name)
        return await _talk(talk, as_json=as_json)


async def turn_to(store: Store, engine: Engine, wanted: str) -> str | None:
    """Let the console serve one coalition and no other, as of its own moment; None when there is none of that name.

    What was loaded by the real clock counted everything before it as past, so it is planned anew.
    """
    name = await known_coalition(store, wanted)
    if name is None:
        return None
    found = select(Coalition.id).where(Coalition.name == name)
    coalition_id, now = await store.read(None, lambda work: work.exec(found).one()), engine.clock.now()
    engine.serve_only(coalition_id, PLATFORM)
    await store.write(coalition_id, lambda work: replan(work, now))
    await engine.settle()
    return name


async def _talk(talk: Console, *, as_json: bool) -> int:
    """Follow the lines; 1 when the database could not be used for one of them."""
    code = 0
    async for line in _lines():
        try:
            if not await talk.line(line):
                break
        except ConsoleProblem as problem:
            code = 1 if isinstance(problem, ConsoleTrouble) else code
            if as_json:
                write_problem(str(problem))
            else:
                write(f"! {problem}")
    return code


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
