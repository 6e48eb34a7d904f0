"""About one message a second in each channel: what Slack takes before it asks for a pause."""

from __future__ import annotations

from collections import OrderedDict

EVERY = 1.0
"""How many seconds lie between two messages in one channel."""
_MOST = 10_000


class Pace:
    """Remembers when something was last posted where; time is a clock's that only goes forward, in seconds."""

    def __init__(self, every: float = EVERY) -> None:
        """Nothing was posted yet."""
        self._every = every
        self._last: OrderedDict[str, float] = OrderedDict()

    def rest(self, channel: str, now: float) -> float:
        """Give how many seconds a channel has to be left alone; 0 when it may be posted to."""
        last = self._last.get(channel)
        return max(0.0, last + self._every - now) if last is not None else 0.0

    def posted(self, channel: str, now: float) -> None:
        """Note that something was posted, or may have been."""
        self._last[channel] = now
        self._last.move_to_end(channel)
        while len(self._last) > _MOST:
            self._last.popitem(last=False)
