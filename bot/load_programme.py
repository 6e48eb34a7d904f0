"""Sessions and meetings from a file or a calendar: the difference is applied, and told to whom it hits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot.agenda import read_agenda
from bot.commands import Refusal
from bot.days import day_words
from bot.grammar import read_targets
from bot.loadfile import LoadFile, MeetingTable, Place, SessionTable, wrong
from bot.loading import Loaded, Loading, considered, differences, noted, shown
from bot.meetings import MeetingBefore, as_it_stands, give_new_dues, put_on_table, tell_changed
from bot.plain import Reader, plain_inline
from bot.provisions import resolve
from bot.when import WhenProblem, local_moment
from storage.tables import Meeting, MeetingState, Session


@dataclass(frozen=True)
class Wanted:
    """A meeting as a file has it, times in UTC."""

    keys: tuple[str, ...]
    """What it may have been known by, surest first."""
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    place: str
    targets: tuple[str, ...] | None = None
    """What is on the table; None where the file has no say on it."""
    cancelled: bool = False
    where: Place = ()
    """Where it stands in the file, for refusals."""


def load_sessions(loading: Loading, file: LoadFile, loaded: Loaded) -> Loaded:
    """Add and change sessions and their meetings; sessions that the file no longer names stay as they are."""
    kept: Loaded = {}
    for index, table in enumerate(file.sessions):
        row, old = loading.known(Session, table.keys, loaded)
        session = _load_session(loading, file, table, row, old)
        place = ("sessions", index, "meetings")
        wanted = [
            _wanted(loading, (*place, number), table, _zone(file, table)) for number in range(len(table.meetings))
        ]
        _refuse_twice(loading, place, wanted)
        meetings = load_meetings(loading, session, wanted, (old or {}).get("meetings", {}))
        note = {"name": table.name, "venue": table.venue, "timezone": _zone(file, table)}
        kept[table.keys[0]] = noted(note, session.id) | {"meetings": meetings}
    for key, gone in loaded.items():
        kept[key] = gone
        loading.kept.append(f"session {gone['name']} is not in the file: its meetings stay")
    return kept


def _load_session(
    loading: Loading, file: LoadFile, table: SessionTable, row: Session | None, old: Loaded | None
) -> Session:
    work = loading.work
    wanted: dict[str, Any] = {"name": table.name, "venue": table.venue.strip(), "timezone": _zone(file, table)}
    row = row or next((one for one in work.rows(Session) if one.name.casefold() == table.name.casefold()), None)
    if row is None:
        loading.changed.append(f"added session {table.name}")
        return work.put(Session(coalition_id=work.tenant, **wanted))
    name = f"session {row.name}"
    before = loading.settle(row, name, considered(wanted, table.model_fields_set, old), old or {})
    if before:
        loading.changed.append(f"{name}: {differences(before, row)}")
    return row


def _zone(file: LoadFile, table: SessionTable) -> str:
    return table.timezone or file.coalition.timezone


def _wanted(loading: Loading, place: Place, session: SessionTable, zone: str) -> Wanted:
    table = session.meetings[int(place[-1])]
    starts_at = _moment(loading, (*place, "start"), table.start, zone)
    ends_at = _moment(loading, (*place, "end"), table.end, zone)
    if ends_at <= starts_at:
        raise wrong(loading.path, (*place, "end"), "it must be later than the start.")
    targets = tuple(str(target) for target in table.targets)
    return Wanted(_keys(table), table.title, starts_at, ends_at, table.place.strip(), targets, where=place)


def _moment(loading: Loading, place: Place, given: dt.datetime, zone: str) -> dt.datetime:
    try:
        return local_moment(given.replace(tzinfo=None), given.tzinfo or ZoneInfo(zone))
    except WhenProblem as problem:
        raise wrong(loading.path, place, str(problem)) from None


def _keys(table: MeetingTable) -> tuple[str, ...]:
    by_title = f"title:{table.title.casefold()} start:{table.start.isoformat()}"
    return (f"id:{table.id}", by_title) if table.id else (by_title,)


def _refuse_twice(loading: Loading, place: Place, wanted: Sequence[Wanted]) -> None:
    seen: set[str] = set()
    for index, one in enumerate(wanted):
        if one.keys[0] in seen:
            raise wrong(loading.path, (*place, index), "one above has the same title and start: give each an id.")
        seen.add(one.keys[0])


def load_meetings(loading: Loading, session: Session, wanted: Sequence[Wanted], loaded: Loaded) -> Loaded:
    """Add and change the meetings of a session, cancel those to come that the file no longer has, and tell people.

    Nobody is told of a session's first meetings: that is the programme, not a change of it.
    """
    work = loading.work
    rows = work.rows(Meeting, Meeting.session_id == session.id)
    agenda = read_agenda(work, loading.now)
    before = {row.id: as_it_stands(agenda, row) for row in rows}
    left, kept, touched = dict(loaded), {}, list[Meeting]()
    for one in wanted:
        note = _load_meeting(loading, session, one, left, touched)
        if note is not None:
            kept[one.keys[0]] = note
    for gone in left.values():
        row = work.get(Meeting, gone["row"])
        if row is not None and row.state is MeetingState.PLANNED and row.ends_at > loading.now:
            _cancel(loading, session, row, touched)
    work.flush()
    _tell(loading, touched, before if rows and not loading.first else None)
    return kept


def _tell(loading: Loading, touched: Sequence[Meeting], before: Mapping[int, MeetingBefore] | None) -> None:
    """Tell people, unless `before` is None; due times follow the programme in any case."""
    work, now = loading.work, loading.now
    agenda = read_agenda(work, now)
    for row in touched:
        if before is None:
            give_new_dues(work, agenda, row, None)
        else:
            tell_changed(work, now, loading.cause, row, before.get(row.id))


def _load_meeting(
    loading: Loading, session: Session, one: Wanted, left: Loaded, touched: list[Meeting]
) -> Loaded | None:
    row, old = loading.known(Meeting, one.keys, left)
    values = {"title": one.title, "starts_at": one.starts_at, "ends_at": one.ends_at, "place": one.place}
    note = {**values, "targets": list(one.targets or ()), "cancelled": one.cancelled}
    if row is None and old is not None:
        loading.kept.append(f"meeting {one.title} was taken off the programme in chat and is not added again")
        return old
    row = row or _same(loading, session, one)
    if row is None:
        return None if one.cancelled else noted(note, _add(loading, session, one, values, touched).id)
    row.key, name = one.keys[0], _named(row, session)
    before = loading.settle(row, f"meeting {name}", values, old or {})
    row.late_minutes = 0 if "starts_at" in before else row.late_minutes
    if one.targets is not None and (old is None or old["targets"] != note["targets"]):
        _put_on_table(loading, row, one)
        before |= {"targets": None} if old is not None else {}
    _settle_state(loading, session, row, one, old, touched)
    if before and row.state is not MeetingState.CANCELLED:
        loading.changed.append(_told(row, session, before))
        touched.append(row)
    return noted(note, row.id)


def _same(loading: Loading, session: Session, one: Wanted) -> Meeting | None:
    """Find a meeting that is the same though nothing was noted of it: added in chat, or gone from the file and back."""
    rows = loading.work.rows(Meeting, Meeting.session_id == session.id)
    by_key = next((row for row in rows if row.key in one.keys), None)
    return by_key or next(
        (
            row
            for row in rows
            if (row.title.casefold(), row.starts_at) == (one.title.casefold(), one.starts_at)
            and row.state is not MeetingState.CANCELLED
        ),
        None,
    )


def _add(loading: Loading, session: Session, one: Wanted, values: dict[str, Any], touched: list[Meeting]) -> Meeting:
    row = loading.work.put(Meeting(coalition_id=session.coalition_id, session_id=session.id, key=one.keys[0], **values))
    _put_on_table(loading, row, one)
    loading.changed.append(f"added meeting {_named(row, session)}")
    touched.append(row)
    return row


def _settle_state(
    loading: Loading, session: Session, row: Meeting, one: Wanted, old: Loaded | None, touched: list[Meeting]
) -> None:
    """Cancel and take up again as the file says, where it says something new."""
    if one.cancelled and row.state is MeetingState.PLANNED and not (old and old["cancelled"]):
        _cancel(loading, session, row, touched)
    elif not one.cancelled and row.state is MeetingState.CANCELLED:
        if old is None or old["cancelled"]:
            row.state = MeetingState.PLANNED
            loading.changed.append(f"meeting {_named(row, session)} takes place again")
            touched.append(row)
        else:
            loading.kept.append(f"meeting {_named(row, session)} stays cancelled, as said in chat")


def _cancel(loading: Loading, session: Session, row: Meeting, touched: list[Meeting]) -> None:
    row.state = MeetingState.CANCELLED
    loading.changed.append(f"meeting {_named(row, session)} is cancelled")
    touched.append(row)


def _put_on_table(loading: Loading, row: Meeting, one: Wanted) -> None:
    """Put on the table what the file says; raises LoadProblem for what the current draft does not have."""
    for target in read_targets(", ".join(one.targets or ()))[0] if loading.provisions else ():
        try:
            resolve(loading.provisions, [target])
        except Refusal as refusal:
            sentence = plain_inline(refusal.phrase, Reader(ZoneInfo("UTC")))
            raise wrong(loading.path, (*one.where, "provisions"), sentence) from None
    if one.targets is not None:
        put_on_table(loading.work, row, one.targets)


def _named(row: Meeting, session: Session) -> str:
    return f"{row.title}, {_at(row.starts_at, session)}"


def _told(row: Meeting, session: Session, before: dict[str, Any]) -> str:
    """Write what changed of a meeting: "meeting Plenary moved from … to …"."""
    parts = []
    if "starts_at" in before:
        parts.append(f"moved from {_at(before['starts_at'], session)} to {_at(row.starts_at, session)}")
    elif "ends_at" in before:
        parts.append(f"ends {_at(row.ends_at, session)} instead of {_at(before['ends_at'], session)}")
    if "place" in before:
        parts.append(f"is in {shown(row.place)} instead of {shown(before['place'])}")
    if "targets" in before:
        parts.append("has something else on the table")
    named = f"meeting {before.get('title', row.title)}"
    if "title" in before:
        parts.append(f"is now called {row.title}")
    return f"{named} {', '.join(parts)}"


def _at(moment: dt.datetime, session: Session) -> str:
    local = moment.astimezone(ZoneInfo(session.timezone))
    return f"{day_words(local.date(), year=True)} {local:%H:%M}"
