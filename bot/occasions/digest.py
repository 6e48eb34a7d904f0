"""The daily digest, as it leaves."""

from __future__ import annotations

import datetime as dt

from bot.digest import write_digest
from bot.message import Message
from bot.occasions.leaving import Leaving, Write

LATEST = dt.timedelta(days=1)
"""How late a digest may leave: after a day the next one says more."""


def write(leaving: Leaving) -> Message | None:
    """Write a room's digest of the day it was due on; None when there is nothing to say, or nobody waits any more."""
    if leaving.room is None or leaving.now - leaving.notices[0].due > LATEST:
        return None
    return write_digest(leaving.work, leaving.coalition, leaving.room, leaving.now, leaving.notices[0].due)


OCCASIONS: dict[str, Write] = {"digest": write}
