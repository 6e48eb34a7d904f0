"""Reminders and taking back: how they are read, and what people see."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands import Call, CommandTable, Verb
from bot.message import List, Message, message, say
from bot.notices import member_lane, room_lane, tell
from bot.occasions.leaving import Leaving
from bot.people import find_member
from bot.reminder import read_reminder
from bot.when import WhenProblem
from handlers import broadcast, own, people
from storage.tables import Label, Member, Note, NoticeKind, Reminder, Room, Task, TaskState
from storage.work import Work
from tests.conftest import World
from tests.fakes.conversation import Conversation

NEW_YORK = ZoneInfo("America/New_York")
TUESDAY = dt.datetime(2024, 2, 6, 15, tzinfo=dt.UTC)
"""10:00 in New York."""


def hand_over(call: Call) -> Message:
    """Make a task for somebody, and tell them: a command with everything that undo has to take back."""
    whom = find_member(call.work, call.words)
    call.work.put(Task(coalition_id=call.work.tenant, number=1, words="water", lead_id=whom.id))
    call.tell(member_lane(call.work, whom.id), NoticeKind.TASK, message(say("Yours now: water.")))
    return message(say("Handed over."))


def hand_list(call: Call) -> Message:
    """The same, told as a list."""
    whom = find_member(call.work, call.words)
    call.work.put(Task(coalition_id=call.work.tenant, number=1, words="water", lead_id=whom.id))
    lines = List((say("No longer with you: water."), say("fire.")))
    call.tell(member_lane(call.work, whom.id), NoticeKind.TASK, message(lines))
    return message(say("Handed over."))


LIST = Verb("list", hand_list, "list @NAME", "Hands a task over.", undoable=True)
HAND = Verb("hand", hand_over, "hand @NAME", "Hands a task over.", undoable=True)
TABLE = CommandTable((*own.VERBS, *people.VERBS, *broadcast.VERBS, HAND, LIST))


def reminder_due(leaving: Leaving) -> Message | None:
    """Write a reminder plainly."""
    return message(say("Reminder: {what}", what=leaving.work.row(Reminder, leaving.notices[0].subject_id).words))


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation with the verbs for oneself, and one that hands a task over."""
    return Conversation(world, TABLE, {"reminder.due": reminder_due})


@pytest.mark.parametrize(
    ("words", "what", "local"),
    [
        ("to call the chair at 17:00", "call the chair", "02-06 17:00"),
        ("at 17:00 to talk to Luis", "talk to Luis", "02-06 17:00"),
        ("in 2h to eat", "eat", "02-06 12:00"),
        ("to be in room 4 in 20 min", "be in room 4", "02-06 10:20"),
        ("to sign on at the desk on fri", "sign on at the desk", "02-09 18:00"),
        ("to meet at the cafe on fri at 17:00", "meet at the cafe", "02-09 17:00"),
        ("to call Ana tomorrow at 9am", "call Ana", "02-07 09:00"),
        ("to meet in Vienna on Tue 13 Feb at 17:00", "meet in Vienna", "02-13 17:00"),
        ("to log on at 17:00", "log on", "02-06 17:00"),
    ],
)
def test_the_last_keyword_with_a_time_wins(words: str, what: str, local: str) -> None:
    """What follows the last at, on or in that reads as a time is the time, with the day before it."""
    read, due = read_reminder(words, TUESDAY, NEW_YORK)
    assert (read, f"{due.astimezone(NEW_YORK):%m-%d %H:%M}") == (what, local)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("to call Ana", "what and when"),
        ("at 17:00", "what and when"),
        ("to at 17:00", "what and when"),
        ("", "what and when"),
        ("to call at 9:00", "earlier today"),
        ("to call at 5", "only a number"),
        ("to go to the office in a moment", "I cannot read"),
    ],
)
def test_what_names_no_time_is_refused(words: str, problem: str) -> None:
    """No time, a past one or a bare number: one sentence that says so."""
    with pytest.raises(WhenProblem, match=problem):
        read_reminder(words, TUESDAY, NEW_YORK)


