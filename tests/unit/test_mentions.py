"""Who is mentioned: accounts that an adapter found in the words become members, and nobody is mistaken for another."""

from __future__ import annotations

import pytest

from bot.commands import Call, CommandTable, NeedsYes, Verb
from bot.invocation import Invocation
from bot.message import Message, message, say
from storage.cipher import active
from storage.tables import Identity, Member, Role, Standing
from storage.work import Work
from tests.conftest import PLATFORM, World
from tests.fakes.conversation import Conversation


def _echo(call: Call) -> Message:
    """Say the words again."""
    return message(say("got {words}", words=call.words))


def _ask(call: Call) -> Message:
    if not call.confirmed:
        raise NeedsYes(say("Sure?"))
    return _echo(call)


TABLE = CommandTable(
    (
        Verb("echo", _echo, "echo WORDS", "Says it again.", role=None),
        Verb("ask", _ask, "ask WORDS", "Asks first."),
    )
)


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation with the verbs above."""
    return Conversation(world, TABLE, {})


def join(world: World, alias: str, standing: Standing = Standing.ACTIVE, role: Role = Role.MEMBER) -> None:
    """Add a member whose account is their alias in small letters."""

    def act(work: Work) -> None:
        member = work.put(Member(coalition_id=work.tenant, alias=alias, standing=standing, role=role))
        address = alias.casefold()
        mark = active()[0].fingerprint(address)
        work.put(
            Identity(
                coalition_id=work.tenant, member_id=member.id, platform=PLATFORM, address=address, fingerprint=mark
            )
        )  # fmt: skip

    world.write(act)


@pytest.mark.parametrize(
    ("words", "mentions", "got"),
    [
        ("24 @Luis Rey, please", {"@Luis Rey": ("luis",)}, "24 @Luis, please"),
        ("24 Luis Rey by fri", {"Luis Rey": ("luis",)}, "24 @Luis by fri"),
        ("24 @Luis Rey by fri", {"Luis Rey": ("luis",)}, "24 @Luis by fri"),
        ("@luis:example.org @mei:example.org", {"@luis:example.org": ("luis",), "@mei:example.org": ("mei",)},
         "@Luis @Mei"),
        ("“@Luis’ Rey” now", {"@Luis’ Rey": ("luis",)}, '"@Luis" now'),
        ("@Lu @Lu Rey", {"@Lu": ("mei",), "@Lu Rey": ("luis",)}, "@Mei @Luis"),
        ("@luis 24", {"@luis": ("mei",)}, "@luis 24"),
        ("@who 24", {"@who": ("eve",)}, "@who 24"),
        ("@Lu.b and x@Lu and @Lu:example.org", {"@Lu": ("mei",)}, "@Lu.b and x@Lu and @Lu:example.org"),
        ("@Rey 24", {"@Rey": ("luis", "eve")}, "@Luis 24"),
        ("24", {"": ("luis",), "@": ("luis",)}, "24"),
    ],
)  # fmt: skip
def test_pieces_become_aliases(talk: Conversation, words: str, mentions: dict[str, tuple[str, ...]], got: str) -> None:
    """Longest first, whole names only; an alias that was typed stays, and so does who is no member."""
    assert talk.say("Ana", f"echo {words}", mentions=mentions) == [f"@Ana: got {got}"]


def test_several_people_are_asked_back(talk: Conversation) -> None:
    """A name that two members answer to is not guessed; nothing is done."""
    assert talk.say("Ana", "echo @Rey 24", mentions={"@Rey": ("luis", "mei")}) == [
        "@Ana: 2 people may be called “@Rey”: `@Luis` · `@Mei`. Say it again with the one you mean."
    ]


def test_a_display_name_cannot_swallow_a_word_behind_an_alias(talk: Conversation) -> None:
    """Who calls themselves "Mei as" does not become coordinator in Mei's place; Mei Lin's own full name works."""
    (asked,) = talk.say("Ana", "echo @Mei as coordinator", mentions={"@Mei as": ("luis",)})
    assert "`@Luis` · `@Mei`" in asked
    assert talk.say("Ana", "echo @Mei Lin", mentions={"@Mei Lin": ("mei",)}) == ["@Ana: got @Mei"]


def test_two_accounts_of_one_member_are_one(talk: Conversation, world: World) -> None:
    """A name shared by somebody's own accounts is no question."""
    world.add_account("Luis", "luis-phone")
    assert talk.say("Ana", "echo @Rey", mentions={"@Rey": ("luis-phone", "luis")}) == ["@Ana: got @Luis"]


def test_a_confirmed_command_keeps_whom_it_was_about(talk: Conversation) -> None:
    """The yes has no mention of its own; the command it confirms has."""
    assert talk.say("Ana", "ask @Rey", mentions={"@Rey": ("luis",)}) == ["@Ana: Sure?"]
    assert talk.say("Ana", "yes") == ["@Ana: got @Luis"]


def test_aliases_are_not_for_strangers_and_observers(talk: Conversation, world: World) -> None:
    """Who may not list the members does not learn their aliases by mentioning accounts."""
    join(world, "Obi", role=Role.OBSERVER)
    both = {"@Rey": ("luis", "mei")}
    assert talk.say("Obi", "echo @Rey", mentions=both) == ["@Obi: got @Rey"]
    assert talk.say("Eve", "echo @Rey", mentions=both) == ["@eve: got @Rey"]


def test_who_asked_to_join_is_known_to_coordinators_only(talk: Conversation, world: World) -> None:
    """A coordinator can admit by mention; to the others a newcomer is nobody yet."""
    join(world, "Sol", Standing.ASKED)
    assert talk.say("Ana", "echo @Solana", mentions={"@Solana": ("sol",)}) == ["@Ana: got @Sol"]
    assert talk.say("Luis", "echo @Solana", mentions={"@Solana": ("sol",)}) == ["@Luis: got @Solana"]


def test_an_invocation_of_an_older_version_is_read(world: World) -> None:
    """A row without the newer fields has their defaults; a new one comes back as it was."""
    said = world.saying("Ana", "echo", mentions={"@Rey": ("luis", "mei")})
    assert Invocation.from_data(said.to_data()) == said
    old = {name: value for name, value in said.to_data().items() if name not in ("mentions", "vouched")}
    assert (Invocation.from_data(old).mentions, Invocation.from_data(old).vouched) == ({}, True)
