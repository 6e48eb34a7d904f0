"""A person with several accounts: an answer goes to the one that asked, all else to the one that is told first."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.commands import Call, CommandTable, NeedsYes, Verb
from bot.message import Message, message, say
from bot.notices import member_lane, tell
from bot.ports import Destination
from storage.tables import Identity, Lane, Member, NoticeKind
from storage.work import Work
from tests.conftest import World
from tests.fakes.chat import PowerCut
from tests.fakes.conversation import Conversation


def _ask(call: Call) -> Message:
    if not call.confirmed:
        raise NeedsYes(say("Sure?"))
    return message(say("done"))


def _aside(call: Call) -> None:
    call.answer(message(say("in private")))


TABLE = CommandTable((Verb("ask", _ask, "ask", "Asks first."), Verb("aside", _aside, "aside", "Answers aside.")))


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation in which Luis has two accounts on the console and one on Matrix."""
    world.add_account("Luis", "luis-phone")
    world.add_account("Luis", "@luis:example.org", "matrix")
    return Conversation(world, TABLE, {})


def heard(world: World) -> list[tuple[str, str, str]]:
    """Give what was shown, as (platform, account, text)."""
    return [(sent.to.platform, sent.to.address, sent.text) for sent in world.chat.shown]


def owe(world: World, key: str, kind: NoticeKind = NoticeKind.TASK) -> None:
    """Owe Luis a message on the platform where he is told first."""
    luis = world.member_id("Luis")
    world.write(
        lambda work: tell(work, member_lane(work, luis), kind, message(say("{k}", k=key)), key=key, now=world.now)
    )


def test_the_account_that_asked_is_answered(talk: Conversation, world: World) -> None:
    """On its platform, and where there are two, that one; a private answer from a room too."""
    talk.say("luis-phone", "ask")
    talk.say("@luis:example.org", "ask", platform="matrix")
    talk.say("Luis", "aside", "team")
    talk.say("luis-phone", "aside", "team")
    assert heard(world) == [
        ("console", "luis-phone", "Sure?"),
        ("matrix", "@luis:example.org", "Sure?"),
        ("console", "luis", "in private"),
        ("console", "luis-phone", "in private"),
    ]


def test_an_answer_keeps_its_account_through_a_crash_and_the_adapter_its_note(talk: Conversation, world: World) -> None:
    """What is sent again goes to the same account, with nothing in its origin but the adapter's own."""
    world.chat.troubles = [PowerCut()]
    with pytest.raises(PowerCut):
        talk.say("luis-phone", "ask", origin={"thread": "7"})
    world.pass_time(minutes=2)
    Conversation(world, TABLE, {}).settle()
    destinations: list[Destination] = [sent.to for sent in world.chat.tried]
    assert [(to.address, to.origin) for to in destinations] == [("luis-phone", {"thread": "7", "refused": True})] * 2


def test_what_nobody_asked_for_goes_where_it_is_encrypted(talk: Conversation, world: World) -> None:
    """Matrix before Slack before the console, whatever was used last; the older account of two."""
    talk.say("luis-phone", "ask")
    owe(world, "first")
    talk.settle()
    world.add_account("Mei", "U1", "slack")
    mei = world.member_id("Mei")
    assert world.write(lambda work: member_lane(work, mei).platform) == "slack"
    assert world.write(lambda work: member_lane(work, mei, "matrix").platform) == "slack"
    assert heard(world)[1:] == [("matrix", "@luis:example.org", "first")]


def test_an_answer_never_goes_to_an_account_of_somebody_else(talk: Conversation, world: World) -> None:
    """An account that changed hands before the answer left gets nothing."""
    world.chat.troubles = [PowerCut()]
    with pytest.raises(PowerCut):
        talk.say("luis-phone", "ask")

    def hand_over(work: Work) -> None:
        account = next(row for row in work.rows(Identity) if row.address == "luis-phone")
        account.member_id = next(row.id for row in work.rows(Member) if row.alias == "Mei")

    world.write(hand_over)
    world.pass_time(minutes=2)
    talk.settle()
    assert [sent.to.address for sent in world.chat.tried] == ["luis-phone", "luis"]


def test_a_yes_counts_on_the_account_that_was_asked(talk: Conversation) -> None:
    """The other account of the same person did not see the question."""
    talk.say("Luis", "ask")
    assert talk.say("luis-phone", "yes") == ["@Luis: Say `yes` where you were asked."]
    assert talk.say("Luis", "yes") == ["@Luis: done"]


def test_company_is_kept_per_person(talk: Conversation, world: World) -> None:
    """What comes within ten minutes waits, also when the message before it went to another platform."""
    owe(world, "on matrix")
    talk.settle()
    luis = world.member_id("Luis")

    def owe_on_console(work: Work) -> None:
        lane = member_lane(work, luis, "console")
        tell(work, lane, NoticeKind.TASK, message(say("on the console")), key="c", now=world.now)

    world.write(owe_on_console)
    assert talk.wait(minutes=9) == []
    assert talk.wait(minutes=1) == ["@Luis: on the console"]
    lanes = world.read(lambda work: {row.platform: row.spoken_at for row in work.rows(Lane)})
    assert lanes == {"matrix": world.now - dt.timedelta(minutes=10), "console": world.now}


def test_a_platform_without_an_account_is_not_told_the_alias(talk: Conversation, world: World) -> None:
    """What was on its way when the account went has no address; a chat refuses that."""
    owe(world, "x")
    world.chat.troubles = [PowerCut()]
    with pytest.raises(PowerCut):
        talk.settle()
    world.write(lambda work: work.delete(next(row for row in work.rows(Identity) if row.platform == "matrix")))
    world.pass_time(minutes=2)
    talk.settle()
    assert [sent.to.address for sent in world.chat.tried] == ["@luis:example.org", ""]