@settings(deadline=None, max_examples=50)  # the first reading loads the words of six languages
@given(
    st.text(alphabet="abco nit5:0 ", max_size=40).map(lambda words: " ".join(words.split())),
    st.integers(min_value=1, max_value=600),
)
def test_whatever_the_wish_the_time_at_its_end_counts(wish: str, minutes: int) -> None:
    """A wish that has keywords and numbers of its own is kept whole, and the time at the very end is the time."""
    words = f"to read {wish} twice"
    read = read_reminder(f"{words} in {minutes} min", TUESDAY, NEW_YORK)
    assert read == (words.removeprefix("to "), TUESDAY + dt.timedelta(minutes=minutes))


def test_a_reminder_comes_at_its_moment_and_again_after_snooze(talk: Conversation) -> None:
    """The time is echoed in full, and snooze brings the last reminder again: in an hour, in a length, at a time."""
    assert talk.say("Luis", "snooze")[0].startswith("@Luis: No reminder of yours has come yet.")
    assert talk.say("Luis", "remind me to call the chair at 9:00") == [
        "@Luis: I will remind you Mon 29 Jan 2024 09:00 New York: call the chair"
    ]
    assert talk.wait(minutes=59) == []
    assert talk.wait(minutes=1) == ["@Luis: Reminder: call the chair"]
    assert talk.say("Luis", "snooze")[0].startswith("@Luis: I will remind you again Mon 29 Jan 2024 10:00")
    assert talk.wait(hours=1) == ["@Luis: Reminder: call the chair"]
    assert "10:20" in talk.say("Luis", "snooze 20m")[0]
    assert talk.wait(minutes=20) == ["@Luis: Reminder: call the chair"]
    assert "17:00" in talk.say("Luis", "snooze until 17:00")[0]
    assert talk.wait(hours=6) == []
    assert talk.wait(hours=1) == ["@Luis: Reminder: call the chair"]


def test_undo_takes_a_reminder_back(talk: Conversation) -> None:
    """A reminder that was undone does not come; a second undo finds nothing."""
    talk.say("Luis", "remind me to call the chair at 9:00")
    assert talk.say("Luis", "undo") == ["@Luis: Undone: `remind me`."]
    assert talk.say("Luis", "undo") == ["@Luis: You did nothing in the last ten minutes that I can take back."]
    assert talk.wait(hours=3) == []


def test_undo_corrects_whoever_had_heard(talk: Conversation, world: World) -> None:
    """Whose message has left gets one correction that says what does not hold any more."""
    assert "@Mei: Yours now: water." in talk.say("Ana", "hand @mei", "team")
    answer = talk.say("Ana", "undo", "team")
    corrections = talk.wait(minutes=15)
    assert answer[0] == "#team: Undone: `hand`, “water”.\nIt had been told already; I corrected it in 1 place."
    assert corrections == ["@Mei: @Ana has taken this back; it does not hold any more:\n- Yours now: water."]
    assert world.read(lambda work: work.rows(Task)[0].state) is TaskState.CANCELLED


def test_undo_stops_what_was_not_told_yet(talk: Conversation, world: World) -> None:
    """Somebody asleep hears neither the command nor its correction."""
    world.pass_time(hours=5)  # it is 2:00 in Singapore
    assert talk.say("Ana", "hand @mei") == ["@Ana: Handed over."]
    assert talk.say("Ana", "undo") == ["@Ana: Undone: `hand`, “water”."]
    assert talk.wait(hours=12) == []


def test_undo_leaves_what_somebody_changed_since(talk: Conversation, world: World) -> None:
    """A later change by somebody else stands, and the speaker is told."""
    talk.say("Ana", "role @mei observer")
    world.write(lambda work: setattr(find_member(work, "Mei"), "role", "coordinator"))
    assert talk.say("Ana", "undo")[-1].startswith(
        "@Ana: Somebody has changed it since, so `role` cannot be taken back."
    )
    assert world.read(lambda work: find_member(work, "Mei").role) == "coordinator"


