"""Slack as the core's chat: a parcel appears once in its channel, in a direct chat, or for one person in a channel.

Slack knows no key that would make a second post harmless. So each part of a parcel bears an opaque key, and when it is
unknown whether one was posted (the answer was lost, the process died), it is looked for before it is posted again.
What only one person sees in a channel cannot be looked for: after an unknown outcome it comes in the direct chat
instead, so it is there once more at most.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import html
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.adapters.slack import parting, uploads
from bot.adapters.slack.intake import message_id
from bot.adapters.slack.lookup import Found, Spot, metadata, part_key, search
from bot.adapters.slack.pace import Pace
from bot.adapters.slack.parting import bare_home
from bot.adapters.slack.parts import Payload, files, render
from bot.adapters.slack.pressed import updated
from bot.adapters.slack.richtext import escape
from bot.adapters.slack.web import Away, Limited, Refused, TokenRevoked, Web
from bot.invocation import DONE, REFUSED
from bot.message import Message
from bot.ports import PACED, Destination, SendLater, SendRefused

MENDABLE = frozenset(
    """missing_scope not_allowed_token_type no_permission org_login_required ekm_access_denied access_denied
    team_access_not_granted app_access_restricted two_factor_setup_required""".split()
)
"""What whoever looks after the app can mend: nothing is given up for it."""
TOO_MUCH = frozenset(
    """msg_too_long msg_blocks_too_long invalid_blocks invalid_blocks_format block_mismatch no_text
    too_many_attachments too_many_contact_cards""".split()
)
"""What is said again in plainer words."""
NO_THREAD = frozenset(
    """thread_not_found cannot_reply_to_message message_not_found restricted_action_non_threadable_channel
    restricted_action_thread_locked""".split()
)
"""What is said in the channel instead."""
NO_FILES = frozenset(
    """file_type_not_allowed file_upload_size_restricted file_uploads_disabled storage_limit_reached
    file_uploads_except_images_disabled file_update_failed posting_to_channel_denied""".split()
)
"""What a workspace may have against a file; its message comes all the same."""
NOT_OURS = frozenset({"channel_not_found", "not_in_channel"})
"""What Slack says of a direct chat that is not the bot's: a slash command can be typed in that of two other people."""
SHORT = 1_000
"""Characters of a piece of plain text where even that was too long."""
UNANSWERED = 5.0
"""How long nothing is sent after Slack did not answer at all, in seconds: other chats do not wait for it meanwhile."""
_MOST = 5_000
_PLAIN = {"parse": "none", "link_names": False}
_POSTED = {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False, **_PLAIN}
_log = structlog.get_logger()


@dataclass
class _Tried:
    """What is known of a parcel that was tried."""

    doubt: bool
    """Something of it may have appeared that is not known here."""
    found: Found = field(default_factory=Found)
    """What is there already."""
    told: int = 0
    """How many parts its reader alone was shown in a channel."""
    over: bool = False
    """All of it is there."""
    message_id: str | None = None
    marked: bool = False
    threadless: bool = False
    elsewhere: bool = False
    """The direct chat in which it was asked is not the bot's."""


