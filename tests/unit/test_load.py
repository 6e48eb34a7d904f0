"""Loading a coalition from a file: everything in one transaction, and again only what the file changed."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.calendar_load import load_calendar
from bot.ics import CalendarProblem
from bot.load import load_file
from bot.loadfile import LoadProblem
from bot.merge import merge, plain
from bot.message import Message
from bot.plain import Reader
from bot.plain import plain as as_text
from bot.provisions import current_draft, current_provisions
from storage.cipher import Keyring
from storage.coalitions import create
from storage.migrate import upgrade
from storage.tables import (
    Coalition,
    Draft,
    Identity,
    Meeting,
    MeetingState,
    Member,
    Notice,
    OnTable,
    Role,
    Room,
    Task,
)  # fmt: skip
from storage.work import Store, Work

T = TypeVar("T")

NOW = dt.datetime(2024, 1, 20, 12, tzinfo=dt.UTC)
DEMO = Path(__file__).parents[2] / "config" / "demo"

HEAD = """
[coalition]
name = "Test Coalition"
timezone = "Europe/Vienna"
"""
PEOPLE = """
[[members]]
name = "Ana"
role = "coordinator"
timezone = "America/Bogota"
slack = "U001"
[[members]]
name = "Luis"
organisation = "Puente"
[[rooms]]
name = "general"
purposes = ["countdown", "tasks"]
countdown = ["10m", "1h30m"]
digest_at = "7pm"
[[rooms]]
name = "alerts"
purposes = ["alerts"]
slack = "C001"
"""
SESSION = """
[[sessions]]
name = "First session"
timezone = "America/New_York"
[[sessions.meetings]]
id = "p1"
title = "Plenary"
start = 2024-01-29T10:00:00
end = 2024-01-29T13:00:00
place = "Room 4"
provisions = ["articles 5-6"]
[[sessions.meetings]]
title = "Informals"
start = 2024-01-29T15:00:00+01:00
end = 2024-01-29T18:00:00+01:00
"""
TEXT = """
[[texts]]
name = "Convention"
[[texts.drafts]]
symbol = "L.3/Rev.1"
file = "rev1.txt"
date = 2023-12-11
"""
SECOND = """
[[texts.drafts]]
symbol = "L.3/Rev.2"
file = "rev2.txt"
date = 2024-02-02
"""
PROGRAMME = HEAD + PEOPLE + SESSION
WHOLE = PROGRAMME + TEXT


class House:
    """A deployment in a folder, with what a test does to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite+aiosqlite:///{folder}/a.db"
        self.keyring = Keyring([bytes(32)])
        for number in (1, 2):
            (folder / f"rev{number}.txt").write_bytes((DEMO / f"convention-rev{number}.txt").read_bytes())

    def load(self, words: str, now: dt.datetime = NOW) -> list[str]:
        (self.folder / "c.toml").write_text(words, "utf-8")
        return self._run(lambda store: load_file(store, self.folder / "c.toml", now))

    def refused(self, words: str) -> str:
        with pytest.raises(LoadProblem) as problem:
            self.load(words)
        return str(problem.value)

    def calendar(self, words: str, session: str = "First session", now: dt.datetime = NOW) -> list[str]:
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", *words.strip().splitlines(), "END:VCALENDAR", ""]
        (self.folder / "c.ics").write_text("\r\n".join(lines), "utf-8")
        return self._run(lambda store: load_calendar(store, self.folder / "c.ics", session, None, now))

    def do(self, act: Callable[[Work], T], coalition_id: int | None = 1) -> T:
        return self._run(lambda store: store.write(coalition_id, act))

    def told(self) -> list[str]:
        """Give what was said to people, as text."""

        def ask(work: Work) -> list[str]:
            rows = work.rows(Notice, col(Notice.occasion).in_(("", "told.programme")))
            return [as_text(Message.from_data(row.content or {}), Reader(ZoneInfo("UTC"))) for row in rows]

        return self.do(ask)

    def _run(self, act: Callable[[Store], Awaitable[T]]) -> T:
        async def run() -> T:
            store = Store(self.url, self.keyring)
            try:
                return await act(store)
            finally:
                await store.close()

        return asyncio.run(run())


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a database file with all tables and nothing in them, migrated once for all tests here."""
    path = tmp_path_factory.mktemp("empty") / "a.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def house(tmp_path: Path, empty: Path) -> House:
    """Give an empty deployment."""
    shutil.copy(empty, tmp_path / "a.db")
    return House(tmp_path)


def set_member(alias: str, **fields: Any) -> Callable[[Work], None]:
    """Change a member as chat would."""

    def act(work: Work) -> None:
        row = next(row for row in work.rows(Member) if row.alias == alias)
        for name, value in fields.items():
            setattr(row, name, value)

    return act


def test_a_file_becomes_a_coalition(house: House) -> None:
    """People, accounts, rooms, programme and text are in, each with what the file says or its default."""
    house.load(WHOLE)

    def ask(work: Work) -> dict[str, Any]:
        meetings = work.rows(Meeting)
        return {
            "members": [(row.alias, row.organisation, row.role, row.timezone) for row in work.rows(Member)],
            "accounts": [(row.member_id, row.platform, row.address) for row in work.rows(Identity)],
            "rooms": [(row.name, row.platform, row.address, row.purposes, row.countdown, row.digest_at)
                      for row in work.rows(Room)],
            "starts": [row.starts_at for row in meetings],
            "table": [row.target for row in work.rows(OnTable) if row.meeting_id == meetings[0].id],
            "resolved": all(row.lineage_id for row in work.rows(OnTable)),
            "draft": (draft.symbol, draft.provisions) if (draft := current_draft(work)) else None,
            "marks": [row.fingerprint for row in work.rows(Identity)],
        }  # fmt: skip

    found = house.do(ask)
    assert found.pop("marks") == [house.keyring.fingerprint(address) for address in ("ana", "U001", "luis")]
    assert found == {
        "members": [
            ("Ana", "", Role.COORDINATOR, "America/Bogota"),
            ("Luis", "Puente", Role.MEMBER, "Europe/Vienna"),
        ],
        "accounts": [(1, "console", "ana"), (1, "slack", "U001"), (2, "console", "luis")],
        "rooms": [
            ("general", "console", "general", ["countdown", "tasks"], [90, 10], "19:00"),
            ("alerts", "slack", "C001", ["alerts"], [30], "19:30"),
        ],
        "starts": [dt.datetime(2024, 1, 29, 15, tzinfo=dt.UTC), dt.datetime(2024, 1, 29, 14, tzinfo=dt.UTC)],
        "table": ["article 5-6"] * 2,
        "resolved": True,
        "draft": ("L.3/Rev.1", 19),
    }
    assert house.told() == []


def test_again_there_is_nothing_to_change(house: House) -> None:
    """The same file twice says so and writes no fact, whatever became of its drafts' files."""
    house.load(WHOLE)
    changes = house.do(lambda work: work.get_one(Coalition, 1).changes)
    (house.folder / "rev1.txt").unlink()
    assert house.load(WHOLE) == ["nothing to change"]
    assert house.do(lambda work: work.get_one(Coalition, 1).changes) == changes


