"""What an adapter learns of people and rooms: the coordinators hear of it once, and nobody else does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.app import command_table
from bot.message import message, say
from bot.notices import room_lane, tell
from bot.reachability import (
    came_back,
    cannot_reach,
    device_unsigned,
    identity_changed,
    invited_to_closed_room,
    joined_closed_room,
    left_platform,
    left_room,
    member_left,
    missed_in_chat,
    missed_in_room,
    other_device_on_account,
    own_identity_replaced,
    room_moved,
    room_shared,
)  # fmt: skip
from bot.whence import coalitions_of_account, coalitions_of_room, coalitions_on
from storage.tables import Label, Member, Notice, NoticeKind, Purpose, Role, Room, Standing
from storage.work import Work
from tests.conftest import World
from tests.fakes.conversation import Conversation


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation in which Luis has two tasks and Mei coordinates too."""
    conversation = Conversation(world, command_table(), {})
    world.write(lambda work: setattr(member(work, "Mei"), "role", Role.COORDINATOR))
    for words in ("print the badges", "book a room"):
        conversation.say("Luis", f"assign {words} @luis")
    return conversation


def member(work: Work, alias: str) -> Member:
    """Find a member."""
    return next(row for row in work.rows(Member) if row.alias == alias)


def closed(work: Work) -> Room:
    """Give #team as a closed room."""
    room = next(row for row in work.rows(Room) if row.name == "team")
    room.label = Label.CLOSED
    return room


def heard(talk: Conversation, act: Callable[[Work], object]) -> list[str]:
    """Do it in a transaction, and give what appears within the ten minutes that company may wait."""
    before = len(talk.world.chat.shown)
    talk.world.write(act)
    talk.settle()
    talk.wait(minutes=10)
    return sorted(f"@{sent.name}: {sent.text}" for sent in talk.world.chat.shown[before:])


def test_coordinators_learn_who_cannot_be_reached_once_a_day(talk: Conversation, world: World) -> None:
    """With what waits for them; on whatever platform, once; a day later again."""
    luis = world.member_id("Luis")
    text = (
        "I cannot reach @Luis on Matrix.\n2 tasks are theirs: `tasks @Luis`.\n"
        "Ask them another way to write to me there, or `reassign` what cannot wait."
    )
    assert heard(talk, lambda work: cannot_reach(work, world.now, luis, "matrix")) == [f"@Ana: {text}", f"@Mei: {text}"]
    assert heard(talk, lambda work: cannot_reach(work, world.now, luis, "slack")) == []
    world.pass_time(days=1)
    assert len(heard(talk, lambda work: cannot_reach(work, world.now, luis, "matrix"))) == 2


def test_the_one_who_cannot_be_reached_is_not_told(talk: Conversation, world: World) -> None:
    """A coordinator out of reach shows to the others; who only asked to join to nobody."""
    mei = world.member_id("Mei")
    assert heard(talk, lambda work: cannot_reach(work, world.now, mei, "matrix")) == [
        "@Ana: I cannot reach @Mei on Matrix.\nNo task is theirs."
    ]
    world.write(lambda work: setattr(member(work, "Luis"), "standing", Standing.ASKED))
    luis = world.read(lambda work: member(work, "Luis").id)
    assert heard(talk, lambda work: cannot_reach(work, world.now, luis, "matrix")) == []


def test_who_comes_and_goes_in_a_closed_room_is_told(talk: Conversation, world: World) -> None:
    """Members by alias, others as they are called; of other rooms nothing is told, and names are in no key."""
    told = heard(talk, lambda work: joined_closed_room(work, world.now, closed(work), ["luis", "@eve:example.org"]))
    text = (
        "New in #team: @Luis, @eve:example.org.\n"
        "The room is closed: if somebody does not belong there, take them out of it."
    )
    assert told == [f"@Ana: {text}", f"@Mei: {text}"]
    again = ["@eve:example.org", "luis"]
    assert heard(talk, lambda work: joined_closed_room(work, world.now, closed(work), again)) == []
    assert heard(talk, lambda work: left_room(work, world.now, closed(work), ["luis"])) == [
        "@Ana: No longer in #team: @Luis.", "@Mei: No longer in #team: @Luis.",
    ]  # fmt: skip
    invited = heard(talk, lambda work: invited_to_closed_room(work, world.now, closed(work), ["@eve:example.org"]))
    assert invited == [
        f"@{name}: {text.replace('New in #team: @Luis,', 'Invited to #team:')}" for name in ("Ana", "Mei")
    ]
    assert heard(talk, lambda work: joined_closed_room(work, world.now, closed(work), [])) == []
    hall = world.read(lambda work: next(row for row in work.rows(Room) if row.name == "hall"))
    assert heard(talk, lambda work: joined_closed_room(work, world.now, hall, ["eve"])) == []
    assert not any("example" in row.key for row in world.read(lambda work: work.rows(Notice)))
    assert {row.label for row in world.read(lambda work: work.rows(Notice, Notice.kind == NoticeKind.NOTICE))} == {
        Label.COALITION
    }


