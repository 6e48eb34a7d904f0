"""What people call a meeting: its number or its title."""

from __future__ import annotations

from collections.abc import Iterable

from bot.commands import Refusal
from bot.message import Moment, joined, say
from bot.programme import session_zones
from storage.tables import Meeting
from storage.work import Work

_MOST = 9
"""How many meetings of one name are listed."""


def numbers(work: Work) -> dict[int, int]:
    """Give the number by which people call each meeting, by its id: its place in the order they were made."""
    return {row.id: number for number, row in enumerate(work.rows(Meeting), 1)}


def find_meeting(work: Work, words: str, among: Iterable[Meeting]) -> Meeting:
    """Find a meeting by its number or title; raises Refusal when there is none, or several, with their numbers."""
    rows, called = list(among), numbers(work)
    wanted = words.strip(" .,\"'").casefold()
    bare = wanted.removeprefix("meeting ").removeprefix("#").strip()
    if bare.isdecimal() and (found := [row for row in rows if called[row.id] == int(bare)]):
        return found[0]
    exact = [row for row in rows if row.title.casefold() == wanted]
    found = exact or [row for row in rows if wanted and wanted in row.title.casefold()]
    if len(found) == 1:
        return found[0]
    if not found:
        typed = words.strip()[:60]
        raise Refusal(say("I find no meeting “{words}” to come. `programme session` lists them.", words=typed))
    zones = session_zones(work)
    choice = joined(
        [
            say("`{n}` ({when})", n=called[row.id], when=Moment(row.starts_at, zones[row.session_id].key))
            for row in found[:_MOST]
        ]
    )
    raise Refusal(say("Which “{words}”? Say its number: {choice}.", words=found[0].title, choice=choice))
