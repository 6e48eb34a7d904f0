"""The programme: shown, changed, called from the room, and who is told of what."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.agenda import read_agenda
from bot.commands import CommandTable
from bot.meetings import as_it_stands, put_on_table, resolve_tables, tell_changed
from bot.occasions.programme import OCCASIONS
from bot.people import find_member
from bot.planning import replan
from bot.rules.moving import moved_due
from bot.slots import read_slot
from bot.when import WhenProblem
from handlers import chair, own, programme
from storage.tables import (
    Draft,
    DraftState,
    Label,
    Lineage,
    Meeting,
    MeetingState,
    Member,
    OnTable,
    Provision,
    Purpose,
    Role,
    Room,
    Session,
    Task,
    Text,
)
from storage.work import Work
from tests.conftest import World
from tests.fakes.conversation import Conversation

QUIET = ("task.due-in-24h", "task.due-in-2h", "task.overdue", "task.still-overdue", "tasks.overdue-bundle")
TABLE = CommandTable((*programme.VERBS, *chair.VERBS, *own.VERBS))
WRITERS = {**OCCASIONS, **dict.fromkeys(QUIET, lambda _: None)}
NEW_YORK = ZoneInfo("America/New_York")
TUESDAY = dt.datetime(2024, 1, 30, 15, tzinfo=NEW_YORK)
"""20:00 UTC, 21:00 in Vienna, 4:00 on Wednesday in Singapore."""


@pytest.fixture
def talk(world: World) -> Conversation:
    """Give a conversation about a session in New York: articles 1 to 30, of which Luis and Mei share 24."""
    world.write(lay_out)
    return Conversation(world, TABLE, WRITERS)


def lay_out(work: Work) -> None:
    """Put a session, a draft of thirty articles and one owner in."""
    here = work.tenant
    work.put(Session(coalition_id=here, name="Sixth session", venue="UN Headquarters", timezone="America/New_York"))
    adopt(work, 30)
    own_article(work, 24, "Luis", "Mei")
    replan(work, dt.datetime(2024, 1, 29, 13, tzinfo=dt.UTC))


def adopt(work: Work, articles: int) -> None:
    """Publish a draft with that many articles, each a lineage of its own."""
    here, day = work.tenant, dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    text = work.put(Text(coalition_id=here, name="Convention"))
    draft = work.put(
        Draft(coalition_id=here, text_id=text.id, symbol="A/1", date=day.date(), state=DraftState.PUBLISHED,
              label=Label.PUBLIC, added_at=day, published_at=day)
    )  # fmt: skip
    for number in range(1, articles + 1):
        lineage = work.put(Lineage(coalition_id=here, text_id=text.id))
        work.put(
            Provision(coalition_id=here, draft_id=draft.id, lineage_id=lineage.id, ordinal=number, label=str(number),
                      kind="article", text="Words.")
        )  # fmt: skip


def lineage_of(work: Work, article: int) -> int:
    """Give the lineage of an article of the draft."""
    row = next(row for row in work.rows(Provision) if row.label == str(article))
    assert row.lineage_id is not None
    return row.lineage_id


def own_article(work: Work, article: int, lead: str, backup: str | None = None) -> None:
    """Give an article to a lead who accepted it, and perhaps a backup."""
    number = len(work.rows(Task)) + 1
    work.put(
        Task(coalition_id=work.tenant, number=number, lineage_id=lineage_of(work, article),
             lead_id=find_member(work, lead).id, backup_id=find_member(work, backup).id if backup else None,
             accepted_at=dt.datetime(2024, 1, 1, tzinfo=dt.UTC))
    )  # fmt: skip


def serve_countdowns(work: Work) -> None:
    """Let the team's room count down as well."""
    room = next(row for row in work.rows(Room) if row.name == "team")
    room.purposes = [*room.purposes, Purpose.COUNTDOWN]


def due_of(work: Work, article: int) -> dt.datetime | None:
    """Give the due time of an article's task."""
    return next(row.due for row in work.rows(Task) if row.lineage_id == lineage_of(work, article))


