"""Accounts on their way to be linked, and wrong codes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime, sealed


class Link(SQLModel, table=True):
    """An account that said the code of another one, which has not confirmed yet; one a code-giver at most."""

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    identity_id: int = Field(foreign_key="identity.id", unique=True)
    """The account that the code was given to, and that is asked."""
    platform: str
    address: str = Field(sa_type=sealed("link.address"))
    fingerprint: str
    expires_at: datetime = Field(sa_type=UtcTime)


class WrongCodes(SQLModel, table=True):
    """How many wrong codes an account said in a row; of no coalition, since a wrong code belongs to none."""

    __tablename__ = "wrong_codes"
    __table_args__ = (UniqueConstraint("platform", "fingerprint"),)

    id: int = Field(default=None, primary_key=True)
    platform: str
    fingerprint: str
    count: int = 0
    last_at: datetime = Field(sa_type=UtcTime)
