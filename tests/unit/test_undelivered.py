"""What did not arrive: listed for coordinators in words, and sent again under the same key."""

from __future__ import annotations

import pytest

from bot.app import command_table, writers
from bot.message import message, say
from bot.notices import member_lane, room_lane, tell
from bot.ports import SendRefused
from storage.tables import NoticeKind, Parcel, Room
from storage.work import Work
from tests.conftest import World, both
from tests.fakes.conversation import Conversation

pytestmark = both


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation in which a message to Luis and one to #team were refused."""
    talk = Conversation(world, command_table(), writers())
    assert talk.say("Ana", "notices failed") == ["@Ana: Everything that I owed has arrived or is on its way."]
    now = world.now

    def owe(work: Work) -> None:
        tell(work, member_lane(work, 2), NoticeKind.TASK, message(say("yours")), key="a", now=now)
        room = next(row for row in work.rows(Room) if row.name == "team")
        tell(work, room_lane(work, room), NoticeKind.ALERT, message(say("look")), key="b", now=now)

    world.write(owe)
    world.chat.troubles = [SendRefused("left"), SendRefused("odd")]
    talk.settle()
    return talk


def test_coordinators_see_what_did_not_arrive(talk: Conversation) -> None:
    """For whom, what, since when and why; nothing of what it said. Others do not."""
    [answer] = talk.say("Ana", "notices failed")
    assert answer.splitlines() == [
        "@Ana: Did not arrive: 2",
        "- 1. for @Luis: about a task, since Mon 29 Jan 14:00 Vienna: they left our direct chat",
        "- 2. for #team: an alert, since Mon 29 Jan 14:00 Vienna: code `odd`",
        "`notices retry 1` sends the first again, `notices retry` all of them.",
    ]
    [refused] = talk.say("Luis", "notices failed")
    assert "coordinator" in refused


def test_one_is_sent_again_under_its_key(talk: Conversation) -> None:
    """It may have appeared after all: the platform can tell."""
    said = talk.say("Ana", "notices retry 2")
    assert sorted(said) == ["#team: look", "@Ana: I send 1 message again."]
    tried = [sent.key for sent in talk.world.chat.tried if sent.text == "look"]
    assert len(tried) == 2
    assert len(set(tried)) == 1
    [left] = talk.say("Ana", "notices failed")
    assert left.splitlines()[0] == "@Ana: Did not arrive: 1"
    assert "1. for @Luis" in left


def test_all_are_sent_again(talk: Conversation) -> None:
    """Each once; then nothing is left, and a number that is not there is told."""
    assert talk.say("Ana", "notices retry 3") == ["@Ana: There is no such number: `notices failed` has 1 to 2."]
    said = talk.say("Ana", "notices retry")
    assert sorted(said) == ["#team: look", "@Ana: I send 2 messages again.", "@Luis: yours"]
    assert talk.say("Ana", "notices retry") == ["@Ana: Everything that I owed has arrived or is on its way."]


def test_what_is_erased_cannot_be_sent_again(talk: Conversation) -> None:
    """After a week only times and states are left."""

    def erase(work: Work) -> None:
        for parcel in work.rows(Parcel):
            parcel.content = None

    talk.world.write(erase)
    [answer] = talk.say("Ana", "notices retry 1")
    assert answer.startswith("@Ana: That is too old")
