"""The daily digest: what it says, to whom, and when it has nothing to say."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import CommandTable, Refusal
from bot.digest import MOST_NOTES, outcome, write_digest
from bot.occasions.digest import OCCASIONS
from bot.people import find_member
from bot.plain import Reader, plain
from handlers import broadcast
from storage.tables import (
    Coalition,
    Draft,
    DraftState,
    Label,
    Lineage,
    Meeting,
    MeetingState,
    Note,
    OnTable,
    Provision,
    Purpose,
    Review,
    Room,
    Session,
    Task,
    Text,
    Verdict,
)  # fmt: skip
from storage.work import Work
from tests.conftest import World
from tests.fakes.conversation import Conversation

TABLE = CommandTable(broadcast.VERBS)
EVENING = dt.datetime(2024, 1, 30, 0, 30, tzinfo=dt.UTC)
"""Monday 29 January, 19:30 in New York."""


def utc(day: int, hour: int) -> dt.datetime:
    """Give an hour of New York in January 2024."""
    return dt.datetime(2024, 1, day, hour, tzinfo=ZoneInfo("America/New_York")).astimezone(dt.UTC)


def put_programme(work: Work) -> None:
    """Put a text of articles 1 to 6 and two days of meetings; 1 to 4 are on today, 4 was not reached, 5 and 6 come."""
    here = work.tenant
    text = work.put(Text(coalition_id=here, name="Convention"))
    draft = work.put(
        Draft(
            coalition_id=here, text_id=text.id, symbol="L.3", date=dt.date(2023, 12, 1), state=DraftState.PUBLISHED,
            label=Label.PUBLIC, added_at=utc(1, 9), published_at=utc(1, 9),
        )
    )  # fmt: skip
    lineages = {}
    for n in range(1, 7):
        lineages[n] = work.put(Lineage(coalition_id=here, text_id=text.id)).id
        row = Provision(
            coalition_id=here, draft_id=draft.id, lineage_id=lineages[n], ordinal=n, label=str(n), kind="article"
        )
        work.put(row)
    session = work.put(Session(coalition_id=here, name="Final", timezone="America/New_York"))
    rows = (
        ("Plenary", 29, 10, (1, 2), MeetingState.OVER, "article 2"),
        ("Plenary", 29, 15, (3, 4), MeetingState.OVER, "article 3"),
        ("Informals", 29, 16, (), MeetingState.CANCELLED, ""),
        ("Plenary", 30, 10, (4, 5, 6), MeetingState.PLANNED, ""),
    )
    for title, day, hour, articles, state, called in rows:
        meeting = work.put(
            Meeting(
                coalition_id=here, session_id=session.id, key=f"{day}/{hour}", title=title, starts_at=utc(day, hour),
                ends_at=utc(day, hour + 1), state=state, called=called,
            )
        )  # fmt: skip
        for n in articles:
            work.put(OnTable(coalition_id=here, meeting_id=meeting.id, target=f"article {n}", lineage_id=lineages[n]))
    luis = find_member(work, "Luis")
    work.put(Task(coalition_id=here, number=1, lineage_id=lineages[5], lead_id=luis.id, accepted_at=utc(28, 9)))
    late = utc(29, 9)
    work.put(
        Task(coalition_id=here, number=2, lineage_id=lineages[3], lead_id=luis.id, accepted_at=utc(28, 9), due=late)
    )
    work.put(
        Review(
            coalition_id=here, lineage_id=lineages[1], draft_id=draft.id, member_id=luis.id,
            verdict=Verdict.SUPPORT, reviewed_at=utc(29, 12),
        )
    )  # fmt: skip


def put_note(work: Work, words: str, at: dt.datetime = EVENING) -> None:
    """Put a note of Luis's."""
    luis = find_member(work, "Luis")
    work.put(Note(coalition_id=work.tenant, member_id=luis.id, words=words, noted_at=at))


