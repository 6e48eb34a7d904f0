"""Times, days, durations and hours as people write them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.when import WhenProblem, echo, local_moment, read_clock, read_day, read_duration, read_when

NEW_YORK = ZoneInfo("America/New_York")
VIENNA = ZoneInfo("Europe/Vienna")
AUCKLAND = ZoneInfo("Pacific/Auckland")
ZONES = (
    "America/New_York",
    "Europe/Vienna",
    "UTC",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "America/St_Johns",
    "Africa/Cairo",
)

TUESDAY = dt.datetime(2024, 2, 6, 10, tzinfo=NEW_YORK)


def at(local: str, zone: ZoneInfo = NEW_YORK) -> dt.datetime:
    """Give the moment of a local ISO time, in UTC."""
    return dt.datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(dt.UTC)


def refused(words: str, now: dt.datetime = TUESDAY, zone: ZoneInfo = NEW_YORK) -> str:
    """Give the sentence with which a time is refused."""
    with pytest.raises(WhenProblem) as problem:
        read_when(words, now, zone)
    return str(problem.value)


@pytest.mark.parametrize(
    ("words", "local"),
    [
        ("fri 17:00", "2024-02-09T17:00"),
        ("17:00 fri", "2024-02-09T17:00"),
        ("Friday, 17:00", "2024-02-09T17:00"),
        ("on friday at 5pm", "2024-02-09T17:00"),
        ("this friday", "2024-02-09T18:00"),
        ("next monday", "2024-02-12T18:00"),
        ("tomorrow", "2024-02-07T18:00"),
        ("tomorrow 9am", "2024-02-07T09:00"),
        ("tomorrow morning", "2024-02-07T09:00"),
        ("the day after tomorrow", "2024-02-08T18:00"),
        ("today", "2024-02-06T18:00"),
        ("6 Feb", "2024-02-06T18:00"),
        ("6 February 15:00", "2024-02-06T15:00"),
        ("Feb 6th, 3 p.m.", "2024-02-06T15:00"),
        ("Tue 6 Feb 15:00", "2024-02-06T15:00"),
        ("29 feb", "2024-02-29T18:00"),
        ("2024-02-06", "2024-02-06T18:00"),
        ("2024-02-06 15:00", "2024-02-06T15:00"),
        ("2024-02-06T15:00:30", "2024-02-06T15:00:30"),
        ("13/02", "2024-02-13T18:00"),
        ("13.2.2024 9:00", "2024-02-13T09:00"),
        ("05/05", "2024-05-05T18:00"),
        ("17:00", "2024-02-06T17:00"),
        ("5pm", "2024-02-06T17:00"),
        ("12 am wed", "2024-02-07T00:00"),
        ("12pm", "2024-02-06T12:00"),
        ("17:00 hrs", "2024-02-06T17:00"),
        ("noon", "2024-02-06T12:00"),
        ("this afternoon", "2024-02-06T15:00"),
        ("end of day", "2024-02-06T18:00"),
        ("friday EOD", "2024-02-09T18:00"),
        ("tonight", "2024-02-06T20:00"),
        ("tonight 21:30", "2024-02-06T21:30"),
        ("midnight", "2024-02-07T00:00"),
        ("in 2h", "2024-02-06T12:00"),
        ("in 2h30m", "2024-02-06T12:30"),
        ("in 2h30", "2024-02-06T12:30"),
        ("in 20 minutes", "2024-02-06T10:20"),
        ("in half an hour", "2024-02-06T10:30"),
        ("in an hour", "2024-02-06T11:00"),
        ("in 3 days", "2024-02-09T10:00"),
        ("in 1 day and 2 hours", "2024-02-07T12:00"),
        ("2 weeks from now", "2024-02-20T10:00"),
        ("now", "2024-02-06T10:00"),
        ("“fri 17:00”.", "2024-02-09T17:00"),
    ],
)
def test_common_forms(words: str, local: str) -> None:
    """What people write most is read in the speaker's zone."""
    assert read_when(words, TUESDAY, NEW_YORK) == at(local)


