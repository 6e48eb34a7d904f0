"""The programme: what is on next, what is on a day or in a session, and how coordinators change it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlmodel import col

from bot.agenda import Agenda, day_shown, next_up, read_agenda, shown
from bot.commands import Call, Refusal, Verb
from bot.grammar import read_targets
from bot.meeting_names import find_meeting, numbers
from bot.meetings import Heard, MeetingBefore, Told, as_it_stands, hit_lineages, put_on_table, tell_changed
from bot.message import Heading, Inline, List, Message, Moment, count, joined, message, say
from bot.plain import clock_words, zone_name
from bot.programme import GOING, coming
from bot.provisions import current_draft
from bot.rules.labels import may_show
from bot.rules.waking import QUIET_FROM, QUIET_TO
from bot.slots import Slot, on_the_day_of, read_place_and_table, read_slot, read_start, split_title
from bot.when import WhenProblem, echo, read_day, read_when
from storage.tables import Deadline, Label, Meeting, MeetingState, OnTable, Role, Session
from storage.work import Work

Found = TypeVar("Found")

LONGEST_MEETING = dt.timedelta(hours=24)
LONGEST_TITLE = 200

ADD = "meeting add TITLE WHEN to WHEN|for DURATION [at PLACE] [on articles 5-9]"
MOVE = "meeting move TITLE-or-number to WHEN [at PLACE]"


def say_next(call: Call) -> Message:
    """Say what is on now, and what begins next."""
    rows = coming(call.work, call.now)
    if not rows:
        return message(say("Nothing is on the programme from here on. `programme session` shows what was."))
    return message(*shown(read_agenda(call.work, call.now), next_up(rows, call.now), call.ceiling))


def show_programme(call: Call) -> Message:
    """Show a day of the programme, or all of a session: the next day with meetings unless one is named."""
    wanted = call.words.strip()
    sessions = call.work.rows(Session)
    by_name = [row for row in sessions if wanted and wanted.casefold() == row.name.casefold()]
    if wanted.casefold() == "session" or by_name:
        return _whole_session(call, by_name[0] if by_name else session_to_come(call.work, call.now))
    agenda = read_agenda(call.work, call.now)
    rows = sorted(call.work.rows(Meeting), key=lambda row: (row.starts_at, row.id))
    day = _reading(lambda: read_day(wanted, call.now, call.zone)) if wanted else _next_day(call, agenda, rows)
    of_day = [row for row in rows if agenda.day(row) == day]
    if day is None or not of_day:
        shown_day = say("Nothing is on the programme on {day}.", day=_day_words(call, day)) if day else None
        leads = call.account is not None and call.account.role is Role.COORDINATOR
        hint = (
            say("`programme session` shows the whole session, `meeting add` puts something on it.")
            if leads
            else say("`programme session` shows the whole session.")
        )
        return message(shown_day or say("Nothing is on the programme from here on."), hint)
    return message(*day_shown(agenda, of_day, numbers(call.work)))


def add_meeting(call: Call) -> Message:
    """Put a meeting on the programme of the session that is on or next."""
    session = session_to_come(call.work, call.now)
    words, zone = _zone_meant(call, call.words, ZoneInfo(session.timezone))
    slot = _reading(lambda: read_slot(words, call.now, zone)) if words else None
    if slot is None or not slot.title:
        raise Refusal(say("Type it like this: `{usage}`, for example `{example}`.", usage=ADD, example=EXAMPLE))
    _check_slot(call, slot, words, zone)
    if call.work.first(
        Meeting, Meeting.session_id == session.id, Meeting.title == slot.title, Meeting.starts_at == slot.starts_at
    ):
        raise Refusal(say("{title} is on the programme at that time already.", title=slot.title))
    meeting = call.work.put(
        Meeting(
            coalition_id=call.work.tenant,
            session_id=session.id,
            key=f"said/{call.invocation.event_id}",
            title=slot.title,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            place=slot.place,
        )
    )
    put_on_table(call.work, meeting, slot.targets)
    answer = _changed(call, meeting, None)
    return Message((*answer.blocks, *message(_not_in_draft(call, meeting)).blocks))


def move_meeting(call: Call) -> Message:
    """Move a meeting to another time, its length kept, and to another place where one is given."""
    name, _, when = call.words.rpartition(" to ")
    if not name.strip() or not when.strip():
        raise Refusal(say("Type it like this: `{usage}`, for example `meeting move Plenary to thu 15:00`.", usage=MOVE))
    cancelled = call.work.rows(Meeting, Meeting.state == MeetingState.CANCELLED, col(Meeting.ends_at) > call.now)
    meeting = find_meeting(call.work, name, [*coming(call.work, call.now), *cancelled], call.now)
    agenda = read_agenda(call.work, call.now)
    when, zone = _zone_meant(call, when, agenda.zones[meeting.session_id])
    time, place = _time_and_place(when)
    starts_at = _reading(lambda: _new_start(time, meeting, call.now, zone))
    if starts_at == meeting.starts_at and place in ("", meeting.place) and meeting.state in GOING:
        raise Refusal(say("{meeting} is there already: {where}.", meeting=meeting.title, where=agenda.where(meeting)))
    before = as_it_stands(agenda, meeting)
    meeting.ends_at = starts_at + (meeting.ends_at - meeting.starts_at)
    meeting.starts_at, meeting.place = starts_at, place or meeting.place
    meeting.state, meeting.late_minutes, meeting.called = MeetingState.PLANNED, 0, ""
    return _changed(call, meeting, before)


def cancel_meeting(call: Call) -> Message:
    """Take a meeting off; it stays on the programme as cancelled."""
    if not call.words.strip():
        raise Refusal(say("Which one? For example `meeting cancel Plenary` or, by its number, `meeting cancel 3`."))
    meeting = find_meeting(call.work, call.words, coming(call.work, call.now), call.now)
    before = as_it_stands(read_agenda(call.work, call.now), meeting)
    meeting.state = MeetingState.CANCELLED
    return _changed(call, meeting, before)


def add_deadline(call: Call) -> Message:
    """Keep a closing hour outside the sessions, and count down to it."""
    found = _reading(lambda: split_title(call.words, lambda when: read_when(when, call.now, call.zone)))
    if found is None and (last := call.words.split()[-1:]) and last[0].isdecimal():
        _reading(lambda: read_when(last[0], call.now, call.zone))  # raises: a number alone is no time
    if found is None or not found[0] or _is_time(call, call.words):
        raise Refusal(say("Say what closes when. For example `deadline add Written comments fri 17:00`."))
    title, due = found
    # It is said to be counted down to in rooms, so a direct chat does not close it; a closed room does.
    closed = call.room is not None and call.room.label is Label.CLOSED
    label = Label.CLOSED if closed else Label.COALITION
    call.work.put(Deadline(coalition_id=call.work.tenant, title=title[:LONGEST_TITLE], due=due, label=label))
    return message(say("Deadline: **{title}**, {due}. `deadlines` lists all.", title=title, due=_full(call, due)))


def _is_time(call: Call, words: str) -> bool:
    """Tell whether all of it is a time: a deadline whose title was forgotten, not one that is called “fri”."""
    try:
        read_when(words, call.now, call.zone, past_allowed=True)
    except WhenProblem:
        return False
    return True


def list_deadlines(call: Call) -> Message:
    """List the outside deadlines that are still to come, as far as they are for this reader."""
    rows = sorted(call.work.rows(Deadline, Deadline.due > call.now), key=lambda row: row.due)
    shown_here = [row for row in rows if may_show(row.label, call.ceiling)]
    hidden = len(rows) - len(shown_here)
    if not rows:
        return message(say("There is no deadline ahead. A coordinator adds one with `deadline add TITLE WHEN`."))
    return message(
        List(tuple(say("{due}: {title}", due=_full(call, row.due), title=row.title) for row in shown_here)),
        count(hidden, "{n} more is not for here.", "{n} more are not for here.") if hidden else None,
    )


def session_to_come(work: Work, now: dt.datetime) -> Session:
    """Give the session that is on or next, else the one made last; raises Refusal when there is none."""
    sessions = {row.id: row for row in work.rows(Session)}
    if not sessions:
        raise Refusal(say("There is no session yet. `dragoman load FILE.toml` brings one in."))
    held = [row for row in work.rows(Meeting) if row.state is not MeetingState.CANCELLED]
    ahead = sorted((row.starts_at, row.session_id) for row in held if row.ends_at > now)
    empty = [session for session in sessions.values() if session.id not in {row.session_id for row in held}]
    if ahead:
        return sessions[ahead[0][1]]
    return (empty or list(sessions.values()))[-1]


def _changed(call: Call, meeting: Meeting, before: MeetingBefore | None) -> Message:
    """Tell of a change, after a yes where many would hear it, and answer with the same line."""
    call.work.flush()
    agenda = read_agenda(call.work, call.now)
    hit = set(agenda.people(hit_lineages(agenda, meeting, before))) - {call.speaker.id}
    call.ask_before_telling(len(hit))
    room_ids = (call.room.id,) if call.room else ()
    heard = Heard((call.speaker.id,), room_ids)
    told = tell_changed(call.work, call.now, f"said/{call.invocation.event_id}", meeting, before, heard)
    return message(told.line, _told_line(told), _night_line(call, agenda, meeting))


def _not_in_draft(call: Call, meeting: Meeting) -> Inline | None:
    """Say which provisions on the table the current draft does not have; free words are none."""
    rows = call.work.rows(OnTable, OnTable.meeting_id == meeting.id, col(OnTable.lineage_id).is_(None))
    absent = [row.target for row in rows if read_targets(row.target)[0]]
    if not absent or current_draft(call.work) is None:
        return None
    names = ", ".join(absent)
    return say("The current draft has no {targets}; I keep it on the table for a draft that has.", targets=names)


def _told_line(told: Told) -> Inline | None:
    people = len(told.member_ids)
    return count(people, "Told: {n} person.", "Told: {n} people.") if people else None


def _night_line(call: Call, agenda: Agenda, meeting: Meeting) -> Inline | None:
    """Doubt a meeting at night: a coordinator far away has likely copied the venue's programme."""
    zone = agenda.zones[meeting.session_id]
    if meeting.state is MeetingState.CANCELLED or not _night(meeting.starts_at.astimezone(zone).time()):
        return None
    if meeting.starts_at.astimezone(zone).utcoffset() == meeting.starts_at.astimezone(call.zone).utcoffset():
        return None  # the speaker's clock is the venue's
    return say(
        "There it is {time}, at night. If you meant the venue's clock: `meeting move {n} to {typed} {venue} time`.",
        time=clock_words(meeting.starts_at, zone, "time", "en"), n=numbers(call.work)[meeting.id],
        typed=echo(meeting.starts_at, call.now, call.zone), venue=zone_name(zone.key),
    )  # fmt: skip


