"""Meetings from iCalendar files."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.ics import MOST_BYTES, CalendarMeeting, CalendarProblem, all_day_titles, endless_entries, read_calendar

NEW_YORK = ZoneInfo("America/New_York")
VIENNA = ZoneInfo("Europe/Vienna")


def calendar(*lines: str) -> bytes:
    """Wrap components into a calendar file."""
    parts = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Secretariat//Programme//EN", *lines, "END:VCALENDAR", ""]
    return "\r\n".join(parts).encode()


def event(*lines: str) -> str:
    """Make one entry."""
    return "\r\n".join(["BEGIN:VEVENT", "DTSTAMP:20240101T000000Z", *lines, "END:VEVENT"])


def utc(text: str) -> dt.datetime:
    """Give the moment of an ISO time in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def starts(data: bytes, zone: ZoneInfo = NEW_YORK) -> list[str]:
    """Give the starts of a calendar's meetings."""
    return [f"{meeting.start:%Y-%m-%dT%H:%M}" for meeting in read_calendar(data, zone)]


def refused(data: bytes, zone: ZoneInfo = NEW_YORK, horizon: tuple[dt.datetime, dt.datetime] | None = None) -> str:
    """Give the sentence with which a calendar is refused."""
    with pytest.raises(CalendarProblem) as problem:
        read_calendar(data, zone, horizon)
    assert problem.value.msgid.format(**problem.value.values) == str(problem.value)
    return str(problem.value)


PLENARY = ("UID:plenary@example.org", "SUMMARY:Plenary\\, articles 24-28", "LOCATION:Conference Room 4")
DAILY = (*PLENARY, "DTSTART;TZID=America/New_York:20240205T150000", "DTEND;TZID=America/New_York:20240205T180000")
CUSTOM_ZONE = (
    "BEGIN:VTIMEZONE", "TZID:Vienna International Centre",
    "BEGIN:STANDARD", "DTSTART:19701025T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "END:STANDARD",
    "BEGIN:DAYLIGHT", "DTSTART:19700329T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "END:DAYLIGHT", "END:VTIMEZONE",
)  # fmt: skip
IN_CUSTOM_ZONE = event(
    "UID:1", "DTSTART;TZID=Vienna International Centre:20240329T100000", "RRULE:FREQ=DAILY;COUNT=4", "SUMMARY:Plenary"
)


def test_one_meeting() -> None:
    """Everything that is kept of a single entry, its times in UTC."""
    data = calendar(event(*PLENARY, "DTSTART:20240206T200000Z", "DTEND:20240206T230000Z"))
    assert read_calendar(data, NEW_YORK) == [
        CalendarMeeting(
            uid="plenary@example.org",
            title="Plenary, articles 24-28",
            start=utc("2024-02-06T20:00"),
            end=utc("2024-02-06T23:00"),
            place="Conference Room 4",
            cancelled=False,
        )
    ]


def test_a_single_meeting_that_moves_keeps_its_uid() -> None:
    """Without a repetition the UID alone says which meeting it is."""
    (before,) = read_calendar(calendar(event(*PLENARY, "DTSTART:20240206T200000Z")), NEW_YORK)
    (after,) = read_calendar(calendar(event(*PLENARY, "DTSTART:20240207T150000Z")), NEW_YORK)
    assert (before.uid, before.start) != (after.uid, after.start)
    assert before.uid == after.uid


def test_times_without_a_zone_are_read_in_the_venues() -> None:
    """A floating 15:00 is 15:00 at the venue."""
    data = calendar(event(*PLENARY, "DTSTART:20240206T150000", "DTEND:20240206T180000"))
    assert starts(data, NEW_YORK) == ["2024-02-06T20:00"]
    assert starts(data, VIENNA) == ["2024-02-06T14:00"]


def test_a_time_without_a_zone_that_the_clocks_skip_is_refused() -> None:
    """02:30 does not exist in New York on 10 March 2024."""
    data = calendar(event(*PLENARY, "DTSTART:20240310T023000"))
    assert refused(data).startswith(
        "“Plenary, articles 24-28”: Sun 10 Mar 2024 02:30 does not exist in America/New_York"
    )
    assert starts(data, VIENNA) == ["2024-03-10T01:30"]


