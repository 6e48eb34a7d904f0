"""What is erased when: periods that coalitions may shorten, a sweep each night, and files without what was erased."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import col, select

from bot.app import build, command_table, writers
from bot.engine import Engine
from bot.message import message, say
from bot.mydata import data_files
from bot.notices import member_lane, tell
from bot.people import find_member
from bot.pulse import owe_scrub, scrub_owed
from bot.retention import ERASERS, MOST_AT_ONCE, keeping_of
from bot.rules.limits import Limits
from bot.rules.retention import DAY, WAITS_AT_MOST, Keeping, last_sweep, next_sweep, words_before
from bot.sweeping import AGAIN_AFTER
from storage.tables import (
    SCRUB,
    Audit,
    Confirmation,
    Deadline,
    Deed,
    Draft,
    DraftState,
    Inbox,
    Label,
    Lineage,
    Meeting,
    Member,
    Note,
    Notice,
    NoticeKind,
    NoticeState,
    Parcel,
    Provision,
    Pulse,
    Reminder,
    Retention,
    Review,
    Role,
    Session,
    Standing,
    Suspension,
    Task,
    TaskState,
    Text,
    Verdict,
)  # fmt: skip
from storage.work import Work
from tests.conftest import NOW, World, both
from tests.fakes.conversation import Conversation
from tests.unit.test_leaving import decrypted

NIGHT = dt.time(4)
KEEPING = Keeping()
SESSION = (NOW - 9 * DAY, NOW - 1 * DAY)
"""From when to when the session of `fill` lasts, days of the venue aside."""


class Nights:
    """The engine over a World, night after night."""

    def __init__(self, world: World, limits: Limits | None = None) -> None:
        self.world = world
        self.engine: Engine = build(world.store, world.clock, {"console": world.chat}, limits=limits or Limits())

    def say(self, alias: str, words: str) -> str:
        """Give the answer."""
        before = len(self.world.chat.shown)
        self.world.run(self.engine.receive(self.world.saying(alias, words)))
        self.world.run(self.engine.settle())
        return "\n".join(sent.text for sent in self.world.chat.shown[before:] if sent.name == alias)

    def wait(self, **duration: float) -> None:
        """Let time pass."""
        self.world.run(self.engine.advance(self.world.clock, self.world.now + dt.timedelta(**duration)))


@pytest.fixture
def nights(world: World) -> Nights:
    """Give the nights of a deployment that keeps things as long as DESIGN says."""
    return Nights(world)


def draft_of(work: Work) -> tuple[int, int]:
    """Lay a text with one article; gives its lineage and draft."""
    text_ = work.put(Text(coalition_id=work.tenant, name="Convention"))
    lineage = work.put(Lineage(coalition_id=work.tenant, text_id=text_.id))
    draft = work.put(
        Draft(
            coalition_id=work.tenant, text_id=text_.id, symbol="A/1", date=NOW.date(), state=DraftState.PUBLISHED,
            label=Label.PUBLIC, provisions=1, added_at=NOW - 20 * DAY, published_at=NOW - 20 * DAY,
        )
    )  # fmt: skip
    work.put(
        Provision(
            coalition_id=work.tenant, draft_id=draft.id, lineage_id=lineage.id, ordinal=1, label="5", kind="article",
            text="Public words.",
        )
    )  # fmt: skip
    return lineage.id, draft.id


def session(work: Work, begins: dt.datetime, ends: dt.datetime, name: str = "First") -> None:
    """Lay a session, by its first and last meeting."""
    row = work.put(Session(coalition_id=work.tenant, name=name, timezone="UTC"))
    for start in (begins, ends - dt.timedelta(hours=2)):
        work.put(
            Meeting(
                coalition_id=work.tenant, session_id=row.id, key=f"{name}{start}", title="Plenary", starts_at=start,
                ends_at=start + dt.timedelta(hours=2),
            )
        )  # fmt: skip


def fill(work: Work, marks: str = "zumbralete") -> None:
    """Lay words of each kind, written in the session, and a message of a day ago."""
    tenant, at = work.tenant, NOW - 2 * DAY
    session(work, *SESSION)
    lineage_id, draft_id = draft_of(work)
    luis = find_member(work, "Luis")
    work.put(
        Review(
            coalition_id=tenant, lineage_id=lineage_id, draft_id=draft_id, member_id=luis.id, verdict=Verdict.CONCERN,
            note=f"{marks} note", wording=f"{marks} wording", reviewed_at=at,
        )
    )  # fmt: skip
    work.put(Note(coalition_id=tenant, member_id=luis.id, words=f"{marks} digest", noted_at=at))
    work.put(Reminder(coalition_id=tenant, member_id=luis.id, words=f"{marks} reminder", due=at))
    work.put(Deadline(coalition_id=tenant, title=f"{marks} deadline", due=at))
    work.put(
        Task(
            coalition_id=tenant, number=1, words=f"{marks} task", lead_id=luis.id, state=TaskState.DONE, due=at,
            assigned_at=at, version=1,
        )
    )  # fmt: skip
    work.put(
        Deed(
            coalition_id=tenant, member_id=luis.id, verb="review", done_at=at, journal=[["x", 1, "made", {"a": marks}]]
        )
    )
    work.put(
        Confirmation(
            coalition_id=tenant, member_id=luis.id, invocation={"words": f"{marks} yes"}, expires_at=NOW - DAY
        )
    )  # fmt: skip


def owe(world: World, alias: str, words: str) -> None:
    """Owe a member a message now."""

    def act(work: Work) -> None:
        lane = member_lane(work, find_member(work, alias).id)
        tell(work, lane, NoticeKind.ALERT, message(say("{words}", words=words)), key=f"owed/{alias}", now=world.now)

    world.write(act)


def removed(world: World, coalition_id: int | None = None) -> dict[str, int]:
    """Give what the last sweep of a coalition removed."""
    return world.read(lambda work: work.rows(Retention)[0].removed, coalition_id)


# The moments

moments = st.integers(0, 2 * 365 * 86400).map(lambda seconds: NOW + dt.timedelta(seconds=seconds))
lengths = st.integers(1, 60)


@given(moments, st.times().map(lambda one: one.replace(microsecond=0)))
def test_a_sweep_is_due_once_a_day(now: dt.datetime, at: dt.time) -> None:
    """The last one is at most a day ago, at its hour, and the next one a day after it."""
    last, after = last_sweep(now, at), next_sweep(now, at)
    assert now - DAY < last <= now < after == last + DAY
    assert last.time() == at


@given(st.lists(st.tuples(moments, lengths), max_size=4), lengths, moments)
def test_words_go_in_time_and_never_early(sessions: list[tuple[dt.datetime, int]], days: int, now: dt.datetime) -> None:
    """Nothing before its session's end and period; nothing later than a month after that, whatever else is on."""
    spans = [(begins, begins + length * DAY) for begins, length in sessions]
    before = words_before(spans, days, now)
    assert before is None or before in [ends for _, ends in spans]
    assert before is None or before + days * DAY <= now
    for _, ends in spans:
        if ends + days * DAY + WAITS_AT_MOST <= now:
            assert before is not None
            assert before >= ends


