"""Dispatch: each event once, one answer for whatever was meant for the bot, all or nothing, one coalition only."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.app import build
from bot.commands import Call, CommandTable, NeedsYes, Refusal, Verb
from bot.dispatch import Dispatch
from bot.invocation import Invocation
from bot.message import Message, message, say
from bot.plain import Reader, plain
from storage.tables import (
    Deed,
    Inbox,
    InboxState,
    Label,
    Lane,
    Member,
    Note,
    Notice,
    NoticeKind,
    NoticeState,
    Purpose,
    Reminder,
    Role,
    Room,
)
from storage.work import Work
from tests.conftest import NOW, PLATFORM, World, both

pytestmark = both


def _note(call: Call) -> Message:
    """Keep a note, and answer with it."""
    call.work.add(Note(coalition_id=call.work.tenant, member_id=call.speaker.id, words=call.words, noted_at=call.now))
    return message(say("noted: {words}", words=call.words))


def _break(call: Call) -> Message:
    """Change something, then break."""
    _note(call)
    raise {"key": KeyError, "assert": AssertionError, "deep": RecursionError, "io": OSError}[call.words]("secret words")


def _refuse(call: Call) -> Message:
    _note(call)
    raise Refusal(say("Not on {day}.", day="Monday"))


def _announce(call: Call) -> Message:
    if not call.confirmed:
        raise NeedsYes(say("This tells everybody. Say `yes`."))
    return _note(call)


def _remind(call: Call) -> Message:
    due = call.now + dt.timedelta(hours=1)
    call.work.add(Reminder(coalition_id=call.work.tenant, member_id=call.speaker.id, words="x", due=due))
    return message(say("will do"))


def _count(call: Call) -> Message:
    return message(say("{n} notes", n=len(call.work.rows(Note))))


def _hello(call: Call) -> Message:
    return message(say("hello"))


TABLE = CommandTable(
    (
        Verb("note", _note, "note WORDS", "Notes.", undoable=True),
        Verb("break", _break, "break HOW", "Breaks."),
        Verb("refuse", _refuse, "refuse", "Refuses.", private=True),
        Verb("announce", _announce, "announce WORDS", "Announces.", role=Role.COORDINATOR),
        Verb("remind", _remind, "remind", "Reminds."),
        Verb("count", _count, "count", "Counts.", private=True, role=Role.OBSERVER),
        Verb("hello", _hello, "hello", "Greets.", role=None, label=Label.PUBLIC),
        Verb("deny", _refuse, "deny", "Refuses."),
        Verb("room here", _hello, "room here", "Serves.", anywhere=True),
        Verb("room close", _hello, "room close", "Closes."),
    )
)


class Talk:
    """People who speak to a bot with the table above."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dispatch = Dispatch(world.store, world.clock, TABLE)

    def say(self, alias: str, words: str, room: str | None = None, **others: object) -> list[tuple[str, str]]:
        """Say it, and give the answers as (where, text)."""
        return self.hear(self.world.saying(alias, words, room, **others))

    def hear(self, invocation: Invocation) -> list[tuple[str, str]]:
        """Take one invocation in and give the new answers as (where, text)."""
        before = {row_id for row_id, _, _ in self._replies()}

        async def turn() -> None:
            await self.dispatch.receive(invocation)
            await self.dispatch.drain()

        self.world.run(turn())
        return [(where, text) for row_id, where, text in self._replies() if row_id not in before]

    def _replies(self) -> list[tuple[int, str, str]]:
        rows: list[tuple[int, str, str]] = []
        for coalition_id in (None, 1, 2):

            def ask(work: Work, only: int | None = coalition_id) -> list[tuple[int, str, str]]:
                of_one = col(Notice.coalition_id).is_not_distinct_from(only)
                found = select(Notice).where(Notice.kind == NoticeKind.REPLY, of_one)
                return [(row.id, _place(work, row), _text(row)) for row in work.exec(found)]

            try:
                rows += self.world.run(self.world.store.read(coalition_id, ask))
            except LookupError:
                continue  # there is only one coalition
        return rows

    def notes(self, coalition_id: int = 1) -> list[str]:
        """Give the notes that were kept."""
        return self.world.read(lambda work: [row.words for row in work.rows(Note)], coalition_id)


