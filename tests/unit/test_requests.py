"""Two people: who may confirm what, that nothing is done but what was read, and who hears of it."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import command_table, writers
from bot.commands import Refusal
from bot.people import find_member
from bot.requests import confirm_on_host, open_requests
from bot.retention import erase_old
from storage.tables import Identity, Label, Member, Request, Role, Room, Standing
from storage.work import Work
from tests.conftest import World
from tests.fakes.conversation import Conversation

NOBODY = "I work for a coalition and answer its members. To ask to join, say `hello`."


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation with all verbs, in which Ana and Luis coordinate."""
    make(world, "Luis", Role.COORDINATOR)
    return Conversation(world, command_table(), writers())


def make(world: World, alias: str, role: Role) -> None:
    """Give somebody a role, as if long ago."""
    world.write(lambda work: setattr(find_member(work, alias), "role", role))


def role_of(world: World, alias: str) -> Role:
    """Tell what somebody may do."""
    return world.read(lambda work: find_member(work, alias).role)


def test_a_second_coordinator_confirms(talk: Conversation, world: World) -> None:
    """Nothing is done before; then it is, once, and both hear of it."""
    asked = talk.say("Ana", "role @mei coordinator")
    assert [line.split(":")[0] for line in asked] == ["@Ana", "@Luis"]
    assert role_of(world, "Mei") is Role.MEMBER
    told = talk.say("Luis", "confirm 1")
    assert "@Ana: @Luis confirmed request 1 of @Ana, to make @Mei a coordinator.\n@Mei is a coordinator now." in told
    assert "@Luis: Confirmed and done: request 1." in told
    assert role_of(world, "Mei") is Role.COORDINATOR
    assert talk.say("Luis", "confirm 1") == ["@Luis: No request 1 waits. `confirm` lists what does."]


def test_another_account_of_the_same_person_is_no_second_person(talk: Conversation, world: World) -> None:
    """Nor is one that is linked and may not coordinate yet, or a device that nobody vouched for."""
    world.add_account("Ana", "pocket")
    world.add_account("Luis", "tablet")

    def hold_back(work: Work) -> None:
        next(row for row in work.rows(Identity) if row.address == "tablet").role = Role.MEMBER

    world.write(hold_back)
    talk.say("Ana", "role @mei coordinator")
    assert "You asked for it yourself" in talk.say("pocket", "confirm 1")[0]
    assert "From this account I do not take `confirm`" in talk.say("tablet", "confirm 1")[0]
    assert "only from a device that you have verified" in talk.say("Luis", "confirm 1", vouched=False)[0]
    assert talk.say("Mei", "confirm 1") == ["@Mei: `confirm` is for coordinators. Ask one of them."]
    assert role_of(world, "Mei") is Role.MEMBER


def test_nobody_from_outside_confirms(talk: Conversation, world: World) -> None:
    """Neither somebody who is no active member any more nor a coordinator of another coalition learns what waits."""
    other = world.found("Other", {"Bo": (Role.COORDINATOR, "UTC"), "Cy": (Role.COORDINATOR, "UTC")}, {})
    talk.say("Ana", "role @mei coordinator")
    world.write(lambda work: setattr(find_member(work, "Luis"), "standing", Standing.ASKED))
    assert talk.say("Luis", "confirm 1") == [f"@luis: {NOBODY}"]
    assert talk.say("Bo", "confirm 1") == ["@Bo: No request 1 waits. `confirm` lists what does."]
    assert talk.say("Bo", "confirm") == ["@Bo: No request waits for a second person."]
    assert world.read(lambda work: len(open_requests(work, world.now)), other) == 0
    assert role_of(world, "Mei") is Role.MEMBER


def test_the_host_confirms_only_where_there_is_no_second_coordinator(talk: Conversation, world: World) -> None:
    """One who cannot confirm from any account is none."""
    talk.say("Ana", "role @mei coordinator")
    with pytest.raises(Refusal, match="Another coordinator is there"):
        talk.host("1")
    world.write(lambda work: setattr(_account(work, "Luis"), "role", Role.MEMBER))
    talk.host("1")
    assert role_of(world, "Mei") is Role.COORDINATOR


def _account(work: Work, alias: str) -> Identity:
    return work.rows(Identity, Identity.member_id == find_member(work, alias).id)[0]