def test_words_wait_for_a_session_that_is_on() -> None:
    """What is due while people meet goes when they are through; what was written for the later session stays."""
    first, second = (NOW, NOW + 14 * DAY), (NOW + 40 * DAY, NOW + 54 * DAY)
    assert words_before([first, second], 30, NOW + 43 * DAY) is None
    assert words_before([first, second], 30, NOW + 44 * DAY) is None
    assert words_before([first, second], 30, NOW + 54 * DAY) == first[1]
    assert words_before([first], 30, NOW + 44 * DAY) == first[1]
    endless = (NOW + 40 * DAY, NOW + 400 * DAY)
    assert words_before([first, endless], 30, NOW + 74 * DAY) == first[1]


# The sweep


@both
def test_each_kind_goes_when_its_time_has_come(world: World, nights: Nights) -> None:
    """Messages, reminders and deeds after a week, members' words thirty days after the session; the rest stays."""
    world.write(fill)
    owe(world, "Luis", "zumbralete message")
    nights.wait(days=6)
    assert removed(world) == {"reminders": 1, "commands": 1}
    nights.wait(days=2)
    assert removed(world) == {"messages": 1, "parcels": 1}
    sent = world.read(lambda work: work.rows(Notice, Notice.key == "owed/Luis")[0])
    assert (sent.state, sent.content, sent.due) == (NoticeState.SENT, None, NOW)
    nights.wait(days=20)
    assert removed(world) == {}
    found = world.read(decrypted)
    assert all(f"zumbralete {kind}" in found for kind in ("note", "wording", "digest", "task", "deadline"))
    nights.wait(days=3)
    assert "zumbralete" not in world.read(decrypted)
    review = world.read(lambda work: work.rows(Review)[0])
    assert (review.verdict, review.member_id, review.note, review.wording) == (Verdict.CONCERN, 2, None, None)
    assert world.read(lambda work: [row.state for row in work.rows(Task)]) == [TaskState.DONE]
    assert world.read(lambda work: len(work.rows(Provision)) + len(work.rows(Meeting))) == 3