def _place(work: Work, notice: Notice) -> str:
    lane = work.get_one(Lane, notice.lane_id)
    if lane.room_id is not None:
        return f"#{work.row(Room, lane.room_id).name}"
    return f"@{work.row(Member, lane.member_id).alias}" if lane.member_id is not None else f"stranger {lane.address}"


def _text(notice: Notice) -> str:
    return plain(Message.from_data(notice.content or {}), Reader(ZoneInfo("UTC"), personal=True))


@pytest.fixture
def talk(world: World) -> Talk:
    """Give people to speak to the bot."""
    return Talk(world)


def test_an_answer_goes_where_it_was_asked(talk: Talk) -> None:
    """To the room, to the direct chat, and from a private verb always to the direct chat."""
    assert talk.say("Luis", "!note one", "team") == [("#team", "noted: one")]
    assert talk.say("Luis", "/dragoman NOTE two") == [("@Luis", "noted: two")]
    assert talk.say("Luis", "count", "team") == [("@Luis", "2 notes")]


def test_the_same_event_is_done_once(talk: Talk) -> None:
    """A platform may deliver an event again, at once or later."""
    invocation = talk.world.saying("Luis", "note once")
    assert talk.hear(invocation) == [("@Luis", "noted: once")]
    assert talk.hear(invocation) == []
    assert talk.notes() == ["once"]


def test_an_unreadable_row_stops_nobody_behind_it(talk: Talk) -> None:
    """A row that cannot be opened is put aside; the next command is done."""
    broken = Inbox(event_id="broken", platform="console", body={"no": "invocation"}, received_at=talk.world.now)
    talk.world.run(talk.world.store.write(None, lambda work: work.put(broken)))
    assert talk.say("Luis", "note behind it") == [("@Luis", "noted: behind it")]
    ask = select(Inbox.state).order_by(col(Inbox.id))
    states = talk.world.run(talk.world.store.read(None, lambda work: list(work.exec(ask))))
    assert states == [InboxState.FAILED, InboxState.DONE]


def test_what_was_received_is_done_after_a_restart(talk: Talk) -> None:
    """Kept before it is worked on; a quarter of an hour later it is no longer done, but answered."""
    for words in ("note early", "note late"):
        talk.world.run(talk.dispatch.receive(talk.world.saying("Luis", words)))
        talk.world.pass_time(minutes=14)
    again = Dispatch(talk.world.store, talk.world.clock, TABLE)
    talk.world.run(again.drain())
    assert talk.notes() == ["late"]
    assert [text for _, _, text in talk._replies()] == ["I was away; say it again if it still holds.", "noted: late"]
    assert talk.world.run(again.drain()) is False


def test_people_talking_among_themselves_are_let_be(talk: Talk) -> None:
    """In a room only known verbs, a prefix or a mention call for an answer; in a direct chat everything does."""
    assert talk.say("Luis", "what a long day", "team") == []
    assert talk.say("Luis", "", "team") == []
    assert talk.say("Luis", "🎉", "team") == []
    assert talk.say("Luis", "yes", "team") == []
    assert len(talk.say("Luis", "!what a long day", "team")) == 1
    assert len(talk.say("Luis", "what a long day", "team", addressed=True)) == 1
    assert len(talk.say("Luis", "what a long day")) == 1
    assert len(talk.say("Luis", "/dragoman", "team")) == 1


def test_a_room_that_is_not_served_is_no_direct_chat(talk: Talk) -> None:
    """Only serving it works there; a member who means the bot hears so in person, a stranger nothing, talk nothing."""
    line = "I do not serve this room. A coordinator says `room here for tasks, alerts` in it."
    assert talk.say("Luis", "!note one", "nowhere") == [("@Luis", line)]
    assert talk.say("Luis", "what a day", "nowhere", addressed=True) == [("@Luis", line)]
    assert talk.say("Luis", "count", "nowhere") == []
    assert talk.say("Luis", "note one", "nowhere") == []
    assert talk.say("Eve", "!hello", "nowhere") == []
    assert talk.say("Eve", "!room here", "nowhere") == []
    assert talk.say("Luis", "room here", "nowhere") == [("@Luis", "hello")]
    assert talk.notes() == []


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("ntoe this", "I do not know “ntoe”. Did you mean `note`? `help` lists everything."),
        ("room", "room needs one more word: room here · room close."),
        ("\u200b", "I am here. `help` lists what I do."),
        ("xylophone", "I do not know “xylophone”. `help` lists what I do."),
        ("`note` {words}", "I do not know “`note`”. Did you mean `note`? `help` lists everything."),
    ],
)
def test_unknown_words_get_the_nearest_verb(talk: Talk, typed: str, answer: str) -> None:
    """One sentence that says what to do."""
    assert talk.say("Luis", typed) == [("@Luis", answer)]


