"""Who looks at what, and what they found: tasks, reviews, personal reminders and notes for the digest."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, Integer, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime, choice, sealed
from storage.tables.words import Label, TaskState, Verdict

_version = Column(Integer, nullable=False)
"""Two people may reach for one task: whoever writes an old version is refused."""


class Task(SQLModel, table=True):
    """An assignment of a provision, or of free words, to a lead and perhaps a backup."""

    __table_args__ = (
        UniqueConstraint("coalition_id", "number"),
        Index("ix_task_state", "coalition_id", "state"),
    )

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    number: int
    """What people call it by: `task 7`."""
    lineage_id: int | None = Field(default=None, foreign_key="lineage.id", index=True)
    words: str = Field(default="", sa_type=sealed("task.words"))
    """What is to be done, where no provision is meant."""
    lead_id: int | None = Field(default=None, foreign_key="member.id", index=True)
    backup_id: int | None = Field(default=None, foreign_key="member.id", index=True)
    state: TaskState = Field(default=TaskState.OPEN, sa_type=choice(TaskState))
    due: datetime | None = Field(default=None, sa_type=UtcTime)
    due_chosen: bool = False
    """A person gave the due time: it stays when the programme moves."""
    assigned_at: datetime | None = Field(default=None, sa_type=UtcTime)
    accepted_at: datetime | None = Field(default=None, sa_type=UtcTime)
    answer_by: datetime | None = Field(default=None, sa_type=UtcTime)
    """When an offer to the lead that was not accepted passes to the backup."""
    backup_answer_by: datetime | None = Field(default=None, sa_type=UtcTime)
    """When the backup's offer passes to the coordinators."""
    draft_id: int | None = Field(default=None, foreign_key="draft.id")
    """The draft that made it stale, or on which it was last settled."""
    label: Label = Field(default=Label.COALITION, sa_type=choice(Label))
    version: int = Field(default=None, sa_column=_version)

    __mapper_args__ = {"version_id_col": _version}


class Review(SQLModel, table=True):
    """What a member found of a provision on one draft."""

    __table_args__ = (
        Index("ix_review_lineage", "coalition_id", "lineage_id"),
        Index("ix_review_written", "coalition_id", "reviewed_at"),
    )

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    lineage_id: int = Field(foreign_key="lineage.id")
    draft_id: int = Field(foreign_key="draft.id")
    member_id: int = Field(foreign_key="member.id", index=True)
    verdict: Verdict = Field(sa_type=choice(Verdict))
    note: str | None = Field(default=None, sa_type=sealed("review.note"))
    """None where there is none, or it is erased; so the wording."""
    wording: str | None = Field(default=None, sa_type=sealed("review.wording"))
    label: Label = Field(default=Label.COALITION, sa_type=choice(Label))
    """How sensitive note and wording are; who reviewed what with which verdict is the coalition's."""
    reviewed_at: datetime = Field(sa_type=UtcTime)


class Reminder(SQLModel, table=True):
    """What a member asked to be reminded of."""

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id", index=True)
    member_id: int = Field(foreign_key="member.id", index=True)
    words: str = Field(sa_type=sealed("reminder.words"))
    due: datetime = Field(sa_type=UtcTime)


class Note(SQLModel, table=True):
    """A line for the next digest."""

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id", index=True)
    member_id: int = Field(foreign_key="member.id", index=True)
    words: str = Field(sa_type=sealed("note.words"))
    label: Label = Field(default=Label.COALITION, sa_type=choice(Label))
    noted_at: datetime = Field(sa_type=UtcTime)
