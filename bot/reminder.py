"""A reminder as people ask for it: what to, and when."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from bot.when import WhenProblem, read_when

_KEYWORD = re.compile(r"(?<!\S)(?:at|on|in)(?!\S)", re.IGNORECASE)
_TO = re.compile(r"(?<!\S)to(?!\S)\s*", re.IGNORECASE)
_LINKS = frozenset("at on in by the of from".split())
_REACH = 6
"""How many words before the keyword may still belong to the time: "tomorrow at 17:00", "Tue 6 Feb at 17:00"."""


def read_reminder(words: str, now: dt.datetime, zone: ZoneInfo) -> tuple[str, dt.datetime]:
    """Read "to WHAT at|on|in WHEN" or "WHEN to WHAT" as what to be reminded of and the moment (UTC).

    The last keyword behind which a time stands wins, with the day that may stand before it ("on fri at 17:00").
    Raises WhenProblem where no time can be read, or nothing is left to be reminded of.
    """
    lead = _TO.match(words)
    if lead is None and (found := _time_first(words, now, zone)):
        return found
    wish = words[lead.end() :] if lead else words
    what, moment = _time_last(wish, now, zone)
    if not what:
        raise _unclear()
    return what, moment


def _time_first(words: str, now: dt.datetime, zone: ZoneInfo) -> tuple[str, dt.datetime] | None:
    for link in _TO.finditer(words):
        what = words[link.end() :].strip()
        moment = _moment(words[: link.start()], now, zone)
        if what and moment is not None:
            return what, moment
    return None


def _time_last(wish: str, now: dt.datetime, zone: ZoneInfo) -> tuple[str, dt.datetime]:
    keywords = [keyword.start() for keyword in _KEYWORD.finditer(wish)]
    if not keywords:
        raise _unclear()
    for start in reversed(keywords):
        moment = _moment(wish[start:], now, zone)
        longer = _with_day_before(wish, start, now, zone)
        if longer is not None:
            return longer
        if moment is not None:
            return wish[:start].strip(), moment
    return wish, read_when(wish[keywords[-1] :], now, zone)  # raises: it says what is wrong with the last one


def _with_day_before(wish: str, start: int, now: dt.datetime, zone: ZoneInfo) -> tuple[str, dt.datetime] | None:
    """Take the words just before the keyword into the time, as many as still read as one time."""
    before = list(re.finditer(r"\S+", wish[:start]))[-_REACH:]
    for word in before:
        if word[0].casefold() in _LINKS:
            continue
        moment = _moment(wish[word.start() :], now, zone)
        if moment is not None:
            return _without_links(wish[: word.start()]), moment
    return None


def _without_links(what: str) -> str:
    """Leave out the "on" and "the" that led to a day."""
    words = what.split(" ")
    while words and (not words[-1] or words[-1].casefold() in _LINKS):
        words.pop()
    return " ".join(words).strip()


def _moment(words: str, now: dt.datetime, zone: ZoneInfo) -> dt.datetime | None:
    try:
        return read_when(words, now, zone)
    except WhenProblem:
        return None


def _unclear() -> WhenProblem:
    return WhenProblem(
        "Please say what and when. For example: `remind me to call the chair at 17:00`, `remind me in 2h to eat`."
    )