def test_what_was_missed_is_told_once(talk: Conversation, world: World) -> None:
    """Of a room the coordinators hear, of a direct chat whose it is; the same gap again says nothing."""
    luis, before = world.member_id("Luis"), world.now
    told = heard(talk, lambda work: missed_in_room(work, world.now, closed(work), before, "s1"))
    assert [line.split("\n")[0].partition(" before ")[0] for line in told] == [
        "@Ana: I was away and missed what was said in #team", "@Mei: I was away and missed what was said in #team",
    ]  # fmt: skip
    assert all(line.endswith("\nWhoever meant something for me there: please say it again.") for line in told)
    assert heard(talk, lambda work: missed_in_room(work, world.now, closed(work), before, "s1")) == []
    assert len(heard(talk, lambda work: missed_in_room(work, world.now, closed(work), before, "s2"))) == 2
    for n in (1, 0):
        told = heard(talk, lambda work: missed_in_chat(work, world.now, luis, "console", before=before, mark="s1"))
        assert [line.partition(" before ")[0] for line in told] == ["@Luis: I was away and missed what you wrote here"][
            :n
        ]


def test_a_room_that_moved_is_served_at_its_new_address(talk: Conversation, world: World) -> None:
    """What was owed to it goes there; a room that is not served, and an address that is, change nothing."""

    def move(work: Work) -> str | None:
        tell(work, room_lane(work, closed(work)), NoticeKind.ALERT, message(say("x")), key="x", now=world.now)
        moved = room_moved(work, "console", "team", "!new:example.org")
        return moved.name if moved else None

    assert world.write(move) == "team"
    talk.settle()
    assert [sent.to.address for sent in world.chat.shown if sent.name == "team"] == ["!new:example.org"]
    assert world.read(lambda work: coalitions_of_room(work, "console", "!new:example.org")) == {1}
    assert world.read(lambda work: coalitions_of_room(work, "console", "team")) == set()
    assert world.write(lambda work: room_moved(work, "console", "nowhere", "x")) is None
    assert world.write(lambda work: room_moved(work, "console", "!new:example.org", "hall")) is None
    other = world.found("Other", {}, {"cellar": (Label.CLOSED, [Purpose.TASKS])})
    assert world.write(lambda work: room_moved(work, "console", "hall", "cellar")) is None
    assert world.write(lambda work: room_moved(work, "console", "hall", "x"), other) is None


def test_a_changed_identity_and_unverified_devices_are_told_once_a_change(talk: Conversation, world: World) -> None:
    """The same change again says nothing; the next one does; the person is not who is asked."""
    luis, ana = world.member_id("Luis"), world.member_id("Ana")
    changed = heard(talk, lambda work: identity_changed(work, world.now, luis, "key1"))
    assert [line.split("\n")[0] for line in changed] == [
        "@Ana: The security identity of @Luis changed.", "@Mei: The security identity of @Luis changed.",
    ]  # fmt: skip
    assert heard(talk, lambda work: identity_changed(work, world.now, luis, "key1")) == []
    assert len(heard(talk, lambda work: identity_changed(work, world.now, luis, "key2"))) == 2
    (to_mei,) = heard(talk, lambda work: device_unsigned(work, world.now, ana, 2))
    assert to_mei.startswith("@Mei: @Ana uses 2 devices that they have not verified.")
    assert heard(talk, lambda work: device_unsigned(work, world.now, ana, 2)) == []
    world.write(lambda work: setattr(member(work, "Mei"), "role", Role.MEMBER))
    (alone,) = heard(talk, lambda work: device_unsigned(work, world.now, ana, 1))
    assert alone.startswith("@Ana: @Ana uses 1 device that they have not verified.")