def test_a_role_is_asked_for(talk: Talk) -> None:
    """Members are told who may, and nothing happens; coordinators may."""
    assert talk.say("Luis", "!announce x", "team") == [("#team", "`announce` is for coordinators. Ask one of them.")]
    observer = {"Obi": (Role.OBSERVER, "UTC")}
    other = talk.world.found("Other", observer, {})
    assert talk.say("Obi", "note x") == [("@Obi", "`note` is for members. Ask one of them.")]
    assert talk.say("Obi", "count") == [("@Obi", "0 notes")]
    assert talk.notes() == talk.notes(other) == []


def test_a_stranger_gets_one_line_without_names(talk: Talk) -> None:
    """Outside the coalition only open verbs work, whether the words are known or not."""
    line = "I work for a coalition and answer its members. To ask to join, say `hello`."
    for words in ("note x", "xylophone", "count", "yes"):
        assert talk.say("Eve", words) == [("stranger eve", line)]
    assert talk.say("Eve", "hello") == [("stranger eve", "hello")]
    assert talk.notes() == []


def test_a_stranger_in_a_room_is_answered_there_and_chatter_let_be(talk: Talk) -> None:
    """As for anybody: silence for words not meant for the bot."""
    assert talk.say("Eve", "what a long day", "team") == []
    assert [where for where, _ in talk.say("Eve", "!note x", "team")] == ["#team"]


def test_announcing_waits_for_a_yes_from_the_same_person_in_the_same_place(talk: Talk) -> None:
    """Once, within ten minutes; nobody else's yes counts."""
    question = "This tells everybody. Say `yes`."
    assert talk.say("Ana", "!announce rain", "team") == [("#team", question)]
    assert talk.say("Luis", "!yes", "team") == [("#team", "Nothing waits for a yes from you.")]
    assert talk.say("Ana", "yes") == [("@Ana", "Say `yes` where you were asked.")]
    assert talk.say("Ana", "Sí!", "team") == [("#team", "noted: rain")]
    assert talk.say("Ana", "yes") == [("@Ana", "Nothing waits for a yes from you.")]
    assert talk.notes() == ["rain"]


def test_a_yes_comes_too_late_and_answers_the_last_question(talk: Talk) -> None:
    """A question stands ten minutes, and a new one takes its place."""
    talk.say("Ana", "announce rain")
    talk.world.pass_time(minutes=10)
    assert talk.say("Ana", "yes") == [("@Ana", "Nothing waits for a yes from you.")]
    talk.say("Ana", "announce snow")
    talk.say("Ana", "announce sun")
    assert talk.say("Ana", "да") == [("@Ana", "noted: sun")]
    assert talk.notes() == ["sun"]


@pytest.mark.parametrize("how", ["key", "assert", "deep", "io", "unheard of"])
def test_whatever_a_handler_raises_gives_one_answer_and_changes_nothing(talk: Talk, how: str) -> None:
    """The answer has a code and none of the words; the next command works."""
    (answer,) = talk.say("Luis", f"!break {how}", "team")
    assert answer[1].startswith("Something went wrong here (code `")
    assert answer[1].endswith("Nothing was changed.")
    assert "secret" not in answer[1]
    assert talk.notes() == []
    assert talk.say("Luis", "note next") == [("@Luis", "noted: next")]


def test_a_refusal_is_answered_once_and_changes_nothing(talk: Talk) -> None:
    """What the handler did before it refused is taken back; a private verb refuses in private."""
    assert talk.say("Luis", "refuse", "team") == [("@Luis", "Not on Monday.")]
    assert talk.notes() == []
    done = talk.world.run(talk.world.store.read(None, lambda work: [row.state for row in work.exec(select(Inbox))]))
    assert done == [InboxState.DONE]


