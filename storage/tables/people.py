"""Who takes part and where: coalitions, members, their accounts, rooms and lanes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime, choice, partial, sealed, sealed_json
from storage.tables.words import Label, Purpose, Role, Standing


class Coalition(SQLModel, table=True):
    """The tenant: every other row belongs to one."""

    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    timezone: str = "UTC"
    language: str = "en"
    wrapped_key: bytes = Field(sa_type=LargeBinary)
    loaded: dict[str, Any] | None = Field(default=None, sa_type=sealed_json("coalition.loaded"))
    created_at: datetime = Field(sa_type=UtcTime)
    changes: int = 0
    """Counts the transactions that changed a fact: what is planned from older facts is planned anew."""
    audit_head: str | None = Field(default=None, sa_type=sealed("coalition.audit_head"))
    """The hash of the last line of the audit: lines taken off its end are missed."""


class Member(SQLModel, table=True):
    """A person of the coalition, known by an alias."""

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id", index=True)
    alias: str = Field(sa_type=sealed("member.alias"))
    organisation: str = Field(default="", sa_type=sealed("member.organisation"))
    role: Role = Field(default=Role.MEMBER, sa_type=choice(Role))
    standing: Standing = Field(default=Standing.ACTIVE, sa_type=choice(Standing))
    timezone: str = "UTC"
    quiet: bool = True
    away_until: datetime | None = Field(default=None, sa_type=UtcTime)
    discreet: bool = False
    """They are named where what is said is encrypted from end to end, and nowhere else."""
    alias_outside: str | None = Field(default=None, sa_type=sealed("member.alias_outside"))
    """What they are called elsewhere, where their own alias would tell that somebody discreet has the one they want."""


class Identity(SQLModel, table=True):
    """One platform account of a member, found by the keyed hash of its immutable id."""

    __table_args__ = (UniqueConstraint("coalition_id", "platform", "fingerprint"),)

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    member_id: int = Field(foreign_key="member.id", index=True)
    platform: str
    address: str = Field(sa_type=sealed("identity.address"))
    fingerprint: str = Field(index=True)
    role: Role | None = Field(default=None, sa_type=choice(Role))
    """The most that this account may act as, where that is less than its member may: it was linked by a code."""


class Room(SQLModel, table=True):
    """A channel that the bot serves, with what it is served for and the most sensitive label it may see."""

    __table_args__ = (UniqueConstraint("coalition_id", "name"),)

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    name: str
    platform: str = "console"
    address: str = Field(sa_type=sealed("room.address"))
    fingerprint: str = Field(index=True)
    purposes: list[Purpose] = Field(default_factory=list, sa_type=JSON)
    label: Label = Field(default=Label.COALITION, sa_type=choice(Label))
    shared: bool = False
    """People of other organisations read along: a coordinator was told so, or served the room all the same."""
    timezone: str | None = None
    language: str | None = None
    countdown: list[int] = Field(default_factory=lambda: [30], sa_type=JSON)
    """How many minutes before a meeting the room is told."""
    digest_at: str = "19:30"
    digest_on: bool = True

    def serves(self, purpose: Purpose) -> bool:
        """Tell whether the room is served for a purpose."""
        return purpose in self.purposes


class Lane(SQLModel, table=True):
    """One destination of messages: a room, one member's direct chats on a platform, or a stranger's."""

    __table_args__ = (
        UniqueConstraint("room_id"),
        UniqueConstraint("member_id", "platform"),
        UniqueConstraint("coalition_id", "platform", "fingerprint"),
        Index("ix_lane_leased", "leased_until"),
        partial("ix_lane_bound", "id", "held_until IS NOT NULL OR leased_until IS NOT NULL"),
    )

    id: int = Field(default=None, primary_key=True)
    coalition_id: int | None = Field(default=None, foreign_key="coalition.id", index=True)
    platform: str
    room_id: int | None = Field(default=None, foreign_key="room.id")
    member_id: int | None = Field(default=None, foreign_key="member.id")
    fingerprint: str | None = Field(default=None, index=True)
    """Only for strangers: the hash of the account they wrote from."""
    address: str | None = Field(default=None, sa_type=sealed("lane.address"))
    leased_by: str | None = None
    """The process that served it last; it is leased while `leased_until` is set and to come."""
    leased_until: datetime | None = Field(default=None, sa_type=UtcTime)
    held_until: datetime | None = Field(default=None, sa_type=UtcTime)
    failures: int = 0
    spoken_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """When a message that counts for the ten-minute rule last went out."""


class Code(SQLModel, table=True):
    """A single-use code, kept as a keyed hash."""

    id: int = Field(default=None, primary_key=True)
    coalition_id: int | None = Field(default=None, foreign_key="coalition.id")
    purpose: str
    identity_id: int | None = Field(default=None, index=True)
    """The account that it was given to, where that matters."""
    fingerprint: str = Field(unique=True)
    expires_at: datetime = Field(sa_type=UtcTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Confirmation(SQLModel, table=True):
    """A command that waits for its speaker's `yes`; one a person at most."""

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    member_id: int = Field(foreign_key="member.id", unique=True)
    room_id: int | None = Field(default=None, foreign_key="room.id")
    invocation: dict[str, Any] = Field(sa_type=sealed_json("confirmation.invocation"))
    expires_at: datetime = Field(sa_type=UtcTime)


class Deed(SQLModel, table=True):
    """What a member's command changed, row by row, kept for `undo`."""

    __table_args__ = (Index("ix_deed_member", "member_id", "done_at"),)

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    member_id: int = Field(foreign_key="member.id")
    verb: str
    done_at: datetime = Field(sa_type=UtcTime)
    journal: list[Any] = Field(sa_type=sealed_json("deed.journal"))
    undone: bool = False
    said: str = ""
    """The event it was said in first: an edit of that takes its place."""
