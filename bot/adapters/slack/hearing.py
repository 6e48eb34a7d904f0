"""What the bot makes of events: messages become invocations, the rest changes what is known of people and channels."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from bot.adapters.slack.enclosing import LastFiles
from bot.adapters.slack.intake import PLATFORM, Intake, Where, event_key, is_direct, message_id, message_key, said_at
from bot.adapters.slack.standing import report_back, report_gone
from bot.adapters.slack.wording import Typed, read
from bot.commands import without_prefix
from bot.dispatch import NO, YES
from bot.invocation import Invocation
from bot.reachability import member_left, room_lost, room_moved, room_shared

Event = Mapping[str, Any]
Act = Callable[[], Awaitable[None]]
"""What an event asks for. It runs before the event is acknowledged: raising, it is delivered again."""

Show = Callable[[str], Coroutine[Any, Any, None]]
"""Shows somebody their App Home."""

_TYPED = {None, "file_share", "thread_broadcast"}
_GONE = ("channel_left", "group_left", "channel_archive", "group_archive", "channel_deleted", "group_deleted")
_BACK = ("channel_unarchive", "group_unarchive", "channel_rename", "group_rename", "channel_unshared")
_log = structlog.get_logger()


class Hearing:
    """Listens to a workspace on the core's behalf."""

    def __init__(self, intake: Intake, me: str, opened: Show, revoked: Callable[[], None]) -> None:
        """Take the bot's user id, what shows somebody's App Home, and what is told that the app was taken out."""
        self._intake, self._me, self._opened, self._revoked = intake, me, opened, revoked
        self._files = LastFiles()

    async def event(self, body: Event) -> None:
        """Take one event; one that is malformed is skipped, and the next one comes."""
        try:
            act = self._read(body)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
            _log.warning("event skipped", event_id=str(body.get("event_id", ""))[:64], code=type(problem).__name__)
            return
        if act is not None:
            await act()

    def _read(self, body: Event) -> Act | None:
        event: Event = body["event"]
        kind = str(event["type"])
        if kind in ("message", "app_mention"):
            said = self._said(event, shared=_is_shared(body))
            return partial(self._take, said) if said is not None else None
        if kind in ("user_change", "app_home_opened", "tokens_revoked", "app_uninstalled"):
            return self._of_people(kind, event)
        return self._of_channels(kind, event)

    async def _take(self, said: Invocation) -> None:
        await self._intake.receive(said)
        direct, channel = said.place is None, str(said.origin.get("channel", ""))
        self._intake.look_up(Where(said.sender, channel, direct, member=True))

    def _said(self, event: Event, *, shared: bool | None) -> Invocation | None:
        """Read a message: new, edited or taken back; None for what no person wrote, and for talk among people."""
        subtype, inner = event.get("subtype"), event.get("message") or {}
        if subtype == "message_deleted" or (subtype == "message_changed" and inner.get("subtype") == "tombstone"):
            return self._taken_back(event)
        if subtype == "message_changed":
            return self._edited(event, inner, shared=shared)
        if event["type"] == "app_mention" and "edited" in event:
            return self._edited(event, event, shared=shared)  # the edit itself may be told of, too
        if subtype not in _TYPED or not self._is_person(event):
            return None
        typed, at = self._typed(event), said_at(event["ts"], self._intake.clock.now())
        enclosed = self._files.meant(event["channel"], event, typed.words, at)
        mentioned = event["type"] == "app_mention"
        if not mentioned and not self._is_meant(event, typed):
            return None
        said = self._intake.invocation(
            message_key(event["channel"], event["ts"]), self._where(event, event, shared=shared), typed, at
        )  # fmt: skip
        thread = said.origin.get("thread")
        answers = message_id(event["channel"], thread) if thread else None
        return replace(said, enclosed=enclosed, reply_to=answers) if said.words or mentioned else None

    def _edited(self, event: Event, inner: Event, *, shared: bool | None) -> Invocation | None:
        """Read an edit; that a link was unfurled or a thread grew is none."""
        before = event.get("previous_message") or {}
        if not self._is_person(inner) or "edited" not in inner or before.get("text") == inner["text"]:
            return None
        typed = self._typed(inner)
        if not self._is_meant(event, typed):
            return None
        at = str(inner["edited"]["ts"])
        said = self._intake.invocation(
            event_key("edit", event["channel"], inner["ts"], at), self._where(event, inner, shared=shared), typed,
            said_at(at, self._intake.clock.now()),
        )  # fmt: skip
        return replace(said, corrects=message_key(event["channel"], inner["ts"]))

    def _taken_back(self, event: Event) -> Invocation | None:
        before = event.get("previous_message") or {}
        if not self._is_person(before):
            return None
        stamp = str(event.get("deleted_ts") or before["ts"])
        said = self._intake.invocation(
            event_key("deleted", event["channel"], stamp), self._where(event, before, shared=False), Typed(""),
            said_at(event["ts"], self._intake.clock.now()),
        )  # fmt: skip
        return replace(said, addressed=False, corrects=message_key(event["channel"], stamp))

    def _typed(self, message: Event) -> Typed:
        text = message.get("text") or ""
        if not isinstance(text, str):
            raise TypeError("text")
        return read(text, self._me, self._intake.people.names)

    def _is_person(self, message: Event) -> bool:
        user = message.get("user")
        return isinstance(user, str) and user not in ("", self._me, "USLACKBOT") and not message.get("bot_id")

    def _is_meant(self, event: Event, typed: Typed) -> bool:
        """Tell whether it is for the bot: all in a direct chat, else what bears its mark or name, or a yes or no."""
        answer = typed.words.casefold().strip(" .!") in YES + NO
        return is_direct(event["channel"]) or typed.names_bot or without_prefix(typed.words)[1] or answer

    def _where(self, event: Event, message: Event, *, shared: bool | None) -> Where:
        channel, stamp, thread = str(event["channel"]), str(message["ts"]), str(message.get("thread_ts") or "")
        # What is delivered as an event was said where the bot is.
        return Where(
            message["user"], channel, is_direct(channel), stamp, thread if thread != stamp else "",
            shared=shared, member=True,
        )  # fmt: skip

    def _of_people(self, kind: str, event: Event) -> Act | None:
        if kind == "user_change":
            return partial(self._changed, dict(event["user"]))
        if kind == "app_home_opened":
            return partial(self._at_home, str(event["user"]), shown=event.get("tab", "home") == "home")
        revoked = kind == "app_uninstalled" or self._me in ((event.get("tokens") or {}).get("bot") or ())
        return self._end if revoked else None

    async def _end(self) -> None:
        self._revoked()

    async def _at_home(self, user: str, *, shown: bool) -> None:
        if shown:
            self._intake.later(self._opened(user))
        self._intake.look_up(Where(user))  # whoever opens the messages is about to say something

    async def _changed(self, user: Event) -> None:
        """Follow what Slack says of somebody, and report who is not in the workspace any more."""
        account = str(user.get("id", ""))
        had_left = self._intake.people.has_left(account)
        self._intake.people.changed(user)
        if user.get("deleted"):
            await report_gone(self._intake, account)
        elif had_left:
            await report_back(self._intake, account)

    def _of_channels(self, kind: str, event: Event) -> Act | None:
        given = event.get("channel")
        channel = str(given["id"] if isinstance(given, Mapping) else given or "")
        if kind == "channel_id_changed":
            return partial(self._moved, str(event["old_channel_id"]), str(event["new_channel_id"]))
        if not channel:
            return None
        if kind in ("member_joined_channel", "member_left_channel"):
            return self._came_or_went(kind, channel, str(event["user"]))
        if kind in _GONE:
            return partial(self._lost, channel)
        if kind in _BACK:
            return partial(self._look_again, channel)
        return partial(self._shared, channel) if kind == "channel_shared" else None

    def _came_or_went(self, kind: str, channel: str, user: str) -> Act | None:
        came = kind == "member_joined_channel"
        if user == self._me:
            return partial(self._look_again if came else self._lost, channel)
        if came:
            return None
        return partial(self._intake.in_room, channel, lambda work, now, room: member_left(work, now, room, user))

    async def _look_again(self, channel: str) -> None:
        self._intake.later(self._intake.channels.learn(channel))

    async def _lost(self, channel: str) -> None:
        self._intake.channels.forget(channel)
        await self._intake.in_room(channel, room_lost)

    async def _shared(self, channel: str) -> None:
        await self._intake.in_room(channel, room_shared)
        self._intake.later(self._intake.channels.learn(channel))

    async def _moved(self, old: str, new: str) -> None:
        await self._intake.in_room(old, lambda work, _now, _room: room_moved(work, PLATFORM, old, new))
        self._intake.channels.forget(old)
        self._intake.later(self._intake.channels.learn(new))


def _is_shared(body: Event) -> bool | None:
    told = body.get("is_ext_shared_channel")
    return told if isinstance(told, bool) else None
