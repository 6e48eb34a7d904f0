"""App Homes: shown when they are opened, and again when what they show has changed."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.adapters.slack.web import Away, Limited, Refused, Web
from storage.trouble import DatabaseTrouble

MOST = 200
"""How many homes are kept up to date: those opened last."""
KEPT_SECONDS = 8 * 3600.0
"""For how long a home is kept up to date after it was opened."""
QUIET_SECONDS = 1.0
"""How long facts may go on changing before homes are looked at, so that one command is shown once."""
OLDEST_SECONDS = 600.0
"""How old a home gets at most while it is kept up to date: what is next comes nearer without a fact changing."""
LONGEST_PAUSE = 60.0
_log = structlog.get_logger()

Draw = Callable[[str], Awaitable[Mapping[str, Any]]]
"""Gives the view of somebody's home as it is now."""


@dataclass
class _Home:
    opened: float
    shown: str = ""


class Homes:
    """Whose home was opened, and what it shows."""

    def __init__(self, web: Web, draw: Draw) -> None:
        """Take what draws a home."""
        self._web, self._draw = web, draw
        self._homes: OrderedDict[str, _Home] = OrderedDict()
        self._changed = asyncio.Event()

    async def opened(self, user: str) -> None:
        """Show somebody their home now."""
        self._homes.pop(user, None)
        self._homes[user] = _Home(_seconds())
        while len(self._homes) > MOST:
            self._homes.popitem(last=False)
        try:
            await self._show(user)
        except (Away, Limited, DatabaseTrouble):
            self.changed()  # it is tried again soon
            raise

    def forget(self, user: str) -> None:
        """Keep somebody's home up to date no longer."""
        self._homes.pop(user, None)

    def changed(self) -> None:
        """Facts may have changed."""
        self._changed.set()

    async def run(self) -> None:
        """Keep homes up to date until cancelled; those that could not be shown are tried again, ever more slowly."""
        failures = 0
        while True:
            try:
                await asyncio.wait_for(self._changed.wait(), OLDEST_SECONDS)
            except TimeoutError:
                pass  # time has passed, which is a change too
            else:
                await asyncio.sleep(QUIET_SECONDS)
            self._changed.clear()
            failures = 0 if await self.refresh() else failures + 1
            if failures:
                await asyncio.sleep(min(LONGEST_PAUSE, 2.0 ** min(failures, 10)))
                self._changed.set()

    async def refresh(self) -> bool:
        """Show anew what has changed; tells whether all could be shown that may ever be."""
        done = True
        for user, home in list(self._homes.items()):
            if _seconds() - home.opened > KEPT_SECONDS:
                self._homes.pop(user, None)
                continue
            try:
                await self._show(user)
            except Limited as problem:
                done = False
                await asyncio.sleep(min(problem.seconds, LONGEST_PAUSE))
            except (Away, Refused, DatabaseTrouble) as problem:
                done = done and isinstance(problem, Refused)
                _log.warning("home not shown", code=problem.code)
        return done

    async def _show(self, user: str) -> None:
        view = await self._draw(user)
        home = self._homes.get(user)
        if home is None:
            return
        mark = hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()
        if mark != home.shown:
            await self._web.call("views.publish", user_id=user, view=view)
            home.shown = mark


def _seconds() -> float:
    return asyncio.get_running_loop().time()
