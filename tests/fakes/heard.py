"""What a person sees of a room: its events in timeline order, each once, read or not (yet) readable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

GRACE = 0.7
"""Seconds for which a message that cannot be read holds back those after it: its key may come a moment later."""


@dataclass(frozen=True)
class Message:
    """One m.room.message, decrypted. Of an edit, body and html are the new ones and `edit_of` is what it replaces."""

    event_id: str
    sender: str
    body: str
    html: str | None
    msgtype: str
    thread: str | None
    """The event id of the thread's root."""
    reply_to: str | None
    """What it answers; None for the mere fallback that thread messages carry for old clients."""
    mentions: tuple[str, ...]
    """The user ids in m.mentions."""
    room_mention: bool
    encrypted: bool
    """It arrived encrypted."""
    edit_of: str | None
    content: Mapping[str, Any]
    """The whole decrypted content."""


@dataclass(frozen=True)
class Reaction:
    """One m.reaction: who, on what, which key."""

    event_id: str
    sender: str
    about: str
    key: str


@dataclass
class Entry:
    """One event of a timeline that is, or after decryption may be, a message."""

    raw: Mapping[str, Any]
    came: float
    message: Message | None = None
    taken: bool = False

    @property
    def event_id(self) -> str:
        return str(self.raw["event_id"])


@dataclass
class RoomLog:
    """One room as one session of a person saw it."""

    user_id: str
    known: set[str] = field(default_factory=set)
    entries: list[Entry] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    redacted: set[str] = field(default_factory=set)
    typing: set[str] = field(default_factory=set)
    typed: set[str] = field(default_factory=set)

    def note(self, events: Iterable[Mapping[str, Any]], now: float) -> None:
        """Take in the next events of the timeline, oldest first; those it has are passed over."""
        for event in events:
            if event["event_id"] not in self.known:
                self.known.add(event["event_id"])
                self._note(event, now)

    def open(self, event_id: str, event: Mapping[str, Any]) -> None:
        """Put a decrypted event in the place of what was not readable."""
        at = next(place for place, entry in enumerate(self.entries) if entry.event_id == event_id)
        raw = self.entries[at].raw
        whole = {**event, "event_id": event_id, "sender": raw["sender"]}
        if "m.relates_to" in raw["content"]:
            whole["content"] = {"m.relates_to": raw["content"]["m.relates_to"], **event["content"]}
        if event["type"] == "m.room.message" and raw["sender"] != self.user_id:
            self.entries[at].message = read_message(whole, encrypted=True)
            return
        del self.entries[at]
        self._react(whole)

    def unread(self) -> list[Entry]:
        """Give what could not be read so far."""
        return [entry for entry in self.entries if entry.message is None]

    def ready(self, count: int, now: float) -> list[Entry]:
        """Give up to `count` messages that nobody took, in order, none past one whose key may yet come."""
        ready: list[Entry] = []
        for entry in self._waiting():
            if len(ready) == count or (entry.message is None and now < entry.came + GRACE):
                break
            if entry.message is not None:
                ready.append(entry)
        return ready

    def patience(self, now: float) -> float | None:
        """Give the seconds until what holds back others no longer does; None if nothing does."""
        return next((entry.came + GRACE - now for entry in self.unread() if now < entry.came + GRACE), None)

    def _waiting(self) -> Iterator[Entry]:
        return (entry for entry in self.entries if not entry.taken)

    def _note(self, event: Mapping[str, Any], now: float) -> None:
        content = event.get("content", {})
        match event["type"]:
            case "m.room.encrypted" if content:
                self.entries.append(Entry(event, now))
            case "m.room.message" if content and event["sender"] != self.user_id:
                self.entries.append(Entry(event, now, read_message(event, encrypted=False)))
            case "m.room.redaction":
                self.redacted.add(str(content.get("redacts") or event.get("redacts")))
            case _:
                self._react(event)

    def _react(self, event: Mapping[str, Any]) -> None:
        relation = _dict(_dict(event.get("content")).get("m.relates_to"))
        if event["type"] == "m.reaction" and "event_id" in relation:
            about, key = str(relation["event_id"]), str(relation.get("key"))
            self.reactions.append(Reaction(event["event_id"], event["sender"], about, key))


def read_message(event: Mapping[str, Any], *, encrypted: bool) -> Message:
    """Read an m.room.message event; what is missing or malformed is empty."""
    content = _dict(event.get("content"))
    relation = _dict(content.get("m.relates_to"))
    kind, target = relation.get("rel_type"), relation.get("event_id")
    shown = _dict(content.get("m.new_content")) if kind == "m.replace" else content
    mentions = _dict(content.get("m.mentions"))
    named = mentions.get("user_ids")
    answered = None if relation.get("is_falling_back") else _dict(relation.get("m.in_reply_to")).get("event_id")
    return Message(
        event_id=event["event_id"],
        sender=event["sender"],
        body=str(shown.get("body", "")),
        html=shown.get("formatted_body"),
        msgtype=str(shown.get("msgtype", "")),
        thread=target if kind == "m.thread" else None,
        reply_to=answered,
        mentions=tuple(named) if isinstance(named, list) else (),
        room_mention=mentions.get("room") is True,
        encrypted=encrypted,
        edit_of=target if kind == "m.replace" else None,
        content=content,
    )


def since_invited(events: list[dict[str, Any]], user_id: str) -> list[dict[str, Any]]:
    """Give the part of a timeline that begins with a person's last invitation, or with their join if nobody invited."""
    own = [
        (place, event["content"].get("membership"))
        for place, event in enumerate(events)
        if event["type"] == "m.room.member" and event.get("state_key") == user_id
    ]
    joins = [index for index, (_, membership) in enumerate(own) if membership == "join"]
    # Further joins in a row are changes of the name shown; the invitation comes before the first of them.
    first = next((index for index in joins if all(kind == "join" for _, kind in own[index:])), None)
    if first is None:
        return events
    invited = first > 0 and own[first - 1][1] == "invite"
    return events[own[first - 1 if invited else first][0] :]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