class SlackChat:
    """Posts as the bot of one workspace."""

    def __init__(
        self,
        web: Web,
        pace: Pace | None = None,
        left: Callable[[str], bool] = lambda _: False,
        forgotten: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take the workspace, and what tells who left it: Slack goes on taking messages to them, which nobody reads.

        `forgotten` is told of an account of which nothing is to be kept.
        """
        self._web, self._pace, self._left, self._forgotten = web, pace or Pace(), left, forgotten
        self._tried: OrderedDict[str, _Tried] = OrderedDict()
        self._direct: OrderedDict[str, str] = OrderedDict()
        self._silent_until = 0.0

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        """Make the message appear once, and give "channel/time stamp" of its first part; None for what is ephemeral.

        Raises SendLater or SendRefused.
        """
        tried = self._tried.setdefault(key, _Tried(doubt=to.tried_since is not None))
        if tried.over:
            return tried.message_id
        while len(self._tried) > _MOST:
            self._tried.popitem(last=False)
        if (rest := self._silent_until - asyncio.get_running_loop().time()) > 0:
            raise SendLater("away", rest)
        try:
            await self._mark(to, tried)
            tried.message_id = await self._by_one_way(to, message, key, tried)
        except Limited as problem:
            raise SendLater("limited", problem.seconds) from None
        except Away as problem:
            if problem.code == TimeoutError.__name__:
                self._silent_until = asyncio.get_running_loop().time() + UNANSWERED
            raise SendLater(problem.code) from None
        except TokenRevoked:
            raise SendLater("token-revoked") from None
        except Refused as problem:
            self._direct.pop(to.address, None)
            if problem.code in MENDABLE:
                raise SendLater(problem.code) from None
            raise SendRefused(problem.code) from None
        tried.over = True
        return tried.message_id

    async def erase(self, to: Destination, since: dt.datetime) -> None:
        """Delete what was posted in the direct chat with an account since a moment, and empty its App Home."""
        with _as_the_port_says():
            await self._empty_home(to.address)
            await parting.erase(self._web, to.address, await self._direct_with(to.address), since)

    async def forget(self, account: str) -> None:
        """Empty the App Home of an account, and keep nothing of it: what is kept is in memory only."""
        self._direct.pop(account, None)
        self._forgotten(account)
        with _as_the_port_says():
            await self._empty_home(account)

    async def leave(self, room: str) -> None:
        """Leave a channel, where the workspace has given the app the right to: it is not asked for."""
        with _as_the_port_says():
            await parting.leave(self._web, room)

    async def fetch(self, where: str, most: int) -> bytes | None:
        """Fetch a file by its id."""
        with _as_the_port_says():
            return await uploads.fetch(self._web, where, most)

    async def _empty_home(self, user: str) -> None:
        try:
            await self._web.call("views.publish", user_id=user, view=bare_home())
        except Refused as problem:
            _log.warning("home not emptied", code=problem.code)

    async def _mark(self, to: Destination, tried: _Tried) -> None:
        """Show on the message that was pressed what came of it, before the answer: that is safe to repeat."""
        pressed = to.origin.get("pressed")
        if tried.marked or not to.origin.get(DONE) or not isinstance(pressed, dict):
            return
        if (payload := updated(pressed, to.reader)) is not None:
            given = {"channel": to.origin.get("channel"), "ts": to.origin.get("message"), **_PLAIN}
            try:
                await self._web.call("chat.update", text=payload.text, blocks=payload.blocks, **given)
            except Refused as problem:
                _log.debug("message not updated", code=problem.code)
        tried.marked = True

    async def _by_one_way(self, to: Destination, message: Message, key: str, tried: _Tried) -> str | None:
        """Say it for the asker alone where it was asked, else where all of it can be found again."""

        async def aside() -> str | None:
            await self._aside(to, message, tried)
            return None

        async def openly() -> str | None:
            try:
                return await self._openly(to, message, key, tried)
            except Refused as problem:
                asked_directly = to.reader.personal and str(to.origin.get("channel", "")).startswith("D")
                if problem.code not in NOT_OURS or not asked_directly or tried.elsewhere:
                    raise
            tried.elsewhere = True
            return await self._openly(to, message, key, tried)

        ways: list[Callable[[], Awaitable[str | None]]] = [openly]
        if _is_aside(to) and not files(message):
            ways = [openly, aside] if tried.doubt else [aside, openly]
        for way in ways[:-1]:
            try:
                return await way()
            except Refused as problem:
                if problem.code in MENDABLE:
                    raise
                _log.debug("said another way", code=problem.code)
        return await ways[-1]()

    async def _aside(self, to: Destination, message: Message, tried: _Tried) -> None:
        channel = str(to.origin["channel"])
        user = str(to.origin["user"])
        place = f"{channel}/{user}"
        self._keep_pace(place)
        for payload in render(message, to.reader, to.accounts)[tried.told :]:
            given = {"channel": channel, "user": user, "thread_ts": to.origin.get("thread"), **_PLAIN}
            await self._within_limits(tried, "chat.postEphemeral", payload, given)
            tried.told += 1
            self._posted(place)

    async def _openly(self, to: Destination, message: Message, key: str, tried: _Tried) -> str | None:
        spot = await self._spot(to, tried)
        payloads = render(message, to.reader, to.accounts)
        keys = [part_key(key, str(number)) for number in range(len(payloads))]
        if tried.doubt:
            await search(self._web, spot, to.tried_since or to.due, frozenset(keys), tried.found)
            tried.doubt = False
        there = tried.found.messages
        try:
            if keys[0] not in there:  # files come before it
                await self._files(spot, message, key, tried)
            for part, payload in zip(keys, payloads, strict=True):
                if part not in there:
                    await self._post(spot, payload, part, tried)
        except Refused as problem:
            if problem.code not in NO_THREAD or spot.thread is None:
                raise
            tried.threadless, tried.doubt = True, to.tried_since is not None
            return await self._openly(to, message, key, tried)
        return message_id(spot.channel, there[keys[0]])

    async def _spot(self, to: Destination, tried: _Tried) -> Spot:
        channel, asked = to.address, str(to.origin.get("channel", ""))
        if to.reader.personal:
            if self._left(to.address):
                raise Refused("user_disabled")
            own = asked.startswith("D") and to.origin.get("user") == to.address and not tried.elsewhere
            channel = asked if own else await self._direct_with(to.address)
        thread = to.origin.get("thread")
        return Spot(channel, str(thread) if thread and asked == channel and not tried.threadless else None)

    async def _direct_with(self, user: str) -> str:
        if not user:
            raise Refused("no-account")
        if user not in self._direct:
            answer = await self._web.call("conversations.open", users=user)
            self._direct[user] = str((answer.get("channel") or {}).get("id", ""))
            while len(self._direct) > _MOST:
                self._direct.popitem(last=False)
        return self._direct[user]

    async def _files(self, spot: Spot, message: Message, key: str, tried: _Tried) -> None:
        for number, file in enumerate(files(message)):
            name = uploads.upload_name(file, key, number)
            if name in tried.found.files:
                continue
            self._keep_pace(spot.channel)
            try:
                await _settled(tried, uploads.share(self._web, spot, file, name))
            except Refused as problem:
                if problem.code not in NO_FILES:
                    raise
                _log.warning("file not shared", code=problem.code)
            tried.found.files.add(name)
            self._posted(spot.channel)

    async def _post(self, spot: Spot, payload: Payload, part: str, tried: _Tried) -> None:
        self._keep_pace(spot.channel)
        given = {"channel": spot.channel, "thread_ts": spot.thread, "metadata": metadata(part), **_POSTED}
        answer = await self._within_limits(tried, "chat.postMessage", payload, given)
        tried.found.messages[part] = str(answer.get("ts", ""))
        self._posted(spot.channel)

    async def _within_limits(self, tried: _Tried, method: str, payload: Payload, given: dict[str, Any]) -> Any:
        """Post, in plainer words where Slack finds it too much: as text alone, at last in short pieces."""
        for blocks in (payload.blocks, None):
            try:
                return await _settled(tried, self._web.call(method, text=payload.text, blocks=blocks, **given))
            except Refused as problem:
                if problem.code not in TOO_MUCH:
                    raise
                _log.error("said in plainer words", code=problem.code)
        *begun, last = _short(payload.text)
        bare = {name: value for name, value in given.items() if name != "metadata"}
        for text in begun:
            await _settled(tried, self._web.call(method, text=text, **bare))
        return await _settled(tried, self._web.call(method, text=last, **given))

    def _keep_pace(self, place: str) -> None:
        if (rest := self._pace.rest(place, asyncio.get_running_loop().time())) > 0:
            raise SendLater(PACED, rest)

    def _posted(self, place: str) -> None:
        self._pace.posted(place, asyncio.get_running_loop().time())


@contextmanager
def _as_the_port_says() -> Iterator[None]:
    """Turn what Slack answered into what a chat may raise."""
    try:
        yield
    except Limited as problem:
        raise SendLater("limited", problem.seconds) from None
    except Away as problem:
        raise SendLater(problem.code) from None
    except TokenRevoked:
        raise SendLater("token-revoked") from None
    except Refused as problem:
        raise SendRefused(problem.code) from None


def _is_aside(to: Destination) -> bool:
    """Tell whether an answer concerns the asker alone and was asked for in a channel.

    A refusal does where nobody else saw what was refused: a slash command, a button (those have a response_url).
    """
    note = to.origin
    if not (note.get("ephemeral") and note.get("channel") and note.get("user")):
        return False
    if to.reader.personal:
        return bool(note["user"] == to.address)
    return bool(note.get(REFUSED) and note.get("response_url") and note["channel"] == to.address)


async def _settled(tried: _Tried, call: Awaitable[Any]) -> Any:
    """Wait for a call that makes something appear; where that is left open, there is doubt from then on."""
    tried.doubt = True
    try:
        answer = await call
    except (Limited, Refused, TokenRevoked):
        tried.doubt = False
        raise
    except Away as problem:
        tried.doubt = problem.unknown
        raise
    tried.doubt = False
    return answer


def _short(text: str) -> list[str]:
    """Divide escaped text at spaces into pieces that are short, whatever is counted; at least one."""
    pieces, left = [], html.unescape(text)
    while len(left) > SHORT:
        border = max(left.rfind(" ", 0, SHORT), left.rfind("\n", 0, SHORT))
        border = border if border > SHORT // 2 else SHORT
        pieces.append(left[:border])
        left = left[border:].lstrip()
    return [escape(piece) for piece in (*pieces, left) if piece.strip()] or ["…"]