def digest(world: World, room: str = "team", at: dt.datetime = EVENING) -> str | None:
    """Write a room's digest as the room reads it; None when it is suppressed."""

    def write(work: Work) -> str | None:
        row = next(row for row in work.rows(Room) if row.name == room)
        written = write_digest(work, work.get_one(Coalition, work.tenant), row, at, at)
        return plain(written, Reader(ZoneInfo("America/New_York"))) if written else None

    return world.write(write)


def test_a_session_day_in_the_words_of_the_design(world: World) -> None:
    """Discussed, carried over, cancelled, tomorrow with provisions, what nobody has, reviews, notes; no names."""
    world.write(put_programme)
    world.write(lambda work: put_note(work, "Drinks\nat 20:00"))
    assert digest(world) == (
        "Mon 29 Jan, day 1 of 2\n"
        "Today: articles 1-3 discussed; article 4 carried over; Informals cancelled.\n"
        "Text: nothing new.\n"
        "Tomorrow: 10:00 New York (15:00 UTC) Plenary, articles 4-6.\n"
        "Needs someone: articles 4, 6. `take 4`\n"
        "Reviews: 1 of 6, 1 new.\n"
        "Note: Drinks at 20:00\n"
        "Yours: message me `tasks`."
    )


def test_what_is_still_on_is_not_carried_over(world: World) -> None:
    """While a meeting runs nothing is said of what it has not reached; one that nobody closed ends by its time."""
    world.write(put_programme)

    def still_on(work: Work) -> None:
        morning, afternoon = work.rows(Meeting)[:2]
        morning.called = "articles 1, 2"
        afternoon.state, afternoon.ends_at = MeetingState.RUNNING, utc(29, 18)

    world.write(still_on)
    assert "Today: articles 1-3 discussed; Plenary still on; Informals cancelled.\n" in (digest(world) or "")
    world.write(lambda work: setattr(work.rows(Meeting)[1], "ends_at", utc(29, 16)))
    over = "Today: articles 1-3 discussed; article 4 carried over; Informals cancelled.\n"
    assert over in (digest(world) or "")


def test_a_public_room_reads_programme_and_text_only(world: World) -> None:
    """Who has what, reviews and notes stay out of a room that may see public items only."""
    world.write(put_programme)
    world.write(lambda work: put_note(work, "Drinks at 20:00"))
    assert digest(world, "hall") == (
        "Mon 29 Jan, day 1 of 2\n"
        "Today: articles 1-3 discussed; article 4 carried over; Informals cancelled.\n"
        "Text: nothing new.\n"
        "Tomorrow: 10:00 New York (15:00 UTC) Plenary, articles 4-6."
    )


def test_a_new_draft_is_news(world: World) -> None:
    """A draft published today is told with its symbol; one that was withdrawn is not."""
    world.write(put_programme)

    def publish(work: Work) -> None:
        draft = work.rows(Draft)[0]
        draft.published_at = utc(29, 7)

    world.write(publish)
    assert "Text: L.3 is new.\n" in (digest(world) or "")
    world.write(lambda work: setattr(work.rows(Draft)[0], "state", DraftState.WITHDRAWN))
    assert "L.3" not in (digest(world) or "")


def test_nothing_to_say_is_suppressed(world: World) -> None:
    """Without programme, text or notes there is no digest, and one note is enough for one."""
    assert digest(world) is None
    world.write(lambda work: put_note(work, "Hello"))
    assert digest(world) == "Tue 30 Jan: where we stand\nNote: Hello\nYours: message me `tasks`."


def test_the_next_day_with_meetings_stands_for_tomorrow(world: World) -> None:
    """On a day before a free one the digest names the next day with meetings, within a week."""
    world.write(put_programme)
    assert "\nMon 29 Jan: 10:00 New York (15:00 UTC) Plenary" in (digest(world, at=utc(25, 19)) or "")
    assert digest(world, at=utc(15, 19)) is not None
    assert "10:00" not in (digest(world, at=utc(15, 19)) or "")


@given(tabled=st.integers(min_value=0, max_value=12), called=st.integers(min_value=0, max_value=12))
def test_the_last_call_splits_the_table(tabled: int, called: int) -> None:
    """Nothing is lost or doubled and the last call was discussed; without one nothing is known."""
    table = list(range(tabled))
    discussed, carried = outcome(table, called)
    assert discussed + carried == (table if called in table else [])
    assert discussed[-1:] == [called][: len(discussed)]


