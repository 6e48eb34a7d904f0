"""What a change of the programme does to the due times that nobody chose."""

from __future__ import annotations

import datetime as dt

from bot.rules.ownership import default_due

STEPS = (dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(0))
"""How long before its provision's meeting a task is due by default."""


def moved_due(
    due: dt.datetime | None,
    was: dt.datetime | None,
    following: dt.datetime | None,
    now: dt.datetime,
    *,
    new_text: bool = False,
) -> dt.datetime | None:
    """Give the due time (UTC) after a meeting changed that began at `was`, None for a new one.

    `following` is the provision's next meeting as things stand now. A due time that did not come from the changed
    meeting stays, unless a sooner meeting brings it forward. What was overdue is not made punctual by a chair who is
    late, only by a meeting that moves far enough.
    """
    fresh = default_due(now, following, new_text=new_text)
    if due is None:
        return fresh
    distance = was - due if was is not None else None
    if distance not in STEPS:
        return fresh if fresh is not None and due > now and fresh < due else due
    if due <= now and following is not None and following - distance <= now:
        return due
    return fresh
