"""Linking accounts: what it takes, what is told to whom, and that no right comes with it."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlmodel import select

from bot.app import command_table
from bot.codes import new_code
from bot.linking import move_notices
from bot.message import message, say
from bot.notices import member_lane, tell
from bot.retention import erase_old
from handlers import people
from storage.tables import (
    Code,
    Identity,
    Label,
    Lane,
    Link,
    Member,
    Notice,
    NoticeKind,
    Purpose,
    Role,
    Standing,
    WrongCodes,
)  # fmt: skip
from storage.work import Work
from tests.conftest import World
from tests.fakes.conversation import Conversation

WRONG = "This code is wrong, used or too old. `link` on your other account gives a new one."
LOCKED = "That was the wrong code too often. I take none from here for an hour."
NOT_FROM_HERE = "it was linked, and a coordinator has not said yet that it may"


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation with all verbs."""
    return Conversation(world, command_table(), {})


def code_for(talk: Conversation, alias: str, **others: str) -> str:
    """Let a member ask for a code, and give it."""
    (answer,) = talk.say(alias, "link", **others)
    found = re.search(r"`link ([A-Z]{4}-[A-Z]{4})`", answer)
    assert found is not None
    return found[1]


def linked(talk: Conversation, alias: str, other: str) -> None:
    """Link another account to a member."""
    talk.say(other, f"link {code_for(talk, alias)}")
    assert any("Linked." in line for line in talk.say(alias, "link yes"))


def owners(world: World) -> dict[str, str]:
    """Tell whose each account is."""

    def ask(work: Work) -> dict[str, str]:
        return {row.address: work.row(Member, row.member_id).alias for row in work.rows(Identity)}

    return world.read(ask)


def test_linking_needs_the_code_there_and_a_yes_here(talk: Conversation, world: World) -> None:
    """Until then nothing is joined; neither message names an account, a member or the coalition."""
    code = code_for(talk, "Luis")
    asked = talk.say("Tablet", f"LINK {code.lower().replace('-', ' ')}")
    assert sorted(asked) == [
        "@Luis: Another account said your code. If that was you: `link yes`, else `link no`.",
        "@tablet: Thank you. Now confirm it where you were given the code: I ask there.",
    ]
    for line in asked:
        assert not re.search("luis|tablet|ana|mei|safe evidence", line.split(": ", 1)[1].casefold())
    assert "tablet" not in owners(world)
    talk.say("Luis", "link yes")
    assert owners(world)["tablet"] == "Luis"
    assert {sent.to.address for sent in world.chat.shown if "is linked now" in sent.text} == {"tablet"}


def test_the_first_account_is_asked_where_the_code_was_given(talk: Conversation, world: World) -> None:
    """Not on the member's other accounts, and at any hour."""
    world.add_account("Luis", "@luis:example.org", "matrix")
    world.pass_time(hours=14)
    talk.say("Tablet", f"link {code_for(talk, 'Luis')}")
    asked = [(sent.to.platform, sent.to.address) for sent in world.chat.shown if "said your code" in sent.text]
    assert asked == [("console", "luis")]
    assert talk.say("@luis:example.org", "link yes", platform="matrix")[0].startswith("@Luis: No account waits")


@pytest.mark.parametrize("words", ["link", "link ABCD-EFGH", "link yes", "unlink"])
def test_rooms_are_refused(talk: Conversation, words: str) -> None:
    """Others could read it, in served rooms and in others."""
    verb = words.split(maxsplit=1)[0]
    expected = f"@Luis: Say `{verb}` in a direct chat with me, where nobody else can read it."
    assert talk.say("Luis", f"!{words}", "team") == [expected]
    assert talk.say("Luis", words, "unserved", addressed=True) == [expected]


