"""The command that serves: the engine and the chats that are configured, until it is told to stop."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any

from bot.adapters.console import ConsoleChat
from bot.adapters.fetch import WebFetcher
from bot.adapters.matrix.account import account_file
from bot.adapters.matrix.connection import Matrix
from bot.adapters.matrix.connection import connected as matrix_connected
from bot.adapters.matrix.lock import hold
from bot.adapters.slack.connection import Slack
from bot.adapters.slack.connection import connected as slack_connected
from bot.app import build, slack_folder
from bot.clock import SystemClock
from bot.ports import Chat
from bot.scheduler import ScheduledAlarm
from bot.terminal.opening import CommandProblem, opened, write, write_problem
from bot.terminal.private import check_private
from bot.terminal.slack import slack_access
from config.settings import Settings
from storage.work import Store


async def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT. With no chat configured, what is due appears on the terminal."""
    if (lacks := settings.slack_lacks) is not None:
        raise CommandProblem(lacks.rstrip("."))
    async with AsyncExitStack() as house:
        store = await house.enter_async_context(opened(settings))
        check_private(settings)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        clock = SystemClock()
        matrix, slack = await _matrix(house, settings, store, clock), await _slack(house, settings, store, clock)
        chats: dict[str, Chat] = {"console": ConsoleChat(write)}
        chats |= {"matrix": matrix.chat} if matrix else {}
        chats |= {"slack": slack.chat} if slack else {}
        # The locks on what each chat's account may do once are held from here on.
        fetcher = WebFetcher(clock, settings.proxy)
        house.push_async_callback(fetcher.close)
        sole = [name for name in chats if name != "console"]
        engine = build(store, clock, chats, sole=sole, fetcher=fetcher, files=True)
        alarm = ScheduledAlarm()
        house.callback(alarm.close)
        names = " and ".join(name.title() for name in chats if name != "console") or "terminal only"
        write_problem(f"running since {clock.now().astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC, {names}; stop with Ctrl-C")
        parts = [engine.run(alarm, stop)]
        if matrix is not None:
            parts.append(matrix.run(engine, stop))
        if slack is not None:
            engine.heeding.append(slack.changed)
            parts.append(slack.run(engine, stop))
        await _together(parts, stop)
    return 0


async def _matrix(house: AsyncExitStack, settings: Settings, store: Store, clock: SystemClock) -> Matrix | None:
    if not account_file(settings.matrix_store).exists():
        return None
    return await house.enter_async_context(
        matrix_connected(settings.matrix_store, store.keyring, store, clock, settings.welcome_servers)
    )


async def _slack(house: AsyncExitStack, settings: Settings, store: Store, clock: SystemClock) -> Slack | None:
    if settings.slack_bot_token is None:
        return None
    house.enter_context(hold(slack_folder(settings), clock.now(), "Slack"))
    return await house.enter_async_context(slack_connected(slack_access(settings), store, clock))


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
