"""Where the contract of the `Chat` port is tried: a platform with people who see what appears, and what it can do."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import ClassVar, Protocol
from zoneinfo import ZoneInfo

from bot.adapters.console import ConsoleChat
from bot.message import File, Mention
from bot.plain import Reader
from bot.ports import Chat, Destination, SendLater, SendRefused
from storage.tables import NoticeKind
from tests.fakes.chat import RecordingChat

NOW = dt.datetime(2024, 1, 29, 13, tzinfo=dt.UTC)
PEOPLE: Mapping[str, int] = {"Ana": 1, "Luis": 2, "Mei": 3}
"""The ids of the members by their names."""


class Can(Flag):
    """What a platform can do of what the port asks; where it cannot, there is nothing to try."""

    REMEMBER = auto()
    """It knows after a restart of the bot under which keys it showed something."""
    REFUSE = auto()
    """People leave, and rooms are closed."""
    BE_AWAY = auto()
    """It may not answer for a while."""
    RING = auto()
    """It notifies people, some of them and not others."""
    RING_ALL = auto()
    """It notifies everybody, where that is wished. Slack's `<!channel>` is left alone: people choose what rings."""
    HUSH = auto()
    """It can show something without a sound. On Slack whoever reads decides that, not whoever posts."""
    TAKE_BACK = auto()
    """It can delete what it showed."""
    DRAW = auto()
    """It turns the tree into what a screen shows, which could obey instead of showing."""


@dataclass(frozen=True)
class Seen:
    """A message as somebody for whom it is sees it."""

    text: str
    rings: frozenset[str] = frozenset()
    """The names of those whom it mentions."""
    rings_all: bool = False
    quiet: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    markup: str | None = None
    """What is drawn instead of the text, with all markup taken out again."""


class Stage(Protocol):
    """A platform with its people and one room. Room and people are given by name."""

    can: ClassVar[Can]
    accounts: Mapping[int, str]

    @property
    def chat(self) -> Chat:
        """Give what sends; another one after a restart."""

    async def room(self, name: str) -> Destination:
        """Give a room, made when it is first named, in which Ana, Luis and Mei are."""

    async def person(self, name: str) -> Destination:
        """Give the direct chat with somebody."""

    async def seen(self, to: Destination) -> list[Seen]:
        """Give what appeared at a destination since the last time, in the order in which people see it."""

    async def left(self, to: Destination) -> int:
        """Give how many messages of the bot's are there to be seen."""

    async def restart(self) -> None:
        """End the bot, and begin again."""

    async def shut(self, to: Destination) -> None:
        """Have the person leave the direct chat, or the bot put out of the room."""

    async def go_away(self) -> None:
        """Have the platform answer no more."""

    async def come_back(self) -> None:
        """Have it answer again."""


def destination(platform: str, address: str, name: str, *, personal: bool, accounts: Mapping[int, str]) -> Destination:
    """Give a destination for an ordinary notice; tests change what they are about."""
    reader = Reader(ZoneInfo("Europe/Vienna"), personal=personal)
    return Destination(platform, address, name, reader, NoticeKind.NOTICE, NOW, accounts=accounts)


class DoubleStage:
    """The double that the other tests send to."""

    can: ClassVar[Can] = Can.REMEMBER | Can.REFUSE | Can.BE_AWAY
    """Not TAKE_BACK: it keeps no time."""

    def __init__(self) -> None:
        self.chat = RecordingChat()
        self.accounts: Mapping[int, str] = {number: name.casefold() for name, number in PEOPLE.items()}
        self._told: dict[str, int] = {}

    async def room(self, name: str) -> Destination:
        return destination("double", name, name, personal=False, accounts=self.accounts)

    async def person(self, name: str) -> Destination:
        return destination("double", name.casefold(), name, personal=True, accounts=self.accounts)

    async def seen(self, to: Destination) -> list[Seen]:
        shown = [sent for sent in self.chat.shown if sent.to.address == to.address]
        new = shown[self._told.get(to.address, 0) :]
        self._told[to.address] = len(shown)
        return [
            Seen(sent.text, files={block.name: block.text for block in sent.message.blocks if isinstance(block, File)})
            for sent in new
        ]

    async def left(self, to: Destination) -> int:
        raise NotImplementedError

    async def restart(self) -> None:
        """The platform goes on; nothing of the bot is kept here."""

    async def shut(self, to: Destination) -> None:
        self.chat.troubles = [SendRefused("left")]

    async def go_away(self) -> None:
        self.chat.troubles = [SendLater("away")]

    async def come_back(self) -> None:
        self.chat.troubles = []


class ConsoleStage:
    """The terminal: one screen for all, which nobody leaves and which rings for nobody."""

    can: ClassVar[Can] = Can.DRAW
    """Neither REMEMBER nor TAKE_BACK: a terminal cannot be asked what it showed, nor can it unshow it."""

    def __init__(self) -> None:
        self.accounts: Mapping[int, str] = {}
        self._lines: list[str] = []
        self.chat: Chat = ConsoleChat(self._lines.append)

    async def room(self, name: str) -> Destination:
        return destination("console", name, name, personal=False, accounts=self.accounts)

    async def person(self, name: str) -> Destination:
        return destination("console", name.casefold(), name, personal=True, accounts=self.accounts)

    async def seen(self, to: Destination) -> list[Seen]:
        mark = f"[{'@' if to.reader.personal else '#'}{to.name}] "
        own = [line for line in self._lines if line.startswith(mark)]
        self._lines[:] = [line for line in self._lines if not line.startswith(mark)]
        texts = [line.removeprefix(mark).replace("\n    ", "\n") for line in own]
        return [Seen(text, files=dict(re.findall(r"^(\S+\.csv):\n((?:.+\n?)+)", text, re.MULTILINE))) for text in texts]

    async def left(self, to: Destination) -> int:
        raise NotImplementedError

    async def restart(self) -> None:
        self.chat = ConsoleChat(self._lines.append)

    async def shut(self, to: Destination) -> None:
        raise NotImplementedError

    async def go_away(self) -> None:
        raise NotImplementedError

    async def come_back(self) -> None:
        raise NotImplementedError


def mention(name: str) -> Mention:
    """Give the inline that names a member."""
    return Mention(PEOPLE[name], name)
