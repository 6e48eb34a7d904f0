"""Meetings from an iCalendar file (RFC 5545), with repetitions written out and every time as a moment.

What an author of such a file can do wrong is named; what a hostile one can do is bounded: the size, the number of
entries, repetitions and meetings, and the rules by which they repeat, since some make the libraries count for hours.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component
from icalendar.prop import vDDDTypes, vText
from icalendar.timezone import tzp

from bot.problem import Problem
from bot.repetition import ends, is_bounded, rules_of
from bot.when import WhenProblem, local_moment

LENGTH_UNSAID = dt.timedelta(hours=1)
"""How long a meeting is for which the file says neither end nor duration."""

MOST_BYTES = 1_000_000
MOST_REPEATING = 200
MOST_MEETINGS = 2_000

Found = TypeVar("Found")
Span = tuple[dt.datetime, dt.datetime]
"""Two aware moments, the second excluded."""

_EARLIEST, _LATEST = dt.datetime(1980, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)
_ALWAYS = _EARLIEST, _LATEST
_DAY = dt.timedelta(days=1)
_LONGEST_TITLE = 300
_TIMES = ("DTSTART", "DTEND", "RECURRENCE-ID")
_TOLD = frozenset({*_TIMES, "DURATION", "RRULE", "RDATE", "EXDATE"})
_ORIGINAL = "%Y%m%dT%H%M%SZ"


class CalendarProblem(Problem):
    """A file that is no calendar, or one whose meetings cannot be told for sure."""


@dataclass(frozen=True)
class CalendarMeeting:
    """One meeting. `uid` is its own, also among the repetitions of one entry, and stays when it moves."""

    uid: str
    title: str
    start: dt.datetime
    end: dt.datetime
    place: str
    cancelled: bool


@dataclass(frozen=True)
class Endless:
    """An entry that repeats without end, and the span in which its meetings are given."""

    uid: str
    title: str
    begin: dt.datetime
    end: dt.datetime

    def leaves_out(self, uid: str) -> bool:
        """Tell whether a meeting is one of these outside the span: the calendar may have it all the same."""
        base, _, original = uid.rpartition("#")
        if base != self.uid:
            return False
        return not self.begin <= dt.datetime.strptime(original, _ORIGINAL).replace(tzinfo=dt.UTC) < self.end


def read_calendar(data: bytes, zone: ZoneInfo, horizon: Span | None = None) -> list[CalendarMeeting]:
    """Give the meetings of a calendar in the order of their start, times aware and in UTC; all-day entries are none.

    Times without a zone are read in `zone`. What repeats without end is refused unless there is a `horizon`: then the
    meetings of it are given that `endless_entries` speaks of; all others are given whenever they are. Cancelled
    meetings are given as such, those taken out by EXDATE are not. Raises CalendarProblem.
    """
    return sorted(_guarded(lambda: _meetings(data, zone, horizon)), key=lambda meeting: (meeting.start, meeting.uid))


def endless_entries(data: bytes, zone: ZoneInfo, horizon: Span) -> list[Endless]:
    """Give what repeats without end, and of which span `read_calendar` gives it; raises CalendarProblem.

    That is the horizon, and for what begins later as long a time from then on.
    """

    def read() -> list[Endless]:
        calendars = _calendars(data)
        _check_rules(calendars, endless_allowed=True)
        timed = [entry for entry in _entries(calendars) if not _is_all_day(entry)]
        return list(_endless(timed, zone, horizon).values())

    return _guarded(read)


def all_day_titles(data: bytes) -> list[str]:
    """Give the titles of the all-day entries that `read_calendar` leaves out, to be told; raises CalendarProblem."""
    return _guarded(lambda: [_title(entry) for entry in _entries(_calendars(data)) if _is_all_day(entry)])


def _guarded(read: Callable[[], list[Found]]) -> list[Found]:
    try:
        return read()
    except CalendarProblem:
        raise
    except Exception:  # on broken files the libraries raise whatever their code happens to run into
        # What they raise quotes the file, so it goes no further.
        raise CalendarProblem(
            "This file cannot be read as a calendar. Please export it again as iCalendar (.ics)."
        ) from None


def _calendars(data: bytes) -> Sequence[Component]:
    """Parse a file, with its own time zones and no others."""
    if len(data) > MOST_BYTES:
        raise CalendarProblem(
            "This calendar is larger than {limit} MB. Please export only the session.",
            limit=str(MOST_BYTES // 1_000_000),
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zones in the form "/maker/Europe/Vienna", which it reads well
        tzp.use_default()  # icalendar keeps the zones that earlier files defined, and would prefer them to this one's
        found = Calendar.from_ical(data, multiple=True)
        if any(_undefined_zone(entry) for entry in _entries(found)):
            found = Calendar.from_ical(data, multiple=True)  # it knows the zones that stand after their use only now
    if not found or any(component.name != "VCALENDAR" for component in found):
        raise CalendarProblem("This file holds no calendar. Please export it again as iCalendar (.ics).")
    return found


def _entries(calendars: Iterable[Component]) -> list[Component]:
    return [entry for calendar in calendars for entry in calendar.walk("VEVENT")]


def _meetings(data: bytes, zone: ZoneInfo, horizon: Span | None) -> list[CalendarMeeting]:
    calendars = _calendars(data)
    _check_readable(_entries(calendars))
    _check_rules(calendars, endless_allowed=horizon is not None)  # before any time is computed in a zone of the file
    _check_entries(_entries(calendars), zone)
    found: dict[str, CalendarMeeting] = {}
    for calendar in calendars:
        entries, endless = _Entries(calendar, zone), _endless(_entries([calendar]), zone, horizon or _ALWAYS)
        spans = {uid: (entry.begin, entry.end) for uid, entry in endless.items()}
        for occurrence in _occurrences(calendar, spans):
            meeting = entries.meeting(occurrence)
            begin, end = spans.get(_uid(occurrence), _ALWAYS)
            if begin <= meeting.start < end:
                _keep(found, meeting)
    return list(found.values())


def _endless(entries: Sequence[Component], zone: ZoneInfo, horizon: Span) -> dict[str, Endless]:
    """Index what repeats without end by its UID. What was moved far ahead widens the span, as a late start does."""
    begin, end = horizon
    found: dict[str, Endless] = {}
    for entry in entries:
        if any(not ends(rule) for rule in rules_of(entry)):
            found[_uid(entry)] = Endless(_uid(entry), _title(entry), begin, end)
    for entry in entries:
        if one := found.get(_uid(entry)):
            later = _loose_moment(_start(entry), zone) + (end - begin)
            found[one.uid] = replace(one, end=max(one.end, later))
    return found


def _keep(found: dict[str, CalendarMeeting], meeting: CalendarMeeting) -> None:
    if meeting.uid in found:
        raise _same_uid(meeting.title, found[meeting.uid].title)
    found[meeting.uid] = meeting


def _occurrences(calendar: Component, spans: Mapping[str, Span]) -> Iterator[Component]:
    """Write out the repetitions, of some entries only those that touch a span.

    A day more on either side is looked at, since some times have no zone yet.
    """
    for entry in _entries([calendar]):
        entry["UID"] = vText(_uid(entry))  # where the file has none the library would make up its own
    count = 0
    for series in recurring_ical_events.of(calendar).series:
        begin, end = spans.get(str(series.uid), _ALWAYS)
        for occurrence in series.between(begin - _DAY, end + _DAY):
            count += 1
            if count > MOST_MEETINGS:
                raise CalendarProblem(
                    "This calendar has more than {most} meetings. Please export only the session.",
                    most=str(MOST_MEETINGS),
                )
            component = occurrence.as_component(keep_recurrence_attributes=False)
            if not _is_all_day(component):
                yield component


class _Entries:
    """What must be known of a whole calendar to turn one occurrence into a meeting."""

    def __init__(self, calendar: Component, zone: ZoneInfo) -> None:
        self._zone = zone
        self._cancelled = str(calendar.get("METHOD", "")).upper() == "CANCEL"
        self._repeating: set[str] = set()
        self._shifts: dict[tuple[str, dt.datetime], dt.timedelta] = {}
        for entry in _entries([calendar]):
            if {"RRULE", "RDATE", "RECURRENCE-ID"} & set(entry):
                self._repeating.add(_uid(entry))
            original = _time(entry, "RECURRENCE-ID")
            if original and entry["RECURRENCE-ID"].params.get("RANGE") == "THISANDFUTURE":
                moment = _loose_moment(original, zone)
                self._shifts[_uid(entry), moment] = _loose_moment(_start(entry), zone) - moment

    def meeting(self, occurrence: Component) -> CalendarMeeting:
        start = _moment(occurrence, _start(occurrence), self._zone)
        end = _moment(occurrence, _time(occurrence, "DTEND") or _start(occurrence), self._zone)
        uid = _uid(occurrence)
        if uid in self._repeating:
            uid = f"{uid}#{self._original_start(uid, occurrence, start).strftime(_ORIGINAL)}"
        return CalendarMeeting(
            uid=uid,
            title=_title(occurrence),
            start=start,
            end=end if end > start else start + LENGTH_UNSAID,
            place=_line(occurrence, "LOCATION"),
            cancelled=self._cancelled or str(occurrence.get("STATUS", "")).upper() == "CANCELLED",
        )

    def _original_start(self, uid: str, occurrence: Component, start: dt.datetime) -> dt.datetime:
        """Give the start that an occurrence had before it was moved, by itself or with all that follow."""
        original = _loose_moment(_time(occurrence, "RECURRENCE-ID") or start, self._zone)
        shift = self._shifts.get((uid, original))
        return original if shift is None else start - shift


def _time(entry: Component, name: str) -> dt.date | None:
    """Give a date or a time of an entry; None where it is missing or something else."""
    value = entry.get(name)
    return value.dt if isinstance(value, vDDDTypes) and isinstance(value.dt, dt.date) else None


def _start(entry: Component) -> dt.date:
    start = _time(entry, "DTSTART")
    if start is None:
        raise CalendarProblem("“{title}” has no start.", title=_title(entry))
    return start


def _moment(entry: Component, value: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Turn a time of an entry into a moment; one without a zone must exist in ours, and once."""
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        try:
            return local_moment(value, zone)
        except WhenProblem as problem:
            raise CalendarProblem(f"“{{title}}”: {problem.msgid}", title=_title(entry), **problem.values) from None
    return _loose_moment(value, zone)


