"""Where drafts appear: watched addresses, what was found there, and what people corrected in comparisons."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime, sealed


class Source(SQLModel, table=True):
    """A watched address: a document, or a page that lists documents, with a pattern for their links."""

    __table_args__ = (Index("ix_source_next", "active", "next_at"),)

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id", index=True)
    address: str = Field(sa_type=sealed("source.address"))
    fingerprint: str
    """Of the address."""
    pattern: str | None = Field(default=None, sa_type=sealed("source.pattern"))
    every: int
    """Seconds between two looks."""
    active: bool = True
    next_at: datetime = Field(sa_type=UtcTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """When it last answered as it should."""
    failures: int = 0
    """How often in a row it did not."""
    trouble: str = ""
    """The code of the last failure."""
    etag: str | None = Field(default=None, sa_type=sealed("source.etag"))
    modified: str | None = Field(default=None, sa_type=sealed("source.modified"))
    sha256: str = ""
    """Of the bytes that were there last."""
    seen: list[str] = Field(default_factory=list, sa_type=JSON)
    """The fingerprints of the links of the page that were followed."""
    added_by: int | None = Field(default=None, foreign_key="member.id", index=True)


class AllowedHost(SQLModel, table=True):
    """A host that a coordinator said may be fetched from."""

    __tablename__ = "allowed_host"
    __table_args__ = (UniqueConstraint("coalition_id", "fingerprint"),)

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    fingerprint: str


class Snapshot(SQLModel, table=True):
    """Evidence: what stood at an address when; the bytes are kept by their sha256."""

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id", index=True)
    source_id: int = Field(foreign_key="source.id", index=True)
    address: str = Field(sa_type=sealed("snapshot.address"))
    taken_at: datetime = Field(sa_type=UtcTime)
    sha256: str


class Correction(SQLModel, table=True):
    """A person's word on what continues a provision from one draft to the next, by the symbols of both."""

    __table_args__ = (
        UniqueConstraint("coalition_id", "old_symbol", "new_symbol", "old"),
        Index("ix_correction_applied", "applied"),
    )

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    old_symbol: str
    new_symbol: str
    old: str
    """The label in the older draft."""
    new: str = ""
    """The label of what continues it; empty for nothing."""
    applied: bool = True
    """Whether a draft that is in force already has it."""
    made_by: int | None = Field(default=None, foreign_key="member.id", index=True)