def test_a_change_is_planned_and_kept_for_undo(talk: Talk) -> None:
    """A new reminder has its notice before the answer is given; only undoable verbs leave a deed."""
    talk.say("Luis", "remind")
    planned = talk.world.read(lambda work: work.rows(Notice, Notice.occasion == "reminder.due"))
    assert [(row.due, row.state) for row in planned] == [(NOW + dt.timedelta(hours=1), NoticeState.PLANNED)]
    talk.say("Luis", "note x")
    deeds = talk.world.read(lambda work: work.rows(Deed))
    assert [(row.verb, [entry[0] for entry in row.journal]) for row in deeds] == [("note", ["Note"])]


def test_two_coalitions_never_see_each_other(talk: Talk) -> None:
    """The room or the account says whose words they are; another coalition's member is a stranger."""
    world = talk.world
    other = world.found("Other", {"Zoë": (Role.COORDINATOR, "UTC"), "Luis": (Role.MEMBER, "UTC")}, {
        "cellar": (Label.CLOSED, [Purpose.TASKS])
    })  # fmt: skip
    assert talk.say("Mei", "note ours") == [("@Mei", "noted: ours")]
    assert talk.say("Zoë", "!note theirs", "cellar") == [("#cellar", "noted: theirs")]
    assert talk.say("Zoë", "count") == [("@Zoë", "1 notes")]
    assert [text for _, text in talk.say("Zoë", "!note intruding", "team")] == [
        "I work for a coalition and answer its members. To ask to join, say `hello`."
    ]
    assert [text for _, text in talk.say("Luis", "note whose")] == [
        "You are in several coalitions here: say it in one of its rooms."
    ]
    assert talk.say("Luis", "!note mine", "cellar") == [("#cellar", "noted: mine")]
    assert talk.say("Luis", "note named", coalition="other") == [("@Luis", "noted: named")]
    assert (talk.notes(), talk.notes(other)) == (["ours"], ["theirs", "mine", "named"])


def test_one_who_is_in_several_coalitions_can_confirm_where_asked(talk: Talk) -> None:
    """A waiting question belongs to one coalition."""
    talk.world.found("Other", {"Ana": (Role.COORDINATOR, "UTC")}, {"cellar": (Label.CLOSED, [])})
    talk.say("Ana", "!announce here", "cellar")
    assert talk.say("Ana", "!yes", "team") == [("#team", "Nothing waits for a yes from you.")]
    assert talk.say("Ana", "yes", "cellar") == [("#cellar", "noted: here")]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40) | st.sampled_from(["", "/", "!", "yes", "note", "\x00", "note \ud83d"]))
def test_anything_typed_to_the_bot_gets_one_answer(talk: Talk, typed: str) -> None:
    """Whatever a member types in the direct chat: one answer, and no accident."""
    answers = talk.say("Luis", typed)
    assert len(answers) == 1
    assert "Something went wrong" not in answers[0][1]


def test_what_a_room_may_not_see_is_answered_in_the_direct_chat(talk: Talk) -> None:
    """Answers, refusals and questions alike, unless the verb says that they are public; the room hears nothing."""
    assert talk.say("Luis", "!note the chair is late", "hall") == [("@Luis", "noted: the chair is late")]
    assert talk.say("Luis", "!note the chair is late", "team") == [("#team", "noted: the chair is late")]
    assert talk.say("Luis", "!deny", "hall") == [("@Luis", "Not on Monday.")]
    assert talk.say("Luis", "!hello", "hall") == [("#hall", "hello")]
    assert talk.say("Luis", "!remnid", "hall")[0][0] == "#hall"
    assert talk.say("Ana", "!announce lunch", "hall") == [("@Ana", "This tells everybody. Say `yes`.")]
    assert talk.say("Ana", "!yes", "hall") == [("#hall", "Say `yes` where you were asked.")]
    assert talk.say("Ana", "yes") == [("@Ana", "noted: lunch")]


def test_an_answer_says_whether_something_was_done(world: World) -> None:
    """What changed something is told apart from what was refused or only looked up: a pressed button goes by that."""
    engine = build(world.store, world.clock, {PLATFORM: world.chat})
    for words in ("my quiet off", "my quiet sideways", "my", "take 99"):
        world.run(engine.receive(world.saying("Ana", words, origin={"message": "1"})))
    world.run(engine.settle())
    notes = [sent.to.origin for sent in world.chat.shown]
    assert notes == [{"message": "1"} | more for more in ({"done": True}, {"refused": True}, {}, {"refused": True})]
