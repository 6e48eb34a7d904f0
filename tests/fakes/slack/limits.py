"""How often a method may be called."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

POSTING = {"chat.postMessage"}
"""About one a second and channel, with a short burst."""
PER_MINUTE: Mapping[str, int] = {"t1": 1, "t2": 20, "t3": 50, "t4": 100}
READING = {"conversations.history", "conversations.replies"}


@dataclass
class Bucket:
    """Tokens that come back at a rate (per second), up to a number."""

    rate: float
    size: float
    left: float = field(init=False)
    at: float = field(default_factory=monotonic)

    def __post_init__(self) -> None:
        self.left = self.size

    def take(self) -> float:
        """Take one; 0 if there was one, else the seconds until there is."""
        now = monotonic()
        self.left = min(self.size, self.left + (now - self.at) * self.rate)
        self.at = now
        if self.left >= 1:
            self.left -= 1
            return 0.0
        return (1 - self.left) / self.rate


@dataclass
class Limits:
    """`on`: Slack's usual limits; `restricted`: 15 items and one look a minute at histories, as for some apps."""

    on: bool = False
    restricted: bool = False
    burst: int = 1
    history_seconds: float = 60.0
    _buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)

    def wait(self, method: str, channel: str, tier: str) -> int:
        """Give 0 if this call may be made, else Retry-After in whole seconds."""
        seconds = 0.0
        if self.restricted and method in READING:
            seconds = self._take((method, ""), 1 / self.history_seconds, 1)
        elif self.on and method in POSTING:
            seconds = self._take(("post", channel), 1.0, self.burst)
        elif self.on and tier in PER_MINUTE:
            seconds = self._take((method, ""), PER_MINUTE[tier] / 60, PER_MINUTE[tier])
        return math.ceil(seconds)

    def _take(self, key: tuple[str, str], rate: float, size: float) -> float:
        return self._buckets.setdefault(key, Bucket(rate, size)).take()

    @property
    def most_items(self) -> int:
        """Give how many messages a look at a history gives at most."""
        return 15 if self.restricted else 999
