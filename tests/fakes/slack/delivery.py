"""One thing that the app must take: an event, a command, an interaction; and how fast it did."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

from tests.fakes.slack.records import Json

EVENT, COMMAND, INTERACTION = "events_api", "slash_commands", "interactive"


@dataclass
class Pace:
    """How long Slack waits, in seconds. Tests shorten what would take minutes."""

    acknowledge: float = 3.0
    retries: tuple[float, ...] = (0.0, 0.2, 0.5)
    """The pauses before an event comes again; Slack's own are about none, a minute, five minutes."""
    patience: float = 20.0
    """How long what happened waits for an app that is away."""
    farewell: float = 0.3
    """From a `disconnect` message to the end of the connection; Slack's own is about ten seconds."""


@dataclass(eq=False)
class Delivery:
    """One thing to take. `answer` is what came with the acknowledgement, `failed` why none came."""

    kind: str
    payload: Json
    accepts: bool = False
    attempts: int = 0
    took: float | None = None
    """Seconds from the last attempt to its acknowledgement."""
    answer: Any = None
    failed: str = ""
    then: Callable[[Delivery], None] | None = None
    """What to do with the answer when it comes."""
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def event_id(self) -> str:
        """Give the id of an event, or an empty string."""
        return str(self.payload.get("event_id", ""))

    @property
    def acknowledged(self) -> bool:
        """Say whether the app took it."""
        return self.took is not None

    def settle(self, took: float | None = None, answer: Any = None, failed: str = "") -> None:
        """Note how it ended; what ended once stays as it is."""
        if not self._over.is_set():
            self.took, self.answer, self.failed = took, answer, failed
            if self.then is not None:
                self.then(self)
            self._over.set()

    async def settled(self) -> Delivery:
        """Wait for its end and give it."""
        await self._over.wait()
        return self


@dataclass
class Attempt:
    """One try at a delivery."""

    delivery: Delivery
    at: float = field(default_factory=monotonic)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    answer: Any = None

    def acknowledge(self, answer: Any) -> None:
        """Note the acknowledgement of this try."""
        if not self.heard.is_set():
            self.answer = answer
            self.heard.set()


@dataclass
class AckLog:
    """How fast the app was: `times` of each acknowledged try, in seconds; `late` what was not acknowledged in time."""

    times: list[float] = field(default_factory=list)
    late: list[str] = field(default_factory=list)


class Transport(Protocol):
    """A way to the app."""

    async def carry(self, delivery: Delivery) -> None:
        """Bring one thing to the app, again as often as Slack would, and settle it."""
        ...

    async def close(self) -> None:
        """End all connections."""
        ...


async def first_of(*waits: Awaitable[Any], seconds: float) -> int:
    """Give the index of what came first, or -1 if nothing came in time."""
    tasks = [asyncio.ensure_future(one) for one in waits]
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return next((index for index, task in enumerate(tasks) if task in done), -1)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
