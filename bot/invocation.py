"""What came in: what a person said or clicked, freed of its platform."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DONE, REFUSED = "done", "refused"
"""What stands in the adapter's note, true, where a reply tells that a command changed something, or that it did not
because of a refusal or a question back: that concerns the asker alone."""
ASKED_ON, ASKED_BY = "asked_on", "asked_by"
"""What stands beside the adapter's own note in a notice's origin; the adapter does not get it back."""


@dataclass(frozen=True)
class Attachment:
    """A file that came with the words."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Enclosed:
    """A file that came with the words and still lies with the platform."""

    name: str
    where: str
    """The adapter's own note by which its chat fetches it."""


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
    enclosed: tuple[Enclosed, ...] = ()
    """Files to be fetched before it is worked on; let be where the words are of a command that takes none."""
    unfetched: bool = False
    """A file came with it, and could not be fetched."""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """The adapter's own note of where the answer belongs; JSON values."""
    mentions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Pieces of the words as typed that name somebody, with the accounts that each may mean."""
    vouched: bool = True
    """Whether the device it was said on is vouched for by its owner; adapters without devices leave it."""
    corrects: str | None = None
    """The event whose words these take the place of; without words, the event that was taken back."""
    unreadable: bool = False
    """Somebody said something that could not be decrypted; there are no words."""
    servable: bool = True
    """Whether its place is protected as a served room must be; adapters whose rooms always are leave it."""
    shared: bool = False
    """Whether people of other organisations, from workspaces of their own, read along in its place."""
    sender_zone: str = ""
    """The IANA name of the zone that the account has on its platform, where that is known; somebody new may leave out
    their own."""

    @property
    def asked(self) -> dict[str, Any]:
        """Where an answer belongs: the adapter's own note, with the account that asked and its platform."""
        return {**self.origin, ASKED_ON: self.platform, ASKED_BY: self.sender}

    def to_data(self) -> dict[str, Any]:
        """Give the JSON form in which it is kept."""
        data = dict(self.__dict__)
        data["said_at"] = self.said_at.isoformat()
        data["origin"] = dict(self.origin)
        data["mentions"] = {piece: list(accounts) for piece, accounts in self.mentions.items()}
        data["attachments"] = [
            {"name": file.name, "content": base64.b64encode(file.content).decode()} for file in self.attachments
        ]
        data["enclosed"] = [{"name": file.name, "where": file.where} for file in self.enclosed]
        return data

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> Invocation:
        """Read the JSON form back; what an older version did not write has its default."""
        given = dict(data)
        given["said_at"] = dt.datetime.fromisoformat(given["said_at"])
        given["attachments"] = tuple(
            Attachment(file["name"], base64.b64decode(file["content"])) for file in given["attachments"]
        )
        given["enclosed"] = tuple(Enclosed(**file) for file in given.get("enclosed", ()))
        given["mentions"] = {piece: tuple(accounts) for piece, accounts in given.get("mentions", {}).items()}
        return Invocation(**given)