def test_a_reload_applies_what_the_file_changed_and_keeps_what_chat_did(house: House) -> None:
    """Changed in chat only: stays and is told. Changed in the file, also if in chat too: the file's word holds."""
    house.load(PROGRAMME)
    house.do(set_member("Ana", timezone="Asia/Tokyo"))
    house.do(set_member("Luis", organisation="Ponte"))
    assert house.load(PROGRAMME.replace("Puente", "Bridge")) == [
        "member Luis: organisation Ponte → Bridge",
        "member Ana: time zone stays Asia/Tokyo, as set in chat (the file says America/Bogota)",
    ]
    assert house.load(PROGRAMME.replace("Puente", "Bridge").replace("America/Bogota", "America/Lima")) == [
        "member Ana: time zone Asia/Tokyo → America/Lima"
    ]


def test_the_last_coordinator_stays_one(house: House) -> None:
    """A file that demotes everybody who coordinates is refused whole; with a successor in it, it is applied."""
    house.load(PROGRAMME)
    demoted = PROGRAMME.replace('role = "coordinator"', 'role = "member"')
    assert house.refused(demoted.replace("Puente", "Bridge")) == (
        "c.toml: [[members]] 1, role: the coalition would have no coordinator then: make somebody else one first."
    )
    assert house.load(PROGRAMME)[0] == "nothing to change"
    assert house.load(demoted.replace('"Luis"', '"Luis"\nrole = "coordinator"')) == [
        "member Ana: role coordinator → member",
        "member Luis: role member → coordinator",
    ]


