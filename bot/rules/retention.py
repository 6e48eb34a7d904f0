"""How long what is kept, and when it is erased: plain moments from plain moments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

DAY = dt.timedelta(days=1)
WAITS_AT_MOST = 30 * DAY
"""How long words that are due wait for the end of a session that is on: people work with them there."""
Span = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True)
class Keeping:
    """For how many days a deployment keeps what, and at what hour (UTC) it erases the rest."""

    sent: int = 7
    """The content of messages after their time, reminders after theirs, what commands changed after they were said."""
    closed: int = 30
    """What members wrote, after the session that it was written for."""
    suspended: int = 30
    """The rows of a suspended person, after they were suspended."""
    inbox: int = 1
    """What was said to the bot, after it was done; one period for all coalitions."""
    sweep_at: dt.time = dt.time(4)


USUAL = Keeping()
"""What holds where nobody says otherwise; the days are those that DESIGN promises."""


def words_before(sessions: Collection[Span], days: int, now: dt.datetime) -> dt.datetime | None:
    """Give the moment before which members' words are erased now; None where none are.

    Words are written for the session that ends next, and go so many days after its end. What is due waits while
    another session is on, WAITS_AT_MOST.
    """
    due = [ends for _, ends in sessions if ends + days * DAY <= now]
    if any(begins <= now < ends for begins, ends in sessions):
        due = [ends for ends in due if ends + days * DAY + WAITS_AT_MOST <= now]
    return max(due, default=None)


def last_sweep(now: dt.datetime, at: dt.time) -> dt.datetime:
    """Give the moment (UTC) at which a sweep was last due, `now` included."""
    today = dt.datetime.combine(now.astimezone(dt.UTC).date(), at, dt.UTC)
    return today if today <= now else today - DAY


def next_sweep(now: dt.datetime, at: dt.time) -> dt.datetime:
    """Give the moment (UTC) after `now` at which a sweep is due."""
    return last_sweep(now, at) + DAY
