"""Whoever is nobody here learns nothing: the same words whatever they say, and too many tries are told."""

from __future__ import annotations

import logging

import pytest
from sqlmodel import select

from bot.app import command_table, writers
from bot.commands import Verb
from bot.linking import WRONG
from bot.lookalikes import skeleton
from bot.retention import erase_old
from storage.tables import FailedTry, Inbox, Member, Role, Standing
from storage.work import Work
from tests.conftest import World
from tests.fakes.conversation import Conversation

NOBODY = "I work for a coalition and answer its members. To ask to join, say `hello`."
ACCOUNTS = {"console": "eve", "slack": "U0EVE", "matrix": "@eve:example.org"}
TABLE = command_table()
CLOSED = [verb for verb in TABLE.verbs if verb.role is not None]


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation with all verbs."""
    return Conversation(world, TABLE, writers())


def heard(lines: list[str]) -> list[str]:
    """Give what was said, without whom to."""
    return [line.partition(": ")[2] for line in lines]


def alerts(lines: list[str]) -> list[str]:
    """Give the warnings of failed tries among what appeared."""
    return [line for line in lines if "Somebody tries what they may not" in line]


@pytest.mark.parametrize("verb", CLOSED, ids=lambda verb: verb.name)
def test_every_verb_is_refused_in_the_same_words(talk: Conversation, world: World, verb: Verb) -> None:
    """Whether it is there, whether whom it names is there, and whatever the account calls itself, on each platform."""
    said = [verb.name, *verb.examples, f"{verb.name} @ana", f"{verb.name} @nobody", f"{verb.name} 1", "frobnicate"]
    for platform, eve in ACCOUNTS.items():
        world.pass_time(hours=2)  # so many tries in one hour alert the coordinators
        for words in said:
            assert heard(talk.say(eve, words, platform=platform, sender_name="Ana")) == [NOBODY], words


@pytest.mark.parametrize("platform", ACCOUNTS)
def test_other_ways_in_are_refused_in_the_same_words(talk: Conversation, world: World, platform: str) -> None:
    """An edit, a mention of a member's account, a yes to somebody else's question, help on what is not theirs."""
    eve = ACCOUNTS[platform]
    world.add_account("Luis", f"{eve}-luis", platform)
    talk.say("Ana", "announce Fire")
    for words, others in (
        ("role @ana observer", {"corrects": "event/1"}),
        ("role Luis observer", {"mentions": {"Luis": (f"{eve}-luis",)}}),
        ("role @X observer", {"mentions": {"@X": ("ana", "luis", f"{eve}-luis")}}),
        ("yes", {}),
        ("undo", {}),
        ("help role", {}),
        ("link", {}),
        ("link yes", {}),
    ):
        assert heard(talk.say(eve, words, platform=platform, **others)) == [NOBODY], words


def test_whoever_asked_or_is_no_active_member_hears_the_same(talk: Conversation, world: World) -> None:
    """Nothing tells an account that it is known."""
    talk.say("Zoe", "hello Zoe, Red Libre, Bogota")
    world.write(lambda work: setattr(work.rows(Member)[1], "standing", Standing.ASKED))
    for alias in ("Zoe", "Luis", "Eve"):
        assert heard(talk.say(alias, "tasks")) == [NOBODY]


def test_a_taken_alias_is_not_told(talk: Conversation, world: World) -> None:
    """A stranger who asks under a member's name hears what every stranger hears; coordinators hear of the likeness."""
    for n, alias in enumerate(("ana", "Аnа", "nobody")):  # the second one has Cyrillic letters
        answer, asked = talk.say(f"Eve{n}", f"hello {alias}, Red Libre, Bogota")
        assert heard([answer]) == ["Thank you. A coordinator looks at it, and I will tell you here."]
        assert ("The name looks like @Ana, who is here already: make sure who it is." in asked) is (alias != "nobody")
        world.pass_time(minutes=11)
    (waiting,) = talk.say("Ana", "admit")
    assert "`admit @ana-2` (looks like @Ana); Аnа-3 of Red Libre, `admit @Аnа-3` (looks like @Ana)" in waiting
    assert talk.say("Luis", "hello 4na, X, Geneva")[0].startswith("@4na: Noted.")
    assert talk.say("Luis", "hello Αna, X, Geneva") == [
        "@4na: That alias cannot be had here. Please choose another one."
    ]


@pytest.mark.parametrize(
    ("one", "other"), [("Luis", "luls"), ("Olu", "0lu"), ("Mei", "Меі"), ("José", "Jose"), ("Marn", "Mam")]
)
def test_names_that_look_alike(one: str, other: str) -> None:
    """Letters of another script, accents, digits and strokes do not make another name."""
    assert skeleton(one) == skeleton(other)
    assert skeleton(one) != skeleton(f"{other}-2")