@both
def test_the_coalition_goes_on_without_the_words(world: World, nights: Nights) -> None:
    """A review without words stands on the next draft, its page shows the verdict, and a settled task its number."""
    world.write(fill)
    nights.wait(days=40)
    assert "stands: article 5, concern" not in nights.say("Luis", "stands 5")
    page = nights.say("Ana", "article 5")
    assert "@Luis on A/1: concern" in page
    assert "“" not in page
    assert "task 1" in nights.say("Ana", "reopen task 1") + nights.say("Ana", "tasks task 1")
    assert nights.say("Luis", "snooze") == "No reminder of yours has come yet. `remind me to WHAT at WHEN` sets one."
    assert nights.say("Luis", "my data") != ""


def test_what_is_still_owed_stays(world: World, nights: Nights) -> None:
    """A message that has not left, and a reminder that waits for it, keep their words, however old."""
    world.write(fill)
    world.write(lambda work: work.put(Reminder(coalition_id=1, member_id=2, words="still", due=NOW - 20 * DAY)))
    reminder_id = world.read(lambda work: work.rows(Reminder)[-1].id)
    owe(world, "Luis", "stuck")

    def stick(work: Work) -> None:
        notice = work.rows(Notice, Notice.key == "owed/Luis")[0]
        notice.occasion, notice.subject_id, notice.state = "reminder.due", reminder_id, NoticeState.SENDING
        notice.send_at = NOW - 20 * DAY
        parcel = Parcel(coalition_id=1, key="p", lane_id=notice.lane_id, kind=notice.kind, content={"blocks": []},
                        created_at=NOW - 20 * DAY)  # fmt: skip
        notice.parcel_id = work.put(parcel).id
        work.rows(Parcel)[0].state = parcel.state

    world.write(stick)
    nights.engine.serve_only(99, "console")  # nothing is sent
    sweep = nights.engine._sweep
    sweep.coalition_id = 1
    world.clock.advance_to(NOW + DAY)
    world.run(sweep.drain())
    assert world.read(lambda work: [row.words for row in work.rows(Reminder)]) == ["zumbralete reminder", "still"]
    world.clock.advance_to(NOW + 9 * DAY)
    world.run(sweep.drain())
    assert world.read(lambda work: [row.words for row in work.rows(Reminder)]) == ["still"]
    assert world.read(lambda work: work.rows(Notice, Notice.key == "owed/Luis")[0].content) is not None
    assert world.read(lambda work: work.rows(Parcel)[0].content) is not None