def test_what_is_wrong_with_the_bots_own_account_is_told_once(talk: Conversation, world: World) -> None:
    """To the coordinators, with what whoever hosts it must do; another device or identity is told of anew."""
    first = heard(talk, lambda work: other_device_on_account(work, world.now, "matrix", "mark1"))
    text = (
        "Somebody signed in to my Matrix account with another device.\n"
        "It reads nothing that I write, but it can write in my name and see who is in which room.\n"
        "Whoever hosts me: run `dragoman matrix status`, log that device out and change the account's password."
    )
    assert first == [f"@Ana: {text}", f"@Mei: {text}"]
    assert heard(talk, lambda work: other_device_on_account(work, world.now, "matrix", "mark1")) == []
    assert len(heard(talk, lambda work: other_device_on_account(work, world.now, "matrix", "mark2"))) == 2
    replaced = heard(talk, lambda work: own_identity_replaced(work, world.now, "matrix", "mark1"))
    line = "My own security identity on Matrix was replaced."
    assert [text.split("\n")[0] for text in replaced] == [f"@Ana: {line}", f"@Mei: {line}"]
    assert heard(talk, lambda work: own_identity_replaced(work, world.now, "matrix", "mark1")) == []


def test_which_coalitions_are_on_a_platform(world: World) -> None:
    """By their rooms and by their members' accounts."""
    other = world.found("Other", {"Luis": (Role.MEMBER, "UTC")}, {})
    assert world.read(lambda work: coalitions_on(work, "console")) == {1, other}
    assert world.read(lambda work: coalitions_on(work, "matrix")) == set()


def test_which_coalitions_an_account_belongs_to(world: World) -> None:
    """For an adapter that learns something of an account, and has no command to go by."""
    other = world.found("Other", {"Luis": (Role.MEMBER, "UTC")}, {})
    assert world.read(lambda work: coalitions_of_account(work, "console", "luis")) == {1, other}
    assert world.read(lambda work: coalitions_of_account(work, "matrix", "luis")) == set()


def served(work: Work) -> Room:
    """Give #team as it is."""
    return next(row for row in work.rows(Room) if row.name == "team")


def test_a_member_who_leaves_a_served_room_is_told_of_with_their_tasks(talk: Conversation, world: World) -> None:
    """To the coordinators, once a day; of strangers nothing is said."""
    told = heard(talk, lambda work: member_left(work, world.now, served(work), "luis"))
    assert told == [
        "@Ana: @Luis is no longer in #team.\n2 tasks are theirs: `tasks @Luis`.",
        "@Mei: @Luis is no longer in #team.\n2 tasks are theirs: `tasks @Luis`.",
    ]
    assert heard(talk, lambda work: member_left(work, world.now, served(work), "luis")) == []
    assert heard(talk, lambda work: member_left(work, world.now, served(work), "somebody")) == []


def test_a_room_that_others_join_shows_public_items_only(talk: Conversation, world: World) -> None:
    """Until a coordinator says otherwise; who joins after that changes nothing."""
    told = heard(talk, lambda work: room_shared(work, world.now, served(work)))
    assert [line.split("\n")[0] for line in told] == [
        f"@{name}: #team is shared with other organisations now: I show only public items there."
        for name in ("Ana", "Mei")
    ]
    assert world.read(lambda work: served(work).label) is Label.PUBLIC
    assert heard(talk, lambda work: room_shared(work, world.now, served(work))) == []


def test_who_left_a_platform_is_told_once(talk: Conversation, world: World) -> None:
    """With what is theirs and what can be done, once however often it is seen; again after they came back."""

    def left(work: Work) -> None:
        left_platform(work, world.now, "luis", "console")

    [first, _] = heard(talk, left)
    assert first.split("\n") == [
        "@Ana: @Luis is in none of my rooms on the terminal any more.",
        "2 tasks are theirs: `tasks @Luis`.",
        "If they are not to come back: `suspend @Luis`.",
    ]
    world.pass_time(days=3)
    assert heard(talk, left) == []
    world.write(lambda work: came_back(work, "luis", "console"))
    assert len(heard(talk, left)) == 2
