"""What a sync tells of a room that the bot comes into, and of who comes and goes there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.matrix.devices import Devices
from bot.adapters.matrix.encryption import Clear, Encryption
from bot.adapters.matrix.homeserver import Homeserver
from bot.adapters.matrix.news import News
from bot.adapters.matrix.rooms import Room, Rooms
from bot.adapters.matrix.sealed import SealedStore
from bot.adapters.matrix.sync import Sync
from bot.clock import SystemClock
from storage.cipher import Keyring
from storage.trouble import DatabaseTrouble

ME, ANA, EVE, ROOM = "@dragoman:example.org", "@ana:example.org", "@eve:example.org", "!r:example.org"
Event = dict[str, Any]


class Ear:
    """Keeps what it is told; fails as often as a test says."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.moves: list[tuple[str, list[str]]] = []
        self.failures = 0

    async def message(self, room: Room, event: Mapping[str, Any], clear: Clear) -> None:
        raise AssertionError("nothing is encrypted here")

    async def open_message(self, room: Room, event: Mapping[str, Any]) -> None:
        if self.failures:
            self.failures -= 1
            raise DatabaseTrouble("it is held")
        self.said.append(str(event["event_id"]))

    async def unreadable(self, room: Room, event: Mapping[str, Any]) -> None:
        raise AssertionError("nothing is encrypted here")

    async def invited(self, room: Room, inviter: str) -> None:
        """Whether to come is not asked here."""

    async def came(self, room: Room, users: list[str]) -> None:
        self.moves += [("came", users)] if users else []

    async def went(self, room: Room, users: list[str]) -> None:
        self.moves += [("went", users)] if users else []

    async def gone(self, room: Room) -> None:
        """Not of interest."""

    async def missed(self, room: Room, before: int, mark: str) -> None:
        raise AssertionError("nothing is left out here")

    async def moved(self, room: Room) -> None:
        """Not of interest."""

    async def learnt(self, news: News) -> bool:
        return True


class Stand:
    """A sync of its own, told by the test what the server says."""

    def __init__(self, folder: Path) -> None:
        self.sealed = SealedStore(folder / "matrix.db", Keyring([bytes(32)]))
        self.ear, self.rooms = Ear(), Rooms(ME, self.sealed)
        devices = Devices(ME, self.sealed)
        encryption = Encryption(ME, "BOX", devices, self.sealed, "key")
        server = Homeserver("http://127.0.0.1:9")
        self.sync = Sync(server, self.sealed, self.rooms, devices, encryption, self.ear, SystemClock(), 0)

    def take(self, section: str, *events: Event, state: tuple[Event, ...] = ()) -> None:
        """Take one answer that tells of the room."""
        content = {"timeline": {"events": list(events)}, "state": {"events": list(state)}}
        told = {"invite_state": {"events": list(events)}} if section == "invite" else content
        asyncio.run(self.sync.take({"rooms": {section: {ROOM: told}}}, first=False))


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """Give a sync in which nothing has happened."""
    stand = Stand(tmp_path)
    yield stand
    stand.sealed.close()


def member(user: str, membership: str, event_id: str = "", **others: Any) -> Event:
    """Make the event of a membership."""
    content = {"membership": membership, **others}
    return {"type": "m.room.member", "state_key": user, "sender": ANA, "event_id": event_id, "content": content}


def words(event_id: str) -> Event:
    """Make a message of Ana's."""
    return {"type": "m.room.message", "sender": ANA, "event_id": event_id, "origin_server_ts": 10**12, "content": {}}


WAY_IN = (words("$old"), member(ME, "invite"), words("$waiting"), member(ME, "join"), words("$new"))


def test_a_room_is_heard_from_joining_on_and_a_direct_chat_from_the_invitation_on(stand: Stand) -> None:
    """People write into a direct chat before the bot is there."""
    stand.take("invite", member(ME, "invite", is_direct=True))
    stand.take("join", member(ANA, "join"), *WAY_IN)
    assert stand.ear.said == ["$waiting", "$new"]
    stand.take("leave")
    stand.take("invite", member(ME, "invite"))
    stand.take("join", member(ANA, "join"), member(EVE, "join"), *WAY_IN)
    assert stand.ear.said == ["$waiting", "$new", "$new"]


def test_a_sync_that_is_taken_again_does_not_hear_what_is_old(stand: Stand) -> None:
    """It was not through when the database was held; the bot still is about to come in."""
    stand.ear.failures = 1
    for _ in range(2):
        try:
            stand.take("join", member(ANA, "join"), member(EVE, "join"), *WAY_IN)
        except DatabaseTrouble:
            continue
    assert (stand.ear.said, stand.ear.moves) == (["$new"], [])
    stand.take("join", words("$next"))
    assert stand.ear.said == ["$new", "$next"]


def test_who_comes_and_who_goes(stand: Stand) -> None:
    """The invited count from then on, who was there before the bot does not; nothing is taken a second time."""
    stand.take("join", member(ANA, "join"), *WAY_IN)
    stand.take("join", member(EVE, "invite", "$1"))
    stand.take("join", member(EVE, "join", "$2"))
    stand.take("join", member(EVE, "leave", "$3"))
    stand.take("join", state=(member(EVE, "join", "$2"), member(ME, "invite", "$0")))
    assert stand.ear.moves == [("came", [EVE]), ("went", [EVE])]
    assert stand.rooms.get(ROOM) is not None
    assert stand.rooms.open(ROOM).here() == [ME, ANA]