def test_a_repeated_meeting_keeps_its_local_time_over_the_change_of_clocks() -> None:
    """Plenaries at 15:00 in New York are an hour earlier in UTC from 10 March 2024 on."""
    data = calendar(event("UID:1", "DTSTART;TZID=America/New_York:20240308T150000", "RRULE:FREQ=DAILY;COUNT=3"))
    assert starts(data) == ["2024-03-08T20:00", "2024-03-09T20:00", "2024-03-10T19:00"]


@pytest.mark.parametrize("parts", [(*CUSTOM_ZONE, IN_CUSTOM_ZONE), (IN_CUSTOM_ZONE, *CUSTOM_ZONE)])
def test_a_zone_that_the_file_defines(parts: tuple[str, ...]) -> None:
    """A zone of the file's own counts, with its change of clocks, before or after its use."""
    assert starts(calendar(*parts)) == ["2024-03-29T09:00", "2024-03-30T09:00", "2024-03-31T08:00", "2024-04-01T08:00"]


def test_a_zone_of_one_file_is_not_known_to_the_next() -> None:
    """The library would keep it, and give the second file the times of the first."""
    first = calendar(*CUSTOM_ZONE, IN_CUSTOM_ZONE)
    other = tuple(line.replace("+0100", "+0400").replace("+0200", "+0400") for line in CUSTOM_ZONE)
    assert starts(first)[0] == "2024-03-29T09:00"
    assert starts(calendar(*other, IN_CUSTOM_ZONE))[0] == "2024-03-29T06:00"
    assert refused(calendar(IN_CUSTOM_ZONE)) == (
        "“Plenary” names the zone “Vienna International Centre”, which the file does not define."
    )


@pytest.mark.parametrize("zone", ["W. Europe Standard Time", "/citadel.org/20210210_1/Europe/Vienna", "Europe/Vienna"])
def test_zones_by_the_names_that_other_programs_give_them(zone: str) -> None:
    """Outlook and Evolution name zones in their own way."""
    assert starts(calendar(event("UID:1", f"DTSTART;TZID={zone}:20240206T100000"))) == ["2024-02-06T09:00"]


def test_repetitions_have_uids_of_their_own_that_stay_when_one_moves() -> None:
    """A moved instance is known by the start it had."""
    rule = "RRULE:FREQ=DAILY;COUNT=3"
    moved = event(
        *PLENARY,
        "RECURRENCE-ID;TZID=America/New_York:20240206T150000",
        "DTSTART;TZID=America/New_York:20240206T163000",
        "DTEND;TZID=America/New_York:20240206T190000",
    )
    before = read_calendar(calendar(event(*DAILY, rule)), NEW_YORK)
    after = read_calendar(calendar(moved, event(*DAILY, rule)), NEW_YORK)
    assert [meeting.uid for meeting in before] == [
        "plenary@example.org#20240205T200000Z", "plenary@example.org#20240206T200000Z",
        "plenary@example.org#20240207T200000Z",
    ]  # fmt: skip
    assert [meeting.uid for meeting in after] == [meeting.uid for meeting in before]
    assert (after[1].start, after[1].end) == (utc("2024-02-06T21:30"), utc("2024-02-07T00:00"))
    assert (before[0], before[2]) == (after[0], after[2])


def test_an_instance_that_moves_with_all_that_follow_keeps_their_uids() -> None:
    """RANGE=THISANDFUTURE moves several instances by one entry."""
    rule = "RRULE:FREQ=DAILY;COUNT=4"
    moved = event(
        *PLENARY,
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=America/New_York:20240206T150000",
        "DTSTART;TZID=America/New_York:20240206T160000",
        "DTEND;TZID=America/New_York:20240206T190000",
    )
    before = read_calendar(calendar(event(*DAILY, rule)), NEW_YORK)
    after = read_calendar(calendar(event(*DAILY, rule), moved), NEW_YORK)
    assert [meeting.uid for meeting in after] == [meeting.uid for meeting in before]
    assert [(new.start - old.start) / dt.timedelta(hours=1) for new, old in zip(after, before, strict=True)] == [
        0,
        1,
        1,
        1,
    ]


