"""The rooms as the bot knows them, kept from one sync to the next: who is in, and whether they are encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

KIND, CLOSED = "room", "closed"
HERE = ("join", "invite")
"""The memberships of those who read along, or will once they accept."""
ALGORITHM = "m.megolm.v1.aes-sha2"
_TWO = 2


class Keeper(Protocol):
    """What rooms are kept in."""

    def put(self, kind: str, name: str, value: Any) -> None:
        """Keep a value."""

    def delete(self, kind: str, name: str) -> None:
        """Forget a value."""

    def all(self, kind: str) -> dict[str, Any]:
        """Give all values of a kind by name."""


@dataclass
class Room:
    """One room that the bot is in, or was invited to."""

    room_id: str
    encrypted: bool = False
    """Once true it stays true, whatever the server says later: an encrypted room never gets plaintext."""
    join_rule: str = "invite"
    history: str = "shared"
    name: str = ""
    direct: bool = False
    """The bot opened it as a direct chat, or was invited to it as to one; what others say of it later is nothing."""
    crowded: bool = False
    """A third person was in it or invited: it is never a direct chat again, whoever leaves."""
    meant: str = ""
    """Whom the bot opened it for; empty where somebody else made it."""
    noted: bool = False
    """The account's other clients were told that it is a direct chat."""
    members: dict[str, str] = field(default_factory=dict)
    """Membership by user id."""
    names: dict[str, str] = field(default_factory=dict)
    """Display name by user id."""
    successor: str = ""
    """The room that took its place."""

    def here(self) -> list[str]:
        """Give those who are in it or invited."""
        return [user for user, membership in self.members.items() if membership in HERE]

    def joined(self) -> list[str]:
        """Give those who are in it."""
        return [user for user, membership in self.members.items() if membership == "join"]

    def readers(self) -> list[str]:
        """Give those who are meant to read what is said now: the invited too, unless history begins at joining."""
        return self.joined() if self.history == "joined" else self.here()

    def partner(self, me: str) -> str | None:
        """Give the one other person of a direct chat, who may not have come yet or have left; None for a room.

        A room that nobody called a direct chat counts as one where it has no name, is encrypted, takes in only who is
        invited, and there never was a third person.
        """
        plain = not self.name and self.encrypted and self.join_rule == "invite"
        others = [user for user in self.here() if user != me]
        if self.crowded or len(others) > 1 or not (self.direct or plain):
            return None
        if others or not self.direct:
            return next(iter(others), None)
        gone = (user for user, membership in self.members.items() if user != me and membership == "leave")
        return next(gone, self.meant or None)

    def is_spare(self, me: str) -> bool:
        """Tell whether the bot opened it and then could not say for whom: nobody else ever was in it."""
        untouched = not (self.direct or self.name or self.successor) and self.join_rule == "invite"
        return untouched and self.encrypted and list(self.members) == [me]

    def begin_anew(self) -> None:
        """Forget what is known of it but what holds for ever: it is to be told anew."""
        blank = Room(self.room_id)
        self.join_rule, self.history, self.name, self.successor = blank.join_rule, blank.history, "", ""
        self.members, self.names = {}, {}

    def is_guarded(self) -> bool:
        """Tell whether it may be served: encrypted, and nobody comes in without an invitation."""
        return self.encrypted and self.join_rule in ("invite", "knock")