def test_a_linked_account_acts_as_a_member_at_most(talk: Conversation, world: World) -> None:
    """No verb of coordinators, also not by help, yes or undo, until a coordinator says the role again."""
    linked(talk, "Ana", "Pocket")
    assert NOT_FROM_HERE in talk.say("Pocket", "role @luis coordinator")[0]
    assert "`admit`" not in talk.say("Pocket", "help")[0]
    assert "Assigning others is for coordinators" in talk.say("Pocket", "assign print the badges @luis")[0]
    talk.say("Ana", "role @luis observer")
    assert NOT_FROM_HERE in talk.say("Pocket", "undo")[0]
    assert talk.seconded("Ana", "role @ana coordinator") == [
        "@Ana: Whoever runs me confirmed request 1 of @Ana, to let one more account of @Ana act as coordinator.\n"
        "@Ana is a coordinator now."
    ]
    assert talk.say("Ana", "role @ana coordinator") == ["@Ana: @Ana is a coordinator already."]
    assert "@Ana: @Luis is a member now." in talk.say("Pocket", "role @luis member")


def test_a_linked_account_of_an_observer_stays_an_observers(talk: Conversation, world: World) -> None:
    """The less of both counts; when the member becomes more, a coordinator has said so for all accounts."""
    talk.say("Ana", "role @luis observer")
    linked(talk, "Luis", "Tablet")
    assert talk.say("Tablet", "tasks") == ["@Luis: `tasks` is for members. Ask one of them."]
    talk.seconded("Ana", "role @luis coordinator")
    assert "1 person" not in talk.say("Tablet", "members")[0]
    assert talk.say("Tablet", "role @mei observer")[0].startswith("@Luis: @Mei is an observer now.")


def test_messages_of_coordinators_do_not_go_to_an_account_that_is_less(talk: Conversation, world: World) -> None:
    """A linked account on a preferred platform is told first only once it may do what the member may."""
    talk.say("@ana:example.org", f"link {code_for(talk, 'Ana')}", platform="matrix")
    talk.say("Ana", "link yes")
    ana = world.member_id("Ana")
    assert world.write(lambda work: member_lane(work, ana).platform) == "console"
    talk.seconded("Ana", "role @ana coordinator")
    assert world.write(lambda work: member_lane(work, ana).platform) == "matrix"


def test_a_code_from_whoever_runs_the_bot_is_for_the_account_that_types_it(talk: Conversation, world: World) -> None:
    """The member's other accounts coordinate only when a coordinator says so."""
    linked(talk, "Luis", "Tablet")
    code = world.write(lambda work: new_code(work, world.now, people.CLAIM, dt.timedelta(hours=1)))
    talk.say("Tablet", f"claim {code}")
    assert NOT_FROM_HERE in talk.say("Luis", "role @mei observer")[0]
    assert "@Luis: @Mei is an observer now." in talk.say("Tablet", "role @mei observer")


def test_five_wrong_codes_lock_an_account_for_an_hour(talk: Conversation, world: World) -> None:
    """The right code too, the account's own codes too, and nobody else; then it begins anew."""
    code = code_for(talk, "Luis")
    answers = [talk.say("Tablet", f"link ABCD-EFG{letter}")[0] for letter in "ABCDEF"]
    assert answers == [f"@tablet: {WRONG}"] * 4 + [f"@tablet: {LOCKED}"] * 2
    assert talk.say("Tablet", f"link {code}") == [f"@tablet: {LOCKED}"]
    assert len(talk.say("Watch", f"link {code}")) == 2
    world.pass_time(minutes=59)
    assert talk.say("Tablet", f"link {code_for(talk, 'Luis')}") == [f"@tablet: {LOCKED}"]
    world.pass_time(minutes=1)
    assert talk.say("Tablet", "link ABCD-EFGH") == [f"@tablet: {WRONG}"]
    assert len(talk.say("Tablet", f"link {code_for(talk, 'Luis')}")) == 2