def test_cancelled_meetings_are_given_as_such() -> None:
    """One instance, a whole entry, and a file that only cancels."""
    instance = event(
        *PLENARY, "STATUS:CANCELLED",
        "RECURRENCE-ID;TZID=America/New_York:20240206T150000", "DTSTART;TZID=America/New_York:20240206T150000",
    )  # fmt: skip
    one = read_calendar(calendar(event(*DAILY, "RRULE:FREQ=DAILY;COUNT=2"), instance), NEW_YORK)
    assert [meeting.cancelled for meeting in one] == [False, True]
    whole = read_calendar(calendar(event(*DAILY, "STATUS:CANCELLED")), NEW_YORK)
    assert [meeting.cancelled for meeting in whole] == [True]
    request = read_calendar(calendar("METHOD:CANCEL", event(*DAILY)), NEW_YORK)
    assert [meeting.cancelled for meeting in request] == [True]


def test_dates_taken_out_and_dates_added() -> None:
    """EXDATE takes an instance out, RDATE adds one."""
    data = calendar(
        event(
            *DAILY, "RRULE:FREQ=DAILY;COUNT=3",
            "EXDATE;TZID=America/New_York:20240206T150000", "RDATE;TZID=America/New_York:20240210T150000",
        )
    )  # fmt: skip
    assert starts(data) == ["2024-02-05T20:00", "2024-02-07T20:00", "2024-02-10T20:00"]


@pytest.mark.parametrize(
    ("line", "hours"),
    [("DURATION:PT3H", 3), ("DTEND:20240206T223000Z", 2.5), ("DESCRIPTION:none", 1), ("DURATION:PT0S", 1)],
)
def test_how_long_a_meeting_is(line: str, hours: float) -> None:
    """By its end, by its duration, else an hour."""
    (meeting,) = read_calendar(calendar(event(*PLENARY, "DTSTART:20240206T200000Z", line)), NEW_YORK)
    assert meeting.end - meeting.start == dt.timedelta(hours=hours)


def test_all_day_entries_are_no_meetings() -> None:
    """They are left out, and can be told."""
    data = calendar(
        event("UID:1", "DTSTART;VALUE=DATE:20240206", "SUMMARY:Holiday", "RRULE:FREQ=YEARLY;COUNT=3"),
        event(*PLENARY, "DTSTART:20240206T200000Z"),
    )
    assert starts(data) == ["2024-02-06T20:00"]
    assert all_day_titles(data) == ["Holiday"]


def test_meetings_come_in_order() -> None:
    """By start, whatever the order in the file; a second calendar in it counts too."""
    late = calendar(event("UID:late", "DTSTART:20240207T150000Z"), event("UID:early", "DTSTART:20240205T150000Z"))
    data = late + calendar(event("UID:between", "DTSTART:20240206T150000Z"))
    assert [meeting.uid for meeting in read_calendar(data, NEW_YORK)] == ["early", "between", "late"]


def test_a_horizon_bounds_what_repeats_without_end() -> None:
    """Of that only the meetings that begin in it are given; of all else every one, also where there is no UID."""
    horizon = (utc("2024-02-06T20:00"), utc("2024-02-09T20:00"))
    for name in (PLENARY[0], "DESCRIPTION:none"):
        data = calendar(
            event(name, *DAILY[1:], "RRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR"),
            event("UID:2", "DTSTART:20240208T000000"), event("UID:3", "DTSTART:20240308T000000"),
        )  # fmt: skip
        found = [f"{meeting.start:%d %H:%M}" for meeting in read_calendar(data, NEW_YORK, horizon)]
        assert found == ["06 20:00", "07 20:00", "08 05:00", "08 20:00", "08 05:00"]


def test_what_repeats_without_end_from_later_on_is_given_from_then_on() -> None:
    """It is not lost because it begins after the horizon; what lies outside of what is given may still be there."""
    horizon = (utc("2024-01-01T00:00"), utc("2024-01-03T00:00"))
    data = calendar(
        event(*DAILY, "RRULE:FREQ=DAILY"), event("UID:2", "DTSTART;VALUE=DATE:20240206", "RRULE:FREQ=DAILY")
    )
    given = read_calendar(data, NEW_YORK, horizon)
    assert [f"{meeting.start:%d %H:%M}" for meeting in given] == ["05 20:00", "06 20:00"]
    (endless,) = endless_entries(data, NEW_YORK, horizon)
    assert (endless.title, endless.end) == ("Plenary, articles 24-28", utc("2024-02-07T20:00"))
    uids = [given[-1].uid, "plenary@example.org#20240207T200000Z", "plenary@example.org#20231231T200000Z", "2#x", "2"]
    assert [endless.leaves_out(uid) for uid in uids] == [False, True, True, False, False]