class Rooms:
    """All rooms of the bot's account."""

    def __init__(self, me: str, keeper: Keeper) -> None:
        """Take the bot's own user id, and what keeps the rooms."""
        self.me, self._keeper = me, keeper
        self._rooms = {name: Room(**value) for name, value in keeper.all(KIND).items()}
        self._dropped: set[str] = set()

    def __iter__(self) -> Iterator[Room]:
        """Go through the rooms that the bot is in."""
        return (room for room in self._rooms.values() if room.members.get(self.me) == "join")

    def get(self, room_id: str) -> Room | None:
        """Give a room that the bot is in, or None."""
        room = self._rooms.get(room_id)
        return room if room is not None and room.members.get(self.me) == "join" else None

    def open(self, room_id: str) -> Room:
        """Give what is known of a room, whether or not the bot is in it."""
        self._dropped.discard(room_id)
        return self._rooms.setdefault(room_id, Room(room_id))

    def enter(self, room_id: str) -> Room:
        """Give a room that the bot is in now; one that it was not in begins anew, to be told of."""
        room = self.open(room_id)
        if self.get(room_id) is None:
            room.begin_anew()
            room.members[self.me] = "join"
        return room

    def invited(self, room_id: str, shown: Iterable[Mapping[str, Any]]) -> str | None:
        """Note an invitation and give who sent it; None where there is none.

        What an invitation shows of a room is not the room: only that it is encrypted, and a direct chat, is kept.
        """
        state = list(shown)
        invitation = next((event for event in state if _is_invitation(event, self.me)), None)
        if invitation is None:
            return None
        room, picture = self.open(room_id), Room(room_id)
        for event in state:
            apply(picture, event)
        room.begin_anew()
        room.encrypted = room.encrypted or picture.encrypted
        room.direct = room.direct or invitation["content"].get("is_direct") is True
        room.members[self.me] = "invite"
        self.save(room)
        return str(invitation.get("sender", ""))

    def save(self, room: Room) -> None:
        """Keep a room as it is now, unless it was dropped while something else was done with it."""
        if not self.has(room):
            return
        self._keeper.put(KIND, room.room_id, asdict(room))

    def forget(self, room_id: str) -> None:
        """Drop a room that was declined, but for what holds for ever: that it is encrypted, and no direct chat."""
        room = self._rooms.pop(room_id, None)
        if room is not None and (room.encrypted or room.crowded):
            self._rooms[room_id] = Room(room_id, encrypted=room.encrypted, crowded=room.crowded)
            self.save(self._rooms[room_id])
        else:
            self._keeper.delete(KIND, room_id)

    def spare(self) -> Room | None:
        """Give a room of the bot's own in which there is nobody yet, for a direct chat that is to be opened."""
        return next((room for room in self if room.is_spare(self.me)), None)

    def direct_with(self, user: str) -> Room | None:
        """Give the encrypted direct chat with a person.

        One that they are in comes before one they are invited to, that before one they left, last one without them yet.
        """
        found = [room for room in self if room.encrypted and room.partner(self.me) == user]
        rank = {"join": 0, "invite": 1, "leave": 2}
        return min(found, key=lambda room: rank.get(room.members.get(user, ""), 3), default=None)

    def direct_chats(self, user: str) -> list[Room]:
        """Give all direct chats with a person that the bot is in."""
        return [room for room in self if room.partner(self.me) == user]

    def lost_direct_chats(self, user: str) -> list[Room]:
        """Give the direct chats with a person that the bot was put out of."""
        out = (room for room in self._rooms.values() if room.members.get(self.me) == "leave")
        return [room for room in out if room.partner(self.me) == user]

    def has(self, room: Room) -> bool:
        """Tell whether a room was not dropped."""
        return room.room_id not in self._dropped

    def drop(self, room_id: str) -> None:
        """Keep nothing of a room: whoever it was with is forgotten."""
        self._rooms.pop(room_id, None)
        self._dropped.add(room_id)
        self._keeper.delete(KIND, room_id)

    def forget_person(self, user: str) -> None:
        """Keep nothing of a person but in the rooms that they are in."""
        self.reopen_direct(user)
        for room in self._rooms.values():
            if user in room.members and room.members[user] not in HERE:
                del room.members[user]
                room.names.pop(user, None)
                self.save(room)

    def close_direct(self, user: str) -> None:
        """Note that a person put the bot out of their direct chat."""
        self._keeper.put(CLOSED, user, True)

    def reopen_direct(self, user: str) -> None:
        """Note that a person wants a direct chat again."""
        self._keeper.delete(CLOSED, user)

    def is_closed(self, user: str) -> bool:
        """Tell whether a person put the bot out of their direct chat and has not invited it since."""
        return user in self._keeper.all(CLOSED)

    def before(self, room_id: str) -> list[Room]:
        """Give the rooms whose place a room took."""
        return [room for room in self if room.successor == room_id]

    def followed(self, room: Room) -> list[Room]:
        """Give the rooms that are to be left for others now: this one, or those whose place it took."""
        return [room] if room.successor else self.before(room.room_id)

    def watched(self) -> set[str]:
        """Give everybody whose devices matter: the readers of encrypted rooms."""
        return {user for room in self if room.encrypted for user in room.here()}


def apply(room: Room, event: Mapping[str, Any]) -> None:
    """Take a state event into a room; one that is malformed, or not under the key that counts, changes nothing."""
    content, key = event.get("content"), event.get("state_key")
    if not isinstance(content, Mapping) or not isinstance(key, str):
        return
    if event.get("type") == "m.room.member":
        _member(room, key, content)
    if key:
        return
    match event.get("type"):
        case "m.room.encryption":
            room.encrypted = True
        case "m.room.join_rules":
            room.join_rule = _word(content, "join_rule", room.join_rule)
        case "m.room.history_visibility":
            room.history = _word(content, "history_visibility", room.history)
        case "m.room.name":
            room.name = _word(content, "name", "")
        case "m.room.canonical_alias":
            room.name = room.name or _word(content, "alias", "")
        case "m.room.tombstone":
            room.successor = _word(content, "replacement_room", "")


def _member(room: Room, user: str, content: Mapping[str, Any]) -> None:
    room.members[user] = _word(content, "membership", "leave")
    # Whoever knocks is not in. Who left counts: they were there with the others, or may have been.
    room.crowded = room.crowded or sum(membership != "knock" for membership in room.members.values()) > _TWO
    name = _word(content, "displayname", "")
    if name and room.members[user] in HERE:
        room.names[user] = name


def _is_invitation(event: Mapping[str, Any], me: str) -> bool:
    content = event.get("content")
    own = event.get("type") == "m.room.member" and event.get("state_key") == me
    return own and isinstance(content, Mapping) and content.get("membership") == "invite"


def _word(content: Mapping[str, Any], name: str, default: str) -> str:
    value = content.get(name, default)
    return value if isinstance(value, str) else default