def test_a_reminder_that_is_far_ahead_can_be_taken_back(world: World, nights: Nights) -> None:
    """What it changed is kept until it has come, since taking the message back cancels it."""
    nights.say("Luis", "remind me to pack on 20 feb")
    nights.say("Luis", "my quiet off")
    nights.wait(days=9)
    assert world.read(lambda work: [row.verb for row in work.rows(Deed)]) == ["remind me"]
    nights.wait(days=25)
    assert world.read(lambda work: (work.rows(Deed), work.rows(Reminder))) == ([], [])


@both
def test_each_coalition_has_its_own_periods(world: World, nights: Nights) -> None:
    """One that shortened is swept sooner; what is no one's goes by the deployment's."""
    other = world.found("Open Records", {"Zoe": (Role.COORDINATOR, "UTC")}, {})
    world.write(lambda work: work.put(Retention(coalition_id=other, sent=2)), other)
    owe(world, "Luis", "ours")

    def act(work: Work) -> None:
        tell(work, member_lane(work, find_member(work, "Zoe").id), NoticeKind.ALERT, message(say("theirs")), key="z",
             now=world.now)  # fmt: skip

    world.write(act, other)
    nights.wait(days=3)
    assert removed(world, other) == {"messages": 1, "parcels": 1}
    assert removed(world) == {}
    kept = world.read(
        lambda work: [row.key for row in work.exec(select(Notice).where(col(Notice.content).is_not(None)))]
    )
    assert kept == ["owed/Luis"]


def test_what_came_in_goes_a_day_later(world: World, nights: Nights) -> None:
    """Within the hour, since nobody waits for the night; it is no one coalition's."""
    nights.say("Ana", "my quiet off")
    nights.wait(hours=23)
    assert world.read(lambda work: [row.body is None for row in work.exec(select(Inbox))]) == [False]
    nights.wait(hours=2, minutes=5)
    nights.say("Ana", "my quiet on")
    assert world.read(lambda work: [row.body is None for row in work.exec(select(Inbox))]) == [True, False]


def test_many_rows_go_in_short_transactions(world: World, nights: Nights) -> None:
    """Each erases so many at most, and all are erased in one night."""
    n = MOST_AT_ONCE + 3

    def act(work: Work) -> None:
        for _ in range(n):
            work.add(Note(coalition_id=1, member_id=2, words="x", noted_at=NOW - 60 * DAY))
        session(work, NOW - 50 * DAY, NOW - 40 * DAY)

    world.write(act)
    nights.wait(days=1)
    assert removed(world) == {"notes": n}


def test_a_missed_night_is_made_up_for_and_none_comes_twice(world: World, nights: Nights) -> None:
    """A process that begins in the morning sweeps then; another one on the same day does not."""
    world.clock.advance_to(NOW + 5 * DAY)
    world.run(nights.engine.settle())
    swept = world.read(lambda work: work.rows(Retention)[0].swept_at)
    assert swept == NOW + 5 * DAY
    world.pass_time(hours=3)
    world.run(Nights(world).engine.settle())
    assert world.read(lambda work: work.rows(Retention)[0].swept_at) == swept
    nights.wait(hours=24)
    assert world.read(lambda work: work.rows(Retention)[0].swept_at) == dt.datetime(2024, 2, 4, 4, tzinfo=dt.UTC)


def test_a_clock_that_was_wrong_does_not_stop_the_sweeps(world: World) -> None:
    """What was swept in a time to come is swept again."""
    world.write(lambda work: work.put(Retention(coalition_id=1, swept_at=NOW + 400 * DAY)))
    world.run(Nights(world).engine.settle())
    assert world.read(lambda work: work.rows(Retention)[0].swept_at) == NOW


