"""What people call a meeting: its number or its title."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from bot.commands import Refusal, nearest
from bot.message import Moment, Phrase, joined, say
from bot.programme import session_zones
from storage.tables import Meeting, MeetingState
from storage.work import Work

_MOST = 9
"""How many meetings of one name are listed."""


def numbers(work: Work) -> dict[int, int]:
    """Give the number by which people call each meeting, by its id: its place in the order they were made."""
    return {row.id: number for number, row in enumerate(work.rows(Meeting), 1)}


def find_meeting(work: Work, words: str, among: Iterable[Meeting], now: dt.datetime) -> Meeting:
    """Find a meeting by its number or title among those to which a command can apply.

    Raises Refusal for several, with their numbers; for one to which it cannot apply, with what became of it; and for
    none, with the nearest title.
    """
    called = numbers(work)
    found = _named(called, words, among)
    if len(found) == 1:
        return found[0]
    if not found:
        elsewhere = work.rows(Meeting)
        others = _named(called, words, elsewhere)
        if others:
            meant = min(others, key=lambda row: abs(row.starts_at - now))
            raise Refusal(_what_became(meant, session_zones(work)[meant.session_id].key, now))
        raise Refusal(_no_such(words.strip()[:60], elsewhere))
    zones = session_zones(work)
    choice = joined(
        [
            say("`{n}` ({when})", n=called[row.id], when=Moment(row.starts_at, zones[row.session_id].key))
            for row in found[:_MOST]
        ]
    )
    raise Refusal(say("Which “{words}”? Say its number: {choice}.", words=found[0].title, choice=choice))


def _named(called: dict[int, int], words: str, among: Iterable[Meeting]) -> list[Meeting]:
    rows, wanted = list(among), words.strip(" .,\"'").casefold()
    bare = wanted.removeprefix("meeting ").removeprefix("#").strip()
    if bare.isdecimal() and (found := [row for row in rows if called[row.id] == int(bare)]):
        return found
    exact = [row for row in rows if row.title.casefold() == wanted]
    return exact or [row for row in rows if wanted and wanted in row.title.casefold()]


def _what_became(meeting: Meeting, venue: str, now: dt.datetime) -> Phrase:
    if meeting.state is MeetingState.CANCELLED:
        return say("{meeting} is cancelled already.", meeting=meeting.title)
    if meeting.state is MeetingState.OVER:
        return say("{meeting} is over already.", meeting=meeting.title)
    if meeting.starts_at > now:
        return say("{meeting} begins {when}: say it then.", meeting=meeting.title,
                   when=Moment(meeting.starts_at, venue))  # fmt: skip
    return say("{meeting} ended {when}.", meeting=meeting.title, when=Moment(meeting.ends_at, venue))


def _no_such(typed: str, rows: Iterable[Meeting]) -> Phrase:
    near = nearest(typed, {row.title for row in rows}) if typed else None
    if near:
        return say("I find no meeting “{words}”. Did you mean `{near}`?", words=typed, near=near)
    return say("I find no meeting “{words}” to come. `programme session` lists them.", words=typed)