def meeting_of(work: Work, title: str) -> Meeting:
    """Give the meeting of that title."""
    return next(row for row in work.rows(Meeting) if row.title == title)


def at(talk: Conversation, moment: dt.datetime) -> None:
    """Let time pass until a moment, whatever appears meanwhile."""
    talk.wait(seconds=(moment - talk.world.now).total_seconds())


def add_two(talk: Conversation) -> None:
    """Put two parallel meetings on Tuesday afternoon, and forget what was said of it."""
    talk.say("Ana", "meeting add Plenary tue 15:00 venue time to 18:00 at Conference Room 4 on articles 24-28")
    talk.say("Ana", "meeting add Informals tue 15:00 New York time for 2h at Conference Room 6 on articles 1, 2")
    talk.wait(minutes=15)


def test_adding_a_meeting_tells_its_owners_and_the_rooms_that_count_down(talk: Conversation) -> None:
    """The lead hears in their own time with the new due time, the sleeping backup later, the hall one line."""
    said = talk.say("Ana", "meeting add Plenary tue 21:00 to 23:00 at Conference Room 4 on articles 24-28")
    assert sorted(said) == [
        "#hall: New on the programme: Plenary, articles 24-28, Tue 30 Jan 15:00 New York (20:00 UTC), "
        "Conference Room 4.",
        "@Ana: New on the programme: Plenary, articles 24-28, Tue 30 Jan 21:00 your time (15:00 New York), "
        "Conference Room 4.\nTold: 2 people.",
        "@Luis: New on the programme: Plenary, articles 24-28, Tue 30 Jan 15:00 New York, Conference Room 4.\n"
        "Yours: article 24.\nNow due Mon 29 Jan 15:00 New York: article 24.",
        "@Mei: New on the programme: Plenary, articles 24-28, Wed 31 Jan 04:00 your time (Tue 30 Jan 15:00 New York), "
        "Conference Room 4.\nYou are the backup for article 24.\n"
        "Now due Tue 30 Jan 04:00 your time (Mon 29 Jan 15:00 New York): article 24.",
    ]


def test_parallel_meetings_count_down_in_one_message(talk: Conversation) -> None:
    """Both stand in it; what nobody owns is for the team's room, not for a public one."""
    talk.world.write(serve_countdowns)
    add_two(talk)
    talk.wait(days=1, hours=6)
    plenary = "In 30 minutes: Plenary, articles 24-28\nTue 30 Jan 15:00 New York (20:00 UTC), Conference Room 4\n"
    informals = "In 30 minutes: Informals, articles 1, 2\nTue 30 Jan 15:00 New York (20:00 UTC), Conference Room 6"
    assert sorted(talk.wait(minutes=45)) == [
        f"#hall: {plenary}{informals}",
        f"#team: {plenary}Articles 25-28 have no owner: `take 25-28`\n"
        f"{informals}\nArticles 1, 2 have no owner: `take 1, 2`",
    ]


def test_a_late_chair_moves_the_countdown_with_the_meeting(talk: Conversation) -> None:
    """The owner hears once, and the countdown comes 30 minutes before the new time, not before the old."""
    add_two(talk)
    talk.world.write(lambda work: setattr(meeting_of(work, "Informals"), "state", MeetingState.CANCELLED))
    at(talk, TUESDAY - dt.timedelta(minutes=40))
    line = "Plenary, articles 24-28 begins 20 minutes late: Tue 30 Jan 15:20 New York"
    assert sorted(talk.say("Ana", "/late 20", "team")) == [
        f"#hall: {line} (20:20 UTC), Conference Room 4.",
        f"#team: {line} (20:20 UTC), Conference Room 4.\nTold: 2 people.",
        f"@Luis: {line}, Conference Room 4.\nYours: article 24.",
    ]
    assert talk.wait(minutes=29) == []
    assert talk.wait(minutes=2) == [
        "#hall: In 30 minutes: Plenary, articles 24-28\n"
        "Tue 30 Jan 15:20 New York (20:20 UTC), Conference Room 4 (20 minutes late)"
    ]


