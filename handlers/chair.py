"""From the room itself: what is called, who is late, what goes on and what is over. The current meeting is assumed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from bot.agenda import Agenda, command_words, read_agenda
from bot.commands import Call, Refusal, Verb
from bot.grammar import read_targets
from bot.meeting_names import find_meeting, numbers
from bot.meetings import Heard, Told, as_it_stands, tell_changed, tell_line
from bot.message import Message, Phrase, actions, count, joined, message, say
from bot.notices import About, member_lane
from bot.people import members, mention
from bot.programme import OVERRUN, coming
from bot.provisions import resolve, titles
from bot.rules.labels import may_show
from bot.slots import split_length
from bot.when import WhenProblem
from storage.tables import Label, Meeting, MeetingState, NoticeKind, Provision, Role

EARLY = dt.timedelta(minutes=30)
"""How long before its time a meeting may be called to order."""
EXPECTED = OVERRUN
"""How long before its time a meeting may be said to be late, and after it to have gone on or ended."""
LATEST = dt.timedelta(hours=12)


def call_provision(call: Call) -> Message:
    """Mark what is on the floor, and tell its lead and backup at once."""
    targets, rest = read_targets(call.words)
    if not targets:
        raise Refusal(say("Say what is on the floor. For example `now article 24`."))
    agenda = read_agenda(call.work, call.now)
    found = resolve(agenda.provisions, targets)
    if not found:
        raise Refusal(say("The current draft leaves {target} empty.", target=str(targets[0])))
    lineages = {row.lineage_id for row in found if row.lineage_id is not None}
    typed = f"now {titles(found)}"
    meeting = _current(call, _name(rest), _callable, typed, prefer=lambda row: bool(agenda.lineages(row) & lineages))
    called = titles(found)
    already = meeting.called == called and meeting.state is MeetingState.RUNNING
    meeting.called, meeting.state = called, MeetingState.RUNNING
    if already:
        return message(say("{provisions} was called already; its owners were told.", provisions=_capital(called)))
    told = _alert_owners(call, agenda, meeting, found)
    line = say("On the floor in {meeting}: **{provisions}**.", meeting=meeting.title, provisions=called)
    return message(
        line, *_who_was_told(call, told, agenda.named(row for row in lineages if not agenda.owners.get(row)))
    )


def late(call: Call) -> Message:
    """Move the beginning and the end of the meeting that should begin by some minutes."""
    try:
        found = split_length(re.sub(r"^\s*by\s+", "", call.words, flags=re.IGNORECASE))
    except WhenProblem as problem:
        raise Refusal(say(problem.msgid, **problem.values)) from problem
    if found is None or not dt.timedelta(minutes=1) <= found[0] <= LATEST:
        raise Refusal(say("By how many minutes? For example `late 20`. `meeting move` is for another time."))
    delay, rest = found
    typed = f"late {int(delay.total_seconds() // 60)}"
    soonest = min((row.starts_at for row in call.work.rows(Meeting) if _awaited(row, call.now)), default=call.now)
    meeting = _current(
        call, _name(rest), _awaited, typed, or_else=_running, prefer=lambda row: row.starts_at - soonest < EARLY
    )
    before = as_it_stands(read_agenda(call.work, call.now), meeting)
    _put_off(meeting, delay, call.now)
    cause = f"said/{call.invocation.event_id}"
    return _answer(tell_changed(call.work, call.now, cause, meeting, before, _heard(call)))


def _put_off(meeting: Meeting, delay: dt.timedelta, now: dt.datetime) -> None:
    """Let a meeting begin so long after its planned time, however often it is said; one that is on can only end so."""
    minutes = int(delay.total_seconds() // 60)
    more = dt.timedelta(minutes=minutes - meeting.late_minutes)
    if not more:
        raise Refusal(say("{meeting} is {n} minutes late already.", meeting=meeting.title, n=minutes))
    if meeting.state is MeetingState.PLANNED:
        if meeting.starts_at + more <= now:
            behind = int((now - meeting.starts_at).total_seconds() // 60) + meeting.late_minutes
            raise Refusal(
                say("{meeting} should have begun {behind} minutes ago. Say `late {minutes}` if it begins later still, "
                    "`resumed` if it is on.", meeting=meeting.title, behind=behind, minutes=behind + minutes)
            )  # fmt: skip
        meeting.starts_at += more
    meeting.ends_at += more
    meeting.late_minutes = minutes


def resumed(call: Call) -> Message:
    """Say that a meeting is on, or on again."""
    meeting = _current(call, _name(call.words), _begun, "resumed", or_else=_just_over)
    name, begins = read_agenda(call.work, call.now).name(meeting), meeting.state is MeetingState.PLANNED
    meeting.state = MeetingState.RUNNING
    line = say("**{meeting}** has begun.", meeting=name) if begins else say("**{meeting}** is on again.", meeting=name)
    return _tell(call, meeting, line, owners=True)


def over(call: Call) -> Message:
    """Say that a meeting has ended."""
    meeting = _current(call, _name(call.words), _begun, "over", or_else=_overrun)
    meeting.state = MeetingState.OVER
    line = say("**{meeting}** is over.", meeting=read_agenda(call.work, call.now).name(meeting))
    return _tell(call, meeting, line, owners=False)


Fits = Callable[[Meeting, dt.datetime], bool]


def _callable(meeting: Meeting, now: dt.datetime) -> bool:
    return (_begun(meeting, now + EARLY) and meeting.ends_at > now) or _running(meeting, now)


def _awaited(meeting: Meeting, now: dt.datetime) -> bool:
    return meeting.state is MeetingState.PLANNED and meeting.starts_at - EXPECTED <= now < meeting.ends_at


def _begun(meeting: Meeting, now: dt.datetime) -> bool:
    waiting = meeting.state is MeetingState.PLANNED and meeting.starts_at - EARLY <= now < meeting.ends_at
    return waiting or _running(meeting, now)


def _running(meeting: Meeting, now: dt.datetime) -> bool:
    return meeting.state is MeetingState.RUNNING and now < meeting.ends_at + EXPECTED


def _overrun(meeting: Meeting, now: dt.datetime) -> bool:
    return meeting.state is MeetingState.PLANNED and meeting.ends_at <= now < meeting.ends_at + EXPECTED


def _just_over(meeting: Meeting, now: dt.datetime) -> bool:
    return meeting.state is MeetingState.OVER and meeting.starts_at <= now < meeting.ends_at + EXPECTED


def _current(
    call: Call, name: str, fits: Fits, typed: str, *,
    or_else: Fits | None = None, prefer: Callable[[Meeting], bool] = lambda _: False,
) -> Meeting:  # fmt: skip
    """Give the meeting that is meant: the one named, or the only one that fits. Raises Refusal for none or several."""
    rows = call.work.rows(Meeting)
    found = [row for row in rows if fits(row, call.now)]
    others = [row for row in rows if or_else(row, call.now)] if or_else is not None else []
    if name:
        return find_meeting(call.work, name, [*found, *(row for row in others if row not in found)], call.now)
    found = found or others
    found = [row for row in found if prefer(row)] or found
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refusal(_none_now(call))
    called = numbers(call.work)
    choice = joined(
        [say("`{typed} in {n}` ({title})", typed=typed, n=called[row.id], title=row.title) for row in found]
    )
    raise Refusal(say("Which meeting: {choice}?", choice=choice))


def _none_now(call: Call) -> Phrase:
    ahead = [row for row in coming(call.work, call.now) if row.starts_at > call.now]
    if not ahead:
        return say("No meeting is on now, and none is ahead. `meeting add` adds one.")
    agenda = read_agenda(call.work, call.now)
    return say("No meeting is on now. Next: {meeting}, {where}.", meeting=ahead[0].title, where=agenda.where(ahead[0]))


def _name(words: str) -> str:
    """Give the meeting's name after "in", "of" or nothing."""
    return re.sub(r"^(?:in|of|at)\b", "", words.strip(" ,.:"), flags=re.IGNORECASE).strip()