@pytest.mark.parametrize(
    ("words", "local"),
    [
        ("mañana", "2024-02-07T18:00"),
        ("pasado mañana", "2024-02-08T18:00"),
        ("el viernes a las 17:00", "2024-02-09T17:00"),
        ("martes", "2024-02-06T18:00"),
        ("próximo lunes", "2024-02-12T18:00"),
        ("viernes 9 de febrero de 2024 15:00", "2024-02-09T15:00"),
        ("en 2 horas", "2024-02-06T12:00"),
        ("demain à 9h", "2024-02-07T09:00"),
        ("demain 17h", "2024-02-07T17:00"),
        ("vendredi 17h30", "2024-02-09T17:30"),
        ("mar. 13 févr. 15:00", "2024-02-13T15:00"),
        ("aujourd’hui", "2024-02-06T18:00"),
        ("dans 2h", "2024-02-06T12:00"),
        ("завтра в 9:00", "2024-02-07T09:00"),
        ("в пятницу", "2024-02-09T18:00"),
        ("6 февраля 15:00", "2024-02-06T15:00"),
        ("через 20 минут", "2024-02-06T10:20"),
        ("غدا 9:00", "2024-02-07T09:00"),
        ("يوم الجمعة 17:00", "2024-02-09T17:00"),
        ("٦ فبراير ١٥:٠٠", "2024-02-06T15:00"),
        ("بعد 3 أيام", "2024-02-09T10:00"),
        ("明天 9:00", "2024-02-07T09:00"),
        ("周五17:00", "2024-02-09T17:00"),
        ("2月6日 15:00", "2024-02-06T15:00"),
        ("2小时30分钟后", "2024-02-06T12:30"),
    ],
)
def test_other_languages(words: str, local: str) -> None:
    """The same in Spanish, French, Russian, Arabic and Chinese."""
    assert read_when(words, TUESDAY, NEW_YORK) == at(local)


@pytest.mark.parametrize(
    ("now", "words", "local"),
    [
        ("2024-02-09T10:00", "friday 18:00", "2024-02-09T18:00"),
        ("2024-02-09T19:00", "friday 18:00", "2024-02-16T18:00"),
        ("2024-02-09T18:00", "friday 18:00", "2024-02-16T18:00"),
        ("2024-02-09T10:00", "friday", "2024-02-09T18:00"),
        ("2024-02-09T19:00", "viernes", "2024-02-16T18:00"),
        ("2024-02-09T10:00", "next friday", "2024-02-16T18:00"),
        ("2024-02-09T10:00", "friday 9:00", "2024-02-16T09:00"),
    ],
)
def test_a_weekday_is_today_while_its_time_is_ahead(now: str, words: str, local: str) -> None:
    """On that very weekday the time decides between today and next week."""
    assert read_when(words, at(now), NEW_YORK) == at(local)


def test_days_are_the_speakers_own() -> None:
    """At the same instant tomorrow is another date in Auckland than in New York."""
    evening = at("2024-02-06T20:00")
    assert read_when("tomorrow 9:00", evening, NEW_YORK) == at("2024-02-07T09:00")
    assert read_when("tomorrow 9:00", evening, AUCKLAND) == at("2024-02-08T09:00", AUCKLAND)


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("6 Feb 21:00 UTC", "2024-02-06T21:00"),
        ("21:00Z", "2024-02-06T21:00"),
        ("2024-02-06T21:00:00+01:00", "2024-02-06T20:00"),
        ("2024-02-06 15:00-05:00", "2024-02-06T20:00"),
        ("fri 15:00 +0530", "2024-02-09T09:30"),
        ("fri 15:00 UTC-5", "2024-02-09T20:00"),
        ("tomorrow noon gmt", "2024-02-07T12:00"),
    ],
)
def test_an_explicit_offset_counts(words: str, moment: str) -> None:
    """Words that say their offset are not read in the speaker's zone."""
    assert read_when(words, TUESDAY, VIENNA) == at(moment, ZoneInfo("UTC"))


def test_a_day_with_an_offset_is_a_day_there() -> None:
    """In Auckland it is Wednesday already when somebody there says 21:00 UTC and means the coming one."""
    assert read_when("21:00 UTC", at("2024-02-07T08:00", AUCKLAND), AUCKLAND) == dt.datetime(
        2024, 2, 6, 21, tzinfo=dt.UTC
    )


