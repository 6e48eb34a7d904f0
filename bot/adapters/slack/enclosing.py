"""The files that come with words on Slack: which one `draft add` is about, and where it lies."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from bot.fetching import takes_file
from bot.invocation import Enclosed

AGAIN = dt.timedelta(minutes=10)
"""For how long a file waits for the command that is about it."""
MOST = 1_000
"""How many people's last files are kept in mind."""
_NO_FILE = ("tombstone", "hidden_by_limit", "external", "post", "space", "quip", "canvas")


def files_of(message: Mapping[str, Any]) -> tuple[Enclosed, ...]:
    """Give the files of a message that can be fetched; links and notes of Slack's own are none.

    Each is noted by its id: of a file from another workspace an event tells nothing but that.
    """
    rows = message.get("files")
    rows = rows if isinstance(rows, Sequence) and not isinstance(rows, str) else ()
    return tuple(
        Enclosed(str(row.get("name") or row.get("title") or "file")[:255], str(row["id"]))
        for row in rows
        if isinstance(row, Mapping) and row.get("id") and row.get("mode") not in _NO_FILE
    )


class LastFiles:
    """The last file that somebody dropped in a place: people attach a draft first and say what it is after that."""

    def __init__(self) -> None:
        """Nobody has dropped anything yet."""
        self._last: OrderedDict[tuple[str, str], tuple[Enclosed, dt.datetime]] = OrderedDict()

    def meant(self, channel: str, message: Mapping[str, Any], words: str, at: dt.datetime) -> tuple[Enclosed, ...]:
        """Give the file that the words are about: their own, else the sender's last one here; none for other words."""
        whose, own = (channel, str(message.get("user", ""))), files_of(message)[:1]
        if own:
            self._last[whose] = (own[0], at)
            self._last.move_to_end(whose)
            while len(self._last) > MOST:
                self._last.popitem(last=False)
        if not takes_file(words) or own:
            return own if takes_file(words) else ()
        last = self._last.get(whose)
        return (last[0],) if last is not None and at - last[1] < AGAIN else ()
