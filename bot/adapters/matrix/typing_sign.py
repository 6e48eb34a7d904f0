"""The typing sign: shown in a room when an answer takes longer than a second, gone when it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE = 1.0
"""How long nobody wonders, in seconds."""
LONGEST = 20.0
"""How long the sign is shown at most, in seconds."""


class Typing:
    """Which rooms wait for an answer."""

    def __init__(self, show: Callable[[str, bool], Awaitable[None]]) -> None:
        """Take what shows the sign in a room, or takes it away."""
        self._show = show
        self._waiting: dict[str, asyncio.Task[None]] = {}

    def expect(self, room_id: str) -> None:
        """An answer is owed to a room from now on."""
        if room_id and room_id not in self._waiting:
            self._waiting[room_id] = asyncio.create_task(self._wait(room_id))

    def answered(self, room_id: str) -> None:
        """The answer is there."""
        if (task := self._waiting.get(room_id)) is not None:
            task.cancel()

    async def close(self) -> None:
        """Let all signs go."""
        tasks = list(self._waiting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self, room_id: str) -> None:
        shown = False
        try:
            await asyncio.sleep(PATIENCE)
            shown = True
            await self._show(room_id, True)
            await asyncio.sleep(LONGEST)
        finally:
            self._waiting.pop(room_id, None)
            if shown:
                await self._show(room_id, False)