def _alert_owners(call: Call, agenda: Agenda, meeting: Meeting, found: list[Provision]) -> list[int]:
    """Tell each lead and backup of their own provisions; the speaker knows."""
    told: dict[int, list[Provision]] = {}
    for row in found:
        for person in agenda.owners.get(row.lineage_id, ()) if row.lineage_id is not None else ():
            told.setdefault(person, []).append(row)
    told.pop(call.speaker.id, None)
    # Says since when: whoever sleeps reads it hours later.
    since = agenda.moment(meeting, call.now)
    for person, rows in told.items():
        names = titles(rows)
        content = message(
            say("On the floor since {time}: **{provisions}**.", time=since, provisions=names),
            joined([meeting.title, *([meeting.place] if meeting.place else [])]),
            actions((say("Read it"), f"article {command_words(titles(rows[:1]))}")),
        )
        about = About("told.called", meeting.id, {"called": meeting.called})
        call.tell(member_lane(call.work, person), NoticeKind.ALERT, content, about=about)
    return list(told)


def _who_was_told(call: Call, told: list[int], unowned: str) -> list[Phrase]:
    """Name those who were told, and what nobody has, where that may be shown."""
    if not may_show(Label.COALITION, call.ceiling):
        return [say("Its owners are told.")] if told else []
    people = joined([mention(member) for member in members(call.work) if member.id in told])
    lines = [say("Told: {people}.", people=people)] if told else []
    if unowned:
        lines.append(say("Nobody has {provisions}: `take {take}`", provisions=unowned, take=command_words(unowned)))
    return lines


def _tell(call: Call, meeting: Meeting, line: Phrase, *, owners: bool) -> Message:
    cause = f"said/{call.invocation.event_id}"
    return _answer(tell_line(call.work, call.now, cause, meeting, line, owners=owners, heard=_heard(call)))


def _heard(call: Call) -> Heard:
    return Heard((call.speaker.id,), (call.room.id,) if call.room else ())


def _answer(told: Told) -> Message:
    people = len(told.member_ids)
    return message(told.line, count(people, "Told: {n} person.", "Told: {n} people.") if people else None)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


VERBS: tuple[Verb, ...] = (
    Verb(
        "now", call_provision, "now article 24 [in MEETING]",
        "Marks what is on the floor and tells its owners at once.",
        role=Role.COORDINATOR, label=Label.PUBLIC, undoable=True, examples=("now article 24", "now 24 in Informals"),
    ),
    Verb(
        "late", late, "late MINUTES [MEETING]",
        "Lets a meeting begin so many minutes after its planned time, countdowns included; one that is on ends later.",
        role=Role.COORDINATOR, label=Label.PUBLIC, undoable=True, examples=("late 20", "late 20 Informals"),
    ),
    Verb(
        "resumed", resumed, "resumed [MEETING]", "Says that the meeting is on, or on again.",
        role=Role.COORDINATOR, label=Label.PUBLIC, undoable=True, examples=("resumed",),
    ),
    Verb(
        "over", over, "over [MEETING]", "Says that the meeting has ended.",
        role=Role.COORDINATOR, label=Label.PUBLIC, undoable=True, examples=("over",),
    ),
)  # fmt: skip