def test_a_meeting_moved_across_the_change_of_clocks_keeps_its_hour_and_length(talk: Conversation) -> None:
    """10:00 in New York is 15:00 UTC on 8 March and 14:00 UTC on the 11th; due time and countdown follow."""
    at(talk, dt.datetime(2024, 3, 4, 14, tzinfo=dt.UTC))
    talk.say("Ana", "meeting add Plenary fri 10:00 New York time for 3h on 24")
    assert talk.world.read(lambda work: due_of(work, 24)) == dt.datetime(2024, 3, 7, 15, tzinfo=dt.UTC)
    talk.say("Ana", "meeting move Plenary to 11 Mar 10:00 New York time")
    begins = dt.datetime(2024, 3, 11, 14, tzinfo=dt.UTC)
    meeting = talk.world.read(lambda work: meeting_of(work, "Plenary"))
    assert (meeting.starts_at, meeting.ends_at) == (begins, begins + dt.timedelta(hours=3))
    assert talk.world.read(lambda work: due_of(work, 24)) == begins - dt.timedelta(days=1)
    at(talk, begins - dt.timedelta(minutes=31))
    assert talk.wait(minutes=1) == ["#hall: In 30 minutes: Plenary, article 24\nMon 11 Mar 10:00 New York (14:00 UTC)"]


def test_next_says_how_long_until_and_since(talk: Conversation) -> None:
    """What is on comes before what is next, each with where and what nobody owns; observers read no owners."""
    add_two(talk)
    talk.say("Ana", "meeting move Informals to 15:20 venue time")
    talk.world.write(lambda work: setattr(find_member(work, "Luis"), "role", Role.OBSERVER))
    at(talk, TUESDAY + dt.timedelta(minutes=5))
    assert talk.say("Luis", "next") == [
        "@Luis: Began 5 minutes ago: Plenary, articles 24-28\nTue 30 Jan 15:00 New York, Conference Room 4\n"
        "In 15 minutes: Informals, articles 1, 2\nTue 30 Jan 15:20 New York, Conference Room 6"
    ]
    assert talk.say("Mei", "next")[0].endswith("Articles 1, 2 have no owner: `take 1, 2`")


def test_the_programme_shows_a_day_and_what_became_of_its_meetings(talk: Conversation) -> None:
    """Today or the next day with meetings unless a day is named, with the numbers that other commands take."""
    add_two(talk)
    talk.say("Ana", "meeting cancel Informals")
    talk.wait(minutes=15)
    day = (
        "Tue 30 Jan:\n- 15:00 New York: Plenary, articles 24-28, Conference Room 4 · number 1\n"
        "- 15:00 New York: Informals, articles 1, 2, Conference Room 6, cancelled · number 2"
    )
    assert talk.say("Luis", "programme") == [f"@Luis: {day}"]
    assert talk.say("Luis", "programme session") == [f"@Luis: Sixth session, UN Headquarters\n{day}"]
    assert talk.say("Luis", "programme 6 Feb")[0].startswith("@Luis: Nothing is on the programme on Tue 6 Feb.")


def test_calling_an_article_tells_its_lead_and_backup_at_once(talk: Conversation) -> None:
    """The meeting with it on its table is meant; what nobody has is offered; what no meeting has on its table asks."""
    talk.world.write(lambda work: setattr(find_member(work, "Mei"), "quiet", False))
    add_two(talk)
    at(talk, TUESDAY + dt.timedelta(minutes=2))
    told = "On the floor since {}: article 24.\nPlenary, Conference Room 4\n`article 24`"
    assert sorted(talk.say("Ana", "/now article 24", "team")) == [
        "#team: On the floor in Plenary: article 24.\nTold: @Luis, @Mei.",
        f"@Luis: {told.format('Tue 30 Jan 15:02 New York')}",
        f"@Mei: {told.format('Wed 31 Jan 04:02 your time (Tue 30 Jan 15:02 New York)')}",
    ]
    assert talk.say("Ana", "/now 24", "team") == ["#team: Article 24 was called already; its owners were told."]
    assert talk.say("Ana", "/now 27", "team") == [
        "#team: On the floor in Plenary: article 27.\nNobody has article 27: `take 27`"
    ]
    assert talk.say("Ana", "/now 9", "team") == [
        "#team: Which meeting: `now article 9 in 1` (Plenary), `now article 9 in 2` (Informals)?"
    ]
    state = talk.world.read(lambda work: [(row.called, row.state) for row in work.rows(Meeting)])
    assert state == [("article 27", MeetingState.RUNNING), ("", MeetingState.PLANNED)]


