"""What is erased when. Times and states stay, and so do drafts, the programme, and who has which task."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import CursorResult
from sqlmodel import SQLModel, col, delete, func, or_, select, update

from bot.audit import HOST, record
from bot.linking import LOCKED_FOR
from bot.message import Moment, Phrase, count, joined, say
from bot.planning import bring_up_to_date
from bot.programme import session_spans
from bot.pulse import forget_old
from bot.removal import remove
from bot.requests import KEPT
from bot.rules.retention import DAY, USUAL, Keeping, words_before
from bot.tries import WITHIN
from storage.journal import touched_ids
from storage.tables import (
    UNSETTLED,
    Coalition,
    Confirmation,
    Deadline,
    Deed,
    FailedTry,
    Inbox,
    InboxState,
    Link,
    Member,
    Note,
    Notice,
    Parcel,
    ParcelState,
    Reminder,
    Request,
    Retention,
    Review,
    Suspension,
    Task,
    TaskState,
    WrongCodes,
)  # fmt: skip
from storage.work import Work

MOST_AT_ONCE = 500
"""How many rows one transaction erases: others wait for it no longer than for a command."""
_AHEAD = ("remind me", "snooze")
"""Verbs that are taken back with the message that said them, until the reminder has come."""


@dataclass(frozen=True)
class Due:
    """What of one coalition is erased at a moment: all that is from before these."""

    now: dt.datetime
    sent: dt.datetime
    words: dt.datetime | None
    """None: nothing that members wrote."""
    suspended: dt.datetime


Eraser = Callable[[Work, Due], int]
"""Erases at most MOST_AT_ONCE rows in one transaction of a coalition, and gives how many it did."""


def keeping_of(work: Work, bounds: Keeping) -> Keeping:
    """Give how long a coalition's things are kept: as long as the deployment allows, or as it said, if that is less."""
    row = work.first(Retention)
    if row is None:
        return bounds
    said = {name: getattr(row, name) for name in ("sent", "closed", "suspended")}
    return replace(bounds, **{name: min(days, getattr(bounds, name)) for name, days in said.items() if days})


def due_of(work: Work, now: dt.datetime, bounds: Keeping) -> Due:
    """Give what of a coalition is to be erased now."""
    keeping = keeping_of(work, bounds)
    words = words_before(session_spans(work).values(), keeping.closed, now)
    return Due(now, now - keeping.sent * DAY, words, now - keeping.suspended * DAY)


def erase_old(work: Work, now: dt.datetime, bounds: Keeping = USUAL) -> int:
    """Erase what is no one coalition's, or may not wait for the night; gives how many rows were."""
    forget_old(work, now)
    sent = now - bounds.sent * DAY
    statements: tuple[Any, ...] = (
        delete(Link).where(col(Link.expires_at) <= now),
        delete(WrongCodes).where(col(WrongCodes.last_at) <= now - LOCKED_FOR),
        delete(FailedTry).where(col(FailedTry.tried_at) <= now - WITHIN),
        update(Request)
        .where(col(Request.asked).is_not(None), col(Request.expires_at) <= now - KEPT)
        .values(asked=None),
        update(Notice)
        .where(col(Notice.content).is_not(None), col(Notice.send_at) < sent, col(Notice.coalition_id).is_(None))
        .where(col(Notice.state).not_in(UNSETTLED))
        .values(content=None, origin=None),
        update(Parcel)
        .where(col(Parcel.content).is_not(None), col(Parcel.created_at) < sent, col(Parcel.coalition_id).is_(None))
        .where(col(Parcel.state) != ParcelState.SENDING)
        .values(content=None),
        update(Inbox)
        .where(col(Inbox.body).is_not(None), col(Inbox.done_at) < now - bounds.inbox * DAY)
        .where(col(Inbox.state) != InboxState.WAITING)
        .values(body=None),
    )
    return sum(_run(work, statement) for statement in statements)


def erase_notices(work: Work, due: Due) -> int:
    """Erase the words of messages that have left, or never will."""
    old = (Notice.coalition_id == work.tenant, col(Notice.send_at) < due.sent, col(Notice.state).not_in(UNSETTLED))
    some = select(Notice.id).where(col(Notice.content).is_not(None), *old).limit(MOST_AT_ONCE)
    return _run(work, update(Notice).where(col(Notice.id).in_(some)).values(content=None, origin=None))


def erase_parcels(work: Work, due: Due) -> int:
    """Erase the same words as they were packed."""
    old = (Parcel.coalition_id == work.tenant, col(Parcel.created_at) < due.sent, Parcel.state != ParcelState.SENDING)
    some = select(Parcel.id).where(col(Parcel.content).is_not(None), *old).limit(MOST_AT_ONCE)
    return _run(work, update(Parcel).where(col(Parcel.id).in_(some)).values(content=None))


def erase_reminders(work: Work, due: Due) -> int:
    """Delete the reminders that have come."""
    owed = select(Notice.subject_id).where(
        Notice.coalition_id == work.tenant, Notice.occasion == "reminder.due", col(Notice.state).in_(UNSETTLED)
    )
    some = select(Reminder.id).where(
        Reminder.coalition_id == work.tenant, col(Reminder.due) < due.sent, col(Reminder.id).not_in(owed)
    )
    return _run(work, delete(Reminder).where(col(Reminder.id).in_(some.limit(MOST_AT_ONCE))))


