"""How this process is doing: whether its loops turn, whether the database answers, which chats it has lost.

It is kept in memory and asks nobody, so that it can be told also while everything else hangs.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.clock import Clock

STALE_SECONDS = 60.0
"""How long a loop may not turn: each turns with every step of its work, and with every sweep."""
SLOW_SECONDS = 900.0
"""The same for loops whose steps take long: a draft that is read, a server that is waited for."""
AWAY_FOR = dt.timedelta(minutes=5)
"""How long a chat may be away before it is said: most come back by themselves."""


@dataclass(frozen=True)
class Report:
    """What is wrong, as codes without names, and since when what is away is away."""

    stale: tuple[str, ...] = ()
    """Loops that do not turn."""
    database: dt.datetime | None = None
    away: Mapping[str, dt.datetime] = field(default_factory=dict)
    """Platforms by when they were lost, those that were lost long enough ago."""

    @property
    def codes(self) -> list[str]:
        """Give one code each, in a fixed order; none when all is well."""
        database = ["database"] if self.database else []
        return [*database, *(f"loop-{name}" for name in self.stale), *sorted(self.away)]


class Health:
    """What the parts of one process say of themselves."""

    def __init__(self, clock: Clock) -> None:
        """Know of nothing yet."""
        self._clock = clock
        self._turned: dict[str, tuple[float, float]] = {}
        self._chats: dict[str, Callable[[], bool | None]] = {}
        self._away: dict[str, dt.datetime] = {}
        self._database: dict[str, dt.datetime] = {}

    def turned(self, loop: str, patience: float = STALE_SECONDS) -> None:
        """Note that a loop turns, and for how many seconds it may not."""
        self._turned[loop] = time.monotonic(), patience

    def trouble(self, loop: str) -> None:
        """Note that a loop cannot use the database."""
        self._database.setdefault(loop, self._clock.now())

    def well(self, loop: str) -> None:
        """Note that it could."""
        self._database.pop(loop, None)

    def follow(self, platform: str, connected: Callable[[], bool | None]) -> None:
        """Ask from now on whether a chat is connected; None where another process has it."""
        self._chats[platform] = connected

    def ended(self) -> None:
        """Expect no loop to turn any more."""
        self._turned.clear()

    def report(self) -> Report:
        """Say what is wrong at this moment."""
        now, beat = self._clock.now(), time.monotonic()
        for platform, connected in self._chats.items():
            if connected() is False:
                self._away.setdefault(platform, now)
            else:
                self._away.pop(platform, None)
        stale = [loop for loop, (last, patience) in self._turned.items() if beat - last > patience]
        away = {platform: since for platform, since in self._away.items() if now - since >= AWAY_FOR}
        return Report(tuple(sorted(stale)), min(self._database.values(), default=None), away)

    @property
    def loops(self) -> int:
        """How many loops are expected to turn."""
        return len(self._turned)
