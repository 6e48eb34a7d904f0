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


def direct(*events: dict[str, Any], **flags: bool) -> Room:
    """Give a direct chat that somebody invited the bot to, after these events."""
    rooms = Rooms(ME, Kept())
    rooms.invited("!r:example.org", [invitation(**(flags or {"is_direct": True}))])
    room = rooms.enter("!r:example.org")
    for event in events:
        apply(room, event)
    return room


def invitation(**others: Any) -> dict[str, Any]:
    """Make the event of Ana's invitation."""
    return {**member(ME, "invite", **others), "sender": ANA}


def test_a_third_person_ends_a_direct_chat_for_ever() -> None:
    """Invited counts: what is said is for everybody who will read it. When they leave it is no direct chat again."""
    for room in (direct(ENCRYPTION, member(ANA, "join")), room_of(ENCRYPTION, member(ANA, "join"))):
        assert room.partner(ME) == ANA
        for membership in ("knock", "invite", "leave"):
            apply(room, member(EVE, membership))
            assert room.partner(ME) == (ANA if membership == "knock" else None)
        kept = Kept()
        rooms = Rooms(ME, kept)
        rooms.open(room.room_id).__dict__.update(room.__dict__)
        rooms.forget(room.room_id)
        again = Rooms(ME, kept)
        again.invited(room.room_id, [invitation(is_direct=True)])
        apply(again.enter(room.room_id), member(ANA, "join"))
        assert again.open(room.room_id).partner(ME) is None


def test_a_room_that_shrank_to_two_is_a_room() -> None:
    """Who was there before the bot came counts, too."""
    assert room_of(ENCRYPTION, member(ANA, "join"), member(EVE, "leave")).partner(ME) is None
    assert direct(ENCRYPTION, member(ANA, "join"), member(EVE, "leave")).partner(ME) is None


def test_a_named_room_of_two_is_a_room() -> None:
    """A room that waits for its people is no direct chat, whatever others say in their memberships."""
    name = {"type": "m.room.name", "state_key": "", "content": {"name": "tasks"}}
    room = room_of(ENCRYPTION, member(ANA, "join", is_direct=True), name, member(ANA, "join", is_direct=True))
    assert (room.direct, room.partner(ME)) == (False, None)
    assert direct(member(ANA, "join"), name).partner(ME) == ANA


def test_an_unnamed_room_of_two_is_a_direct_chat_while_it_is_private() -> None:
    """Encrypted, and by invitation: else somebody may read along, or come in."""
    assert room_of(ENCRYPTION, member(ANA, "join")).partner(ME) == ANA
    assert room_of(member(ANA, "join")).partner(ME) is None
    rule = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "public"}}
    assert room_of(ENCRYPTION, member(ANA, "join"), rule).partner(ME) is None


def test_only_the_own_invitation_says_that_it_is_a_direct_chat() -> None:
    """Not one of somebody else, and no other membership of the bot's."""
    for state in (
        [invitation(), member(ANA, "join", is_direct=True)],
        [member(EVE, "invite", is_direct=True), invitation()],
        [invitation(is_direct="yes")],
    ):
        rooms = Rooms(ME, Kept())
        assert rooms.invited("!r:example.org", state) == ANA
        assert rooms.open("!r:example.org").direct is False
    assert Rooms(ME, Kept()).invited("!r:example.org", [member(ME, "join", is_direct=True)]) is None


def test_what_an_invitation_shows_is_not_the_room() -> None:
    """Only that it is encrypted stays, and that it is a direct chat; all else is told at joining."""
    name = {"type": "m.room.name", "state_key": "", "content": {"name": "tasks"}}
    rule = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}
    rooms = Rooms(ME, Kept())
    rooms.invited("!r:example.org", [member(EVE, "join"), name, rule, ENCRYPTION, invitation(is_direct=True)])
    room = rooms.enter("!r:example.org")
    blank = Room("!r:example.org", encrypted=True, direct=True, members={ME: "join"})
    assert room == blank
    assert rooms.enter("!r:example.org") is room


def test_a_declined_room_was_encrypted_all_the_same() -> None:
    """That is the one thing kept of it; of one that was not, nothing is."""
    kept = Kept()
    rooms = Rooms(ME, kept)
    rooms.invited("!r:example.org", [ENCRYPTION, invitation(is_direct=True)])
    rooms.invited("!s:example.org", [invitation(is_direct=True)])
    rooms.forget("!r:example.org")
    rooms.forget("!s:example.org")
    again = Rooms(ME, kept)
    assert again.open("!r:example.org") == Room("!r:example.org", encrypted=True)
    assert list(kept.all("room")) == ["!r:example.org"]


def test_state_counts_under_the_empty_key_only() -> None:
    """What stands under another key is not the room's."""
    contents = {
        "m.room.encryption": {},
        "m.room.join_rules": {"join_rule": "public"},
        "m.room.history_visibility": {"history_visibility": "joined"},
        "m.room.name": {"name": "tasks"},
        "m.room.canonical_alias": {"alias": "#tasks:example.org"},
        "m.room.tombstone": {"replacement_room": "!s:example.org"},
    }
    events = [{"type": kind, "state_key": "x", "content": content} for kind, content in contents.items()]
    assert room_of(*events) == room_of()
    for event in events:
        assert room_of(event | {"state_key": ""}) != room_of()


def test_who_left_a_direct_chat_is_known() -> None:
    """It stays theirs, so that no second one is opened behind their back."""
    room = direct(ENCRYPTION, member(ANA, "join"), member(ANA, "leave"))
    rooms = Rooms(ME, Kept())
    rooms.open(room.room_id).__dict__.update(room.__dict__)
    assert rooms.direct_with(ANA) is not None
    assert rooms.direct_with(EVE) is None


def test_a_room_of_the_bots_own_that_nobody_was_asked_to_is_used() -> None:
    """One that was opened by a process that ended before it could say for whom; no other one."""
    rooms = Rooms(ME, Kept())
    apply(rooms.enter("!r:example.org"), ENCRYPTION)
    spare = rooms.spare()
    assert spare is rooms.open("!r:example.org")
    spare.direct, spare.meant = True, ANA
    assert (rooms.spare(), rooms.direct_with(ANA)) == (None, spare)
    for event in (member(EVE, "leave"), member(EVE, "invite")):
        other = Rooms(ME, Kept())
        apply(other.enter("!s:example.org"), ENCRYPTION)
        apply(other.open("!s:example.org"), event)
        assert other.spare() is None


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
    rooms = Rooms(ME, kept)
    rooms.save(room)
    assert Rooms(ME, kept).open(room.room_id) == room
    rooms.invited(room.room_id, events)
