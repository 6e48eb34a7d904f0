"""What the writer of a planned notice gets at the moment it leaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.message import Message
from storage.tables import Coalition, Label, Member, Notice, Room
from storage.work import Work


@dataclass(frozen=True)
class Leaving:
    """Planned notices of one occasion that leave together for one destination."""

    work: Work
    now: dt.datetime
    coalition: Coalition
    notices: Sequence[Notice]
    """At least one: all of the occasion that leave as one message. What is overtaken is simply not mentioned.

    Digests leave alone, so theirs is always the only one; personal reminders too, but for those that were missed.
    """
    ceiling: Label
    """The most sensitive label that the reader may see here: of the room or the person, and of the platform."""
    member: Member | None = None
    """Who reads it in the direct chat; None in a room."""
    room: Room | None = None


Write = Callable[[Leaving], Message | None]
"""Writes the message from the facts of this moment; None: all is overtaken, and expires unsent."""