def test_over_and_resumed_follow_the_meeting(talk: Conversation) -> None:
    """A meeting that is over is no longer next; said too early, it is taken up again, and owners hear of that."""
    add_two(talk)
    at(talk, TUESDAY + dt.timedelta(hours=1))
    assert talk.say("Ana", "/over Informals", "team") == [
        "#team: Informals, articles 1, 2 is over.",
        "#hall: Informals, articles 1, 2 is over.",
    ]
    assert talk.say("Ana", "/over", "team")[0] == "#team: Plenary, articles 24-28 is over."
    assert talk.say("Luis", "next")[0].startswith("@Luis: Nothing is on the programme")
    assert "@Luis: Plenary, articles 24-28 is on again.\nYours: article 24." in talk.say(
        "Ana", "/resumed Plenary", "team"
    )


def test_telling_more_than_five_people_asks_first_but_not_from_the_room(talk: Conversation) -> None:
    """A move that hits six waits for a yes and changes nothing until then; `late` is said at once."""
    add_two(talk)
    talk.world.write(crowd)
    at(talk, TUESDAY - dt.timedelta(hours=1))
    asked = "@Ana: This would message 8 people. Say `yes` to go on."
    assert talk.say("Ana", "meeting cancel Plenary") == [asked]
    assert talk.world.read(lambda work: meeting_of(work, "Plenary").state) is MeetingState.PLANNED
    assert "#team: Plenary" in talk.say("Ana", "/late 10 Plenary", "team")[0]
    cancelled = "Plenary, articles 24-28 is cancelled; it was to begin Tue 30 Jan 21:10 your time (15:10 New York)."
    assert f"@Ana: {cancelled}\nTold: 8 people." in talk.say("Ana", "yes")


def crowd(work: Work) -> None:
    """Give articles 25 to 27 to six people."""
    for number, article in enumerate((25, 26, 27)):
        for alias in (f"Lead{number}", f"Backup{number}"):
            work.put(Member(coalition_id=work.tenant, alias=alias))
        own_article(work, article, f"Lead{number}", f"Backup{number}")


def test_a_change_is_told_once_however_often_it_is_told(talk: Conversation) -> None:
    """The same cause owes nothing anew; a meeting that is past, or did not change, is told to nobody."""
    add_two(talk)

    def tell_twice(work: Work) -> list[int]:
        now, meeting = talk.world.now, meeting_of(work, "Plenary")
        before = as_it_stands(read_agenda(work, now), meeting)
        assert tell_changed(work, now, "load/0", meeting, before).line is None
        meeting.place = "Trusteeship Council"
        told = [tell_changed(work, now, "load/1", meeting, before) for _ in range(2)]
        past = tell_changed(work, meeting.ends_at, "load/2", meeting, before)
        return [len(told[0].member_ids), len(past.member_ids), len(past.room_ids)]

    assert talk.world.write(tell_twice) == [2, 0, 0]
    assert [line for line in talk.wait(minutes=1) if line.startswith("#")] == [
        "#hall: Plenary, articles 24-28 has a new place: Tue 30 Jan 15:00 New York (20:00 UTC), Trusteeship Council."
    ]


