"""A chat that keeps what it was given, and refuses what it is told to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from bot.message import Message
from bot.plain import plain
from bot.ports import Destination


@dataclass(frozen=True)
class Sent:
    """One message as a platform gets it."""

    to: Destination
    message: Message
    key: str

    @property
    def name(self) -> str:
        """Give whom it is for: the room's name or the member's alias."""
        return self.to.name

    @property
    def text(self) -> str:
        """Give it as its reader sees it."""
        return plain(self.message, self.to.reader)


class PowerCut(BaseException):
    """The process ends between two instructions: nothing may catch it."""


@dataclass
class RecordingChat:
    """Shows each key once, as a platform with idempotency keys does."""

    tried: list[Sent] = field(default_factory=list)
    """Each attempt, the failed ones too."""
    shown: list[Sent] = field(default_factory=list)
    """What people see, in order."""
    troubles: list[BaseException | None] = field(default_factory=list)
    """What the next attempts meet, one each; None lets one through."""
    files: dict[str, bytes | BaseException] = field(default_factory=dict)
    """What can be fetched, or what fetching it meets."""
    erased: list[tuple[str, dt.datetime]] = field(default_factory=list)
    """To whom what was written is to be deleted, and since when."""
    erasing: list[BaseException | None] = field(default_factory=list)
    """What the next deletions meet, one each; None lets one through."""
    forgotten: list[str] = field(default_factory=list)
    """The accounts that were let go of."""
    left: list[str] = field(default_factory=list)
    """The rooms that were left."""
    leaving: list[BaseException | None] = field(default_factory=list)
    """What the next tries to leave a room meet, one each; None lets one through."""
    loses_answer: bool = False
    """With it, a message appears before the trouble is raised."""

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        sent = Sent(to, message, key)
        self.tried.append(sent)
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is None or self.loses_answer:
            self._show(sent)
        if trouble is not None:
            raise trouble
        return f"message/{key}"

    async def fetch(self, where: str, most: int) -> bytes | None:
        found = self.files.get(where)
        if isinstance(found, BaseException):
            raise found
        return found if found is None or len(found) <= most else None

    async def erase(self, to: Destination, since: dt.datetime) -> None:
        self.erased.append((to.name, since))
        if (trouble := self.erasing.pop(0) if self.erasing else None) is not None:
            raise trouble
        self.shown = [sent for sent in self.shown if sent.to.address != to.address or sent.to.due < since]

    async def forget(self, account: str) -> None:
        self.forgotten.append(account)

    async def leave(self, room: str) -> None:
        if (trouble := self.leaving.pop(0) if self.leaving else None) is not None:
            raise trouble
        self.left.append(room)

    def _show(self, sent: Sent) -> None:
        if sent.key not in {known.key for known in self.shown}:
            self.shown.append(sent)

    def texts(self, name: str | None = None) -> list[str]:
        """Give what was shown, to one room or person or to all."""
        return [sent.text for sent in self.shown if name in (None, sent.name)]
