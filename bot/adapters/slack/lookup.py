"""Whether a parcel is in a channel already: its parts bear an opaque key, and its files a name with one."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.adapters.slack.web import Refused, Web

EVENT_TYPE = "dragoman_parcel"
MARGIN = dt.timedelta(minutes=5)
"""How much earlier than the first try is looked: Slack's clock may be behind ours."""
_PAGE = 100
"""How many messages are asked for at once. Apps that Slack restricts get 15, once a minute."""


@dataclass(frozen=True)
class Spot:
    """Where messages appear: a channel, or a thread in it."""

    channel: str
    thread: str | None = None


@dataclass
class Found:
    """What a search has come upon so far, and where it goes on; what was asked once is not asked again."""

    messages: dict[str, str] = field(default_factory=dict)
    """The time stamps of messages, by their keys."""
    files: set[str] = field(default_factory=set)
    """The names of files."""
    cursor: str | None = None


def part_key(key: str, part: str) -> str:
    """Give the key of one part of a parcel; it tells nothing of the parcel's own."""
    return hashlib.sha256(f"{key}/{part}".encode()).hexdigest()[:32]


def metadata(key: str) -> dict[str, Any]:
    """Give the metadata by which a message is found again."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


async def search(web: Web, spot: Spot, since: dt.datetime, wanted: frozenset[str], found: Found) -> None:
    """Look through what was said since a moment until all that is wanted is found, or there is no more.

    Fills `found`; after Limited or Away it can be called with the same again and goes on. Raises as `Web.call`.
    """
    while True:
        answer = await _page(web, spot, since, found.cursor)
        for message in answer.get("messages") or ():
            _note(message, found)
        found.cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "") or None
        if found.cursor is None or wanted <= found.messages.keys():
            return


async def _page(web: Web, spot: Spot, since: dt.datetime, cursor: str | None) -> Mapping[str, Any]:
    given = {
        "channel": spot.channel,
        "oldest": f"{(since - MARGIN).timestamp():.6f}",
        "limit": _PAGE,
        "include_all_metadata": True,
        "cursor": cursor,
    }
    if spot.thread is None:
        return await web.call("conversations.history", **given)
    try:
        return await web.call("conversations.replies", ts=spot.thread, **given)
    except Refused as problem:
        if problem.code == "thread_not_found":
            return {}
        raise


def _note(message: Any, found: Found) -> None:
    if not isinstance(message, Mapping):
        return
    given = message.get("metadata")
    if isinstance(given, Mapping) and given.get("event_type") == EVENT_TYPE:
        payload = given.get("event_payload")
        if isinstance(payload, Mapping) and isinstance(payload.get("key"), str):
            found.messages[payload["key"]] = str(message.get("ts", ""))
    found.files |= set(_names(message))


def _names(message: Mapping[str, Any]) -> Iterator[str]:
    rows = message.get("files")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and row.get("name"):
            yield str(row["name"])
