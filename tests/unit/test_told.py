"""What was held overnight is true in the morning: only what still holds is said."""

from __future__ import annotations

import pytest

from bot.app import command_table, writers
from storage.tables import Notice, NoticeState, Room
from storage.work import Work
from tests.conftest import World
from tests.fakes.conversation import Conversation
from tests.fakes.treaty import lay_text


def _serve_no_room(work: Work) -> None:
    for room in work.rows(Room):
        room.purposes = []


@pytest.fixture
def night(world: World) -> Conversation:
    """Give a conversation about a text with articles, at 23:00 in Singapore, where Mei sleeps until 7:00."""
    world.write(lay_text)
    world.write(_serve_no_room)
    world.pass_time(hours=2)
    return Conversation(world, command_table(), writers())


def morning(talk: Conversation) -> list[str]:
    """Let the night pass, and give what Mei reads then."""
    return [text for text in talk.wait(hours=9) if text.startswith("@Mei: ")]


def test_what_was_accepted_meanwhile_is_not_offered(night: Conversation) -> None:
    """Of two articles one is left to answer."""
    night.say("Ana", "assign 1, 2 @mei")
    night.say("Mei", "accept 1")
    (text,) = morning(night)
    assert text.startswith("@Mei: For you: article 2 (Heading 3)\n@Ana asks you to take this on.\n")
    assert text.endswith("`accept 2` · `decline 2`")


def test_what_is_in_other_hands_meanwhile_is_not_mentioned(night: Conversation) -> None:
    """Given and taken again in one night: not a word, and nothing waits any more."""
    night.say("Ana", "assign 1 @mei")
    night.say("Ana", "reassign 1 @luis")
    assert [text for text in morning(night) if "For you" in text or "with you" in text] == []
    states = night.world.read(lambda work: {row.state for row in work.rows(Notice, Notice.occasion == "told.tasks")})
    assert NoticeState.PLANNED not in states
    assert NoticeState.EXPIRED in states


def test_a_backup_is_not_relieved_of_what_they_never_heard_of(night: Conversation) -> None:
    """The lead says yes in the night in which the offer to the backup waits."""
    night.say("Ana", "assign write to them @luis backup @mei")
    assert any("You are the backup of @Luis" in text for text in morning(night))
    night.wait(hours=72 - 9)
    night.say("Luis", "accept task 1")
    assert [text for text in morning(night) if "after all" in text or "Can you take" in text] == []