def test_a_right_code_does_not_forgive_wrong_ones(talk: Conversation) -> None:
    """Otherwise whoever has codes of their own could go on guessing."""
    for letter in "ABCD":
        talk.say("Tablet", f"link ABCD-EFG{letter}")
    talk.say("Tablet", f"link {code_for(talk, 'Luis')}")
    assert talk.say("Tablet", "link ABCD-EFGH") == [f"@tablet: {LOCKED}"]


def test_a_new_code_ends_the_old_one_and_what_waits(talk: Conversation) -> None:
    """One code an account at a time."""
    first = code_for(talk, "Luis")
    second = code_for(talk, "Luis")
    assert talk.say("Tablet", f"link {first}") == [f"@tablet: {WRONG}"]
    talk.say("Tablet", f"link {second}")
    code_for(talk, "Luis")
    assert talk.say("Luis", "link yes")[0].startswith("@Luis: No account waits")


def test_accounts_that_belong_to_somebody_are_not_linked(talk: Conversation, world: World) -> None:
    """A member's, one that was let in once, and one that joined somewhere while it waited."""
    code = code_for(talk, "Luis")
    taken = "This account has a place of its own already, so it cannot be linked."
    assert talk.say("Mei", f"link {code}") == [f"@Mei: {taken}"]
    assert talk.say("Luis", f"link {code}")[0].startswith("@Luis: The code was given to this account.")
    talk.say("Zoe", "hello Sol, Red Libre, Bogota")
    assert len(talk.say("Zoe", f"link {code}")) == 2
    talk.say("Ana", "admit @sol")
    assert "by now" in talk.say("Luis", "link yes")[0]
    talk.say("Ana", "undo")
    assert talk.say("Zoe", f"link {code_for(talk, 'Luis')}") == [f"@zoe: {taken}"]
    assert owners(world)["zoe"] == "Sol"


def test_who_asked_to_join_is_the_same_person(talk: Conversation, world: World) -> None:
    """The newcomer's row goes, and with it the question to the coordinators."""
    talk.say("Zoe", "hello Sol, Red Libre, Bogota")
    linked(talk, "Luis", "Zoe")
    assert owners(world)["zoe"] == "Luis"
    assert world.read(lambda work: [row.alias for row in work.rows(Member, Member.standing == Standing.ASKED)]) == []


def test_coalitions_stay_apart(talk: Conversation, world: World) -> None:
    """A code of one is wrong in another; an account of one is not linked in the other."""
    other = world.found("Other", {"Zoë": (Role.COORDINATOR, "UTC")}, {"cellar": (Label.CLOSED, [Purpose.TASKS])})
    assert talk.say("Zoë", f"link {code_for(talk, 'Luis')}") == [f"@Zoë: {WRONG}"]
    said = talk.say("Zoë", f"link {code_for(talk, 'Luis')}", coalition="Safe Evidence")
    assert said == ["@zoë: This account has a place of its own already, so it cannot be linked."]
    assert owners(world).keys() == {"ana", "luis", "mei"}
    assert world.read(lambda work: len(work.rows(Identity)), other) == 1


def test_a_strangers_code_finds_its_coalition_among_several(talk: Conversation, world: World) -> None:
    """The account belongs nowhere yet: the code tells where; wrong ones are counted all the same."""
    world.found("Other", {"Zoë": (Role.COORDINATOR, "UTC")}, {})
    assert len(talk.say("Tablet", f"link {code_for(talk, 'Luis')}")) == 2
    talk.say("Luis", "link yes")
    assert owners(world)["tablet"] == "Luis"
    answers = [talk.say("Watch", "link ABCD-EFGH")[0] for _ in range(5)]
    assert answers == [f"@watch: {WRONG}"] * 4 + [f"@watch: {LOCKED}"]
    assert talk.say("Watch", f"link {code_for(talk, 'Luis')}") == [f"@watch: {LOCKED}"]
    assert talk.say("Watch", "link ABCD-EFGH", "nowhere", addressed=True) == []