def test_undo_reaches_back_ten_minutes_and_only_to_ones_own(talk: Conversation, world: World) -> None:
    """Two undos take two commands back, the last first; what is older, or another's, stays."""
    talk.say("Luis", "note old")
    world.pass_time(minutes=10, seconds=1)
    talk.say("Luis", "note first")
    talk.say("Luis", "note second")
    talk.say("Ana", "note hers")

    def notes() -> list[str]:
        return world.read(lambda work: [row.words for row in work.rows(Note)])

    talk.say("Luis", "undo")
    assert notes() == ["old", "first", "hers"]
    talk.say("Luis", "undo")
    talk.say("Luis", "undo")
    assert notes() == ["old", "hers"]


def test_undo_does_not_leave_the_coalition_without_a_coordinator(talk: Conversation, world: World) -> None:
    """Letting somebody in cannot be undone once they are the only one."""
    talk.say("Zoe", "hello Zoe, Red Libre, Bogota")
    talk.say("Ana", "admit @zoe")
    world.write(lambda work: setattr(find_member(work, "Zoe"), "role", "coordinator"))
    world.write(lambda work: setattr(find_member(work, "Ana"), "role", "member"))
    assert talk.say("Ana", "undo")[-1].startswith("@Ana: Without it nobody would coordinate.")
    assert world.read(lambda work: find_member(work, "Zoe").role) == "coordinator"


def test_an_announcement_waits_for_yes(talk: Conversation, world: World) -> None:
    """How many it reaches is said first; then it goes, loud, to the rooms for alerts that may read it."""
    assert talk.say("Luis", "announce Fire") == ["@Luis: `announce` is for coordinators. Ask one of them."]
    asked = talk.say("Ana", "announce We meet at 9:00 <!channel>")
    assert asked == ["@Ana: This goes to 1 room and reaches 3 people. Say `yes` to send it."]
    announced = talk.say("Ana", "yes")
    assert [line for line in announced if line.startswith("#")] == [
        "#team: Announcement\nWe meet at 9:00 <!channel>\nFrom @Ana"
    ]
    assert [sent.name for sent in world.chat.shown if sent.to.loud] == ["team"]
    assert talk.say("Ana", "yes") == ["@Ana: Nothing waits for a yes from you."]


def test_a_note_is_the_coalitions_wherever_it_is_typed(talk: Conversation, world: World) -> None:
    """Typed in a direct chat, a note is still meant for the digest: the answer says who will read it."""
    assert "the whole coalition reads" in talk.say("Luis", "note Tea at 5")[0]
    assert world.read(lambda work: [row.label for row in work.rows(Note)]) == [Label.COALITION]
    assert world.read(lambda work: len(work.rows(Member))) == 3


def test_a_correction_says_what_does_not_hold(talk: Conversation, world: World) -> None:
    """Also of what was told as a list only."""
    talk.say("Ana", "list @Luis")
    heard = talk.say("Ana", "undo") + talk.wait(minutes=11)
    assert heard[-1] == (
        "@Luis: @Ana has taken this back; it does not hold any more:\n- No longer with you: water.\n- fire."
    )


def test_undo_of_a_note_says_when_a_digest_went_out(talk: Conversation, world: World) -> None:
    """What the digest said cannot be unsaid; before it went out there is nothing to say."""
    talk.say("Ana", "note lunch at noon")
    assert talk.say("Ana", "undo") == ["@Ana: Undone: `note`."]
    talk.say("Ana", "note lunch at one")

    def posted(work: Work) -> None:
        room = work.rows(Room)[0]
        tell(work, room_lane(work, room), NoticeKind.DIGEST, message(say("Note: lunch")), key="digest", now=world.now)

    world.write(posted)
    talk.settle()
    assert talk.say("Ana", "undo") == [
        "@Ana: Undone: `note`.\nA digest went out since: what it says of this stays there."
    ]
