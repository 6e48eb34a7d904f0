"""What is said, pressed or filled in on Slack, as invocations, kept in the order in which they came."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from bot.adapters.slack.channels import Channel, Channels
from bot.adapters.slack.people import People
from bot.adapters.slack.web import TokenRevoked
from bot.adapters.slack.wording import Typed
from bot.clock import Clock
from bot.invocation import Invocation
from bot.ports import Core
from bot.whence import coalitions_of_account, coalitions_of_room, room_at
from storage.tables import Room
from storage.work import Store, Work

PLATFORM = "slack"
LONGEST_DELIVERY = dt.timedelta(hours=25)
"""How late an event may come: with delayed events turned on Slack tries for a day."""
AHEAD = dt.timedelta(hours=1)
"""How far ahead of ours Slack's clock may be."""
_log = structlog.get_logger()


@dataclass(frozen=True)
class Where:
    """Who said something, and where an answer belongs."""

    user: str
    channel: str = ""
    direct: bool = False
    message: str = ""
    """The time stamp of what was said, or of the message on which something was pressed."""
    thread: str = ""
    response_url: str = ""
    """Where this one may be answered without being in the channel; a secret."""
    shared: bool | None = None
    """Whether other workspaces are in the channel; None where the delivery does not say."""
    member: bool = False
    """Whether the bot is certainly in the channel."""
    pressed: Mapping[str, Any] = field(default_factory=dict)
    """The message on which a button was pressed, as it was then: it is brought up to date for everybody."""

    @property
    def place(self) -> str | None:
        """Give the channel, None for a direct chat or the App Home."""
        return self.channel if self.channel and not self.direct else None

    def origin(self, name: str) -> dict[str, Any]:
        """Give the note of where the answer belongs, with the channel's name."""
        given = {
            "channel": self.channel, "user": self.user, "message": self.message, "thread": self.thread,
            "ephemeral": self.place is not None, "response_url": self.response_url, "room_name": name,
            "pressed": dict(self.pressed),
        }  # fmt: skip
        return {key: value for key, value in given.items() if value}


def event_key(kind: str, *parts: str) -> str:
    """Make the id under which something is kept once, out of what tells its delivery from others; opaque."""
    return f"slack-{kind}-{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:32]}"


def message_key(channel: str, stamp: str) -> str:
    """Give the id of a message: the same for whatever event tells of it, and for an edit that corrects it."""
    return event_key("message", channel, stamp)


def message_id(channel: str, stamp: str) -> str:
    """Give the id under which the core knows a message that the bot posted."""
    return f"{channel}/{stamp}"


def is_direct(channel: str) -> bool:
    """Tell whether a channel id is one person's direct chat."""
    return channel.startswith("D")


def moment(stamp: str) -> dt.datetime:
    """Read a time stamp of Slack's: "1706533200.000100"; raises ValueError or OverflowError."""
    return dt.datetime.fromtimestamp(float(stamp), dt.UTC)


def said_at(stamp: str, now: dt.datetime) -> dt.datetime:
    """Give when a message was said that is delivered now; where its time stamp cannot be, now. Raises as `moment`.

    Slack delivers nothing for longer than a day: what seems older is not late, and is not to be refused as such.
    """
    found = moment(stamp)
    return found if -AHEAD < now - found < LONGEST_DELIVERY else now


@lru_cache(maxsize=1_000)
def _is_zone(name: str) -> bool:
    try:
        return bool(name) and bool(ZoneInfo(name).key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


class Intake:
    """Hands on to the core."""

    def __init__(self, store: Store, clock: Clock, people: People, channels: Channels) -> None:
        """Take what is known of people and channels; `core` is set before anything is received."""
        self.store, self.clock, self.people, self.channels = store, clock, people, channels
        self.core: Core | None = None
        self.revoked = asyncio.Event()
        """Set when Slack does not take the bot's token any more."""
        self._turn = asyncio.Lock()
        self._work: set[asyncio.Task[None]] = set()

    def invocation(self, key: str, where: Where, typed: Typed, said_at: dt.datetime | None = None) -> Invocation:
        """Make the invocation of what somebody typed; without `said_at` it was said now."""
        channel = self.channels.get(where.channel) if where.place else None
        person = self.people.known(where.user)
        zone = person.zone if person is not None and _is_zone(person.zone) else ""
        given: dict[str, Any] = {
            "sender_name": person.name if person is not None else "",
            "sender_zone": zone,
            "place": where.place,
            "addressed": True,
            "mentions": typed.mentions,
            "servable": where.place is None or where.member or channel is not None,
            "shared": where.place is not None and self._is_shared(where, channel),
            "origin": where.origin(channel.name if channel is not None else ""),
        }
        return Invocation(key, PLATFORM, where.user, typed.words, said_at or self.clock.now(), **given)

    def _is_shared(self, where: Where, channel: Channel | None) -> bool:
        """Tell whether a channel is shared, also where nobody says and the channels could not be listed yet."""
        if channel is not None:
            return channel.shared or bool(where.shared)
        return not self.channels.listed if where.shared is None else where.shared

    async def receive(self, invocation: Invocation) -> None:
        """Keep what was said; once this returns, it will not be lost. Who came first is kept first."""
        assert self.core is not None
        async with self._turn:
            await self.core.receive(invocation)

    def look_up(self, where: Where) -> None:
        """Find out, for the next time, who and where that was, if it is not known."""
        if self.people.known(where.user) is None:
            self.later(self.people.learn(where.user))
        may_be_in = where.member or not self.channels.listed
        if may_be_in and where.place is not None and self.channels.get(where.channel) is None:
            self.later(self.channels.learn(where.channel))

    async def in_room(self, channel: str, act: Callable[[Work, dt.datetime, Room], object]) -> None:
        """Run `act` on the served room that a channel is, where it is one."""

        def run(work: Work) -> None:
            room = room_at(work, PLATFORM, channel)
            if room is not None:
                act(work, self.clock.now(), room)

        for coalition_id in await self.store.read(None, lambda work: coalitions_of_room(work, PLATFORM, channel)):
            await self.store.write(coalition_id, run)
            self.wake()

    async def of_account(self, user: str, act: Callable[[Work, dt.datetime], object]) -> None:
        """Run `act` in each coalition that an account belongs to."""
        for coalition_id in await self.store.read(None, lambda work: coalitions_of_account(work, PLATFORM, user)):
            await self.store.write(coalition_id, lambda work: act(work, self.clock.now()))
            self.wake()

    def wake(self) -> None:
        """Hand on that a fact was changed."""
        if self.core is not None:
            self.core.wake()

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that needs no acknowledgement; what goes wrong in it is logged by its code."""
        self.begin(work)

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something that goes on even where nobody waits for it any more."""
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._done)
        return task

    async def settle(self) -> None:
        """Wait until what was begun is done."""
        while self._work:
            await asyncio.gather(*self._work, return_exceptions=True)

    async def close(self, seconds: float) -> None:
        """Give what was begun some seconds to end, then stop it."""
        if self._work:
            _, left = await asyncio.wait(self._work, timeout=seconds)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        problem = None if task.cancelled() else task.exception()
        if isinstance(problem, TokenRevoked):
            self.revoked.set()
        elif problem is not None:
            _log.warning("work after delivery failed", code=getattr(problem, "code", "") or type(problem).__name__)
