"""How much one coalition may take: each limit refused with what to do, and nothing that was promised held back."""

from __future__ import annotations

import pytest

from bot.app import command_table, writers
from bot.invocation import Attachment
from bot.rules.limits import Limits
from storage.tables import Draft, Notice, NoticeState, Reminder, Room
from tests.conftest import World, both
from tests.fakes.conversation import Conversation

pytestmark = both
FULL = "that many are due. Try it tomorrow"


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a talk with a bot of which one coalition may have little: two rooms and four people there are already."""
    return Conversation(world, command_table(), writers(), Limits(rooms=2, members=4, drafts=1, notices=3))


def heard(appeared: list[str], words: str) -> list[str]:
    """Give the beginnings of the messages that hold some words."""
    return [line.partition(":")[0] for line in appeared if words in line]


def test_rooms(talk: Conversation) -> None:
    """One more is refused where it is asked for; those there are may still be changed."""
    appeared = talk.say("Ana", "room here for alerts", "cellar", addressed=True)
    assert heard(appeared, "I serve 2 rooms for you already and may serve no more. Whoever hosts me can raise") != []
    assert talk.world.read(lambda work: len(work.rows(Room))) == 2
    assert heard(talk.say("Ana", "room here for alerts", "team", addressed=True), "is served now for alerts") != []


def test_members(talk: Conversation) -> None:
    """A stranger learns whom to ask, not how many there are; the coordinators hear of it once."""
    talk.say("Sol", "hello Sol, Red Libre, Bogota")
    for name in ("Kim", "Lee"):
        appeared = talk.say(name, f"hello {name}, Red Libre, Bogota")
        assert heard(appeared, "I may know no more people here than I do. Ask a coordinator") != []
    appeared += talk.wait(hours=1)
    told = [
        sent.name for sent in talk.world.chat.shown if "Somebody asked to join, but I may know 4 people" in sent.text
    ]
    assert told == ["Ana"]


def test_drafts(talk: Conversation) -> None:
    """The second within a day is refused, and kept nowhere; a day later there is room."""
    file = (Attachment("a.txt", b"Article 1. Scope"),)
    talk.say("Ana", "draft add L.1", attachments=file)
    assert heard(talk.say("Ana", "draft add L.2", attachments=file), "I took in 1 drafts within a day") == ["@Ana"]
    assert talk.world.read(lambda work: [row.symbol for row in work.rows(Draft)]) == ["L.1"]
    talk.wait(hours=25)
    assert heard(talk.say("Ana", "draft add L.2", attachments=file), "within a day") == []
    assert talk.world.read(lambda work: len(work.rows(Draft))) == 2


def test_notices(talk: Conversation) -> None:
    """Announcements and reminders are refused, answers come, and the coordinators are told once."""
    for number in range(3):
        assert heard(talk.say("Luis", f"my quiet {'off' if number % 2 else 'on'}"), "@Luis") != []
    for words in ("remind me in 2h to eat", "remind me in 3h to eat"):
        assert heard(talk.say("Luis", words), FULL) == ["@Luis"]
    assert heard(talk.say("Ana", "announce The plenary begins at 11:00."), FULL) != []
    talk.wait(minutes=30)
    told = [sent.name for sent in talk.world.chat.shown if "I refuse announcements and reminders" in sent.text]
    assert told == ["Ana"]
    assert talk.world.read(lambda work: work.rows(Reminder)) == []
    assert talk.world.read(lambda work: {row.state for row in work.rows(Notice)}) == {NoticeState.SENT}


def test_a_reminder_counts_on_the_day_it_is_due(talk: Conversation) -> None:
    """Whatever is due today leaves room for another day, and that is full when as many are due then."""
    for number in range(3):
        talk.say("Luis", f"remind me in {70 + number}h to eat")
    assert heard(talk.say("Luis", "remind me in 73h to eat"), FULL) == ["@Luis"]
    assert talk.world.read(lambda work: len(work.rows(Reminder))) == 3
