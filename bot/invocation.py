"""What came in: what a person said or clicked, freed of its platform."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Attachment:
    """A file that came with the words."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Invocation:
    """One thing said to the bot, as an adapter delivers it."""

    event_id: str
    """The platform's own id of the event: delivered twice, it is done once."""
    platform: str
    sender: str
    """The immutable id of the account."""
    words: str
    said_at: dt.datetime
    place: str | None = None
    """The platform's id of the room; None in a direct chat."""
    sender_name: str = ""
    """What the account calls itself; never used to decide anything."""
    addressed: bool = True
    """Whether it was clearly meant for the bot (direct chat, mention, button); else unknown words are let be."""
    coalition: str | None = None
    """The coalition's name, where the adapter knows it (the console does)."""
    reply_to: str | None = None
    """The platform's id of the message it answers."""
    attachments: tuple[Attachment, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)
    """The adapter's own note of where the answer belongs; JSON values."""

    def to_data(self) -> dict[str, Any]:
        """Give the JSON form in which it is kept."""
        data = dict(self.__dict__)
        data["said_at"] = self.said_at.isoformat()
        data["origin"] = dict(self.origin)
        data["attachments"] = [
            {"name": file.name, "content": base64.b64encode(file.content).decode()} for file in self.attachments
        ]
        return data

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> Invocation:
        """Read the JSON form back."""
        given = dict(data)
        given["said_at"] = dt.datetime.fromisoformat(given["said_at"])
        given["attachments"] = tuple(
            Attachment(file["name"], base64.b64decode(file["content"])) for file in given["attachments"]
        )
        return Invocation(**given)
