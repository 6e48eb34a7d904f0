"""Verbs for oneself: reminders, and taking back."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from sqlmodel import col

from bot.commands import Call, Refusal, Verb
from bot.limits import check_notices
from bot.message import Inline, Message, Moment, count, message, say
from bot.reminder import read_reminder
from bot.tasks import look
from bot.undoing import take_back
from bot.when import WhenProblem, read_duration, read_when
from storage.journal import touched_ids
from storage.tables import Deed, Meeting, Note, Notice, NoticeKind, Reminder, Role, Task

UNDO_WITHIN = dt.timedelta(minutes=10)
SNOOZE = dt.timedelta(hours=1)


def remind_me(call: Call) -> Message:
    """Remind the speaker of something at a moment."""
    try:
        what, due = read_reminder(call.words, call.now, call.zone)
    except WhenProblem as problem:
        raise Refusal(say(problem.msgid, **problem.values)) from None
    check_notices(call, due)
    what = call.as_typed(what)
    call.work.put(Reminder(coalition_id=call.work.tenant, member_id=call.speaker.id, words=what, due=due))
    return message(say("I will remind you {due}: {what}", due=Moment(due, shape="full"), what=what))


def snooze(call: Call) -> Message:
    """Let the speaker's last reminder come again."""
    came = call.work.rows(Reminder, Reminder.member_id == call.speaker.id, Reminder.due <= call.now)
    if not came:
        raise Refusal(say("No reminder of yours has come yet. `remind me to WHAT at WHEN` sets one."))
    last = max(came, key=lambda row: (row.due, row.id))
    last.due = _again_at(call.words, call.now, call.zone)
    return message(say("I will remind you again {due}: {what}", due=Moment(last.due, shape="full"), what=last.words))


def undo(call: Call) -> Message:
    """Take back the speaker's last command that can be, and tell those who had heard of it."""
    deed = _last_deed(call)
    about = _about(call, deed)
    told = take_back(call, deed)
    return message(
        say("Undone: `{verb}`, {what}.", verb=deed.verb, what=about)
        if about
        else say("Undone: `{verb}`.", verb=deed.verb),
        count(told, "It had been told already; I corrected it in {n} place.",
              "It had been told already; I corrected it in {n} places.") if told else None,
        _stays_in_digest(call, deed),
    )  # fmt: skip


def _about(call: Call, deed: Deed) -> str:
    """Name the tasks and meetings that a command touched, as they stand before it is taken back."""
    board = look(call.work, call.now, call.ceiling)
    tasks, meetings = touched_ids(deed.journal, Task), touched_ids(deed.journal, Meeting)
    touched = [task for task in board.tasks() if task.id in tasks]
    titles = [row.title for row in call.work.rows(Meeting) if row.id in meetings]
    return ", ".join([*([board.titles(touched)] if touched else []), *titles])


def _again_at(words: str, now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Read "2h" as a length of time, anything else as a moment."""
    if not words:
        return now + SNOOZE
    try:
        return now + read_duration(re.sub(r"^(?:for|in)\s+", "", words, flags=re.IGNORECASE))
    except WhenProblem:
        pass  # no length: a moment then
    try:
        return read_when(re.sub(r"^until\s+", "", words, flags=re.IGNORECASE), now, zone)
    except WhenProblem as problem:
        raise Refusal(say(problem.msgid, **problem.values)) from None


def _last_deed(call: Call) -> Deed:
    recent = call.work.rows(
        Deed, Deed.member_id == call.speaker.id, Deed.done_at >= call.now - UNDO_WITHIN, col(Deed.undone).is_(False)
    )
    if not recent:
        raise Refusal(say("You did nothing in the last ten minutes that I can take back."))
    return recent[-1]


def _stays_in_digest(call: Call, deed: Deed) -> Inline | None:
    """Say that a digest went out after a note: what was posted there is not corrected."""
    posted = col(Notice.kind) == NoticeKind.DIGEST, col(Notice.sent_at) >= deed.done_at
    if not touched_ids(deed.journal, Note) or call.work.first(Notice, *posted) is None:
        return None
    return say("A digest went out since: what it says of this stays there.")


VERBS: tuple[Verb, ...] = (
    Verb(
        "remind me", remind_me, "remind me to WHAT at|on|in WHEN", "Reminds you, in the direct chat.",
        private=True, undoable=True,
        examples=("remind me to call the chair at 17:00", "remind me to pack on fri", "remind me in 2h to eat"),
        aliases=("remind",),
    ),
    Verb(
        "snooze", snooze, "snooze [LENGTH | WHEN]",
        "Lets your last reminder come again, in an hour unless you say when.",
        private=True, undoable=True, examples=("snooze", "snooze 2h", "snooze until 17:00"),
    ),
    Verb(
        "undo", undo, "undo", "Takes back the last thing you did, within ten minutes, and tells those who heard of it.",
        role=Role.OBSERVER,
    ),
)  # fmt: skip