def test_ids_survive_a_rename(house: House) -> None:
    """With an id a member is renamed, account and all; without one, they are somebody new."""
    named = HEAD + '[[members]]\nid = "m1"\nname = "Ana"\n'
    house.load(named)
    assert house.load(named.replace("Ana", "Anahi")) == ["member Ana: name Ana → Anahi"]
    assert house.do(lambda work: [row.address for row in work.rows(Identity)]) == ["anahi"]
    assert house.load(named.replace("Ana", "Mei").replace('id = "m1"\n', "")) == [
        "added member Mei",
        "member Anahi is no longer in the file and stays a member",
    ]


def test_who_left_in_chat_stays_away(house: House) -> None:
    """A member whom chat removed is not brought back by the same file."""
    house.load(HEAD + '[[members]]\nname = "Ana"\n')

    def leave(work: Work) -> None:
        for table in (Identity, Member):
            for row in work.rows(table):
                work.delete(row)
                work.flush()

    house.do(leave)
    assert house.load(HEAD + '[[members]]\nname = "Ana"\n') == [
        "nothing to change",
        "member Ana left in chat and is not added again",
    ]


def test_who_came_by_chat_is_not_stripped(house: House) -> None:
    """A member who joined in chat and is put into the file later keeps what the file does not speak of."""
    house.load(HEAD)

    def join(work: Work) -> None:
        member = work.put(Member(coalition_id=1, alias="Farah", organisation="Saffron", timezone="Asia/Karachi"))
        work.put(
            Identity(
                coalition_id=1, member_id=member.id, platform="slack", address="U9",
                fingerprint=house.keyring.fingerprint("U9"),
            )
        )  # fmt: skip

    house.do(join)
    listed = HEAD + '[[members]]\nname = "farah"\nrole = "coordinator"\n'
    assert house.load(listed) == ["member Farah: name Farah → farah, role member → coordinator"]
    assert house.load(listed) == ["nothing to change"]
    assert house.do(lambda work: [(row.organisation, row.timezone) for row in work.rows(Member)]) == [
        ("Saffron", "Asia/Karachi")
    ]
    assert house.do(lambda work: sorted(row.address for row in work.rows(Identity))) == ["U9", "farah"]


def test_a_changed_programme_is_applied_and_told(house: House) -> None:
    """A meeting that moved keeps its row; one that is gone is cancelled; owner and room hear each once."""
    house.load(WHOLE)

    def assign(work: Work) -> None:
        lineage = next(row.lineage_id for row in current_provisions(work) if row.label == "5")
        work.put(Task(coalition_id=1, number=1, lineage_id=lineage, lead_id=2, assigned_at=NOW, accepted_at=NOW))

    house.do(assign)
    moved = WHOLE.replace("2024-01-29T10:00:00", "2024-01-30T11:00:00").replace(
        "2024-01-29T13:00:00", "2024-01-30T13:00:00"
    )
    moved = moved[: moved.index('[[sessions.meetings]]\ntitle = "Informals"')] + TEXT
    assert house.load(moved) == [
        "meeting Plenary moved from Mon 29 Jan 2024 10:00 to Tue 30 Jan 2024 11:00",
        "meeting Informals, Mon 29 Jan 2024 09:00 is cancelled",
    ]
    assert house.do(lambda work: [(row.id, row.state) for row in work.rows(Meeting)]) == [
        (1, MeetingState.PLANNED),
        (2, MeetingState.CANCELLED),
    ]
    told = house.told()
    assert sorted(line.split(".")[0][:40] for line in told) == [
        "Informals is cancelled; it was to begin ",
        "Plenary, articles 5, 6 moved to Tue 30 J",
        "Plenary, articles 5, 6 moved to Tue 30 J",
    ]
    assert house.load(moved) == ["nothing to change"]
    assert house.told() == told


def test_a_meeting_changed_in_chat_stays(house: House) -> None:
    """The same file does not move a meeting back, nor hold one that chat cancelled."""
    house.load(PROGRAMME)

    def change(work: Work) -> None:
        first, second = work.rows(Meeting)
        first.starts_at += dt.timedelta(minutes=20)
        second.state = MeetingState.CANCELLED

    house.do(change)
    assert house.load(PROGRAMME) == [
        "nothing to change",
        "meeting Plenary, Mon 29 Jan 2024 10:20: start stays 2024-01-29 15:20 UTC, as set in chat (the file says "
        "2024-01-29 15:00 UTC)",
        "meeting Informals, Mon 29 Jan 2024 09:00 stays cancelled, as said in chat",
    ]


