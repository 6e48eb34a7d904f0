"""People on their way out: who was put out and with which accounts, and what of theirs is still to be erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime, sealed, sealed_json


class Suspension(SQLModel, table=True):
    """A member who was put out, with the accounts that were taken away and come back when that is taken back."""

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id", index=True)
    member_id: int = Field(foreign_key="member.id", unique=True)
    by_id: int | None = Field(default=None, foreign_key="member.id", index=True)
    """The coordinator who did it; None for whoever hosts the bot, and for one who is gone since."""
    since: datetime = Field(sa_type=UtcTime)
    accounts: list[dict[str, Any]] = Field(sa_type=sealed_json("suspension.accounts"))
    """Of each its platform, address, fingerprint, and the most that it might act as."""


class Erasure(SQLModel, table=True):
    """What the bot wrote to an account and owes to delete, tried until it is done or cannot be.

    Where the account is to be forgotten, all that bears its id goes after that, and this row last.
    """

    __table_args__ = (Index("ix_erasure_next", "next_at"), Index("ix_erasure_coalition", "coalition_id", "next_at"))

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    member_id: int | None = Field(default=None, foreign_key="member.id", index=True)
    """Whose account it was."""
    name: str = Field(default="", sa_type=sealed("erasure.name"))
    """What they were called."""
    platform: str
    address: str = Field(sa_type=sealed("erasure.address"))
    fingerprint: str = Field(index=True)
    since: datetime = Field(sa_type=UtcTime)
    """What was written from then on is deleted."""
    erased: bool = False
    """The messages are gone, or cannot be deleted."""
    forget: bool = False
    """The account is to be forgotten."""
    begun_at: datetime = Field(sa_type=UtcTime)
    next_at: datetime = Field(sa_type=UtcTime)
    failures: int = 0
