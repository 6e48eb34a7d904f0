"""Which day words name, near today or of the calendar, in English, as numbers or in another language.

English, ISO and numeric dates are read by a small grammar of our own, since dateparser guesses where a coalition must
not: it takes "5" for the fifth of some month, "tuesday" on a Tuesday for next week, "vendredi 17h" for the 17th and
"6 feb 24" for the year 2124. It is asked one narrow question instead: which day a word of another language names.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import Any, NamedTuple

from dateparser.date import DateDataParser

from bot.problem import Problem

LANGUAGES = ("en", "es", "fr", "ru", "ar", "zh")
"""Whose words for days are understood, by their codes for dateparser."""

RECENT = dt.timedelta(days=60)
"""A date without a year that passed less than this ago is taken for that past day, else for the coming one."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_NEAR = {"today": 0, "tomorrow": 1, "day after tomorrow": 2, "pasado mañana": 2, "yesterday": -1}
_FILLERS = frozenset("on at by the of el la las los a de del le les à au du в во на к يوم".split())
_NEXT = frozenset("next próximo proximo prochain prochaine следующий следующую следующее القادم المقبل".split())
_DATEPARSER: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    # dateparser's English is left to our own grammar where it guesses: it takes "a" and "sat 3rd" for dates.
    "near": (LANGUAGES, {"PARSERS": ["relative-time"]}),
    "weekday": (LANGUAGES[1:], {"PARSERS": ["absolute-time"]}),
    "date": (LANGUAGES[1:], {"PARSERS": ["absolute-time"], "REQUIRE_PARTS": ["day", "month"]}),
}
_ISO = re.compile(r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})")
_CHINESE = re.compile(r"(?:(?P<year>\d{4})年)?(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号號]?")
_DAY_MONTH = re.compile(r"(?P<day>\d{1,2})(?:st|nd|rd|th)? ?(?P<month>[a-z]{3,9})(?: (?P<year>\d{4}))?")
_MONTH_DAY = re.compile(r"(?P<month>[a-z]{3,9}) ?(?P<day>\d{1,2})(?:st|nd|rd|th)?(?: (?P<year>\d{4}))?")
_NUMERIC = re.compile(r"(?P<one>\d{1,2})(?:/(?P<two>\d{1,2})|([/.-])(?P<other>\d{1,2})\3(?P<year>\d{4}))")


class WhenProblem(Problem):
    """Words that are no time, or that have two readings, or that are past."""


class Said(NamedTuple):
    """What somebody wrote, for the sentence that refuses it: all of it, and the time of day in it as we write it."""

    words: str
    time: str = ""


def day_words(day: dt.date, *, year: bool = False) -> str:
    """Write a day as it can be read back: "Tue 13 Feb", or "Tue 13 Feb 2024"."""
    words = f"{_WEEKDAYS[day.weekday()][:3].title()} {day.day} {_MONTHS[day.month - 1][:3].title()}"
    return f"{words} {day.year}" if year else words


def without_fillers(text: str) -> str:
    """Leave out words like "on" and "el", and full stops after abbreviations, from text in lower case."""
    tokens = (token.strip(".'") for token in text.split())
    return " ".join(token for token in tokens if token and token not in _FILLERS)


def names_month(word: str) -> bool:
    """Tell whether an English word names a month."""
    return _month(word.casefold().strip(".,")) is not None


def begins_with_day(text: str) -> bool:
    """Tell whether English words in lower case begin with a day: "fri at 9", "tomorrow", "feb 6", but not "may"."""
    head, _, after = without_fillers(text).partition(" ")
    return head in _NEAR or _weekday(head) is not None or (_month(head) is not None and after[:1].isdigit())


def find_day(rest: str, today: dt.date, said: Said) -> tuple[dt.date, bool] | None:
    """Find the day that words without fillers name, and whether they name only its weekday (the next from today on).

    None where they name none; raises WhenProblem, with what was `said`, for numbers and days with two readings.
    """
    if re.fullmatch(r"(?:in )?\d+(?:\.\d+)?", rest):
        raise WhenProblem(
            "“{words}” is only a number. Please say more, for example: `17:00`, `5pm`, `6 Feb`.", words=said.words
        )
    if day := _own_date(rest, today, said):
        return day, False
    tokens = rest.split()
    if len(tokens) == 2 and (upcoming := set(tokens) & _NEXT):
        weekday = _weekday(next(iter(set(tokens) - upcoming), ""))
        return None if weekday is None else (_next_week(weekday, today, said), False)
    if tokens[:1] == ["this"]:
        del tokens[0]
    weekday = _weekday(tokens[0]) if tokens else None
    if weekday is not None and len(tokens) == 1:
        return _coming(weekday, today), True
    date_words = " ".join(tokens if weekday is None else tokens[1:])
    found = _own_date(date_words, today, said) or _foreign_date(date_words, today, said)
    if found and weekday not in (None, found.weekday()):
        raise _wrong_weekday(found, weekday, today, said)
    return (found, False) if found else None


def _coming(weekday: int, start: dt.date) -> dt.date:
    return start + dt.timedelta(days=(weekday - start.weekday()) % 7)


