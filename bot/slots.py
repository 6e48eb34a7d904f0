"""What people write to name a slot of the programme: a title, from when until when, where, and on what."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.days import names_month
from bot.grammar import read_targets
from bot.when import WhenProblem, local_moment, names_hour, read_clock, read_duration, read_when

Found = TypeVar("Found")

_LONGEST_WHEN = 7  # words; "on Tuesday 6 February 2024 at 15:00" has seven
_LONGEST = 600  # characters
_LONGEST_NIGHT = dt.timedelta(hours=12)  # "22:00 to 2:00" runs over midnight; "15:00 to 14:00" is a slip
_MOST_SPANS = 12  # times that "to" and "for" are tried as the middle of a span: each try reads many times
_TIME = r"\d{1,2}(?:[:h.]\d\d|\s?[ap]m)"
_RANGE = re.compile(rf"({_TIME})\s*[-–—]\s*(?={_TIME})", re.IGNORECASE)
_SPAN = re.compile(r"\s(?:(?P<until>to|until|till)|for)\s", re.IGNORECASE)
_PLACE = re.compile(r"(?:at|in)\s+", re.IGNORECASE)
_TABLE = re.compile(r"(?:^|\s)(?:on|about)\s+", re.IGNORECASE)
_LEADING = ("at", "in", "on", "about")
_NO_TIME = ("I cannot read", "“{words}” is only a number")
"""How the refusals of words begin that may as well be part of a title; all others speak of a time that was meant."""


@dataclass(frozen=True)
class Slot:
    """A meeting as somebody typed it; times in UTC."""

    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    place: str = ""
    targets: tuple[str, ...] = ()


def read_slot(words: str, now: dt.datetime, zone: ZoneInfo) -> Slot | None:
    """Read "TITLE WHEN to WHEN|for DURATION [at PLACE] [on articles 5-9]"; None where that is not what it is.

    A clock alone as the end is of the day on which the meeting begins, or of the night after. Raises WhenProblem for a
    time that is none. The start may be past: the caller decides what that means.
    """
    text = _RANGE.sub(r"\1 to ", words.strip())
    for mark in islice(_SPAN.finditer(text[:_LONGEST]), _MOST_SPANS):
        head = split_title(text[: mark.start()], lambda when: read_start(when, now, zone))
        if head is None:
            continue
        title, starts_at = head
        tail = _longest_prefix(text[mark.end() :], _end_reader(starts_at, now, zone, until=bool(mark["until"])))
        if tail is not None:
            ends_at, rest = tail
            place, targets, left = read_place_and_table(rest)
            return None if left else Slot(title, starts_at, ends_at, place, targets)
    return None


def read_start(words: str, now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Read when a meeting begins, past or to come; raises WhenProblem for a day without an hour, too."""
    moment = read_when(words, now, zone, past_allowed=True)
    if not names_hour(words):
        raise WhenProblem(
            "A meeting needs an hour: “{words}” has none. For example: `{words} 15:00`.", words=" ".join(words.split())
        )
    return moment


def split_title(words: str, read: Callable[[str], Found]) -> tuple[str, Found] | None:
    """Split "TITLE WHEN" where the longest end of it reads as a time, and give both; None where there is no split.

    Raises WhenProblem where the end is a time that cannot be: past, or with two readings.
    """
    parts = words.split()
    quoted = re.fullmatch(r'"(?P<title>[^"]+)",?\s+(?P<when>.+)', words.strip())
    if quoted:
        return quoted["title"].strip(), read(quoted["when"])
    for start in range(max(1, len(parts) - _LONGEST_WHEN), len(parts)):
        try:
            found = read(" ".join(parts[start:]))
        except WhenProblem as problem:
            if not problem.msgid.startswith(_NO_TIME):
                raise
            continue
        if parts[start - 1].isdecimal() and names_month(parts[start]):
            raise WhenProblem(
                "Is {number} part of the title or of the day? Put the title in quotes, or write the day as `8 Feb`.",
                number=parts[start - 1],
            )
        return " ".join(parts[:start]).strip(' ,;:"'), found
    return None


def split_length(words: str) -> tuple[dt.timedelta, str] | None:
    """Split "20 min Informals" into the length of time, bare numbers being minutes, and the rest."""
    return _longest_prefix(words, lambda length: read_duration(length, bare_minutes=True))


def read_place_and_table(words: str) -> tuple[str, tuple[str, ...], str]:
    """Read "[at PLACE] [on articles 5-9]", in either order, and give place, targets and what is left over.

    What stands after "on" and names no provision is one target as it was typed: "on means of implementation".
    """
    rest, targets = _take_table(words.strip(" .,"))
    place = _PLACE.match(rest)
    if place:
        return rest[place.end() :].strip(), targets, ""
    if words.lstrip().startswith(","):
        return rest, targets, ""
    return "", targets, rest


def _take_table(words: str) -> tuple[str, tuple[str, ...]]:
    for mark in _TABLE.finditer(words):
        found, left = read_targets(words[mark.end() :])
        left = left.strip(" ,")
        if found and (not left or _PLACE.match(left)):
            return f"{words[: mark.start()]} {left}".strip(" ,"), tuple(str(target) for target in found)
    free = _TABLE.search(words)
    if free:
        return words[: free.start()].strip(" ,"), (words[free.end() :].strip(),)
    return words, ()


def on_the_day_of(words: str, meeting_at: dt.datetime, zone: ZoneInfo) -> dt.datetime | None:
    """Read a clock alone as a moment of the day of a meeting; None for anything else."""
    try:
        clock = read_clock(words)
    except WhenProblem:
        return None
    return local_moment(dt.datetime.combine(meeting_at.astimezone(zone).date(), clock), zone)


def _end_reader(
    starts_at: dt.datetime, now: dt.datetime, zone: ZoneInfo, *, until: bool
) -> Callable[[str], dt.datetime]:
    def read(words: str) -> dt.datetime:
        if not until:
            return starts_at + read_duration(words)
        clock = on_the_day_of(words, starts_at, zone)
        if clock is None:
            return read_when(words, now, zone, past_allowed=True)
        night = on_the_day_of(words, starts_at + dt.timedelta(days=1), zone)
        over_midnight = clock <= starts_at and night is not None and night - starts_at <= _LONGEST_NIGHT
        return night if night is not None and over_midnight else clock

    return read


def _longest_prefix(words: str, read: Callable[[str], Found]) -> tuple[Found, str] | None:
    """Read the longest beginning of the words that can be read, and give the rest with it."""
    for end in _word_ends(words):
        try:
            return read(words[:end].strip(" ,")), words[end:]
        except WhenProblem as problem:
            if not problem.msgid.startswith(_NO_TIME):
                raise
    return None


def _word_ends(words: str) -> Iterator[int]:
    """Give where the first words end, longest first; "on" and "at" belong to what follows them."""
    ends = [match.end() for match in re.finditer(r"[^\s,]+", words) if match[0].casefold() not in _LEADING]
    return reversed(ends[:_LONGEST_WHEN])