def _loose_moment(value: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Turn any date or time of the file into some moment, to compare it."""
    time = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
    return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(dt.UTC)


def _is_all_day(entry: Component) -> bool:
    return not isinstance(_start(entry), dt.datetime)


def _uid(entry: Component) -> str:
    """Give an entry's UID, or one made of what it is where the file leaves it out."""
    return str(entry.get("UID") or f"{_title(entry)}@{_start(entry).isoformat()}")


def _title(entry: Component) -> str:
    return _line(entry, "SUMMARY") or "Meeting"


def _line(entry: Component, name: str) -> str:
    value = entry.get(name, "")
    return " ".join(str(value[0] if isinstance(value, list) else value).split())[:_LONGEST_TITLE]


def _check_entries(entries: list[Component], zone: ZoneInfo) -> None:
    """Refuse entries that the libraries would drop, or read as something else, without a word."""
    plain: dict[tuple[str, str], Component] = {}
    for entry in entries:
        _check_times(entry, zone)
        if "RECURRENCE-ID" in entry:
            continue
        first = plain.setdefault((_uid(entry), str(entry.get("SEQUENCE", 0))), entry)
        if _start(first) != _start(entry):
            raise _same_uid(_title(entry), _title(first))


def _check_readable(entries: list[Component]) -> None:
    """Refuse entries of which icalendar left out a line because it could not read it."""
    for entry in entries:
        if unread := sorted({name for name, _ in entry.errors if name} & _TOLD):
            raise CalendarProblem("“{title}” has a {name} that cannot be read.", title=_title(entry), name=unread[0])


def _check_times(entry: Component, zone: ZoneInfo) -> None:
    title = _title(entry)
    if undefined := _undefined_zone(entry):
        raise CalendarProblem(
            "“{title}” names the zone “{zone}”, which the file does not define.", title=title, zone=undefined
        )
    start = _loose_moment(_start(entry), zone)
    if not _EARLIEST <= start < _LATEST:
        raise CalendarProblem("“{title}” is in the year {year}. Please check it.", title=title, year=f"{start.year:04}")
    end = _time(entry, "DTEND")
    length = getattr(entry.get("DURATION"), "dt", None)
    if (end and _loose_moment(end, zone) < start) or (isinstance(length, dt.timedelta) and length < dt.timedelta()):
        raise CalendarProblem("“{title}” ends before it begins.", title=title)


def _undefined_zone(entry: Component) -> str | None:
    """Give the zone that an entry names and nobody defines: icalendar reads such times as if they named none."""
    for name in _TIMES:
        time = _time(entry, name)
        if isinstance(time, dt.datetime) and time.tzinfo is None and "TZID" in entry[name].params:
            return str(entry[name].params["TZID"])
    return None


def _check_rules(calendars: Sequence[Component], *, endless_allowed: bool) -> None:
    """Refuse repetitions that would take hours to write out, in entries and in time zones."""
    rules = [(part, rule) for calendar in calendars for part in calendar.walk() for rule in rules_of(part)]
    if len(rules) > MOST_REPEATING:
        raise CalendarProblem(
            "More than {most} entries of this calendar repeat. Please export only the session.",
            most=str(MOST_REPEATING),
        )
    for part, rule in rules:
        if not is_bounded(rule):
            raise CalendarProblem(
                "“{title}” repeats by a rule that is not for meetings. Please list its meetings one by one.",
                title=_title(part),
            )
        if part.name == "VEVENT" and not endless_allowed and not ends(rule):
            raise CalendarProblem(
                "“{title}” repeats without end. Please give its repetition an end.", title=_title(part)
            )


def _same_uid(title: str, other: str) -> CalendarProblem:
    return CalendarProblem(
        "“{title}” and “{other}” have the same UID. Please export the calendar again, with a UID for each.",
        title=title, other=other,
    )  # fmt: skip
