"""The command that serves: the engine and the chats that are configured, until it is told to stop."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import threading
from collections.abc import Coroutine, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Any

import structlog
from sqlmodel import select

from bot.adapters.console import ConsoleChat
from bot.adapters.fetch import WebFetcher
from bot.adapters.matrix.account import account_file
from bot.adapters.matrix.connection import Matrix
from bot.adapters.matrix.connection import connected as matrix_connected
from bot.adapters.matrix.lock import hold
from bot.adapters.slack.connection import Slack
from bot.adapters.slack.connection import connected as slack_connected
from bot.app import build, limits_of, slack_folder
from bot.clock import Clock, SystemClock
from bot.duty import Duty
from bot.ports import Chat
from bot.scheduler import ScheduledAlarm
from bot.terminal.healthz import serve_health
from bot.terminal.opening import CommandProblem, opened, write, write_problem
from bot.terminal.private import check_private
from bot.terminal.slack import slack_access
from bot.terminal.standby import Standby
from config.settings import Settings
from storage.tables import Coalition
from storage.trouble import CoalitionGone
from storage.work import Store

LANES = 16
"""How many rooms and people are written to at once: a slow one holds up none of the others."""
LAST_SECONDS = 4.6
"""When the process ends whatever it is at, once it is told to stop: whoever told it may kill it after five."""

_log = structlog.get_logger()


async def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT. With no chat configured, what is due appears on the terminal."""
    if (lacks := settings.slack_lacks) is not None:
        raise CommandProblem(lacks.rstrip("."))
    async with AsyncExitStack() as house:
        store = await house.enter_async_context(opened(settings))
        check_private(settings)
        await _check_keys(store)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, _stop_in_time, stop)
        clock = SystemClock()
        chats: dict[str, Chat] = {"console": ConsoleChat(write)}
        sole: set[str] = set()
        matrix = await _matrix(house, settings, store, clock, chats, sole)
        slack = await _slack(house, settings, store, clock, chats, sole)
        fetcher = WebFetcher(clock, settings.proxy)
        house.push_async_callback(fetcher.close)
        engine = build(store, clock, chats, sole, fetcher, files=True, lanes=LANES, limits=limits_of(settings))
        alarm = ScheduledAlarm()
        house.callback(alarm.close)
        names = " and ".join(name for name, part in (("Matrix", matrix), ("Slack", slack)) if part) or "terminal only"
        write_problem(f"running since {clock.now().astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC, {names}; stop with Ctrl-C")
        parts = [engine.run(alarm, stop)]
        if settings.health_address is not None:
            parts.append(serve_health(engine.health, *settings.health_address, stop))
        if matrix is not None:
            engine.health.follow("matrix", lambda: matrix.connected)
            parts.append(matrix.run(engine, stop))
        if slack is not None:
            engine.health.follow("slack", lambda: slack.connected)
            engine.heeding.append(slack.changed)
            parts.append(slack.run(engine, stop))
        await _together(parts, stop)
    return 0


async def _check_keys(store: Store) -> None:
    """Raise DatabaseTrouble where a coalition does not open, before any of its messages is met."""
    for each in await store.read(None, lambda work: list(work.exec(select(Coalition.id)))):
        with suppress(CoalitionGone):
            await store.read(each, lambda work: work.tenant)


def _stop_in_time(stop: asyncio.Event) -> None:
    """Stop in order, or in time: a thread that waits for the database cannot be broken off, and would be waited for.

    What is left then is what a kill leaves, and is done at the next start.
    """
    if not stop.is_set():
        stop.set()
        timer = threading.Timer(LAST_SECONDS, _end)
        timer.daemon = True
        timer.start()


def _end() -> None:
    _log.warning("stopped in the middle")
    os._exit(0)


async def _matrix(
    house: AsyncExitStack,
    settings: Settings,
    store: Store,
    clock: Clock,
    chats: MutableMapping[str, Chat],
    sole: set[str],
) -> Matrix | Standby | None:
    """Connect to Matrix, or wait for its duty where several processes share the work; None where it is not set up."""
    if not account_file(settings.matrix_store).exists():
        return None

    def connect() -> AbstractAsyncContextManager[Matrix]:
        return matrix_connected(settings.matrix_store, store.keyring, store, clock, settings.welcome_servers)

    if store.shared:
        return Standby(Duty(store, clock, "matrix"), connect, chats, sole)
    matrix = await house.enter_async_context(connect())
    chats["matrix"] = matrix.chat
    sole.add("matrix")  # the lock on the Matrix store is held from here on
    return matrix


async def _slack(
    house: AsyncExitStack,
    settings: Settings,
    store: Store,
    clock: Clock,
    chats: MutableMapping[str, Chat],
    sole: set[str],
) -> Slack | None:
    """Connect to Slack, each process for itself where several share the work; None where it is not set up."""
    if settings.slack_bot_token is None:
        return None
    if not store.shared:
        house.enter_context(hold(slack_folder(settings), clock.now(), "Slack"))
        sole.add("slack")
    slack = await house.enter_async_context(slack_connected(slack_access(settings), store, clock))
    chats["slack"] = slack.chat
    return slack


async def _together(parts: Sequence[Coroutine[Any, Any, None]], stop: asyncio.Event) -> None:
    """Run all parts until they end; when one fails, the others stop in order before its exception is raised."""

    async def watched(part: Coroutine[Any, Any, None]) -> None:
        try:
            await part
        finally:
            stop.set()

    results = await asyncio.gather(*map(watched, parts), return_exceptions=True)
    for problem in results:
        if problem is not None:
            raise problem