def test_targets_wait_for_the_draft_that_has_them(world: World) -> None:
    """What means nothing yet is kept as it was typed, and becomes provisions when a draft is published."""

    def table(work: Work) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]], bool]:
        here, now = work.tenant, world.now
        session = work.put(Session(coalition_id=here, name="Sixth session"))
        meeting = work.put(
            Meeting(coalition_id=here, session_id=session.id, key="1", title="Plenary", starts_at=now, ends_at=now)
        )
        targets = ["article 5-6", "article 99", "means of implementation"]
        put_on_table(work, meeting, targets)
        early = rows(work)
        adopt(work, 30)
        resolve_tables(work)
        later = rows(work)
        journal = len(work.journal)
        put_on_table(work, meeting, targets)
        return early, later, len(work.journal) == journal

    def rows(work: Work) -> list[tuple[str, bool]]:
        return sorted((row.target, row.lineage_id is not None) for row in work.rows(OnTable))

    early, later, unchanged = world.write(table)
    assert early == [("article 5-6", False), ("article 99", False), ("means of implementation", False)]
    assert later == [
        ("article 5-6", True), ("article 5-6", True), ("article 99", False), ("means of implementation", False)
    ]  # fmt: skip
    assert unchanged


def test_undo_takes_a_new_meeting_off_the_programme(talk: Conversation) -> None:
    """The meeting, its table and the due time it gave are gone."""
    talk.say("Ana", "meeting add Plenary tue 15:00 venue time for 3h on 24")
    talk.say("Ana", "undo")
    left = talk.world.read(lambda work: (work.rows(Meeting), work.rows(OnTable), due_of(work, 24)))
    assert left == ([], [], None)


def test_a_meeting_at_night_is_doubted(talk: Conversation) -> None:
    """A coordinator far away who copied the venue's programme is shown how to say it, and that works."""
    said = talk.say("Ana", "meeting add Plenary fri 10:00 to 13:00")
    hint = "meeting move 1 to Fri 2 Feb 10:00 New York time"
    assert f"There it is 04:00, at night. If you meant the venue's clock: `{hint}`." in said[0]
    talk.say("Ana", hint)
    starts_at = talk.world.read(lambda work: meeting_of(work, "Plenary").starts_at)
    assert starts_at == dt.datetime(2024, 2, 2, 15, tzinfo=dt.UTC)


def test_deadlines_count_down_without_their_names_in_a_public_room(talk: Conversation) -> None:
    """The team reads what closes, the hall only that something does."""
    talk.world.write(serve_countdowns)
    talk.say("Ana", "deadline add Written comments fri 17:00")
    at(talk, dt.datetime(2024, 2, 2, 13, tzinfo=dt.UTC))
    closes = "\nCloses Fri 2 Feb 17:00 Vienna (16:00 UTC)"
    assert sorted(talk.wait(hours=1)) == [
        f"#hall: In 2 hours: a deadline (message me `deadlines`){closes}",
        f"#team: In 2 hours: Written comments{closes}",
    ]


def test_after_an_outage_a_countdown_is_posted_once(talk: Conversation) -> None:
    """Of the points that were missed only the last one speaks: of a deadline, of a session, of a meeting."""

    def count_twice(work: Work) -> None:
        next(row for row in work.rows(Room) if row.name == "hall").countdown = [60, 30]

    talk.world.write(count_twice)
    talk.say("Ana", "meeting add Plenary 8 Feb 15:00 venue time to 18:00 at Conference Room 4 on articles 24-28")
    talk.say("Ana", "deadline add Written comments 8 Feb 17:00")
    talk.wait(minutes=15)

    def out_until(moment: dt.datetime) -> list[str]:
        before = len(talk.world.chat.shown)
        talk.world.clock.advance_to(moment)
        talk.settle()
        rooms = [sent for sent in talk.world.chat.shown[before:] if sent.name == "hall"]
        return [sent.text.split("\n")[0] for sent in rooms]

    assert sorted(out_until(dt.datetime(2024, 2, 8, 14, 30, tzinfo=dt.UTC))) == [
        "In 5 h 30 min: Sixth session begins", "In 90 minutes: a deadline (message me `deadlines`)",
    ]  # fmt: skip
    assert out_until(dt.datetime(2024, 2, 8, 19, 40, tzinfo=dt.UTC)) == ["In 20 minutes: Plenary, articles 24-28"]


def test_a_personal_reminder_says_its_words(talk: Conversation) -> None:
    """It comes to the one who asked, with a way to put it off."""
    talk.say("Luis", "remind me to call the chair at 11:00")
    assert talk.wait(hours=3) == ["@Luis: You asked me to remind you: call the chair\n`snooze`"]