def _night(clock: dt.time) -> bool:
    return not QUIET_TO <= clock < QUIET_FROM


def _check_slot(call: Call, slot: Slot, words: str, zone: ZoneInfo) -> None:
    if slot.ends_at <= slot.starts_at:
        raise Refusal(say("It would end before it begins. For example `{example}`.", example=EXAMPLE))
    if slot.ends_at - slot.starts_at > LONGEST_MEETING:
        raise Refusal(say("A meeting lasts a day at most. Add one for each day."))
    if slot.ends_at <= call.now:
        # Read again, so that the refusal can say which moment was likely meant.
        start = re.split(r"\s(?:to|until|till|for)\s", words.replace(slot.title, "", 1).strip())[0]
        _reading(lambda: read_when(start, call.now, zone))
        raise Refusal(say("That is past. For example `{example}`.", example=EXAMPLE))
    if len(slot.title) > LONGEST_TITLE or len(slot.place) > LONGEST_TITLE:
        raise Refusal(say("Title and place may have {n} letters each at most.", n=LONGEST_TITLE))


def _zone_meant(call: Call, words: str, venue: ZoneInfo) -> tuple[str, ZoneInfo]:
    """Take "venue time" or "New York time" out of the words, and give the zone they count in: else the speaker's."""
    said = re.compile(rf"\s*\b(?:venue|local|{re.escape(zone_name(venue.key))})\s+time\b", re.IGNORECASE)
    without = said.sub("", words)
    return without.strip(), call.zone if without == words else venue