def erase_deeds(work: Work, due: Due) -> int:
    """Delete what commands changed, with the words that were in it; a reminder to come can still be taken back."""
    ours = select(Member.id).where(Member.coalition_id == work.tenant)
    old = (col(Deed.member_id).in_(ours), col(Deed.done_at) < due.sent)
    some = select(Deed.id).where(*old, col(Deed.verb).not_in(_AHEAD)).limit(MOST_AT_ONCE)
    n = _run(work, delete(Deed).where(col(Deed.id).in_(some)))
    for deed in work.exec(select(Deed).where(*old, col(Deed.verb).in_(_AHEAD))):
        if work.first(Reminder, col(Reminder.id).in_(touched_ids(deed.journal, Reminder))) is None:
            work.delete(deed)
            n += 1
    lapsed = delete(Confirmation).where(col(Confirmation.member_id).in_(ours), col(Confirmation.expires_at) < due.now)
    return n + _run(work, lapsed)


def erase_reviews(work: Work, due: Due) -> int:
    """Erase notes and wordings of reviews; who found what of which draft stays."""
    if due.words is None:
        return 0
    worded = or_(col(Review.note).is_not(None), col(Review.wording).is_not(None))
    some = select(Review.id).where(Review.coalition_id == work.tenant, col(Review.reviewed_at) < due.words, worded)
    erased = update(Review).where(col(Review.id).in_(some.limit(MOST_AT_ONCE)))
    return _run(work, erased.values(note=None, wording=None))


def erase_notes(work: Work, due: Due) -> int:
    """Delete the lines that were noted for digests."""
    return _delete(work, Note, Note.noted_at, due.words)


def erase_deadlines(work: Work, due: Due) -> int:
    """Delete the deadlines that have passed."""
    return _delete(work, Deadline, Deadline.due, due.words)


def erase_tasks(work: Work, due: Due) -> int:
    """Erase the words of tasks that are settled; their numbers stay, and who did them."""
    if due.words is None:
        return 0
    settled = (col(Task.state).in_((TaskState.DONE, TaskState.CANCELLED)), col(Task.lineage_id).is_(None))
    rows = work.rows(Task, *settled, func.coalesce(Task.due, Task.assigned_at) < due.words)
    worded = [row.id for row in rows if row.words][:MOST_AT_ONCE]
    return _run(work, update(Task).where(col(Task.id).in_(worded)).values(words=""))


def remove_suspended(work: Work, due: Due) -> int:
    """Take the one out for good who was suspended first, as `members remove` does."""
    row = work.first(Suspension, Suspension.since < due.suspended)
    if row is None:
        return 0
    member = work.row(Member, row.member_id)
    told = say("Somebody who was suspended is out for good now: what is kept of them goes then, as `retention` says.")
    remove(work, due.now, member, told, None, with_reviews=False)
    bring_up_to_date(work, due.now)
    record(work, due.now, "retention", HOST, member)
    return 1


ERASERS: dict[str, Eraser] = {
    "messages": erase_notices, "parcels": erase_parcels, "reminders": erase_reminders, "commands": erase_deeds,
    "reviews": erase_reviews, "notes": erase_notes, "tasks": erase_tasks, "deadlines": erase_deadlines,
    "people": remove_suspended,
}  # fmt: skip
"""Each kind that is counted, with what erases it."""
_IN_WORDS: dict[str, Phrase] = {
    "messages": count(0, "{n} message", "{n} messages"),
    "reminders": count(0, "{n} reminder", "{n} reminders"),
    "commands": count(0, "what {n} command changed", "what {n} commands changed"),
    "reviews": count(0, "the words of {n} review", "the words of {n} reviews"),
    "notes": count(0, "{n} note", "{n} notes"),
    "tasks": count(0, "the words of {n} task", "the words of {n} tasks"),
    "deadlines": count(0, "{n} deadline", "{n} deadlines"),
    "people": count(0, "{n} suspended person", "{n} suspended people"),
}
"""The kinds that people are told of: a parcel is the same words once more."""


def unswept_since(work: Work, now: dt.datetime) -> dt.datetime | None:
    """Give when a coalition was last swept, where a night or more was left out since."""
    row = work.first(Retention)
    since = row.swept_at if row is not None else None
    since = since or work.get_one(Coalition, work.tenant).created_at
    return since if since < now - 2 * DAY else None


def last_swept(work: Work) -> Phrase | None:
    """Say when the last sweep was and what it removed; None before the first."""
    row = work.first(Retention)
    if row is None or row.swept_at is None:
        return None
    removed = [replace(words, values={"n": n}) for kind, words in _IN_WORDS.items() if (n := row.removed.get(kind))]
    when = Moment(row.swept_at)
    if not removed:
        return say("Last sweep: {moment}; nothing was over its time.", moment=when)
    return say("Last sweep: {moment}; it erased {removed}.", moment=when, removed=joined(removed))


def _delete(work: Work, table: type[SQLModel], moment: Any, before: dt.datetime | None) -> int:
    if before is None:
        return 0
    row_id, coalition_id = (getattr(table, name) for name in ("id", "coalition_id"))
    some = select(row_id).where(coalition_id == work.tenant, col(moment) < before).limit(MOST_AT_ONCE)
    return _run(work, delete(table).where(col(row_id).in_(some)))


def _run(work: Work, statement: Any) -> int:
    done: CursorResult[Any] = work.exec(statement.execution_options(synchronize_session=False))
    return done.rowcount