def test_codes_of_another_coalition_are_wrong_codes(talk: Conversation, world: World) -> None:
    """To a member of this one, a good code for somebody elsewhere is as wrong as none."""
    world.found("Other", {"Bo": (Role.MEMBER, "UTC")}, {})
    given = talk.say("Bo", "link")[0]
    code = given.split("`link ")[1].split("`")[0]
    for typed in (code, "ABCD-EFGH"):
        assert heard(talk.say("Luis", f"link {typed}")) == [WRONG.msgid]


def test_an_event_counts_once(talk: Conversation, world: World) -> None:
    """Delivered again, by the platform or by somebody who recorded it, it does nothing and is not answered."""
    assert len(talk.say("Ana", "role @luis observer", event_id="recorded")) == 2
    talk.say("Ana", "role @luis member")
    assert talk.say("Ana", "role @luis observer", event_id="recorded") == []
    assert talk.say("Eve", "role @luis observer", event_id="recorded") == []
    assert world.read(lambda work: len(list(work.exec(select(Inbox.id))))) == 2


def test_a_button_does_what_its_presser_may(talk: Conversation, world: World) -> None:
    """A card of a coordinator's, forwarded or pressed by another, is no more than its words."""
    talk.say("Zoe", "hello Zoe, Red Libre, Bogota")
    assert heard(talk.say("Luis", "admit @Zoe")) == ["`admit` is for coordinators. Ask one of them."]
    assert heard(talk.say("Zoe", "admit @Zoe")) == [NOBODY]
    assert heard(talk.say("U1", "admit @Zoe", platform="slack")) == [NOBODY]


def test_twenty_failed_tries_alert_the_coordinators_once_an_hour(talk: Conversation, world: World) -> None:
    """By whomever; in the direct chats alone, and without what the stranger is called."""
    for n in range(19):
        assert alerts(talk.say(f"Eve{n % 3}", "tasks", sender_name="Evil")) == []
    talk.say("Eve", "hello Eve, X, Bogota")  # no failed try, and neither is what is mistyped
    talk.say("Ana", "frobnicate")
    (alert,) = alerts(talk.say("Luis", "!role @mei observer", "team"))
    assert alert == (
        "@Ana: Somebody tries what they may not\n"
        "20 commands, buttons or codes were refused within an hour, from 4 accounts.\n"
        "Accounts of members among them: @Luis. Ask them, by another way, whether it was they.\n"
        "They were shown nothing. Look at who is in your rooms; I tell you again in an hour at the earliest."
    )
    assert alerts([line for _ in range(25) for line in talk.say("Eve0", "link ABCD-EFGH")]) == []
    world.pass_time(minutes=61)
    again = alerts([line for _ in range(20) for line in talk.say("Eve1", "tasks")])
    assert len(again) == 1
    assert "from 1 account.\nNo account of a member is among them." in again[0]


def test_tries_of_one_account_count_wherever_it_tries(talk: Conversation, world: World) -> None:
    """Ten here and ten elsewhere alert the coalition where the last one was."""
    world.found("Other", {"Bo": (Role.COORDINATOR, "UTC")}, {})
    here, there = {"coalition": "Safe Evidence"}, {"coalition": "Other"}
    for _ in range(10):
        assert alerts(talk.say("Eve", "tasks", **here)) == []
    told = [line for _ in range(10) for line in talk.say("Eve", "tasks", **there)]
    assert [line.split(":")[0] for line in alerts(told)] == ["@Bo"]


def test_tries_of_no_coalition_are_logged_without_who(
    talk: Conversation, world: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where several coalitions are served, whoever is in none is counted for whoever runs the bot."""
    world.found("Other", {"Bo": (Role.COORDINATOR, "UTC")}, {})
    with caplog.at_level(logging.WARNING):
        told = [line for _ in range(20) for line in talk.say("Eve", "tasks")]
    assert alerts(told) == []
    assert len(set(told)) == 1
    logged = capsys.readouterr().out + caplog.text
    assert "failed tries" in logged
    assert "eve" not in logged.casefold()


def test_tries_are_forgotten_after_an_hour(talk: Conversation, world: World) -> None:
    """What is counted is kept no longer than it counts."""
    talk.say("Eve", "tasks")
    world.pass_time(hours=1)
    world.run(world.store.write(None, lambda work: erase_old(work, world.now)))

    def kept(work: Work) -> int:
        return len(work.rows(FailedTry))

    assert world.read(kept) == 0
