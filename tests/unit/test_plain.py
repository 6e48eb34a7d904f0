"""Plain text: the time a reader sees is the moment meant, and each block reads without its colours."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.message import (
    Actions,
    File,
    Heading,
    Link,
    List,
    Mention,
    Moment,
    Redline,
    Table,
    Text,
    actions,
    joined,
    message,
    say,
)  # fmt: skip
from bot.plain import Reader, clock_words, moment_words, plain

VIENNA, NEW_YORK = ZoneInfo("Europe/Vienna"), ZoneInfo("America/New_York")
ZONES = [
    ZoneInfo(name)
    for name in """UTC Europe/Vienna America/New_York Asia/Kathmandu Australia/Lord_Howe Pacific/Apia
    Africa/Nairobi""".split()
]

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
minutes = st.integers(0, 3 * 366 * 24 * 60).map(lambda passed: START + dt.timedelta(minutes=passed))


def read_back(words: str, zone: ZoneInfo, year: int, day: dt.date | None = None) -> set[dt.datetime]:
    """Read words like "Tue 6 Feb 15:00" as a person in the zone would; two moments where the clock is set back."""
    parts = re.fullmatch(r"(?:(\w{3}) (\d+) (\w{3}) )?(?:(\d{4}) )?(\d\d:\d\d)", words)
    assert parts is not None
    weekday, number, month, given_year, clock = parts.groups()
    if number:
        day = dt.datetime.strptime(f"{number} {month} {given_year or year} +0000", "%d %b %Y %z").date()
        assert day.strftime("%a") == weekday
    assert day is not None
    local = dt.datetime.combine(day, dt.time.fromisoformat(clock), zone)
    return {local.astimezone(dt.UTC), local.replace(fold=1).astimezone(dt.UTC)}


@given(minutes, st.sampled_from(ZONES), st.sampled_from(["moment", "full"]))
def test_the_time_a_reader_sees_is_the_moment_meant(at: dt.datetime, zone: ZoneInfo, shape: str) -> None:
    """Read back in the reader's zone, the words give the instant."""
    words = clock_words(at, zone, shape, "en")
    assert at in read_back(words, zone, at.astimezone(zone).year)


@given(minutes, st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_both_times_of_one_moment_are_that_moment(at: dt.datetime, own: ZoneInfo, venue: ZoneInfo) -> None:
    """The reader's own time and the venue's beside it mean the same instant, on other days too."""
    words = moment_words(Moment(at, venue.key), Reader(own, personal=True))
    both = re.fullmatch(r"(?P<own>.+\d\d:\d\d) your time \((?P<venue>.*\d\d:\d\d) (?P<city>[\w ]+)\)", words)
    day, year = at.astimezone(own).date(), at.astimezone(own).year
    if both is None:
        assert words.endswith(" " + own.key.rpartition("/")[2].replace("_", " "))
        assert at in read_back(words[: words.rindex(":") + 3], own, year)
        assert at.astimezone(own).utcoffset() == at.astimezone(venue).utcoffset()
    else:
        assert at in read_back(both["own"], own, year)
        assert at in read_back(both["venue"], venue, at.astimezone(venue).year, day)


@given(minutes, st.sampled_from(ZONES))
def test_a_room_sees_the_venue_and_utc(at: dt.datetime, venue: ZoneInfo) -> None:
    """Without a time of its own for each reader, a room shows two that anybody can work from."""
    words = moment_words(Moment(at, venue.key), Reader(VIENNA))
    day = at.astimezone(venue).date()
    seen = re.fullmatch(r"(?P<venue>.+\d\d:\d\d) (?P<city>[A-Z][\w ]+?)(?: \((?P<utc>.*\d\d:\d\d) UTC\))?", words)
    assert seen is not None
    assert at in read_back(seen["venue"], venue, at.astimezone(venue).year)
    if venue.key != "UTC":
        assert read_back(seen["utc"], ZoneInfo("UTC"), at.year, day) == {at}


@pytest.mark.parametrize(
    ("at", "own", "venue", "seen"),
    [
        ("2024-03-09T15:00Z", VIENNA, NEW_YORK, "Sat 9 Mar 16:00 your time (10:00 New York)"),
        ("2024-03-10T14:00Z", VIENNA, NEW_YORK, "Sun 10 Mar 15:00 your time (10:00 New York)"),
        ("2024-03-30T09:00Z", NEW_YORK, VIENNA, "Sat 30 Mar 05:00 your time (10:00 Vienna)"),
        ("2024-03-31T08:00Z", NEW_YORK, VIENNA, "Sun 31 Mar 04:00 your time (10:00 Vienna)"),
        ("2024-02-06T23:30Z", VIENNA, NEW_YORK, "Wed 7 Feb 00:30 your time (Tue 6 Feb 18:30 New York)"),
        ("2024-02-06T20:00Z", NEW_YORK, NEW_YORK, "Tue 6 Feb 15:00 New York"),
    ],
)
def test_one_person_sees_their_own_time_and_the_venues(at: str, own: ZoneInfo, venue: ZoneInfo, seen: str) -> None:
    """Right on the days when New York (10 March) and Vienna (31 March) change their clocks, and over midnight."""
    assert moment_words(Moment(dt.datetime.fromisoformat(at), venue.key), Reader(own, personal=True)) == seen


@pytest.mark.parametrize(
    ("shape", "person", "room"),
    [
        ("full", "Tue 6 Feb 2024 21:00 your time (15:00 New York)", "Tue 6 Feb 2024 15:00 New York (20:00 UTC)"),
        ("time", "21:00 your time (15:00 New York)", "15:00 New York (20:00 UTC)"),
        ("day", "Tue 6 Feb", "Tue 6 Feb"),
    ],
)
def test_the_other_shapes(shape: str, person: str, room: str) -> None:
    """With the year, the time alone, and the day alone, which is the venue's."""
    moment = Moment(dt.datetime(2024, 2, 6, 20, tzinfo=dt.UTC), "America/New_York", shape)
    assert moment_words(moment, Reader(VIENNA, personal=True)) == person
    assert moment_words(moment, Reader(VIENNA)) == room


def test_a_message_reads_line_by_line() -> None:
    """Headings, people, links, lists, tables, files and next steps, one after the other."""
    whole = message(
        Heading(say("Task {n}", n=7)),
        joined([Mention(2, "Luis"), Link("programme", "https://example.org/p"), "soon"], " - "),
        List((Text("one"), Text("two"))),
        Table((Text("Nr"), Text("Who")), ((Text("24"), Text("Luis")), (Text("9 bis"), Text("-")))),
        File("notes.txt", "first\nsecond\n"),
        actions((say("Take it"), "take 27"), (say("Later"), "snooze")),
        Actions(()),
    )
    assert plain(whole, Reader(VIENNA)).split("\n") == [
        "Task 7",
        "@Luis - programme (https://example.org/p) - soon",
        "- one",
        "- two",
        "Nr: 24; Who: Luis",
        "Nr: 9 bis; Who: -",
        "notes.txt:",
        "first",
        "second",
        "`take 27` · `snooze`",
    ]


def test_a_redline_marks_each_line_and_no_white_space() -> None:
    """Marks stand at the words, so that no mark spans a line and none is lost at an end."""
    ops = (("equal", "Each Party "), ("delete", "shall "), ("insert", "may\n\nnot "), ("equal", "act."))
    text = plain(message(Redline(Text("Article 9"), ops, whole=True)), Reader(VIENNA))
    assert text == "Article 9\nEach Party ~~shall~~ **may**\n\n**not** act."