@pytest.mark.parametrize(
    ("words", "title", "span", "place", "targets"),
    [
        ("Plenary wed 15:00 to 18:00", "Plenary", "07 15:00-07 18:00", "", ()),
        ("Plenary wed 15:00-18:00, Room 4 on 5-9", "Plenary", "07 15:00-07 18:00", "Room 4", ("article 5-9",)),
        ("Reply to the chair thu at 13:00 for 90 min", "Reply to the chair", "08 13:00-08 14:30", "", ()),
        ("Informals 2 wed 3pm - 6pm on chapter IV at Room 6", "Informals 2", "07 15:00-07 18:00", "Room 6",
         ("chapter IV",)),
        ('"Day 3, part two" wed 22:00 to 01:00 on capacity', "Day 3, part two", "07 22:00-08 01:00", "", ("capacity",)),
        ("Side event at UNODC 7 Feb 13:00 to 14:00 in Room 4 at HQ", "Side event at UNODC", "07 13:00-07 14:00",
         "Room 4 at HQ", ()),
    ],
)  # fmt: skip
def test_meetings_are_typed_as_people_guess(
    words: str, title: str, span: str, place: str, targets: tuple[str, ...]
) -> None:
    """Title, time, place and table in the order in which people say them."""
    slot = read_slot(words, dt.datetime(2024, 2, 6, 15, tzinfo=dt.UTC), NEW_YORK)
    assert slot is not None
    begins, ends = (moment.astimezone(NEW_YORK) for moment in (slot.starts_at, slot.ends_at))
    assert (slot.title, f"{begins:%d %H:%M}-{ends:%d %H:%M}", slot.place, slot.targets) == (title, span, place, targets)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("Plenary 6/2 15:00 to 18:00", "can mean"),
        ("Plenary wed 15:00 for 2", "of what?"),
        ("Plenary 10 Mar 2024 02:30 to 04:00", "does not exist"),
    ],
)
def test_a_time_that_cannot_be_is_refused_with_its_reason(words: str, problem: str) -> None:
    """It does not become part of the title."""
    with pytest.raises(WhenProblem, match=problem):
        read_slot(words, dt.datetime(2024, 2, 6, 15, tzinfo=dt.UTC), NEW_YORK)


@settings(deadline=None)  # the first date in another language loads its words
@given(st.lists(st.sampled_from('Plenary to for at on 15:00 wed 2h - , 5-9 articles " 6 Feb'.split()), max_size=12))
def test_no_words_crash_the_grammar_of_meetings(words: list[str]) -> None:
    """Whatever is typed is a meeting, none, or a time that is refused."""
    try:
        slot = read_slot(" ".join(words), dt.datetime(2024, 2, 6, 15, tzinfo=dt.UTC), NEW_YORK)
    except WhenProblem:
        return
    assert slot is None or slot.starts_at.tzinfo is dt.UTC


HOURS = st.integers(-200, 200).map(lambda hours: TUESDAY + dt.timedelta(hours=hours))


@given(HOURS, HOURS, HOURS)
def test_a_due_time_keeps_its_place_before_a_meeting_that_moves(
    was: dt.datetime, becomes: dt.datetime, now: dt.datetime
) -> None:
    """It stays before the new time; what is overdue stays so when nothing moved."""
    due = was - dt.timedelta(days=1)
    moved = moved_due(due, was, becomes if becomes > now else None, now)
    assert moved is None or moved <= max(becomes, due)
    if was == becomes and due <= now and was > now:
        assert moved == due


def test_a_due_time_that_came_from_elsewhere_only_comes_forward() -> None:
    """A sooner meeting brings it forward, a later one leaves it."""
    now, due = TUESDAY - dt.timedelta(days=9), TUESDAY - dt.timedelta(days=1)
    sooner = TUESDAY - dt.timedelta(days=4)
    assert moved_due(due, None, sooner, now) == sooner - dt.timedelta(days=1)
    assert moved_due(due, TUESDAY + dt.timedelta(days=3), TUESDAY + dt.timedelta(days=2), now) == due
    assert moved_due(None, None, TUESDAY, now) == due