def _time_and_place(when: str) -> tuple[str, str]:
    for mark in re.finditer(r"(?:\s(?:at|in)\s+|,\s*)", when):
        rest = when[mark.end() :]
        place, _, left = read_place_and_table(when[mark.start() :])
        if place and not left and not re.match(r"\d{1,2}(?:[:h.]\d\d|\s?[ap]m)|noon", rest, re.IGNORECASE):
            return when[: mark.start()].strip(), place
    return when.strip(), ""


def _new_start(time: str, meeting: Meeting, now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Read where a meeting moves to; a clock alone is of the day on which it was to begin."""
    same_day = on_the_day_of(time, meeting.starts_at, zone)
    if same_day is not None and same_day > now:
        return same_day
    read_start(time, now, zone)  # raises where there is no hour
    return read_when(time, now, zone)


def _reading(read: Callable[[], Found]) -> Found:
    try:
        return read()
    except WhenProblem as problem:
        raise Refusal(say(problem.msgid, **problem.values)) from problem


def _whole_session(call: Call, session: Session) -> Message:
    agenda = read_agenda(call.work, call.now)
    rows = call.work.rows(Meeting, Meeting.session_id == session.id)
    if not rows:
        return message(say("{session} has no meetings yet. `meeting add` adds one.", session=session.name))
    in_order = sorted(rows, key=lambda row: (row.starts_at, row.id))
    place = joined([session.name, *([session.venue] if session.venue else [])])
    called = numbers(call.work)
    blocks = [
        block for _, of_day in groupby(in_order, key=agenda.day) for block in day_shown(agenda, list(of_day), called)
    ]
    return message(Heading(place), *blocks)


def _next_day(call: Call, agenda: Agenda, rows: Iterable[Meeting]) -> dt.date | None:
    """Give today at the venue where something is or was on then, else the next day with a meeting."""
    days = {agenda.day(row): row for row in rows}
    ahead = [day for day, row in days.items() if day >= call.now.astimezone(agenda.zones[row.session_id]).date()]
    return min(ahead, default=None)


def _day_words(call: Call, day: dt.date) -> Moment:
    noon = dt.datetime.combine(day, dt.time(12), call.zone)
    return Moment(noon.astimezone(dt.UTC), call.zone.key, "day")


def _full(call: Call, at: dt.datetime) -> Moment:
    return Moment(at, call.zone.key, "full")


EXAMPLE = "meeting add Plenary tue 15:00 to 18:00 at Conference Room 4 on articles 5-9"

VERBS: tuple[Verb, ...] = (
    Verb("next", say_next, "next", "Says what is on next, where, and in how long.", role=Role.OBSERVER,
         label=Label.PUBLIC),
    Verb(
        "programme", show_programme, "programme [today | DATE | session]",
        "Shows the meetings of a day or of the whole session.", role=Role.OBSERVER, label=Label.PUBLIC,
        examples=("programme", "programme tomorrow", "programme session"), aliases=("program", "meetings"),
    ),
    Verb(
        "meeting add", add_meeting, ADD, "Puts a meeting on the programme and tells the owners of what it takes up.",
        role=Role.COORDINATOR, label=Label.PUBLIC, undoable=True,
        examples=(EXAMPLE, "meeting add Informals wed 10:00 New York time for 3h"),
    ),
    Verb(
        "meeting move", move_meeting, MOVE, "Moves a meeting, keeps its length, and tells those whom it hits.",
        role=Role.COORDINATOR, label=Label.PUBLIC, undoable=True,
        examples=("meeting move Plenary to thu 15:00", "meeting move 3 to 16:00 at Conference Room 2"),
    ),
    Verb(
        "meeting cancel", cancel_meeting, "meeting cancel TITLE-or-number",
        "Cancels a meeting and tells those whom it hits.", role=Role.COORDINATOR, label=Label.PUBLIC, undoable=True,
        examples=("meeting cancel Informals", "meeting cancel 3"),
    ),
    Verb(
        "deadline add", add_deadline, "deadline add TITLE WHEN", "Keeps an outside deadline and counts down to it.",
        role=Role.COORDINATOR, undoable=True, examples=("deadline add Written comments fri 17:00",),
    ),
    Verb("deadlines", list_deadlines, "deadlines", "Lists the outside deadlines ahead.", label=Label.PUBLIC),
)  # fmt: skip
