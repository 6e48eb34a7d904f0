"""What the bot knows of its rooms, from state events that a server may have made up."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.matrix.rooms import Room, Rooms, apply

ME, ANA, EVE = "@dragoman:example.org", "@ana:example.org", "@eve:example.org"


class Kept:
    """A store that forgets with the test."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}

    def put(self, kind: str, name: str, value: Any) -> None:
        self.rows.setdefault(kind, {})[name] = value

    def delete(self, kind: str, name: str) -> None:
        self.rows.get(kind, {}).pop(name, None)

    def all(self, kind: str) -> dict[str, Any]:
        return dict(self.rows.get(kind, {}))


def member(user: str, membership: str, **others: Any) -> dict[str, Any]:
    """Make the state event of somebody's membership."""
    return {"type": "m.room.member", "state_key": user, "content": {"membership": membership, **others}}


def room_of(*events: dict[str, Any]) -> Room:
    """Give a room after these events, the bot in it."""
    room = Room("!r:example.org")
    for event in (member(ME, "join"), *events):
        apply(room, event)
    return room


ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


def test_encrypted_for_ever() -> None:
    """No later event makes an encrypted room one that is not; nor does a restart."""
    room = room_of(ENCRYPTION, {"type": "m.room.encryption", "state_key": "", "content": {}})
    kept = Kept()
    Rooms(ME, kept).save(room)
    again = Rooms(ME, kept).get(room.room_id)
    assert again is not None
    assert again.encrypted


def test_a_direct_chat_ends_when_a_third_person_comes() -> None:
    """Invited counts: what is said is for everybody who will read it."""
    room = room_of(member(ANA, "join", is_direct=True))
    assert room.partner(ME) == ANA
    apply(room, member(EVE, "invite"))
    assert room.partner(ME) is None


def test_a_named_room_of_two_is_a_room() -> None:
    """A room that waits for its people is no direct chat."""
    assert room_of(member(ANA, "join")).partner(ME) == ANA
    name = {"type": "m.room.name", "state_key": "", "content": {"name": "tasks"}}
    assert room_of(member(ANA, "join"), name).partner(ME) is None


def test_who_left_a_direct_chat_is_known() -> None:
    """It stays theirs, so that no second one is opened behind their back."""
    room = room_of(ENCRYPTION, member(ANA, "join", is_direct=True), member(ANA, "leave"))
    rooms = Rooms(ME, Kept())
    rooms.open(room.room_id).__dict__.update(room.__dict__)
    assert rooms.direct_with(ANA) is not None
    assert rooms.direct_with(EVE) is None


def test_who_reads_along() -> None:
    """The invited read what is said before they come, unless history begins at joining."""
    room = room_of(member(ANA, "join"), member(EVE, "invite"))
    assert room.readers() == [ME, ANA, EVE]
    apply(room, {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "joined"}})
    assert room.readers() == [ME, ANA]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(
    ["m.room.member", "m.room.name", "m.room.encryption", "m.room.join_rules", "m.room.tombstone",
     "m.room.history_visibility", "m.room.canonical_alias", "x"]
)  # fmt: skip


@given(st.lists(st.fixed_dictionaries({"type": TYPES, "state_key": JSON, "content": JSON}), max_size=5))
def test_no_state_raises(events: list[dict[str, Any]]) -> None:
    """Whatever a server says of a room, it can be kept and read again."""
    room = room_of(*events)
    kept = Kept()
    Rooms(ME, kept).save(room)
    assert Rooms(ME, kept).open(room.room_id) == room