def test_only_one_process_sweeps(world: World, nights: Nights) -> None:
    """Who does not have the duty leaves it; it is done when the duty is free."""
    world.clock.advance_to(NOW + DAY)
    other = Nights(world)
    other.engine._duty._holder = "another"
    world.run(other.engine._duty.hold())
    world.run(nights.engine.settle())
    assert world.read(lambda work: work.rows(Retention)) == []
    world.run(other.engine._duty.lay_down())
    world.run(nights.engine.settle())
    assert len(world.read(lambda work: work.rows(Retention))) == 1


def test_a_sweep_that_is_broken_off_goes_on(world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was erased is erased, and the rest follows at the next try."""
    world.write(fill)
    world.clock.advance_to(NOW + 60 * DAY)

    def broken(_work: Work, _due: object) -> int:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setitem(ERASERS, "tasks", broken)
        with pytest.raises(RuntimeError):
            world.run(nights.engine.settle())
    assert world.read(lambda work: (work.rows(Note), work.rows(Retention))) == ([], [])
    world.run(nights.engine.settle())
    assert removed(world) == {"tasks": 1, "deadlines": 1}


# Suspended people


@both
def test_who_was_suspended_is_out_for_good(world: World, nights: Nights) -> None:
    """After thirty days, as `members remove` does it; coordinators hear once, without a name; the audit has a line."""
    world.write(fill)
    world.add_account("Luis", "u0qz7xkwvjh", "console")
    nights.say("Ana", "suspend @Luis")
    nights.wait(days=29, hours=20)
    assert "Suspended: @Luis" in nights.say("Ana", "members")
    shown = len(world.chat.shown)
    nights.wait(days=1)
    told = [sent.text for sent in world.chat.shown[shown:]]
    assert told == [
        "Somebody who was suspended is out for good now: what is kept of them goes then, as `retention` says."
    ]
    assert removed(world)["people"] == 1
    assert sorted(world.chat.forgotten) == ["luis", "u0qz7xkwvjh"]
    assert world.read(lambda work: [row.standing for row in work.rows(Member)][1]) is Standing.FORMER
    nights.wait(days=10)
    found = world.read(decrypted)
    assert [word for word in ("Luis", "u0qz7xkwvjh", "zumbralete digest") if word in found] == []
    assert "the host, `retention`, a former member: done" in nights.say("Ana", "audit")
    assert nights.say("Ana", "unsuspend @Luis").startswith("I know no @luis.")


def test_who_is_let_in_again_stays(world: World, nights: Nights) -> None:
    """The clock stops; a later suspension begins it anew."""
    world.write(lambda work: setattr(find_member(work, "Mei"), "role", Role.COORDINATOR))
    nights.say("Ana", "suspend @Luis")
    nights.wait(days=20)
    nights.say("Mei", "unsuspend @Luis")
    nights.wait(days=20)
    nights.say("Ana", "suspend @Luis")
    nights.wait(days=29)
    assert world.read(lambda work: len(work.rows(Suspension))) == 1


# The verb


@both
def test_what_is_shortened_is_told_and_can_be_undone(world: World, nights: Nights) -> None:
    """The other coordinators hear of it, `undo` takes it back, and the audit has both."""
    world.write(lambda work: setattr(find_member(work, "Mei"), "role", Role.COORDINATOR))
    assert "Say `yes` to go on." in nights.say("Ana", "retention sent to 3 days.")
    assert "It was 7 days after it was sent." in nights.say("Ana", "yes")
    told = [sent.text for sent in world.chat.shown if sent.name == "Mei"]
    assert told == [
        "@Ana changed what is erased when. I erase 3 days after it was sent now, and not 7 days after it was sent: "
        "what I sent, reminders that came, what `undo` would take back."
    ]
    assert world.read(lambda work: keeping_of(work, KEEPING)) == replace(KEEPING, sent=3)
    assert nights.say("Ana", "undo").startswith("Undone: `retention`.")
    assert world.read(lambda work: keeping_of(work, KEEPING)) == KEEPING
    lines = world.read(lambda work: [(row.verb, row.kind, str(row.outcome)) for row in work.rows(Audit)])
    assert lines == [("retention", "retention", "done"), ("retention", "retention", "undone")]


def test_a_period_goes_back_up_to_the_deployments(world: World) -> None:
    """Without a yes; and a deployment that keeps less than a coalition had said is the one that counts."""
    nights = Nights(world, Limits(keeping=replace(KEEPING, closed=10)))
    nights.say("Ana", "retention closed 4d")
    nights.say("Ana", "yes")
    assert nights.say("Ana", "retention closed 11 days") == (
        "I may not keep that for so long: at most 10 days after the session, as whoever hosts me has set it."
    )
    assert "From the sweep of" in nights.say("Ana", "retention closed 1 week")
    assert world.read(lambda work: keeping_of(work, KEEPING).closed) == 7
    assert world.read(lambda work: keeping_of(work, replace(KEEPING, closed=2)).closed) == 2


def test_the_table_says_what_is_due(world: World, nights: Nights) -> None:
    """When the words of the last session go, and when somebody who is suspended is out for good."""
    world.write(fill)
    nights.say("Ana", "suspend @Luis")
    answer = nights.say("Ana", "retention")
    assert "What was written for First goes Wed 28 Feb 2024 05:00 Vienna, or after a session that is on then." in answer
    assert "1 person is suspended, and out for good Thu 29 Feb 2024 05:00 Vienna." in answer
    assert "Next sweep: Tue 30 Jan 2024 05:00 Vienna." in answer
    assert "Last sweep" not in answer
    nights.wait(days=1)
    assert "Last sweep: Tue 30 Jan 05:00 Vienna; it erased" not in nights.say("Ana", "retention")


def test_the_table_says_what_waits_for_a_session(world: World, nights: Nights) -> None:
    """What is over its time and in use; once it is gone, nothing is said of it."""
    world.write(fill)
    world.write(lambda work: session(work, NOW + 20 * DAY, NOW + 34 * DAY, "Second"))
    nights.wait(days=32)
    waits = "What was written for First goes when the session that is on now is over."
    assert waits in nights.say("Ana", "retention").splitlines()
    assert "zumbralete note" in world.read(decrypted)
    nights.wait(days=4)
    assert "What was written for Second goes" in nights.say("Ana", "retention")
    assert "zumbralete note" not in world.read(decrypted)
    nights.wait(days=40)
    assert "What was written" not in nights.say("Ana", "retention")


def test_status_tells_of_nights_without_a_sweep(world: World) -> None:
    """Where no process does it, or another program holds the files; after a sweep, of what that removed."""
    talk = Conversation(world, command_table(), writers())
    world.pass_time(days=3)
    lines = talk.say("Ana", "status")[0].splitlines()
    assert "- I have erased nothing since Mon 29 Jan 14:00 Vienna, though I should every night." in lines
    world.run(Nights(world).engine.settle())
    lines = talk.say("Ana", "status")[0].splitlines()
    assert "Last sweep: Thu 1 Feb 14:00 Vienna; nothing was over its time." in lines
    world.write(lambda work: owe_scrub(work, world.now))
    assert "the database's files" not in talk.say("Ana", "status")[0]
    world.write(lambda work: setattr(work.get_one(Pulse, SCRUB), "at", world.now - 4 * DAY))
    assert "Since Sun 28 Jan 14:00 Vienna what I erase stays in the database's files" in talk.say("Ana", "status")[0]


def test_a_person_is_told_how_long_their_things_are_kept(world: World) -> None:
    """`my data` says the days that hold in the coalition."""
    keeping = replace(KEEPING, sent=1, closed=14)
    file = world.read(lambda work: data_files(work, NOW, find_member(work, "Luis"), "console", keeping)[1])
    kept = json.loads(file.content)["kept"]
    assert kept["reminders"]["goes"] == "Gone 1 day after they came."
    assert kept["notes"]["goes"] == "Gone 14 days after the session."
    assert kept["said"]["goes"] == "The words go 1 day after they were done."


# The files


def sealed(path: Path) -> list[bytes]:
    """Give what is in the sealed columns of a SQLite database, as it stands in its file."""
    columns = (("review", "note"), ("review", "wording"), ("note", "words"), ("reminder", "words"),
               ("deadline", "title"), ("task", "words"), ("deed", "journal"), ("confirmation", "invocation"),
               ("notice", "content"), ("parcel", "content"), ("inbox", "body"))  # fmt: skip
    with closing(sqlite3.connect(path)) as database:
        rows = [database.execute(f"SELECT {column} FROM {table}").fetchall() for table, column in columns]
    return [value for found in rows for (value,) in found if value is not None]


def files(path: Path) -> bytes:
    """Give the database's files, its log among them."""
    return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))


