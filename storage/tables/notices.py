"""What came in and what the bot owes: inbox, notices, parcels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime, choice, kept, sealed, sealed_json
from storage.tables.words import InboxState, Label, NoticeKind, NoticeState, ParcelState


class Inbox(SQLModel, table=True):
    """An invocation as an adapter delivered it, once by its event id.

    It is encrypted for the deployment, and for its coalition once that is known and it was done.
    """

    __table_args__ = (
        Index("ix_inbox_state", "state", "id"),
        kept("ix_inbox_kept", "done_at", "body"),
    )

    id: int = Field(default=None, primary_key=True)
    coalition_id: int | None = Field(default=None, foreign_key="coalition.id", index=True)
    """None until it was done, and for what belongs to none."""
    event_id: str = Field(unique=True)
    platform: str
    body: dict[str, Any] | None = Field(sa_type=sealed_json("inbox.body"))
    state: InboxState = Field(default=InboxState.WAITING, sa_type=choice(InboxState))
    sender: str | None = None
    """The keyed hash of the account that said it: what one account says is done in order, by whichever process."""
    taken_by: str | None = None
    """The process that fetches what came with it, where several share the work."""
    taken_until: datetime | None = Field(default=None, sa_type=UtcTime)
    received_at: datetime = Field(sa_type=UtcTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Notice(SQLModel, table=True):
    """Something the bot owes someone."""

    __table_args__ = (
        UniqueConstraint("coalition_id", "key"),
        Index("ix_notice_due", "state", "send_at", "lane_id"),
        Index("ix_notice_lane", "lane_id", "state", "send_at"),
        Index("ix_notice_coalition", "coalition_id", "state"),
        kept("ix_notice_kept", "send_at", "content"),
    )

    id: int = Field(default=None, primary_key=True)
    coalition_id: int | None = Field(default=None, foreign_key="coalition.id")
    key: str
    """What makes it one: planning the same key again changes nothing."""
    lane_id: int = Field(foreign_key="lane.id")
    kind: NoticeKind = Field(sa_type=choice(NoticeKind))
    occasion: str = ""
    """For a planned notice, what it is about: its content is written when it leaves, from the facts of that moment."""
    subject_id: int | None = None
    """The row it is about: a task, meeting, deadline, reminder or room, as the occasion says."""
    due: datetime = Field(sa_type=UtcTime)
    """The moment it is meant for."""
    send_at: datetime = Field(sa_type=UtcTime)
    """When it is tried next: later than due while it waits for quiet hours or for company."""
    state: NoticeState = Field(default=NoticeState.PLANNED, sa_type=choice(NoticeState))
    label: Label = Field(default=Label.COALITION, sa_type=choice(Label))
    content: dict[str, Any] | None = Field(default=None, sa_type=sealed_json("notice.content"))
    origin: dict[str, Any] | None = Field(default=None, sa_type=sealed_json("notice.origin"))
    """For a reply, the adapter's own note of where it was asked."""
    deed_id: int | None = Field(default=None, index=True)
    """The command that caused it, for `undo`."""
    parcel_id: int | None = Field(default=None, foreign_key="parcel.id", index=True)
    created_at: datetime = Field(sa_type=UtcTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime)
    failed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    code: str | None = None
    """Why it failed, without content."""


class Parcel(SQLModel, table=True):
    """One or more notices that leave as one message; its key is the platform's idempotency key."""

    __table_args__ = (
        Index("ix_parcel_lane", "lane_id", "state"),
        kept("ix_parcel_kept", "created_at", "content"),
    )

    id: int = Field(default=None, primary_key=True)
    coalition_id: int | None = Field(default=None, foreign_key="coalition.id", index=True)
    key: str = Field(unique=True, sa_column_kwargs={"insert_sentinel": True})
    lane_id: int = Field(foreign_key="lane.id")
    kind: NoticeKind = Field(sa_type=choice(NoticeKind))
    state: ParcelState = Field(default=ParcelState.SENDING, sa_type=choice(ParcelState))
    label: Label = Field(default=Label.COALITION, sa_type=choice(Label))
    content: dict[str, Any] | None = Field(sa_type=sealed_json("parcel.content"))
    created_at: datetime = Field(sa_type=UtcTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime)
    message_id: str | None = Field(default=None, sa_type=sealed("parcel.message_id"))
    fingerprint: str | None = Field(default=None, index=True)
    """Of the platform's message id: `done` as a reply to a message means its task."""