def test_what_repeats_without_end_is_refused_without_a_horizon() -> None:
    """It would be a meeting a day for ever."""
    assert refused(calendar(event(*DAILY, "RRULE:FREQ=WEEKLY"))) == (
        "“Plenary, articles 24-28” repeats without end. Please give its repetition an end."
    )


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY", "FREQ=MINUTELY;COUNT=5", "FREQ=HOURLY;UNTIL=20240301T000000Z", "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYSETPOS=2", "FREQ=DAILY;INTERVAL=7;BYDAY=WE",
        "FREQ=DAILY;BYHOUR=9,10,11,12,13;BYMINUTE=0,10,20,30,40", "FREQ=WEEKLY;BYMONTH=13", "COUNT=3",
    ],
)  # fmt: skip
@pytest.mark.parametrize("horizon", [None, (utc("2024-01-01T00:00"), utc("2025-01-01T00:00"))])
def test_rules_that_would_count_for_hours_are_refused(
    rule: str, horizon: tuple[dt.datetime, dt.datetime] | None
) -> None:
    """No meeting repeats every second, nor on 30 February."""
    sentence = refused(calendar(event(*DAILY, f"RRULE:{rule}")), horizon=horizon)
    assert sentence.startswith("“Plenary, articles 24-28” ")


def test_a_zone_that_changes_its_clocks_every_second_is_refused() -> None:
    """Rules of zones are counted out as well."""
    zone = [line.replace("FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "FREQ=SECONDLY") for line in CUSTOM_ZONE]
    assert "repeats by a rule" in refused(calendar(*zone, IN_CUSTOM_ZONE))


def test_too_much_is_refused() -> None:
    """Too many meetings, too many repetitions, too many bytes."""
    many = calendar(event(*DAILY, "RRULE:FREQ=DAILY;COUNT=99999"))
    assert refused(many) == "This calendar has more than 2000 meetings. Please export only the session."
    rules = calendar(*(event(f"UID:{n}", "DTSTART:20240206T200000Z", "RRULE:FREQ=DAILY;COUNT=2") for n in range(201)))
    assert refused(rules) == "More than 200 entries of this calendar repeat. Please export only the session."
    assert refused(b" " * (MOST_BYTES + 1)) == "This calendar is larger than 1 MB. Please export only the session."


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (("DTEND:20240206T200000Z",), "“Plenary, articles 24-28” has no start."),
        (("DTSTART:tomorrow",), "“Plenary, articles 24-28” has a DTSTART that cannot be read."),
        (
            ("DTSTART:20240206T200000Z", "RRULE:FREQ=DAILY;COUNT=x"),
            "“Plenary, articles 24-28” has a RRULE that cannot be read.",
        ),
        (("DTSTART:20240206T200000Z", "DTEND:20240206T190000Z"), "“Plenary, articles 24-28” ends before it begins."),
        (("DTSTART:20240206T200000Z", "DURATION:-PT1H"), "“Plenary, articles 24-28” ends before it begins."),
        (("DTSTART:02240206T200000Z",), "“Plenary, articles 24-28” is in the year 0224. Please check it."),
    ],
)
def test_what_is_wrong_with_an_entry_is_named(lines: tuple[str, ...], sentence: str) -> None:
    """The library would drop or turn round some of these without a word."""
    assert refused(calendar(event(*PLENARY, *lines))) == sentence


def test_two_entries_with_one_uid_are_refused() -> None:
    """The library would give only one of them; an update with a higher SEQUENCE is what it looks like."""
    first, second = (
        event("UID:1", "SUMMARY:A", "DTSTART:20240206T200000Z"),
        ("UID:1", "SUMMARY:B", "DTSTART:20240207T200000Z"),
    )
    assert refused(calendar(first, event(*second))) == (
        "“B” and “A” have the same UID. Please export the calendar again, with a UID for each."
    )
    assert starts(calendar(first, event(*second, "SEQUENCE:1"))) == ["2024-02-07T20:00"]