@pytest.mark.parametrize("words", ["5", "12", "2024", "at 5", "in 5", "6.2", "1707235200", "٥", "в 9"])
def test_bare_numbers_are_refused(words: str) -> None:
    """A number alone could be an hour, a day or an article."""
    assert refused(words) == f"“{words}” is only a number. Please say more, for example: `17:00`, `5pm`, `6 Feb`."


@pytest.mark.parametrize(
    "words",
    [
        "soonish", "a", "may", "february", "next week", "next", "la semana que viene", "tomorrow 5", "fri 17",
        "sat 3rd", "6 feb 24", "06/02/24", "25:00", "24:00", "13pm", "0am", "15:00 +15", "10:00-13:00", "10am or 11am",
        "me", "this", "6 feb or 7 feb", "midi", "ahora", "خلال ساعتين", "tonight friday", "in 0h", "{words}", "%s",
        "fri 17:00 {}",
    ],
)  # fmt: skip
def test_what_cannot_be_read_gets_an_example(words: str) -> None:
    """Nothing is guessed, and the answer shows what can be written; dateparser would read most of these."""
    assert refused(words) == f"I cannot read “{words}” as a time. For example: `fri 17:00`, `6 Feb 15:00`, `in 2h`."


def test_nothing_at_all_is_asked_for() -> None:
    """Blank words get the example without an empty pair of quotes."""
    assert refused(" \t") == "Please say when. For example: `fri 17:00`, `6 Feb 15:00`, `in 2h`."


def test_long_words_are_quoted_in_short() -> None:
    """The answer does not throw a page back."""
    sentence = refused("fri 17:00 " * 500)
    assert sentence.startswith("I cannot read “fri 17:00 fri")
    assert len(sentence) < 140


@pytest.mark.parametrize(
    ("words", "first", "second"),
    [
        ("06/02", "Tue 6 Feb", "Sun 2 Jun"),
        ("06/02 15:00", "Tue 6 Feb 15:00", "Sun 2 Jun 15:00"),
        ("06.02.2024", "Tue 6 Feb 2024", "Sun 2 Jun 2024"),
        ("next friday", "Fri 9 Feb", "Fri 16 Feb"),
        ("Fri 6 Feb", "Tue 6 Feb", "Fri 9 Feb"),
        ("vendredi 8 février 9h", "Thu 8 Feb 09:00", "Fri 9 Feb 09:00"),
        ("friday midnight", "Fri 9 Feb 00:00", "Sat 10 Feb 00:00"),
        ("17h", "17:00", "in 17h"),
        ("11h30", "11:30", "in 11h30"),
    ],
)
def test_two_readings_are_both_named_and_can_be_typed(words: str, first: str, second: str) -> None:
    """Where people of two countries would read two things, both are offered as they can be written."""
    assert refused(words) == f"“{words}” can mean `{first}` or `{second}`. Please write one of these."
    assert read_when(first, TUESDAY, NEW_YORK) != read_when(second, TUESDAY, NEW_YORK)


@pytest.mark.parametrize("words", ["3 days", "20m", "2h30m"])
def test_a_length_of_time_is_no_moment(words: str) -> None:
    """Without "in" it may be meant otherwise."""
    assert refused(words) == f"“{words}” is a length of time. Did you mean `in {words}`?"


@pytest.mark.parametrize(
    ("now", "words", "sentence"),
    [
        ("2024-02-07T10:00", "6 Feb", "That was yesterday. Did you mean Tue 13 Feb 18:00?"),
        ("2024-02-07T10:00", "6 Feb 15:00", "That was yesterday. Did you mean Tue 13 Feb 15:00?"),
        ("2024-02-07T10:00", "hier", "That was yesterday. Did you mean Tue 13 Feb 18:00?"),
        ("2024-02-07T10:00", "9:00", "That was earlier today. Did you mean Thu 8 Feb 09:00?"),
        ("2024-02-07T19:00", "today", "That was earlier today. Did you mean Thu 8 Feb 18:00?"),
        ("2024-02-07T10:00", "1 Feb", "Thu 1 Feb is past. Did you mean Thu 8 Feb 18:00?"),
        ("2024-02-07T19:00", "31 Jan 18:00", "Wed 31 Jan is past. Did you mean Wed 14 Feb 18:00?"),
        ("2024-02-07T10:00", "1 Jan", "Mon 1 Jan is past. Did you mean Wed 1 Jan 2025 18:00?"),
        ("2024-02-07T10:00", "2023-03-01", "Wed 1 Mar 2023 is past. Did you mean Fri 1 Mar 18:00?"),
        ("2025-02-07T10:00", "2024-02-29", "Thu 29 Feb 2024 is past. Did you mean Tue 29 Feb 2028 18:00?"),
    ],
)
def test_the_past_is_refused_with_the_likely_meaning(now: str, words: str, sentence: str) -> None:
    """A slip of the calendar is answered with what was probably meant."""
    assert refused(words, at(now)) == sentence


