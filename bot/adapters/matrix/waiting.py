"""Messages whose key is not here yet: kept in the order they came until it comes, for a day, and not without bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from bot.adapters.matrix.sealed import SealedStore

PATIENCE = 5_000
"""After how many milliseconds the author of a message whose key did not come is told."""
KEPT = 24 * 3_600_000
"""How long a message waits for its key, in milliseconds."""
PER_SENDER = 50
"""How many messages of one sender wait at most; the oldest are given up."""
_KIND = "waiting"
_log = structlog.get_logger()

Row = dict[str, Any]


class Waiting:
    """The messages that wait; what is in memory is what is on disk.

    How long one waits is counted from when it was heard here: its own moment is its server's choice.
    """

    def __init__(self, store: SealedStore) -> None:
        """Take the store and what waits in it."""
        self._store = store
        # An older version kept no order.
        rows = sorted(store.all(_KIND).items(), key=lambda pair: int(pair[1].get("order", 0)))
        self._rows: dict[str, Row] = dict(rows)
        self._next = 1 + max((int(row.get("order", 0)) for row in self._rows.values()), default=0)

    def add(self, room_id: str, event: Mapping[str, Any], now: int) -> None:
        """Keep a message that was heard `now`, in milliseconds."""
        event_id, sender = str(event["event_id"]), str(event["sender"])
        if event_id in self._rows:  # heard again after a crash
            return
        own = [name for name, row in self._rows.items() if row["event"]["sender"] == sender]
        for name in own[: max(0, len(own) + 1 - PER_SENDER)]:
            _log.warning("message given up", event_id=name[:64], code="too-many")
            self.drop(name)
        self._keep(event_id, {"room": room_id, "event": dict(event), "told": False, "at": now, "order": self._next})
        self._next += 1

    def rows(self, now: int) -> Iterator[tuple[str, Row]]:
        """Give what still waits, in the order it came; what has waited too long is given up."""
        for event_id, kept in list(self._rows.items()):
            # An older version kept no moment; one ahead of the clock would never come.
            row = kept if kept.get("at", now + 1) <= now else self._keep(event_id, kept | {"at": now})
            if now - row["at"] > KEPT:
                self.drop(event_id)
            else:
                yield event_id, row

    def told(self, event_id: str) -> None:
        """Note that the author was told."""
        self._keep(event_id, self._rows[event_id] | {"told": True})

    def drop(self, event_id: str) -> None:
        """Forget a message: it was read, or never will be."""
        self._rows.pop(event_id, None)
        self._store.delete(_KIND, event_id)

    def senders(self) -> set[str]:
        """Give whose messages wait."""
        return {str(row["event"]["sender"]) for row in self._rows.values()}

    def is_fresh(self) -> bool:
        """Tell whether one waits whose author was not told yet."""
        return any(not row["told"] for row in self._rows.values())

    def _keep(self, event_id: str, row: Row) -> Row:
        self._store.put(_KIND, event_id, row)
        self._rows[event_id] = row
        return row
