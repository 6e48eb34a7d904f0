"""Commands corrected by an edit within a minute, and reminders cancelled by taking the message back."""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, select

from bot.commands import Call, Refusal
from bot.invocation import Invocation
from bot.message import Message, message, say
from bot.planning import replan
from bot.undoing import take_back
from storage.tables import Deed, Inbox, Reminder

EDIT_WITHIN = dt.timedelta(minutes=1)
"""How long after a command an edit of it still counts as the corrected command."""


def make_way(call: Call) -> None:
    """Take back what the words did that a corrected command takes the place of.

    Words that were no command, or did nothing, leave nothing to take back. Raises Refusal for an edit that comes too
    late, and what taking back raises.
    """
    first_at, deed = _said_at(call), _deed(call)
    if first_at is not None and call.invocation.said_at - first_at > EDIT_WITHIN:
        raise Refusal(say("That edit came too late to count. Say it again as a new message."))
    if deed is not None:
        take_back(call, deed)
        replan(call.work, call.now)
        call.work.flush()
        call.work.journal.clear()  # to undo the corrected command is not to bring the first one back


def without_words(call: Call) -> Message | None:
    """Answer what came without words: a message that cannot be read, or one that was taken back."""
    if call.invocation.unreadable:
        return message(
            say("I cannot read what you just wrote: its key has not reached me."),
            say("If it comes within a quarter of an hour I do it. If not, please say it again."),
        )
    return _cancel_reminder(call)


def _cancel_reminder(call: Call) -> Message | None:
    """Cancel the reminder that the message asked for; None for any other message: what it did stays done."""
    deed = _deed(call)
    if deed is None or deed.verb not in ("remind me", "snooze"):
        return None
    ids = {row_id for table, row_id, *_ in deed.journal if table == Reminder.__name__}
    due = call.work.rows(Reminder, col(Reminder.id).in_(ids), Reminder.due > call.now)
    if not due:
        return None
    take_back(call, deed)
    return message(say("Cancelled: I will not remind you of that."))


def _deed(call: Call) -> Deed | None:
    """Give what the speaker's earlier words did, if that still holds; a stranger's did nothing that is kept."""
    if call.account is None:
        return None
    said = call.invocation.corrects or ""
    return call.work.first(
        Deed, Deed.member_id == call.account.id, Deed.said == said, Deed.said != "", col(Deed.undone).is_(False)
    )


def _said_at(call: Call) -> dt.datetime | None:
    """Give when the words were said first; None when they were no command."""
    row = call.work.exec(
        select(Inbox).where(Inbox.event_id == call.invocation.corrects, call.work.reaches(Inbox))
    ).first()
    if row is None:
        return None
    return Invocation.from_data(row.body).said_at if row.body else row.received_at
