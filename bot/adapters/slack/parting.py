"""Parting from somebody: the bot's own messages and files in their direct chat are deleted, and their App Home is bare.

And from a channel, which is left.

Which messages those are is asked of Slack: it also has those whose posting was left open by a crash, in all parts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from bot.adapters.slack.manifest import UNASKED
from bot.adapters.slack.parts import render
from bot.adapters.slack.web import Refused, Web
from bot.message import message, say
from bot.plain import Reader

_STRANGER = message(
    say("I work for a coalition and answer its members. To ask to join, say `hello` to me in the Messages tab.")
)
_GONE_ALREADY = frozenset({"message_not_found", "file_not_found", "file_deleted", "thread_not_found"})
_LEFT_ALREADY = frozenset({"channel_not_found", "is_archived", "not_in_channel"})
_PAGE = 200


def bare_home() -> Mapping[str, Any]:
    """Give the view of the home of somebody who is no member: how to come in."""
    blocks = [block for part in render(_STRANGER, Reader(ZoneInfo("UTC"), personal=True), {}) for block in part.blocks]
    return {"type": "home", "blocks": blocks}


async def erase(web: Web, user: str, channel: str, since: dt.datetime) -> None:
    """Delete what the bot posted in a direct chat since a moment, threads and files included.

    Raises as `Web.call`: Refused only after all else was deleted.
    """
    refused = None
    # All of them first: what is deleted meanwhile would shift the pages.
    for post in [post async for post in _own(web, user, channel, since)]:
        for method, given in _deletions(post, channel):
            try:
                await web.call(method, **given)
            except Refused as problem:
                refused = refused if problem.code in _GONE_ALREADY else problem
    if refused is not None:
        raise refused


async def leave(web: Web, channel: str) -> None:
    """Leave a channel; raises as `Web.call`, Refused where the app may not."""
    if not UNASKED.keys() & await web.scopes():
        raise Refused("missing_scope")
    try:
        await web.call("conversations.leave", channel=channel)
    except Refused as problem:
        if problem.code not in _LEFT_ALREADY:
            raise


async def _own(web: Web, user: str, channel: str, since: dt.datetime) -> AsyncIterator[Mapping[str, Any]]:
    """Give what the other one in a direct chat posted, which is the bot, answers in threads included."""
    async for post in _pages(web, "conversations.history", channel=channel, oldest=_stamp(since)):
        if post.get("reply_count"):
            async for answer in _pages(web, "conversations.replies", channel=channel, ts=post.get("ts")):
                if answer.get("ts") != post.get("ts") and answer.get("user") != user:
                    yield answer
        if post.get("user") != user:
            yield post


async def _pages(web: Web, method: str, **given: Any) -> AsyncIterator[Mapping[str, Any]]:
    cursor: str | None = None
    while True:
        answer = await web.call(method, limit=_PAGE, cursor=cursor, **given)
        cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "") or None
        for post in answer.get("messages") or ():
            if isinstance(post, Mapping):
                yield post
        if cursor is None:
            return


def _deletions(post: Mapping[str, Any], channel: str) -> Iterator[tuple[str, dict[str, Any]]]:
    files = post.get("files")
    for row in files if isinstance(files, list) else ():
        if isinstance(row, Mapping) and row.get("id"):
            yield "files.delete", {"file": str(row["id"])}
    yield "chat.delete", {"channel": channel, "ts": post.get("ts")}


def _stamp(moment: dt.datetime) -> str:
    return f"{moment.timestamp():.6f}"
