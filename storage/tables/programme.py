"""What happens when: sessions, their meetings, what is on the table, and outside deadlines."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime, choice, sealed
from storage.tables.words import Label, MeetingState


class Session(SQLModel, table=True):
    """The two weeks of a negotiation at one venue."""

    __table_args__ = (UniqueConstraint("coalition_id", "name"),)

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    name: str
    venue: str = ""
    timezone: str = "UTC"


class Meeting(SQLModel, table=True):
    """One slot of a session."""

    __table_args__ = (
        UniqueConstraint("session_id", "key"),
        Index("ix_meeting_when", "coalition_id", "starts_at"),
    )

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    session_id: int = Field(foreign_key="session.id", index=True)
    key: str
    """What identifies it where it came from: the file's id, title and start, or the calendar's UID."""
    title: str
    starts_at: datetime = Field(sa_type=UtcTime)
    ends_at: datetime = Field(sa_type=UtcTime)
    place: str = ""
    state: MeetingState = Field(default=MeetingState.PLANNED, sa_type=choice(MeetingState))
    late_minutes: int = 0
    """How late the chair is; already in starts_at."""
    called: str = ""
    """The provision that was last called in the room (`now article 24`)."""


class OnTable(SQLModel, table=True):
    """One provision, chapter or other target that a meeting takes up."""

    __tablename__ = "on_table"

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id", index=True)
    meeting_id: int = Field(foreign_key="meeting.id", index=True)
    target: str
    lineage_id: int | None = Field(default=None, foreign_key="lineage.id", index=True)


class Deadline(SQLModel, table=True):
    """A closing hour outside the sessions."""

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id", index=True)
    title: str = Field(sa_type=sealed("deadline.title"))
    due: datetime = Field(sa_type=UtcTime)
    label: Label = Field(default=Label.COALITION, sa_type=choice(Label))