def test_entries_without_a_uid_are_told_apart() -> None:
    """Sloppy exports leave it out; the same file gives the same meetings each time."""
    data = calendar(event("SUMMARY:A", "DTSTART:20240206T200000Z"), event("SUMMARY:B", "DTSTART:20240206T200000Z"))
    first, second = read_calendar(data, NEW_YORK), read_calendar(data, NEW_YORK)
    assert first == second
    assert len({meeting.uid for meeting in first}) == 2


def test_a_meeting_without_a_title_has_a_name() -> None:
    """There is something to show."""
    (meeting,) = read_calendar(calendar(event("UID:1", "DTSTART:20240206T200000Z")), NEW_YORK)
    assert (meeting.title, meeting.place) == ("Meeting", "")


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\xff\xfe", b"hello", b"%PDF-1.7", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", b"BEGIN:VCALENDAR\r\n", b"a:b\r\n"],
)
def test_what_is_no_calendar_is_refused(data: bytes) -> None:
    """In one sentence that says what to do."""
    assert refused(data).endswith("Please export it again as iCalendar (.ics).")


def test_an_empty_calendar_has_no_meetings() -> None:
    """That is for the caller to tell."""
    assert read_calendar(calendar(), NEW_YORK) == []


LINES = st.lists(
    st.sampled_from(
        """
BEGIN:VCALENDAR
END:VCALENDAR
BEGIN:VEVENT
END:VEVENT
BEGIN:VTIMEZONE
END:VTIMEZONE
BEGIN:STANDARD
END:STANDARD
BEGIN:
UID:1
SUMMARY:a{b}
DTSTART:20240206T200000Z
DTSTART:20240310T023000
DTSTART;VALUE=DATE:20240206
DTSTART;TZID=X:20240206T200000
DTSTART;TZID=America:20240206T200000
DTEND:20240206
DTEND:99991231T235959Z
DURATION:P1W
DURATION:PT1S
RRULE:FREQ=DAILY;COUNT=3
RRULE:FREQ=SECONDLY
RRULE:FREQ=YEARLY;BYEASTER=1
RRULE:FREQ=MONTHLY;BYDAY=9MO
RRULE:
RRULE;X=":":A=B
\x0bRRULE:FREQ=SECONDLY
RDATE;VALUE=PERIOD:20240206T200000Z/PT1H
EXDATE:20240206T200000Z
EXDATE;VALUE=DATE:20240206
RECURRENCE-ID:20240206T200000Z
RECURRENCE-ID;RANGE=THISANDFUTURE:20240206
SEQUENCE:x
STATUS:CANCELLED
METHOD:CANCEL
CALSCALE:CHINESE
X-WR-TIMEZONE:Nowhere
TZID:X
TZOFFSETTO:+0100
TZOFFSETFROM:+9900
garbage
 folded
;=:
""".strip("\n").split("\n")
    ),
    max_size=16,
)


@given(
    data=st.one_of(
        st.binary(),
        st.text().map(str.encode),
        LINES.map(lambda lines: "\r\n".join(lines).encode()),
        LINES.map(lambda lines: calendar(event("UID:0", "DTSTART:20240206T200000Z", *lines))),
        LINES.map(lambda lines: calendar(*lines, event(*DAILY, "RRULE:FREQ=DAILY;COUNT=2"))),
    ),
    horizon=st.sampled_from([None, (utc("2024-01-01T00:00"), utc("2024-12-31T00:00"))]),
)
@example(data=calendar(*["BEGIN:VEVENT"] * 3000), horizon=None)
@example(data=calendar("X-WR-TIMEZONE:Europe/Vienna", event(*DAILY)), horizon=None)
@example(data=calendar(*["BEGIN:VEVENT"] * 3000, *["END:VEVENT"] * 3000), horizon=None)
def test_no_file_raises_anything_but_a_problem(data: bytes, horizon: tuple[dt.datetime, dt.datetime] | None) -> None:
    """Whatever is sent is read or refused; what is read has an end after its start and a uid of its own."""
    try:
        meetings = read_calendar(data, NEW_YORK, horizon)
    except CalendarProblem:
        meetings = []
    with suppress(CalendarProblem):
        all_day_titles(data)
    with suppress(CalendarProblem):
        endless_entries(data, NEW_YORK, (utc("2024-01-01T00:00"), utc("2024-12-31T00:00")))
    assert all(meeting.start.tzinfo is dt.UTC and meeting.start < meeting.end for meeting in meetings)
    assert len({meeting.uid for meeting in meetings}) == len(meetings)
