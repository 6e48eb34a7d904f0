"""What is erased of the store, and when: the keys of what was said a week ago, which no thief may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.adapters.matrix.encryption import REPLAY
from bot.adapters.matrix.groupsessions import GroupSessions
from bot.adapters.matrix.hearing import ASKED, FILES
from bot.adapters.matrix.rooms import Rooms
from bot.adapters.matrix.sealed import SealedStore

KEPT = 7 * 24 * 3_600_000
"""How long keys are kept after they were needed last, in milliseconds; sent content is, too (`bot.retention`)."""
EVERY = 3_600_000
"""How often what is old is erased, in milliseconds."""


class Retention:
    """Erases what is old, each hour."""

    def __init__(self, store: SealedStore, sessions: GroupSessions, rooms: Rooms) -> None:
        """Take what is kept; nothing is erased yet."""
        self._store, self._sessions, self._rooms = store, sessions, rooms
        self._done_at: int | None = None

    def erase_old(self, now: int) -> None:
        """Erase what is old `now`, in milliseconds, unless that was done within the hour.

        Not before the first sync is through: what was said while the bot was away may need an old key.
        """
        if self._done_at is not None and 0 <= now - self._done_at < EVERY:
            return
        self._done_at = now
        with self._store.transaction():
            self._erase_sessions(now)
            self._erase_files(now)
            for room_id in self._store.all(ASKED):
                if self._rooms.get(room_id) is None:
                    self._store.delete(ASKED, room_id)
        self._store.scrub()

    def _erase_sessions(self, now: int) -> None:
        """Erase the sessions that opened nothing for a week, and what they opened.

        Clients begin a new one each week, or hundred messages: one that is still used was used lately, however old it
        is. The mark that a message was heard stays exactly as long as a session that could open it again: without the
        session a replay opens as little as anything else, and Olm never delivers the same session twice. So it does
        not matter that a server can give an old message a new time.
        """
        kept = self._sessions.erase_unused(now - KEPT, now)
        for index in self._store.all(REPLAY):
            if index.rpartition("/")[0] not in kept:
                self._store.delete(REPLAY, index)

    def _erase_files(self, now: int) -> None:
        for kind in FILES:
            for name, row in self._store.all(kind).items():
                at = _moment(row)
                if at is None or at > now:  # an older version took the server's word for it
                    self._store.put(kind, name, {**row, "at": now})
                elif now - at > KEPT:
                    self._store.delete(kind, name)


def _moment(row: Mapping[str, Any]) -> int | None:
    at = row.get("at")
    return at if isinstance(at, int) else None