def test_it_never_grows_beyond_fifteen_lines(world: World) -> None:
    """However much is noted and meets, the digest stays short and says how much more there is."""
    world.write(put_programme)

    def crowd(work: Work) -> None:
        session = work.rows(Session)[0]
        for n in range(9):
            work.put(
                Meeting(
                    coalition_id=work.tenant, session_id=session.id, key=f"side/{n}", title=f"Side {n}",
                    starts_at=utc(30, 11), ends_at=utc(30, 12),
                )
            )  # fmt: skip
            put_note(work, f"note {n}\n\nwith lines")

    world.write(crowd)
    written = digest(world) or ""
    assert len(written.splitlines()) <= 15
    assert f"{9 - MOST_NOTES} more notes." in written
    assert "; 6 more." in written


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation in which #team gets the digest, at 19:30 of New York, where the session is."""
    world.write(put_programme)
    world.write(lambda work: setattr(work.rows(Room)[0], "purposes", [Purpose.DIGEST]))
    return Conversation(world, TABLE, OCCASIONS)


def test_it_comes_at_its_hour_and_a_note_stands_in_one_only(talk: Conversation, world: World) -> None:
    """Planned for 19:30 of the venue; what was noted is in the next digest and in none after."""
    talk.say("Luis", "note Tea")
    (first,) = talk.wait(hours=12)
    assert (world.chat.shown[-1].to.due, "Note: Tea" in first) == (EVENING, True)
    talk.say("Luis", "note Coffee")
    (second,) = talk.wait(hours=24)
    assert ("Tea" in second, "Coffee" in second) == (False, True)


def test_digest_now_counts_as_one_and_names_its_room(talk: Conversation) -> None:
    """Asked for in a direct chat it appears in its room, and takes the notes with it."""
    talk.say("Luis", "note Tea")
    posted = talk.say("Ana", "digest now")
    assert posted[0] == "@Ana: Posted in #team."
    assert posted[1].startswith("#team: Mon 29 Jan, day 1 of 2\n")
    assert "Note: Tea" in posted[1]
    talk.say("Luis", "note Coffee")  # at the same moment
    (evening,) = talk.wait(hours=12)
    assert ("Tea" in evening, "Coffee" in evening) == (False, True)
    (here,) = talk.say("Ana", "digest", "team")
    assert here.startswith("#team: Mon 29 Jan")


def test_its_hour_is_changed_switched_off_and_taken_back(talk: Conversation, world: World) -> None:
    """A new hour is echoed with the next moment, off brings none, on brings it back."""
    assert talk.say("Ana", "digest at 6pm", "team") == [
        "#team: #team gets the digest at 18:00 of the venue on session days, otherwise on Mondays. "
        "Next: Mon 29 Jan 18:00 New York (23:00 UTC)."
    ]
    talk.say("Ana", "digest off", "team")
    assert talk.wait(hours=13) == []
    talk.say("Ana", "digest on", "team")
    assert len(talk.wait(hours=24)) == 1


@pytest.mark.parametrize("words", ["digest at 25:00", "digest at", "digest tomorrow"])
def test_an_unreadable_hour_is_refused(talk: Conversation, world: World, words: str) -> None:
    """What is no hour and no known word gets one sentence, and the hour stays."""
    with pytest.raises(Refusal):
        world.do(TABLE, "Ana", words, "team")
    assert world.read(lambda work: work.rows(Room)[0].digest_at) == "19:30"


def test_which_room_is_meant_is_asked(world: World) -> None:
    """Without a room for the digest, or with several, the coordinator learns what to do."""
    with pytest.raises(Refusal, match="No room gets a digest yet"):
        world.do(TABLE, "Ana", "digest now")

    def both(work: Work) -> None:
        for room in work.rows(Room):
            room.purposes = [Purpose.DIGEST]

    world.write(both)
    with pytest.raises(Refusal, match="Several rooms get a digest"):
        world.do(TABLE, "Ana", "digest now")