def test_the_past_is_read_where_it_is_allowed() -> None:
    """What already happened can be named."""
    assert read_when("1 Feb 15:00", TUESDAY, NEW_YORK, past_allowed=True) == at("2024-02-01T15:00")
    assert read_when("9:00", TUESDAY, NEW_YORK, past_allowed=True) == at("2024-02-06T09:00")


def test_a_date_without_a_year_is_the_coming_one() -> None:
    """In December, January is next year's; a date long past this year is too."""
    december = at("2024-12-15T10:00")
    assert read_when("6 Jan", december, NEW_YORK) == at("2025-01-06T18:00")
    assert read_when("1 Oct", december, NEW_YORK) == at("2025-10-01T18:00")
    assert read_when("29 Feb", december, NEW_YORK) == at("2028-02-29T18:00")


@pytest.mark.parametrize("words", ["31 Feb", "2025-02-29", "32/13", "30 de febrero", "13月1日"])
def test_days_that_are_not_in_the_calendar_are_refused(words: str) -> None:
    """There is no 31 February in any year."""
    assert words in refused(words)


@pytest.mark.parametrize("words", ["6 Feb 9999", "0001-01-01", "in 9999 weeks"])
def test_years_out_of_reach_are_refused(words: str) -> None:
    """A slip of the keyboard plans nothing for the year 9999."""
    assert refused(words).endswith("is out of reach. Please check it.")


def test_letters_for_a_zone_ask_for_the_offset() -> None:
    """CST is three different times, and dateparser reads the summer's letters in winter."""
    assert refused("6 Feb 15:00 CST") == (
        "I do not know the zone “CST”. Please write its offset from UTC, for example: `6 Feb 15:00 +01:00`."
    )


SPRING = [
    (NEW_YORK, "2024-03-10", "2024-03-10 01:30:00-05:00", "2024-03-10 03:30:00-04:00", "Sun 10 Mar 2024"),
    (VIENNA, "2024-03-31", "2024-03-31 01:30:00+01:00", "2024-03-31 03:30:00+02:00", "Sun 31 Mar 2024"),
]
AUTUMN = [
    (NEW_YORK, "2024-11-03 01:30", "2024-11-03 01:30:00-04:00", "2024-11-03 01:30:00-05:00", "Sun 3 Nov 2024 01:30"),
    (VIENNA, "2024-10-27 02:30", "2024-10-27 02:30:00+02:00", "2024-10-27 02:30:00+01:00", "Sun 27 Oct 2024 02:30"),
]


@pytest.mark.parametrize(("zone", "day", "first", "second", "name"), SPRING)
def test_times_that_the_clocks_skip(zone: ZoneInfo, day: str, first: str, second: str, name: str) -> None:
    """On the day that clocks go forward, 02:30 does not exist, and both readings can be typed."""
    assert refused(f"{day} 02:30", zone=zone) == (
        f"{name} 02:30 does not exist in {zone.key}, where clocks go forward. Please write `{first}` or `{second}`."
    )
    assert read_when(first, TUESDAY, zone) == dt.datetime.fromisoformat(first)
    assert read_when(second, TUESDAY, zone) - read_when(first, TUESDAY, zone) == dt.timedelta(hours=1)