def _wrong_weekday(day: dt.date, weekday: int, today: dt.date, said: Said) -> WhenProblem:
    """Answer "Fri 6 Feb", which is a Tuesday, with that Tuesday and the Friday nearest to it."""
    nearest = _coming(weekday, day - dt.timedelta(days=3))
    return _two_days(said, day, nearest, year=today.year not in (day.year, nearest.year))


def _next_week(weekday: int, today: dt.date, said: Said) -> dt.date:
    """Read "next friday", which to some is the coming Friday and to others the Friday of next week."""
    coming = _coming(weekday, today + dt.timedelta(days=1))
    next_week = today + dt.timedelta(days=7 - today.weekday() + weekday)
    if coming != next_week:
        raise _two_days(said, coming, next_week)
    return coming


def _own_date(text: str, today: dt.date, said: Said) -> dt.date | None:
    """Read what our own grammar knows as one day: near today or of the calendar."""
    if text in _NEAR:
        return today + dt.timedelta(days=_NEAR[text])
    if found := _ISO.fullmatch(text) or _CHINESE.fullmatch(text):
        return _calendar_date(found["year"], int(found["month"]), int(found["day"]), today, said)
    if found := _NUMERIC.fullmatch(text):
        return _numeric_date(found, today, said)
    if (found := _DAY_MONTH.fullmatch(text) or _MONTH_DAY.fullmatch(text)) and (month := _month(found["month"])):
        return _calendar_date(found["year"], month, int(found["day"]), today, said)
    return None


def _numeric_date(found: re.Match[str], today: dt.date, said: Said) -> dt.date:
    """Read "13/02" or "6.2.2024", if only one order of day and month is possible."""
    one, two, year = int(found["one"]), int(found["two"] or found["other"]), found["year"]
    if one <= 12 and two <= 12 and one != two:
        readings = (_calendar_date(year, month, day, today, said) for day, month in ((one, two), (two, one)))
        raise _two_days(said, *readings, year=bool(year))
    day, month = (two, one) if two > 12 else (one, two)
    return _calendar_date(year, month, day, today, said)


def _calendar_date(year: str | None, month: int, day: int, today: dt.date, said: Said) -> dt.date:
    """Give a day of the calendar; without a year the coming one, or one that has only just passed."""
    years = [int(year)] if year else range((today - RECENT).year, today.year + 9)  # leap days can be eight years apart
    for candidate in years:
        try:
            found = dt.date(candidate, month, day)
        except ValueError:
            continue
        if year or found >= today - RECENT:
            return found
    raise WhenProblem("“{words}” is not in the calendar. Please check the day and the month.", words=said.words)


def _month(word: str) -> int | None:
    return next((number for number, name in enumerate(_MONTHS, 1) if name.startswith(word)), None)


def _weekday(word: str) -> int | None:
    """Give the number of a weekday, Monday being 0, from its name in any of the languages."""
    word = {"tues": "tue", "weds": "wed", "thurs": "thu"}.get(word, word)
    if len(word) < 3 and word.isascii():  # "me" and "do" are weekdays to dateparser
        return None
    for number, name in enumerate(_WEEKDAYS):
        if name.startswith(word):
            return number
    found = None if re.search(r"\d", word) else _dateparser_day("weekday", word)
    return found.weekday() if found else None


def _foreign_date(text: str, today: dt.date, said: Said) -> dt.date | None:
    """Read "demain" or "6 de febrero" with dateparser, trusting it only where every number of the text came to use."""
    numbers = re.findall(r"\d+", text)
    found = _dateparser_day("date" if numbers else "near", text)
    if found is None:
        return None
    if not numbers:
        return today + (found - _base().date())
    year = str(found.year) if str(found.year) in numbers else None
    used = [str(found.day)] + ([year] if year else [])
    if sorted(number.lstrip("0") for number in numbers) != sorted(used):
        return None
    return _calendar_date(year, found.month, found.day, today, said)


def _base() -> dt.datetime:
    """Give the day from which dateparser counts: in a leap year, so that it knows every day, and not at midnight."""
    return dt.datetime(2024, 1, 1, 12)  # noqa: DTZ001 - of no zone: only days are counted from it


@lru_cache(maxsize=len(_DATEPARSER))
def _parser(kind: str) -> DateDataParser:
    languages, settings = _DATEPARSER[kind]
    settings = settings | {"RELATIVE_BASE": _base(), "PREFER_DATES_FROM": "future", "TIMEZONE": "UTC"}
    return DateDataParser(languages=list(languages), settings={**settings, "RETURN_TIME_AS_PERIOD": True})


def _dateparser_day(kind: str, text: str) -> dt.date | None:
    """Ask dateparser for a day; None where it finds none, or a month, a week, an hour or a zone as well."""
    found = _parser(kind).get_date_data(text)
    day = found.date_obj
    if day is None or found.period != "day" or day.tzinfo is not None:
        return None
    hours_away = kind == "near" and day.time() != _base().time()
    return None if hours_away else day.date()


def _two_days(said: Said, first: dt.date, second: dt.date, *, year: bool = False) -> WhenProblem:
    return two_readings(said.words, *(f"{day_words(day, year=year)}{said.time}" for day in (first, second)))


def two_readings(words: str, first: str, second: str) -> WhenProblem:
    """Make the refusal of words that have two readings, each given as it can be typed."""
    return WhenProblem(
        "“{words}” can mean `{first}` or `{second}`. Please write one of these.",
        words=words, first=first, second=second,
    )  # fmt: skip