def test_a_later_draft_carries_lineages_and_alerts_nobody(house: House) -> None:
    """A draft added to the file is compared with the one in force; the one that is there is not read again."""
    house.load(WHOLE)
    (house.folder / "rev1.txt").unlink()
    assert house.load(WHOLE + SECOND) == ["added draft L.3/Rev.2 with 20 provisions"]

    def ask(work: Work) -> tuple[Any, ...]:
        first, second = work.rows(Draft)
        provisions = {row.label: row.lineage_id for row in current_provisions(work)}
        tabled = {row.lineage_id for row in work.rows(OnTable)}
        return second.base_id == first.id, tabled == {provisions["6"], provisions["7"]}

    assert house.do(ask) == (True, True)
    assert house.told() == []


def test_a_file_replaced_under_a_published_draft_is_told(house: House) -> None:
    """What was published is not replaced by another file under the same symbol."""
    house.load(WHOLE)
    (house.folder / "rev1.txt").write_bytes((house.folder / "rev2.txt").read_bytes())
    assert house.load(WHOLE) == [
        "nothing to change",
        "draft L.3/Rev.1 stays as it was loaded, though its file is another now: new text comes with `draft add` or "
        "under a new symbol",
    ]


def test_the_placeholder_takes_the_first_name(house: House) -> None:
    """What `init` made becomes the file's coalition; the next file's is another, and the two stay apart."""
    house.do(lambda work: create(work, "Coalition", NOW), None)
    assert house.load(HEAD)[0] == "coalition: name Coalition → Test Coalition, time zone UTC → Europe/Vienna"
    assert house.load(HEAD.replace("Test", "Other") + PEOPLE.replace("C001", "C002"))[0] == (
        "added coalition Other Coalition"
    )
    assert house.do(lambda work: work.rows(Member), 1) == []
    assert len(house.do(lambda work: work.rows(Member), 2)) == 2
    assert house.refused(HEAD + '[[rooms]]\nname = "x"\nslack = "C002"\n') == (
        "c.toml: [[rooms]] 1, slack: another coalition is served in this room already."
    )


def test_what_is_refused_changes_nothing(house: House) -> None:
    """The last table's mistake undoes all before it; the next load starts from nothing."""
    wrong = WHOLE.replace("articles 5-6", "article 99")
    assert house.refused(wrong) == (
        "c.toml: [[sessions]] 1 [[sessions.meetings]] 1, provisions: This draft has no article 99. Did you mean "
        "article 9?"
    )
    assert house.do(lambda work: list(work.exec(select(Coalition.id))), None) == []
    assert house.load(WHOLE)[0] == "added coalition Test Coalition"