def test_what_is_swept_is_in_no_file(world: World, nights: Nights) -> None:
    """Not in clear, and not encrypted either: neither in the database nor in its write-ahead log."""
    world.write(fill)
    nights.say("Luis", "remind me to pack in 2h")
    world.run(world.store.write(None, lambda work: work.execute(text("UPDATE text SET name = 'Convention'"))))
    before = sealed(world.path)
    assert len(before) > 12
    assert all(value in files(world.path) for value in before)
    assert world.path.with_name(f"{world.path.name}-wal").stat().st_size > 0
    nights.wait(days=60)
    kept, found = sealed(world.path), files(world.path)
    assert [value for value in before if value in found and value not in kept] == []
    assert [value for value in before if value in kept] == []
    assert b"zumbralete" not in found


def test_a_scrub_that_cannot_be_is_made_up_for(
    world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While another process writes, or just reads, it waits ten minutes and says nothing; then the files are clean."""
    monkeypatch.setattr("storage.scrubbing.BUSY_SECONDS", 0)
    world.write(fill)
    world.clock.advance_to(NOW + 60 * DAY)
    drain = nights.engine._sweep.drain
    scrub = world.store.scrub
    with closing(sqlite3.connect(world.path, isolation_level=None)) as other:

        async def held() -> bool:
            other.execute("BEGIN IMMEDIATE")
            try:
                return await scrub()
            finally:
                other.execute("ROLLBACK")

        monkeypatch.setattr(world.store, "scrub", held)
        assert world.run(drain()) is True
        assert world.read(scrub_owed) is not None
        monkeypatch.undo()
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM text").fetchall()
        world.clock.advance_to(world.now + AGAIN_AFTER)
        assert world.run(drain()) is False
        assert world.read(scrub_owed) is not None
    world.clock.advance_to(world.now + AGAIN_AFTER)
    assert world.run(drain()) is False
    assert world.read(scrub_owed) is None
    assert capsys.readouterr().out.count("\n") == 1


def test_files_are_scrubbed_once_a_night_and_only_for_a_reason(
    world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night on which nothing was over its time writes no database anew."""
    scrubbed: list[dt.datetime] = []

    async def scrub() -> bool:
        scrubbed.append(world.now)
        return True

    monkeypatch.setattr(world.store, "scrub", scrub)
    nights.wait(days=3)
    assert scrubbed == []
    owe(world, "Luis", "words")
    nights.wait(days=12)
    assert scrubbed == [dt.datetime(2024, 2, 9, 4, tzinfo=dt.UTC)]


def test_one_line_with_counts_alone_is_logged(world: World, nights: Nights, capsys: pytest.CaptureFixture[str]) -> None:
    """No name, no word, and nothing of a coalition but that there is one."""
    world.write(fill)
    world.clock.advance_to(NOW + 60 * DAY)
    capsys.readouterr()
    world.run(nights.engine._sweep.drain())
    [line] = capsys.readouterr().out.splitlines()
    assert "swept" in line
    assert "coalitions=1 commands=2 deadlines=1 notes=1 reminders=1 reviews=1 tasks=1" in line