def test_unlink_takes_the_account_that_says_it_out(talk: Conversation, world: World) -> None:
    """After a yes; the other one is told, gets what was planned, and cannot be taken out as well."""
    for platform, account in (("matrix", "@luis:example.org"), ("slack", "U1")):
        talk.say(account, f"link {code_for(talk, 'Luis')}", platform=platform)
        talk.say("Luis", "link yes")
    talk.say("Luis", "remind me to call home in 2h")
    luis = world.member_id("Luis")
    lanes = world.read(lambda work: {row.platform: row.id for row in work.rows(Lane) if row.member_id == luis})

    def reminders() -> list[int]:
        return world.read(lambda work: [row.lane_id for row in work.rows(Notice, Notice.occasion == "reminder.due")])

    assert reminders() == [lanes["matrix"]]
    talk.say("@luis:example.org", "unlink", platform="matrix")
    said = talk.say("@luis:example.org", "yes", platform="matrix")
    assert sorted(said) == [
        "@@luis:example.org: This account is not linked any more.",
        "@Luis: One of your accounts was taken out, as it asked. If that was not you, tell a coordinator.",
    ]
    assert reminders() == [lanes["slack"]]
    assert talk.say("@luis:example.org", "tasks", platform="matrix")[0].startswith("@@luis:example.org: I work for")
    # The console reaches nobody, though it is an account of every member whom a file names.
    assert talk.say("U1", "unlink", platform="slack")[0].startswith("@Luis: This is your only account here")


def test_the_first_account_may_go_and_the_linked_one_stay(talk: Conversation, world: World) -> None:
    """But not where nobody could coordinate then."""
    linked(talk, "Ana", "Pocket")
    assert "You are the only coordinator" in talk.say("Ana", "unlink")[0]
    talk.seconded("Ana", "role @ana coordinator")
    talk.say("Ana", "unlink")
    talk.say("Ana", "yes")
    assert owners(world) == {"pocket": "Ana", "luis": "Luis", "mei": "Mei"}
    assert "@Ana: @Luis is an observer now." in talk.say("Pocket", "role @luis observer")


def test_a_code_of_an_account_that_went_is_wrong(talk: Conversation) -> None:
    """What was begun there ends with it."""
    linked(talk, "Luis", "Tablet")
    code = code_for(talk, "Tablet")
    talk.say("Tablet", "unlink")
    talk.say("Tablet", "yes")
    assert talk.say("Watch", f"link {code}") == [f"@watch: {WRONG}"]


def test_planned_messages_move_and_answers_stay(talk: Conversation, world: World) -> None:
    """An answer belongs where it was asked, as long as there is an account."""
    luis = world.member_id("Luis")

    def owe(work: Work) -> None:
        lane = member_lane(work, luis)
        words = message(say("x"))
        tell(work, lane, NoticeKind.TASK, words, key="a", now=world.now)
        tell(work, lane, NoticeKind.REPLY, words, key="b", now=world.now, origin=world.saying("Luis", "x").asked)

    world.write(owe)
    world.add_account("Luis", "U1", "slack")
    world.write(lambda work: move_notices(work, work.row(Member, luis)))
    placed = world.read(lambda work: [work.row(Lane, row.lane_id).platform for row in work.rows(Notice)])
    assert placed == ["slack", "console"]


def test_what_came_to_nothing_is_erased(talk: Conversation, world: World) -> None:
    """Accounts that nobody confirmed, and wrong codes after their hour; no code is kept in clear."""
    code = code_for(talk, "Luis")
    talk.say("Tablet", f"link {code}")
    talk.say("Watch", "link ABCD-EFGH")
    world.pass_time(hours=1)
    world.run(world.store.write(None, lambda work: erase_old(work, world.now)))
    assert world.read(lambda work: (work.rows(Link), list(work.exec(select(WrongCodes))))) == ([], [])
    assert code.replace("-", "") not in str(world.read(lambda work: work.rows(Code)))
    assert code.encode() not in world.path.read_bytes()
