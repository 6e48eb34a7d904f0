"""The channels that the bot is in: what they are called, and whether other workspaces are in them too."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.adapters.slack.web import Away, Limited, Refused, Web

_PAGE = 200
_LONGEST_WAIT = 60.0
_log = structlog.get_logger()


@dataclass(frozen=True)
class Channel:
    """A channel that the bot is in."""

    name: str
    shared: bool = False


class Channels:
    """Kept in memory, and in step by what Slack tells."""

    def __init__(self, web: Web) -> None:
        """No channel is known yet."""
        self._web = web
        self._known: dict[str, Channel] = {}
        self.listed = False
        """Whether all channels could be had once: before that, one that is not known may be shared."""

    @property
    def ids(self) -> Collection[str]:
        """Give the ids of the channels that the bot is in."""
        return self._known.keys()

    def get(self, channel: str) -> Channel | None:
        """Give a channel that the bot is in."""
        return self._known.get(channel)

    async def load(self) -> bool:
        """Ask for all channels; tells whether they could be had. Raises Away or TokenRevoked."""
        found, cursor = dict[str, Channel](), ""
        while True:
            try:
                answer = await self._page(cursor)
            except Refused as problem:
                _log.warning("channels not listed", code=problem.code)
                return False
            rows = answer.get("channels")
            if not isinstance(rows, list):
                _log.warning("channels not listed", code="no-list")
                return False
            found |= {str(row["id"]): _channel(row) for row in rows if _is_row(row)}
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                self._known, self.listed = found, True
                return True

    async def learn(self, channel: str) -> None:
        """Look at one channel anew."""
        try:
            row: Any = (await self._web.call("conversations.info", channel=channel)).get("channel")
        except (Away, Limited, Refused) as problem:
            _log.warning("channel not looked up", code=str(problem))
            self._known.setdefault(channel, Channel("", shared=True))  # nothing is shown that outsiders may not see
            return
        if _is_row(row) and row.get("is_member", True) and not row.get("is_archived"):
            self._known[channel] = _channel(row)
        else:
            self._known.pop(channel, None)

    async def look_again(self, channel: str) -> None:
        """Look at one that was not in the list; it is known after that where Slack says so. Raises as `Web.call`."""
        try:
            row: Any = (await self._web.call("conversations.info", channel=channel)).get("channel")
        except Refused:
            return  # it is not there, as the list said
        if _is_row(row) and row.get("is_member") is True and not row.get("is_archived"):
            self._known[channel] = _channel(row)

    def forget(self, channel: str) -> None:
        """The bot is not in a channel any more."""
        self._known.pop(channel, None)

    async def _page(self, cursor: str) -> Mapping[str, Any]:
        types = "public_channel,private_channel"
        while True:
            try:
                return await self._web.call(
                    "users.conversations", types=types, exclude_archived=True, limit=_PAGE, cursor=cursor or None
                )
            except Limited as problem:
                await asyncio.sleep(min(problem.seconds, _LONGEST_WAIT))


def _is_row(row: Any) -> bool:
    return isinstance(row, Mapping) and isinstance(row.get("id"), str)


def _channel(row: Mapping[str, Any]) -> Channel:
    shared = any(row.get(mark) for mark in ("is_ext_shared", "is_shared", "is_pending_ext_shared"))
    return Channel(str(row.get("name") or ""), shared)
