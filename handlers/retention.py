"""The verb that shows what is erased when, and shortens it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

from bot.commands import Call, NeedsYes, Refusal, Verb, nearest
from bot.message import Code, Heading, Inline, Message, Moment, Phrase, Table, Text, count, message, say
from bot.notices import coordinators, member_lane
from bot.people import mention
from bot.programme import session_spans
from bot.retention import keeping_of, last_swept
from bot.rules.retention import DAY, Keeping, next_sweep, words_before
from bot.when import WhenProblem, read_duration
from storage.tables import NoticeKind, Retention, Role, Session, Suspension

INBOX = "inbox"
_WHAT = {
    "sent": say("what I sent, reminders that came, what `undo` would take back"),
    "closed": say("notes and wordings of reviews, notes for digests, the words of settled tasks, passed deadlines"),
    "suspended": say("all that names somebody who is suspended"),
    INBOX: say("what you say to me"),
}
_AFTER = {
    "sent": count(0, "{n} day after it was sent", "{n} days after it was sent"),
    "closed": count(0, "{n} day after the session", "{n} days after the session"),
    "suspended": count(0, "{n} day after they were suspended", "{n} days after they were suspended"),
    INBOX: count(0, "{n} day after it was done", "{n} days after it was done"),
}


def retention(call: Call) -> Message:
    """Show what is erased when, or change one of the periods."""
    words = call.words.strip(" .!?")
    if not words:
        return _shown(call)
    name, _, length = words.partition(" ")
    name = _name(name.strip(":,").casefold())
    days = _days(name, length)
    bounds, now = call.limits.keeping, keeping_of(call.work, call.limits.keeping)
    most, before = getattr(bounds, name), getattr(now, name)
    if days > most:
        raise Refusal(say("I may not keep that for so long: at most {after}, as whoever hosts me has set it.",
                          after=_after(name, most)))  # fmt: skip
    if days == before:
        return message(say("It is so already. I erase {after}: {what}.", what=_WHAT[name], after=_after(name, days)))
    if days < before and not call.confirmed:
        raise NeedsYes(
            say("From the sweep of {moment} on I erase {after}: {what}. What is older is lost then. "
                "Say `yes` to go on.", moment=_next(call), what=_WHAT[name], after=_after(name, days))
        )  # fmt: skip
    return _change(call, name, days, before)


def _change(call: Call, name: str, days: int, before: int) -> Message:
    """Note a period, and tell the other coordinators."""
    row = call.work.first(Retention) or call.work.put(Retention(coalition_id=call.work.tenant))
    setattr(row, name, days)
    call.subject = row
    told = say("{who} changed what is erased when. I erase {after} now, and not {before}: {what}.",
               who=mention(call.speaker), what=_WHAT[name], after=_after(name, days),
               before=_after(name, before))  # fmt: skip
    for member in coordinators(call.work, call.speaker):
        call.tell(member_lane(call.work, member.id), NoticeKind.NOTICE, message(told))
    return message(
        say("From the sweep of {moment} on I erase {after}: {what}.", moment=_next(call), what=_WHAT[name],
            after=_after(name, days)),
        say("It was {before}.", before=_after(name, before)),
    )  # fmt: skip


def _shown(call: Call) -> Message:
    bounds, keeping = call.limits.keeping, keeping_of(call.work, call.limits.keeping)
    rows: tuple[tuple[Inline, ...], ...] = tuple(
        (Code(name), what, _after(name, getattr(keeping, name)), Text(str(getattr(bounds, name))))
        for name, what in _WHAT.items()
    )
    return message(
        Heading(say("What is erased when")),
        Table((Text(""), Text(""), say("goes"), say("days at most")), rows),
        _words_due(call, keeping),
        _suspended_due(call, keeping),
        last_swept(call.work),
        say("Next sweep: {moment}.", moment=_next(call)),
        say("`retention sent 3 days` shortens a period; whoever hosts me sets the most, and `inbox` for all."),
    )  # fmt: skip


def _words_due(call: Call, keeping: Keeping) -> Phrase | None:
    """Say when the words that were written for the last session that is over go; None where they are gone."""
    spans = session_spans(call.work)
    over = {ends: session_id for session_id, (_, ends) in spans.items() if ends <= call.now}
    last = max(over, default=None)
    if last is None:
        return None
    due, name = last + keeping.closed * DAY, call.work.row(Session, over[last]).name
    if due > call.now:
        return say("What was written for {session} goes {moment}, or after a session that is on then.",
                   session=name, moment=_sweep_after(due, keeping))  # fmt: skip
    if words_before(spans.values(), keeping.closed, call.now) == last:
        return None
    return say("What was written for {session} goes when the session that is on now is over.", session=name)


def _suspended_due(call: Call, keeping: Keeping) -> Phrase | None:
    since = [row.since for row in call.work.rows(Suspension)]
    if not since:
        return None
    first = _sweep_after(min(since) + keeping.suspended * DAY, keeping)
    return count(len(since), "{n} person is suspended, and out for good {moment}.",
                 "{n} people are suspended; the first of them is out for good {moment}.", moment=first)  # fmt: skip


def _sweep_after(moment: dt.datetime, keeping: Keeping) -> Moment:
    """Give the first sweep after a moment."""
    return Moment(next_sweep(moment, keeping.sweep_at), shape="full")


def _next(call: Call) -> Moment:
    return _sweep_after(call.now, call.limits.keeping)


def _after(name: str, days: int) -> Phrase:
    after = _AFTER[name]
    return replace(after, values={"n": days})


def _name(said: str) -> str:
    if said == INBOX:
        raise Refusal(say("What you say to me is kept alike for all coalitions here: whoever hosts me can shorten it."))
    names = [name for name in _WHAT if name != INBOX]
    if said in names:
        return said
    if near := nearest(said, names):
        raise Refusal(say("I do not know “{word}”. Did you mean `{near}`?", word=said, near=near))
    raise Refusal(say("Say which and how long: `retention sent 3 days`, `retention closed 14 days` or "
                      "`retention suspended 7 days`."))  # fmt: skip


def _days(name: str, words: str) -> int:
    """Read "3 days", "2 weeks" or "3" as whole days."""
    said = re.sub(r"^(?:to|after|for)\s+", "", words.strip(), flags=re.IGNORECASE)
    if not said:
        raise Refusal(say("Say how long: `retention {name} 3 days`.", name=name))
    try:
        length = read_duration(f"{said} days" if said.isdecimal() else said)
    except WhenProblem as problem:
        raise Refusal(say(problem.msgid, **problem.values)) from None
    if length < DAY or length % DAY:
        raise Refusal(say("I count whole days, one at least: `retention {name} 3 days`.", name=name))
    return length // DAY


VERBS: tuple[Verb, ...] = (
    Verb(
        "retention", retention, "retention [sent | closed | suspended] [LENGTH]",
        "Shows what is erased when and what the last sweep removed; shortens a period.",
        role=Role.COORDINATOR, private=True, undoable=True,
        examples=("retention", "retention sent 3 days", "retention closed 14 days"),
    ),
)  # fmt: skip