@pytest.mark.parametrize(("zone", "local", "first", "second", "name"), AUTUMN)
def test_times_that_the_clocks_show_twice(zone: ZoneInfo, local: str, first: str, second: str, name: str) -> None:
    """On the day that clocks go back, the hour comes twice, and both readings can be typed."""
    assert refused(local, zone=zone) == (
        f"{name} comes twice in {zone.key}, where clocks go back. Please write `{first}` or `{second}`."
    )
    assert read_when(second, TUESDAY, zone) - read_when(first, TUESDAY, zone) == dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "eve", "words", "moment"),
    [
        (NEW_YORK, "2024-03-09T12:00", "tomorrow 10:00", "2024-03-10T14:00"),
        (NEW_YORK, "2024-03-09T12:00", "sunday 1:59", "2024-03-10T06:59"),
        (NEW_YORK, "2024-03-09T12:00", "sunday 3:00", "2024-03-10T07:00"),
        (NEW_YORK, "2024-03-09T12:00", "in 24h", "2024-03-10T17:00"),
        (NEW_YORK, "2024-03-09T12:00", "in 1 day", "2024-03-10T16:00"),
        (VIENNA, "2024-03-30T12:00", "tomorrow 10:00", "2024-03-31T08:00"),
        (VIENNA, "2024-03-30T12:00", "sunday 1:59", "2024-03-31T00:59"),
        (VIENNA, "2024-03-30T12:00", "in 24h", "2024-03-31T11:00"),
        (VIENNA, "2024-03-30T12:00", "in 1 day", "2024-03-31T10:00"),
    ],
)
def test_the_days_on_which_clocks_go_forward(zone: ZoneInfo, eve: str, words: str, moment: str) -> None:
    """Hours are elapsed hours, days keep the time of day, and names of times are the local ones."""
    assert read_when(words, at(eve, zone), zone) == at(moment, ZoneInfo("UTC"))


def test_local_moment_of_an_ordinary_time() -> None:
    """A file's local time is a moment of its zone."""
    assert local_moment(dt.datetime.fromisoformat("2024-01-29T10:00"), NEW_YORK) == dt.datetime(
        2024, 1, 29, 15, tzinfo=dt.UTC
    )
    assert local_moment(dt.datetime.fromisoformat("2024-07-29T10:00"), VIENNA) == dt.datetime(
        2024, 7, 29, 8, tzinfo=dt.UTC
    )


@pytest.mark.parametrize("naive", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_local_moment_at_the_ends_of_the_calendar(naive: str) -> None:
    """What would overflow is refused."""
    with pytest.raises(WhenProblem, match="out of reach"):
        local_moment(dt.datetime.fromisoformat(naive), AUCKLAND)


def test_a_problem_can_be_said_in_another_language() -> None:
    """It carries its phrase and values apart."""
    with pytest.raises(WhenProblem) as problem:
        read_when("6 Feb", at("2024-02-07T10:00"), NEW_YORK)
    assert problem.value.msgid == "That was yesterday. Did you mean {meant}?"
    assert problem.value.values == {"meant": "Tue 13 Feb 18:00"}


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("today", "2024-02-06"), ("tomorrow", "2024-02-07"), ("ayer", "2024-02-05"), ("tue", "2024-02-06"),
        ("monday", "2024-02-12"), ("5 Feb", "2024-02-05"), ("2024-01-31", "2024-01-31"), ("in 3 days", "2024-02-09"),
        ("Fri, 9 Feb", "2024-02-09"), ("14/2", "2024-02-14"),
    ],
)  # fmt: skip
def test_days(words: str, day: str) -> None:
    """A day may be past: the programme of yesterday can be asked for."""
    assert read_day(words, TUESDAY, NEW_YORK) == dt.date.fromisoformat(day)


@pytest.mark.parametrize("words", ["fri 17:00", "in 2h", "noon", "someday", "", "5", "06/02"])
def test_what_is_no_day(words: str) -> None:
    """Times, numbers and days with two readings are refused."""
    with pytest.raises(WhenProblem):
        read_day(words, TUESDAY, NEW_YORK)


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        ("2h30m", 150), ("2h30", 150), ("45m", 45), ("45 min", 45), ("3d", 4320), ("1d 2h", 1560), ("an hour", 60),
        ("half an hour", 30), ("1 hour and 15 minutes", 75), ("2 heures", 120), ("20 минут", 20), ("2小时", 120),
        ("1w", 10080),
    ],
)  # fmt: skip
def test_durations(words: str, minutes: int) -> None:
    """Lengths of time, in several languages."""
    assert read_duration(words) == dt.timedelta(minutes=minutes)


@pytest.mark.parametrize("words", ["20", "0m", "", "2h 2h", "m", "-5m", "soon", "1.5h", "99999m"])
def test_what_is_no_duration(words: str) -> None:
    """A number without a unit, nothing and repeated units are refused."""
    with pytest.raises(WhenProblem):
        read_duration(words)