MEETING = '[[sessions]]\nname = "s"\ntimezone = "America/New_York"\n[[sessions.meetings]]\ntitle = "a"\n'
AT = "[[sessions]] 1 [[sessions.meetings]] 1"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("x = ", "is not valid TOML: "),
        ("", "[coalition]: it is missing."),
        (HEAD + "tz = 1", "[coalition]: unknown key “tz”: it can be name, timezone, language."),
        (HEAD + "[[member]]", "the file: unknown key “member”: did you mean “members”?"),
        (HEAD + "[[members]]\nnmae = 'x'", "[[members]] 1, name: it is missing."),
        (HEAD + "[[members]]\nname = 'x'\nrole = 'memebr'",
         "[[members]] 1, role: “memebr” is no role: did you mean “member”?"),
        (HEAD + "[[members]]\nname = 'x'\ntimezone = 'Europe/Viena'",
         "[[members]] 1, timezone: I know no zone “Europe/Viena”. Did you mean `Europe/Vienna`?"),
        (HEAD + "[[members]]\nname = 'x'\n[[members]]\nname = 'X'",
         "[[members]] 2, name: it is the same as another one's above; each needs its own."),
        (HEAD + "[[rooms]]\nname = 'x'\nlabel = 'closed'\nslack = 'C001'",
         "[[rooms]] 1: a room in Slack is never above “coalition”."),
        (HEAD + "[[rooms]]\nname = 'x'\npurposes = ['alert']",
         "[[rooms]] 1, purposes: “alert” is no purpose: did you mean “alerts”?"),
        (HEAD + "[[rooms]]\nname = 'x'\ncountdown = ['30']",
         "[[rooms]] 1, countdown: “30” of what? For example: `20m`, `2h30m`, `3d`."),
        (HEAD + MEETING + "start = 2024-03-10T02:30:00\nend = 2024-03-10T05:00:00",
         f"{AT}, start: Sun 10 Mar 2024 02:30 does not exist in America/New_York, where clocks go forward. Please "
         "write `2024-03-10 01:30:00-05:00` or `2024-03-10 03:30:00-04:00`."),
        (HEAD + MEETING + "start = 2024-11-03T00:30:00\nend = 2024-11-03T01:30:00",
         f"{AT}, end: Sun 3 Nov 2024 01:30 comes twice in America/New_York, where clocks go back. Please write "
         "`2024-11-03 01:30:00-04:00` or `2024-11-03 01:30:00-05:00`."),
        (HEAD + MEETING + "start = 2024-03-10T10:00:00\nend = 2024-03-10T10:00:00",
         f"{AT}, end: it must be later than the start."),
        (HEAD + MEETING + "start = 2024-03-10\nend = 2024-03-10",
         f"{AT}, start: it must be a date and time, such as 2024-01-29T10:00:00 without quotes."),
        (HEAD + TEXT.replace("rev1", "rev9"),
         "[[texts]] 1 [[texts.drafts]] 1, file: there is no such file; its path counts from the folder of this one."),
        (HEAD + TEXT.replace("rev1.txt", "c.toml"), "[[texts]] 1 [[texts.drafts]] 1, file: "),
        (HEAD + TEXT + 'language = "fr"',
         "[[texts]] 1 [[texts.drafts]] 1, language: the text is in “en”, not in “fr”."),
        (HEAD + TEXT + SECOND.replace("2024-02-02", "2023-02-02"),
         "[[texts]] 1 [[texts.drafts]] 2, date: it is older than the draft before it; the oldest comes first."),
    ],
)  # fmt: skip
def test_mistakes_are_one_sentence(house: House, words: str, sentence: str) -> None:
    """File, table and key are named, with the nearest match or the readings there are."""
    said = house.refused(words)
    assert said.startswith("c.toml")
    assert "\n" not in said
    assert said.endswith(sentence) or (sentence.endswith(" ") and sentence in said)


EVENT = """BEGIN:VEVENT
UID:a
SUMMARY:Plenary
LOCATION:Room 4
DTSTART:20240130T150000Z
DTEND:20240130T180000Z
RRULE:FREQ=DAILY;COUNT=2
END:VEVENT
BEGIN:VEVENT
UID:b
SUMMARY:Reception
DTSTART;VALUE=DATE:20240131
END:VEVENT"""
MOVED = """
BEGIN:VEVENT
UID:a
RECURRENCE-ID:20240131T150000Z
SUMMARY:Plenary
LOCATION:Room 4
DTSTART:20240131T160000Z
DTEND:20240131T180000Z
END:VEVENT"""


def test_a_calendar_is_loaded_and_loaded_again(house: House) -> None:
    """Instances keep their identity: the one that moves is moved and told, the one that is gone is cancelled."""
    house.load(HEAD + PEOPLE + SESSION.split("[[sessions.meetings]]", maxsplit=1)[0])
    assert house.calendar(EVENT) == [
        "added meeting Plenary, Tue 30 Jan 2024 10:00",
        "added meeting Plenary, Wed 31 Jan 2024 10:00",
        "left out, since it has no time: Reception",
    ]
    assert house.told() == []
    assert house.calendar(EVENT)[0] == "nothing to change"
    assert house.calendar(EVENT + MOVED)[0] == (
        "meeting Plenary moved from Wed 31 Jan 2024 10:00 to Wed 31 Jan 2024 11:00"
    )
    cancelled = (EVENT + MOVED).replace("RRULE:FREQ=DAILY;COUNT=2", "RRULE:FREQ=DAILY;COUNT=2\nEXDATE:20240130T150000Z")
    assert house.calendar(cancelled)[0] == "meeting Plenary, Tue 30 Jan 2024 10:00 is cancelled"
    assert [line.split(";")[0] for line in house.told()] == [
        "Plenary moved to Wed 31 Jan 11:00 New York (16:00 UTC), Room 4",
        "Plenary is cancelled",
    ]


