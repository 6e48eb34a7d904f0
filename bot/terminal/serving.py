"""The command that serves: the engine and the chats that are configured, until it is told to stop."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from bot.adapters.console import ConsoleChat
from bot.adapters.matrix.account import account_file
from bot.adapters.matrix.connection import Matrix, connected
from bot.app import build
from bot.clock import SystemClock
from bot.duty import Duty
from bot.ports import Chat
from bot.scheduler import ScheduledAlarm
from bot.terminal.opening import opened, write, write_problem
from bot.terminal.standby import Standby
from config.settings import Settings

LANES = 8
"""How many rooms and people are written to at once: a slow one holds up none of the others."""


async def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT. With no chat configured, what is due appears on the terminal."""
    async with AsyncExitStack() as house:
        store = await house.enter_async_context(opened(settings))
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        clock = SystemClock()
        chats: dict[str, Chat] = {"console": ConsoleChat(write)}
        sole: set[str] = set()
        serving: Matrix | Standby | None = None
        if account_file(settings.matrix_store).exists():

            def connect() -> AbstractAsyncContextManager[Matrix]:
                return connected(settings.matrix_store, store.keyring, store, clock, settings.welcome_servers)

            if store.shared:
                serving = Standby(Duty(store, clock, "matrix"), connect, chats, sole)
            else:
                serving = await house.enter_async_context(connect())
                chats["matrix"] = serving.chat
                sole.add("matrix")  # the lock on the Matrix store is held from here on
        engine = build(store, clock, chats, sole, lanes=LANES)
        alarm = ScheduledAlarm()
        house.callback(alarm.close)
        names = "Matrix" if serving else "terminal only"
        write_problem(f"running since {clock.now().astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC, {names}; stop with Ctrl-C")
        parts = [engine.run(alarm, stop)] + ([serving.run(engine, stop)] if serving else [])
        await _together(parts, stop)
    return 0


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
