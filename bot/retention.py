"""What is erased when: sent content after seven days, what came in a day after it was done. Times and states stay."""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, delete, update

from bot.linking import LOCKED_FOR
from bot.pulse import forget_old
from bot.requests import KEPT
from bot.tries import WITHIN
from storage.tables import (
    FailedTry,
    Inbox,
    InboxState,
    Link,
    Notice,
    NoticeState,
    Parcel,
    ParcelState,
    Request,
    WrongCodes,
)
from storage.work import Work

SENT_CONTENT = dt.timedelta(days=7)
INBOX_CONTENT = dt.timedelta(days=1)


def erase_old(work: Work, now: dt.datetime) -> None:
    """Erase the content whose time has come, in all coalitions: of what left, and of what never will."""
    work.exec(delete(Link).where(col(Link.expires_at) <= now))
    work.exec(delete(WrongCodes).where(col(WrongCodes.last_at) <= now - LOCKED_FOR))
    forget_old(work, now)
    work.exec(update(Request).where(col(Request.expires_at) <= now - KEPT).values(asked=None))
    work.exec(delete(FailedTry).where(col(FailedTry.tried_at) <= now - WITHIN))
    waiting = (NoticeState.PLANNED, NoticeState.SENDING)
    work.exec(
        update(Notice)
        .where(col(Notice.content).is_not(None), col(Notice.send_at) < now - SENT_CONTENT)
        .where(col(Notice.state).not_in(waiting))
        .values(content=None, origin=None)
    )
    work.exec(
        update(Parcel)
        .where(col(Parcel.content).is_not(None), col(Parcel.created_at) < now - SENT_CONTENT)
        .where(col(Parcel.state) != ParcelState.SENDING)
        .values(content=None)
    )
    work.exec(
        update(Inbox)
        .where(col(Inbox.body).is_not(None), col(Inbox.done_at) < now - INBOX_CONTENT)
        .where(col(Inbox.state) != InboxState.WAITING)
        .values(body=None)
    )