def test_only_what_was_read_is_done(talk: Conversation, world: World) -> None:
    """Somebody who takes the alias meanwhile gets nothing; nor does whoever asked, when they may not ask any more."""
    talk.say("Ana", "role @mei coordinator")
    talk.say("Mei", "hello Mai, Open Web, Singapore")
    talk.say("Eve", "hello Mei, Open Web, Singapore")
    talk.say("Ana", "admit @mei")
    assert "It would do something else by now" in " ".join(talk.say("Luis", "confirm 1"))
    make(world, "Ana", Role.MEMBER)
    assert "@Ana may not do that any more" in " ".join(talk.say("Luis", "confirm 1"))
    assert (role_of(world, "Mai"), role_of(world, "Mei")) == (Role.MEMBER, Role.MEMBER)


def test_a_room_that_others_came_into_meanwhile_does_not_see_more(talk: Conversation, world: World) -> None:
    """What was confirmed was a room without them."""
    talk.say("Ana", "!room here for alerts as coalition", "hall")

    def others_come(work: Work) -> None:
        next(row for row in work.rows(Room) if row.name == "hall").shared = True

    world.write(others_come)
    assert "It would do something else by now" in talk.say("Luis", "confirm 1")[0]
    assert world.read(lambda work: {row.name: row.label for row in work.rows(Room)})["hall"] is Label.PUBLIC


def test_two_who_confirm_at_once_do_it_once(talk: Conversation, world: World) -> None:
    """The second one hears that nothing waits any more."""
    talk.say("Ana", "role @mei coordinator")
    make(world, "Luis", Role.MEMBER)

    async def at_once() -> list[Request | BaseException]:
        tries = [
            world.store.write(
                world.coalition_id, lambda work: confirm_on_host(work, world.now, command_table(), "1")
            )
            for _ in range(2)
        ]  # fmt: skip
        return await asyncio.gather(*tries, return_exceptions=True)

    done = world.run(at_once())
    assert sorted(type(one).__name__ for one in done) == ["Refusal", "Request"]


def test_who_sleeps_hears_how_it_ended_and_not_that_it_waited(talk: Conversation, world: World) -> None:
    """A request does not wake anybody up; in the morning only what is true is told."""
    make(world, "Mei", Role.COORDINATOR)
    world.pass_time(hours=2)  # 23:00 in Singapore
    world.write(lambda work: setattr(work.rows(Member)[1], "standing", Standing.ASKED))  # Luis is not there
    assert len(talk.say("Ana", "role @luis coordinator")) == 1  # nobody of that name
    assert [line.split(":")[0] for line in talk.say("Ana", "!room here for alerts as coalition", "hall")] == ["@Ana"]
    lapsed = talk.wait(hours=1)
    assert lapsed == [
        "@Ana: Nobody confirmed request 1 of @Ana in time, to show coalition items in #hall.\n"
        "Ask for it again if it still holds."
    ]
    assert talk.wait(hours=9) == ["@Mei" + lapsed[0].removeprefix("@Ana")]


def test_what_waited_is_erased_and_its_number_not_given_again(talk: Conversation, world: World) -> None:
    """The words go a day after it expired; an old number never means a newer request."""
    talk.say("Ana", "role @mei coordinator")
    talk.wait(hours=25)
    world.run(world.store.write(None, lambda work: erase_old(work, world.now)))
    assert world.read(lambda work: [row.asked for row in work.rows(Request)]) == [None]
    assert "as request 2" in talk.say("Ana", "role @mei coordinator")[0]


def test_an_edit_takes_the_place_of_what_was_asked(talk: Conversation, world: World) -> None:
    """Of two versions of one message only the last one waits."""
    talk.say("Ana", "role @mei coordinator", event_id="first")
    talk.say("Ana", "room here for alerts as coalition", "hall", addressed=True, event_id="other")
    told = talk.say("Ana", "role @mei coordinator", event_id="edit", corrects="first")
    assert any("as request 3" in line for line in told)
    waiting = world.read(lambda work: [row.number for row in open_requests(work, world.now)])
    assert waiting == [2, 3]


def test_the_roster_leaves_through_encrypted_chats_only(talk: Conversation, world: World) -> None:
    """On Slack it is refused before anybody is asked; what was asked on Matrix is answered there."""
    world.add_account("Ana", "U1", "slack")
    world.add_account("Ana", "@ana:example.org", "matrix")
    assert "leaves only through an encrypted direct chat" in talk.say("U1", "members export", platform="slack")[0]
    talk.say("@ana:example.org", "members export", platform="matrix")
    talk.say("Luis", "confirm 1")
    sent = next(one for one in world.chat.shown if "members.csv" in one.text)
    assert (sent.to.platform, sent.to.label) == ("matrix", Label.CLOSED)
    assert "Mei,,member,Asia/Singapore" in sent.text
