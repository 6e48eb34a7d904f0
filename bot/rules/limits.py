"""How much one coalition may take of a deployment that others share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The most of each that one coalition may have; of drafts and notices, within any 24 hours."""

    rooms: int = 100
    members: int = 1000
    drafts: int = 50
    notices: int = 20_000


USUAL = Limits()
"""What holds where nobody says otherwise."""
