"""What a purged coalition left to be done outside the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime, choice, sealed
from storage.tables.words import LeftoverKind


class Leftover(SQLModel, table=True):
    """One thing that is still to be done after a purge; of no coalition, since there is none any more."""

    __table_args__ = (Index("ix_leftover_next", "next_at"),)

    id: int = Field(default=None, primary_key=True)
    kind: LeftoverKind = Field(sa_type=choice(LeftoverKind))
    platform: str = ""
    address: str = Field(default="", sa_type=sealed("leftover.address"))
    """Of the room or the account, sealed for the deployment."""
    next_at: datetime = Field(sa_type=UtcTime)
    failures: int = 0
    code: str = ""
    """Why it could not be done when it was last tried."""
