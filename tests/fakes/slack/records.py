"""What a Slack workspace is made of: people, channels, messages, files, views."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(eq=False)
class Team:
    """A workspace: ours, or that of the guests in a shared channel."""

    id: str
    name: str
    domain: str


@dataclass(eq=False)
class Person:
    """An account. `name` is the display name, `handle` what a slash command puts behind the id."""

    id: str
    name: str
    handle: str
    team: Team
    tz: str = "Europe/Vienna"
    tz_offset: int = 0
    locale: str = "en-US"
    deleted: bool = False
    bot: bool = False
    updated: int = 0

    @property
    def mention(self) -> str:
        """Give what Slack puts into a message for this person."""
        return f"<@{self.id}>"


@dataclass(eq=False)
class File:
    """An uploaded file; `complete` when it was shared by files.completeUploadExternal or by a person."""

    id: str
    name: str
    owner: str
    content: bytes = b""
    length: int = 0
    title: str = ""
    alt: str = ""
    complete: bool = False
    channels: list[str] = field(default_factory=list)
    threads: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Posted:
    """A message on screen; what an ephemeral one's only reader sees has `only_for`."""

    channel: Channel
    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread: str | None = None
    broadcast: bool = False
    metadata: Json | None = None
    files: list[File] = field(default_factory=list)
    bot_id: str | None = None
    subtype: str | None = None
    edited: Json | None = None
    deleted: bool = False
    only_for: Person | None = None
    client_msg_id: str | None = None
    reactions: list[str] = field(default_factory=list)
    extra: Json = field(default_factory=dict)

    @property
    def root(self) -> str:
        """Give the thread an answer to it belongs in."""
        return self.thread or self.ts


@dataclass(eq=False)
class Channel:
    """A conversation. `kind` is channel (public), group (private), im or mpim; `members` are user ids."""

    id: str
    name: str
    kind: str
    members: list[str] = field(default_factory=list)
    shared: bool = False
    teams: list[str] = field(default_factory=list)
    archived: bool = False
    created: int = 0
    messages: list[Posted] = field(default_factory=list)

    @property
    def private(self) -> bool:
        """Say whether it is not for everybody of the workspace."""
        return self.kind != "channel"

    def find(self, ts: str) -> Posted | None:
        """Give the message with this timestamp that everybody there can see, or None."""
        return next(
            (one for one in self.messages if one.ts == ts and not one.deleted and one.only_for is None),
            None,
        )


@dataclass(eq=False)
class View:
    """A modal or a home tab that one person has before them."""

    id: str
    person: Person
    content: Json
    hash: str
    root: str
    previous: str | None = None
    closed: bool = False

    @property
    def kind(self) -> str:
        """Give `modal` or `home`."""
        return str(self.content.get("type", ""))


@dataclass(frozen=True)
class Appearance:
    """Something new on somebody's screen.

    `what` is message, update, delete, ephemeral, home, view, file or reaction; `readers` are display names.
    """

    what: str
    readers: tuple[str, ...]
    text: str
    channel: str | None = None
    thread: str | None = None
    ts: str | None = None
    blocks: tuple[Json, ...] = ()
    message: Posted | None = None
    view: View | None = None
    at: float = 0.0

    @property
    def words(self) -> str:
        """Give its text and all text in its blocks, in order, one piece a line."""
        return "\n".join([self.text, *texts_in(list(self.blocks))])


def texts_in(value: Any) -> list[str]:
    """Give every text in blocks, in order of appearance."""
    if isinstance(value, list):
        return [text for part in value for text in texts_in(part)]
    if not isinstance(value, dict):
        return []
    found: list[str] = []
    for key, part in value.items():
        if key in ("text", "alt_text", "hint") and isinstance(part, str):
            found.append(part)
        elif key not in ("value", "block_id", "action_id", "confirm"):
            found += texts_in(part)
    return found
