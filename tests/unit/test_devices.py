"""Verbs that change who may do what, or what the text is, are taken from vouched devices only."""

from __future__ import annotations

import pytest

from bot.app import command_table
from bot.commands import Call, CommandTable, NeedsYes, Verb
from bot.message import Message, message, say
from handlers import own, people
from storage.tables import Role
from tests.conftest import World
from tests.fakes.conversation import Conversation


def _shut(call: Call) -> Message:
    if not call.confirmed:
        raise NeedsYes(say("Sure?"))
    return message(say("shut"))


TABLE = CommandTable(
    (*people.VERBS, *own.VERBS, Verb("shut", _shut, "shut", "Shuts.", role=Role.COORDINATOR, guarded=True))
)
REFUSED = (
    "I take `{verb}` only from a device that you have verified: in your app, verify this session with your other "
    "device or your recovery key, then say it again."
)


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation with a guarded verb that asks first."""
    return Conversation(world, TABLE, {})


def test_which_verbs_are_guarded() -> None:
    """Those that give rights or take them, open a room to items, take the roster out, or change the text in force."""
    guarded = {verb.name for verb in command_table().verbs if verb.guarded}
    assert guarded == {
        "role", "admit", "room here", "draft publish", "draft withdraw", "watch", "members export", "confirm",
        "suspend", "unsuspend", "members remove", "forget me", "purge",
    }  # fmt: skip


def test_a_guarded_verb_needs_a_vouched_device(talk: Conversation) -> None:
    """Refused with what to do, and nothing is changed; other verbs work; the role is asked for first."""
    assert talk.say("Ana", "role @luis coordinator", vouched=False) == [f"@Ana: {REFUSED.format(verb='role')}"]
    assert talk.say("Luis", "my", vouched=False)[0].startswith("@Luis: You are @Luis, member,")
    assert talk.say("Luis", "role @luis coordinator", vouched=False) == [
        "@Luis: `role` is for coordinators. Ask one of them."
    ]
    assert "@Ana: @Luis is an observer now." in talk.say("Ana", "role @luis observer")


def test_a_yes_needs_a_vouched_device_too(talk: Conversation) -> None:
    """The question stands, so that it can be answered on the right device."""
    assert talk.say("Ana", "shut") == ["@Ana: Sure?"]
    assert talk.say("Ana", "yes", vouched=False) == [f"@Ana: {REFUSED.format(verb='shut')}"]
    assert talk.say("Ana", "yes") == ["@Ana: shut"]
    assert talk.say("Ana", "shut", vouched=False) == [f"@Ana: {REFUSED.format(verb='shut')}"]
    assert talk.say("Ana", "yes") == ["@Ana: Nothing waits for a yes from you."]


def test_taking_a_guarded_command_back_is_guarded(talk: Conversation) -> None:
    """Otherwise a device that was slipped in could give rights back that were just taken."""
    talk.say("Ana", "role @luis observer")
    assert talk.say("Ana", "undo", vouched=False) == [f"@Ana: {REFUSED.format(verb='role')}"]
    talk.say("Ana", "my quiet off", vouched=False)
    assert talk.say("Ana", "undo", vouched=False)[0] == "@Ana: Undone: `my quiet`."
