"""Commands that are edited, reminders that are taken back, and words that could not be read."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.app import command_table, writers
from storage.tables import Note, Reminder
from tests.conftest import World
from tests.fakes.conversation import Conversation


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation with every verb there is."""
    return Conversation(world, command_table(), writers())


def notes(world: World) -> list[str]:
    """Give what is noted for the next digest."""
    return [row.words for row in world.read(lambda work: work.rows(Note))]


def reminders(world: World) -> int:
    """Count the reminders that there are."""
    return len(world.read(lambda work: work.rows(Reminder)))


def test_an_edit_takes_the_place_of_the_command(talk: Conversation, world: World) -> None:
    """What the first words did is taken back before the corrected ones are done, also when edited again."""
    talk.say("Luis", "note meet at nnie", event_id="first")
    talk.say("Luis", "note meet at nien", event_id="edit", corrects="first")
    assert talk.say("Luis", "note meet at nine", event_id="again", corrects="first")[0].startswith("@Luis: Noted")
    assert notes(world) == ["meet at nine"]


def test_an_edit_of_a_slip_is_a_command(talk: Conversation, world: World) -> None:
    """Words that were refused, or were no command at all, leave nothing to take back."""
    talk.say("Luis", "ntoe one", event_id="slip")
    talk.say("Luis", "note one", corrects="slip")
    talk.say("Luis", "note two", corrects="never heard of")
    assert notes(world) == ["one", "two"]


def test_a_late_edit_changes_nothing(talk: Conversation, world: World) -> None:
    """After a minute an edit does not count, and says so."""
    talk.say("Luis", "note one", event_id="first")
    world.pass_time(seconds=61)
    late = talk.say("Luis", "note two", corrects="first")
    assert late == ["@Luis: That edit came too late to count. Say it again as a new message."]
    assert notes(world) == ["one"]


def test_nobody_corrects_what_another_said(talk: Conversation, world: World) -> None:
    """The event of somebody else is not taken back by an edit or a redaction that names it."""
    talk.say("Luis", "note one", event_id="first")
    talk.say("Mei", "note two", corrects="first")
    talk.say("Luis", "remind me to eat in 2h", event_id="second")
    assert talk.say("Mei", "", corrects="second") == []
    assert (notes(world), reminders(world)) == (["one", "two"], 1)


def test_taking_the_message_back_cancels_the_reminder(talk: Conversation, world: World) -> None:
    """The reminder is gone; of any other command nothing is taken back, and nothing is said."""
    talk.say("Luis", "remind me to eat in 2h", event_id="first")
    gone = talk.say("Luis", "", "team", corrects="first", addressed=False)
    assert gone == ["@Luis: Cancelled: I will not remind you of that."]
    assert reminders(world) == 0
    assert talk.say("Luis", "", corrects="first") == []
    talk.say("Luis", "note one", event_id="second")
    assert talk.say("Luis", "", corrects="second") == []
    assert notes(world) == ["one"]
    assert talk.wait(hours=3) == []


def test_a_reminder_that_came_stays(talk: Conversation, world: World) -> None:
    """Once it has come there is nothing to cancel."""
    talk.say("Luis", "remind me to eat in 5 minutes", event_id="first")
    assert len(talk.wait(minutes=6)) == 1
    assert talk.say("Luis", "", corrects="first") == []


def test_what_cannot_be_read(talk: Conversation, world: World) -> None:
    """A member is told in the direct chat; a stranger hears nothing."""
    assert talk.say("Luis", "", "team", unreadable=True, addressed=False) == [
        "@Luis: I cannot read what you just wrote: its key has not reached me.\n"
        "If it comes within a quarter of an hour I do it. If not, please say it again."
    ]
    assert talk.say("Eve", "", "team", unreadable=True, addressed=False) == []


def test_an_old_edit_is_not_done(talk: Conversation, world: World) -> None:
    """An edit that waited while the bot was away is answered like any other command."""
    old = talk.say("Luis", "note one", corrects="never", said_at=world.now - dt.timedelta(minutes=20))
    assert old == ["@Luis: I was away; say it again if it still holds."]