def test_bare_minutes_where_they_are_asked_for() -> None:
    """`late 20` is twenty minutes, and still not none."""
    assert read_duration("20", bare_minutes=True) == dt.timedelta(minutes=20)
    assert read_duration("1h", bare_minutes=True) == dt.timedelta(hours=1)
    with pytest.raises(WhenProblem, match="cannot read “0”"):
        read_duration("0", bare_minutes=True)


@pytest.mark.parametrize(
    ("words", "clock"),
    [("19:30", "19:30"), ("7:30 pm", "19:30"), ("9am", "09:00"), ("19h30", "19:30"), ("at noon", "12:00")],
)
def test_hours_of_the_clock(words: str, clock: str) -> None:
    """The hour of a daily digest."""
    assert read_clock(words) == dt.time.fromisoformat(clock)


@pytest.mark.parametrize("words", ["19", "25:00", "19:30 UTC", "fri 19:30", "", "soon", "19:30 20:30"])
def test_what_is_no_hour_of_the_clock(words: str) -> None:
    """Numbers, days, offsets and two hours at once are refused."""
    with pytest.raises(WhenProblem, match="time of day"):
        read_clock(words)


MINUTES = st.integers(10_600_000, 68_400_000).map(lambda minutes: dt.datetime.fromtimestamp(minutes * 60, dt.UTC))
"""Whole minutes of 1990 to 2100."""


@given(now=MINUTES, moment=MINUTES, zone=st.sampled_from(ZONES).map(ZoneInfo))
@example(now=TUESDAY, moment=dt.datetime(2024, 11, 3, 5, 30, tzinfo=dt.UTC), zone=NEW_YORK)
@example(now=TUESDAY, moment=dt.datetime(2024, 11, 3, 6, 30, tzinfo=dt.UTC), zone=NEW_YORK)
@example(now=TUESDAY, moment=dt.datetime(2024, 3, 10, 7, 0, tzinfo=dt.UTC), zone=NEW_YORK)
def test_an_echo_reads_back_as_the_same_moment(now: dt.datetime, moment: dt.datetime, zone: ZoneInfo) -> None:
    """What we show for a moment means that moment when it is typed."""
    assert read_when(echo(moment, now, zone), now, zone, past_allowed=True) == moment


@given(
    now=MINUTES, days=st.integers(-420, 420), minutes=st.integers(0, 1439), zone=st.sampled_from(ZONES).map(ZoneInfo)
)
def test_a_near_echo_reads_back_too(now: dt.datetime, days: int, minutes: int, zone: ZoneInfo) -> None:
    """The same near today, where the year is left out."""
    moment = now + dt.timedelta(days=days, minutes=minutes)
    assert read_when(echo(moment, now, zone), now, zone, past_allowed=True) == moment


PIECES = st.lists(
    st.sampled_from(
        "in next this fri tuesday 6 30 24 Feb may 06/02 17:00 5pm 2h 9h30 utc Z +02:00 -5 2024 2024-02-06 T noon an "
        "and tonight today midnight mañana vendredi 月 年 日 后 в غدا ٦ ² { % . / : - a.m. week days 29".split()
    ),
    max_size=6,
)


@given(
    words=st.one_of(st.text(), PIECES.map(" ".join), PIECES.map("".join), st.text(st.characters())), past=st.booleans()
)
@example(words="\ud800 fri", past=False)
@example(words="ﷺ" * 80, past=False)
@example(words="9" * 5000, past=False)
def test_no_words_raise_anything_but_a_problem(words: str, past: bool) -> None:
    """Whatever is typed is read or refused with a printable sentence."""
    readers = (
        lambda: read_when(words, TUESDAY, NEW_YORK, past_allowed=past),
        lambda: read_day(words, TUESDAY, NEW_YORK),
        lambda: read_duration(words, bare_minutes=past),
        lambda: read_clock(words),
    )
    for read in readers:
        sentence = refusal(read)
        assert sentence is None or sentence.isprintable()


def refusal(read: Callable[[], object]) -> str | None:
    """Give the sentence with which words are refused, filled as a caller fills it; None where they are read."""
    try:
        read()
    except WhenProblem as problem:
        return problem.msgid.format(**problem.values)
    return None
