"""The state of the stand-in: who is there, what was posted, shown, published and uploaded."""

from __future__ import annotations

import datetime as dt
import itertools
import secrets
import string
from collections.abc import Callable, Iterable
from typing import Any
from zoneinfo import ZoneInfo

from bot.clock import SystemClock
from tests.fakes.slack.records import Appearance, Channel, File, Json, Person, Posted, Team, View

ALPHABET = string.ascii_uppercase + string.digits
SHARED_TEAM = "T0GUESTS001"


def system_seconds() -> float:
    """Give the machine's time in seconds since 1970."""
    return SystemClock().now().timestamp()


class Workspace:
    """One workspace with one app in it, and the teams that share channels with it."""

    def __init__(self, now: Callable[[], float] = system_seconds) -> None:
        self.now = now
        self.team = Team("T0COALITION", "Coalition", "coalition")
        self.guests = Team(SHARED_TEAM, "Guests", "guests")
        self.url = ""
        self.app_id = "A0DRAGOMAN1"
        self.bot_id = "B0DRAGOMAN1"
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.stacks: dict[str, list[View]] = {}
        self.appearances: list[Appearance] = []
        self._last_ts = 0.0
        self._ids = itertools.count(1)
        self.bot = Person("U0DRAGOMAN1", "Dragoman", "dragoman", self.team, bot=True)
        self.people[self.bot.id] = self.bot

    def new_id(self, prefix: str) -> str:
        """Give an id that is new in this workspace and looks like one of Slack's."""
        rest = "".join(secrets.choice(ALPHABET) for _ in range(5))
        return f"{prefix}{next(self._ids):05d}{rest}"

    def new_ts(self) -> str:
        """Give a message timestamp: now, and later than each one before."""
        self._last_ts = max(self.now(), self._last_ts + 0.000_1)
        return f"{self._last_ts:.6f}"

    def add_person(self, name: str, tz: str, team: Team, locale: str = "en-US") -> Person:
        """Let a person be in a team."""
        offset = dt.datetime.fromtimestamp(self.now(), ZoneInfo(tz)).utcoffset() or dt.timedelta()
        handle = name.casefold().replace(" ", ".")
        seconds = int(offset.total_seconds())
        person = Person(self.new_id("U"), name, handle, team, tz, seconds, locale, updated=int(self.now()))
        self.people[person.id] = person
        return person

    def add_channel(self, name: str, kind: str, members: Iterable[Person], shared: bool = False) -> Channel:
        """Make a conversation with these members."""
        members = list(members)
        teams = sorted({self.team.id, *(person.team.id for person in members)})
        prefix = "D" if kind == "im" else "C"
        ids = [person.id for person in members]
        channel = Channel(self.new_id(prefix), name, kind, ids, shared, teams, created=int(self.now()))
        self.channels[channel.id] = channel
        return channel

    def direct(self, person: Person) -> Channel:
        """Give the direct chat of the bot with a person, made if there is none."""
        for channel in self.channels.values():
            if channel.kind == "im" and person.id in channel.members:
                return channel
        return self.add_channel("", "im", [person, self.bot], shared=person.team is not self.team)

    def sees(self, person: Person) -> bool:
        """Say whether the bot may know of this person: of our team, or in a channel with the bot."""
        both = (self.bot.id, person.id)
        return person.team is self.team or any(
            all(one in channel.members for one in both) for channel in self.channels.values()
        )

    def readers(self, channel: Channel) -> tuple[str, ...]:
        """Give the display names of those who read a channel, the bot aside."""
        people = (self.people[one] for one in channel.members if one in self.people)
        return tuple(person.name for person in people if not person.bot and not person.deleted)

    def show(self, what: str, message: Posted) -> None:
        """Note that a message appeared, changed or went."""
        readers = (message.only_for.name,) if message.only_for else self.readers(message.channel)
        blocks = tuple(message.blocks)
        self.appearances.append(
            Appearance(
                what, readers, message.text, message.channel.id, message.thread, message.ts, blocks, message,
                at=self.now(),
            )
        )  # fmt: skip

    def show_view(self, view: View) -> None:
        """Note that a view appeared or changed."""
        what = "home" if view.kind == "home" else "view"
        title = view.content.get("title", {})
        blocks = tuple(view.content.get("blocks", []))
        text = title.get("text", "") if isinstance(title, dict) else ""
        self.appearances.append(Appearance(what, (view.person.name,), text, blocks=blocks, view=view, at=self.now()))

    def post(self, message: Posted, what: str = "message") -> Posted:
        """Keep a message and show it."""
        message.blocks = self.with_ids(message.blocks)
        message.channel.messages.append(message)
        self.show(what, message)
        return message

    def with_ids(self, blocks: Iterable[Json]) -> list[Json]:
        """Give blocks as Slack keeps them: each with a block_id, each interactive element with an action_id."""
        return [_with_action_ids({"block_id": self.short_id(), **block}, self.short_id) for block in blocks]

    def short_id(self) -> str:
        """Give a block or action id as Slack makes them."""
        return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(5))

    def find_message(self, channel: str, ts: str) -> Posted | None:
        """Give a message by channel id and timestamp, or None."""
        place = self.channels.get(channel)
        return place.find(ts) if place else None


SILENT = {"image", "plain_text", "mrkdwn"}
"""Parts that nobody can press or fill in."""


def _with_action_ids(block: Json, make: Callable[[], str]) -> Json:
    def named(element: Any) -> Any:
        if isinstance(element, dict) and element.get("type") not in SILENT and "action_id" not in element:
            return {**element, "action_id": make()}
        return element

    done = dict(block)
    for key in ("accessory", "element"):
        if key in done:
            done[key] = named(done[key])
    if block.get("type") == "actions":
        done["elements"] = [named(element) for element in block.get("elements", [])]
    return done
