"""How much one coalition may take of a deployment that others share."""

from __future__ import annotations

from dataclasses import dataclass

from bot.rules import retention


@dataclass(frozen=True)
class Limits:
    """The most of each that one coalition may have; of drafts and notices, within any 24 hours."""

    rooms: int = 100
    members: int = 1000
    drafts: int = 50
    notices: int = 20_000
    keeping: retention.Keeping = retention.USUAL
    """How long what is kept, at most."""


USUAL = Limits()
"""What holds where nobody says otherwise."""
