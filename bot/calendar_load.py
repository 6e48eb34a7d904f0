"""`dragoman load FILE.ics --session NAME`: the meetings of a session from a calendar, and again the difference."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from bot.commands import nearest
from bot.days import day_words
from bot.files import read_ordinary
from bot.ics import (
    MOST_BYTES,
    CalendarMeeting,
    CalendarProblem,
    Endless,
    all_day_titles,
    endless_entries,
    read_calendar,
)
from bot.load_programme import Wanted, load_meetings
from bot.loadfile import LoadProblem
from bot.loading import Loaded, Loading
from bot.planning import replan
from storage.tables import Coalition, Session
from storage.work import Store, Work

BACK, AHEAD = dt.timedelta(days=31), dt.timedelta(days=366)
"""How much is taken of what repeats without end."""
_UID = "uid:"
"""How the keys begin by which a calendar's meetings are known."""


async def load_calendar(
    store: Store, path: Path, session_name: str, coalition_name: str | None, now: dt.datetime
) -> list[str]:
    """Load a calendar's meetings into a session and give the lines that say what changed.

    A meeting is known again by its UID: later, those that moved, changed or were cancelled are, and those to come that
    the calendar no longer has are cancelled; whoever is hit is told. Raises LoadProblem or CalendarProblem; nothing is
    changed then.
    """
    try:
        data = read_ordinary(path, MOST_BYTES)
    except OSError:
        raise LoadProblem("There is no file {file} that can be read.", file=str(path)) from None
    coalition_id = await store.read(None, lambda work: _coalition(work, coalition_name))
    try:
        return await store.write(coalition_id, lambda work: _load(work, path, data, session_name, now))
    except CalendarProblem as problem:
        raise CalendarProblem(f"{{file}}: {problem.msgid}", file=path.name, **problem.values) from None


def _coalition(work: Work, name: str | None) -> int:
    known = list(work.exec(select(Coalition.name, Coalition.id).order_by(col(Coalition.id))))
    for called, coalition_id in known:
        if called.casefold() == (name or "").strip().casefold() or (name is None and len(known) == 1):
            return coalition_id
    names = ", ".join(called for called, _ in known)
    if name is None and known:
        raise LoadProblem("There are several coalitions: say which with --coalition ({names}).", names=names)
    if known:
        raise LoadProblem("There is no coalition “{name}”; there is {names}.", name=name or "", names=names)
    raise LoadProblem("There is no coalition yet. Please load its .toml file first.")


def _load(work: Work, path: Path, data: bytes, session_name: str, now: dt.datetime) -> list[str]:
    coalition, session = work.get_one(Coalition, work.tenant), _session(work, session_name)
    cause = f"load/{hashlib.sha256(data).hexdigest()[:16]}/{now:%Y%m%dT%H%M%S}"
    loading = Loading(work, coalition, path, now, first=False, cause=cause)
    zone, horizon = ZoneInfo(session.timezone), (now - BACK, now + AHEAD)
    wanted = [_wanted(meeting) for meeting in read_calendar(data, zone, horizon)]
    endless = endless_entries(data, zone, horizon)
    before = coalition.loaded or {}
    calendars = before.get("calendars", {})
    known: Loaded = calendars.get(str(session.id), {})
    if known and not wanted and not endless:
        # Most likely another calendar, or an export that failed: it would take everything off the programme.
        raise LoadProblem(
            "{file} has no meetings: export it again, or take single ones off with `meeting cancel`.", file=path.name
        )
    beyond = _beyond(known, wanted, endless)
    inside = {key: note for key, note in known.items() if key not in beyond}
    kept = beyond | load_meetings(loading, session, wanted, inside)
    coalition.loaded = {**before, "calendars": {**calendars, str(session.id): kept}}
    loading.kept += [f"left out, since it has no time: {title}" for title in all_day_titles(data)]
    loading.kept += [
        f"{one.title} repeats without end: its meetings until {day_words(one.end.astimezone(zone).date(), year=True)} "
        "are taken, the later ones when the file is loaded again"
        for one in endless
    ]
    if loading.changed:
        coalition.changes += 1
        work.flush()
        replan(work, now)
    return loading.report


def _session(work: Work, name: str) -> Session:
    rows = {row.name.casefold(): row for row in work.rows(Session)}
    wanted = name.strip().casefold()
    if wanted in rows:
        return rows[wanted]
    near = nearest(wanted, rows)
    if near:
        raise LoadProblem("There is no session “{name}”. Did you mean “{near}”?", name=name, near=rows[near].name)
    raise LoadProblem("There is no session “{name}”: add it to the .toml file under [[sessions]] first.", name=name)


def _beyond(known: Loaded, wanted: Sequence[Wanted], endless: Sequence[Endless]) -> Loaded:
    """Give what is known of the meetings beyond those that were read of what repeats without end: they are not gone."""
    given = {one.keys[0] for one in wanted}
    return {
        key: note
        for key, note in known.items()
        if key not in given and any(one.leaves_out(key.removeprefix(_UID)) for one in endless)
    }


def _wanted(meeting: CalendarMeeting) -> Wanted:
    return Wanted(
        (f"{_UID}{meeting.uid}",), meeting.title, meeting.start, meeting.end, meeting.place, cancelled=meeting.cancelled
    )