def test_a_calendar_without_end_is_taken_for_a_year(house: House) -> None:
    """What repeats for ever is cut, and the file's own meetings are not touched."""
    house.load(HEAD + SESSION.replace('provisions = ["articles 5-6"]', ""))
    monthly = EVENT.replace("FREQ=DAILY;COUNT=2", "FREQ=MONTHLY")
    report = house.calendar(monthly)
    # A year of months and what is left of the next, but February has no 30th.
    assert len([line for line in report if line.startswith("added meeting")]) == 12
    assert report[-1] == (
        "Plenary repeats without end: its meetings until Sun 2 Mar 2025 are taken, the later ones when the file is "
        "loaded again"
    )
    assert house.do(lambda work: [row.state for row in work.rows(Meeting)][:2]) == [MeetingState.PLANNED] * 2
    assert house.calendar(monthly)[0] == "nothing to change"
    assert len([line for line in house.calendar(monthly, now=NOW + dt.timedelta(days=70)) if "added" in line]) == 1
    assert house.calendar(monthly)[0] == "nothing to change"


LATER = """
BEGIN:VEVENT
UID:later
SUMMARY:Closing plenary
DTSTART:20280317T150000Z
END:VEVENT"""


@pytest.mark.parametrize("now", [NOW, NOW + dt.timedelta(days=9000)])
def test_one_bad_entry_cancels_nothing(house: House, now: dt.datetime) -> None:
    """A calendar with a time that does not exist is refused whole, with the two readings, file and meeting named."""
    house.load(HEAD + SESSION.split("[[sessions.meetings]]", maxsplit=1)[0])
    assert house.calendar(LATER)[0] == "added meeting Closing plenary, Fri 17 Mar 2028 11:00"
    gap = LATER.replace("20280317T150000Z", "20280312T023000").replace("later", "gap").replace("Closing", "Night")
    with pytest.raises(CalendarProblem) as problem:
        house.calendar(LATER + gap, now=now)
    assert str(problem.value) == (
        "c.ics: “Night plenary”: Sun 12 Mar 2028 02:30 does not exist in America/New_York, where clocks go forward. "
        "Please write `2028-03-12 01:30:00-05:00` or `2028-03-12 03:30:00-04:00`."
    )
    assert house.do(lambda work: [row.state for row in work.rows(Meeting)]) == [MeetingState.PLANNED]


def test_what_repeats_without_end_cancels_nothing(house: House) -> None:
    """The meetings beside it are taken whenever they are, and it is taken from its beginning on."""
    house.load(HEAD + SESSION.split("[[sessions.meetings]]", maxsplit=1)[0])
    house.calendar(LATER)
    weekly = LATER.replace("later", "weekly").replace("END:", "RRULE:FREQ=WEEKLY\nEND:").replace("Closing", "Weekly")
    report = house.calendar(LATER + weekly)
    assert [line for line in report if "cancelled" in line] == []
    assert report[0] == "added meeting Weekly plenary, Fri 17 Mar 2028 11:00"
    assert house.do(lambda work: {row.state for row in work.rows(Meeting)}) == {MeetingState.PLANNED}


def test_an_empty_calendar_cancels_nothing(house: House) -> None:
    """A calendar in which there is nothing is refused once meetings came from one; before, there is nothing to lose."""
    house.load(HEAD + PEOPLE + SESSION.split("[[sessions.meetings]]", maxsplit=1)[0])
    assert house.calendar("")[0] == "nothing to change"
    house.calendar(EVENT)
    with pytest.raises(LoadProblem, match="has no meetings"):
        house.calendar("")
    assert house.calendar(EVENT)[0] == "nothing to change"


def test_a_calendar_needs_its_session(house: House) -> None:
    """An unknown session gets the nearest one, and a broken file its own sentence."""
    house.load(HEAD + SESSION.replace('provisions = ["articles 5-6"]', ""))
    with pytest.raises(LoadProblem, match=r"There is no session “Frist session”\. Did you mean “First session”\?"):
        house.calendar(EVENT, "Frist session")
    with pytest.raises(CalendarProblem):
        house.calendar(EVENT.replace("20240130T150000Z", "yesterday"))


VALUES = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), min_size=3)


@given(VALUES, VALUES, VALUES)
def test_the_law_of_three(file: dict[str, int], loaded: dict[str, int], row: dict[str, int]) -> None:
    """After a merge each field has the file's new word, or what it had where the file says nothing new."""
    found = merge(file, loaded, row)
    after = {**row, **found.apply}
    assert after == {name: row[name] if said == loaded[name] else said for name, said in file.items()}
    assert set(found.kept) == {name for name, said in file.items() if after[name] != said}
    assert merge(file, plain(file), after).apply == {}
