"""What keeps power in check: the audit, requests that wait for a second person, failed tries, and what is erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime, choice, sealed_json
from storage.tables.words import Outcome, RequestState


class Audit(SQLModel, table=True):
    """One line of a coalition's audit: who did which privileged verb when. Only ever added.

    Ids alone, and none of them a reference: a line outlives whom and what it speaks of.
    """

    __table_args__ = (UniqueConstraint("coalition_id", "sequence"),)

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    sequence: int
    """1, 2, 3 and so on within the coalition."""
    done_at: datetime = Field(sa_type=UtcTime)
    verb: str
    member_id: int | None = None
    """Who; None: the host, by a `dragoman` command."""
    kind: str = ""
    """The table of what it was about, in small letters; empty where it was about nothing in particular."""
    subject_id: int | None = None
    outcome: Outcome = Field(sa_type=choice(Outcome))
    previous: str
    """The hash of the line before; empty in the first."""
    hash: str
    """The keyed hash of this line in its canonical form, `previous` included."""


class Request(SQLModel, table=True):
    """A command that waits for a second person. Its number is never given again, so the row stays."""

    __table_args__ = (UniqueConstraint("coalition_id", "number"), Index("ix_request_old", "expires_at"))

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    number: int
    member_id: int
    """Who asked; no reference, so that it keeps nobody from being removed."""
    verb: str
    asked: dict[str, Any] | None = Field(sa_type=sealed_json("request.asked"))
    """The command as it was said (`invocation`), and in words what it does (`what`, a phrase); None once erased."""
    said: str
    """The event it was said in: an edit of that takes its place."""
    asked_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime = Field(sa_type=UtcTime)
    state: RequestState = Field(default=RequestState.OPEN, sa_type=choice(RequestState))
    """An open one that has expired has lapsed."""


class FailedTry(SQLModel, table=True):
    """Something that was refused for who said it, or a wrong code; kept for an hour, to be counted."""

    __tablename__ = "failed_try"
    __table_args__ = (
        Index("ix_failed_try", "coalition_id", "tried_at"),
        Index("ix_failed_try_account", "fingerprint", "tried_at"),
        Index("ix_failed_try_old", "tried_at"),
    )

    id: int = Field(default=None, primary_key=True)
    coalition_id: int | None = Field(default=None, foreign_key="coalition.id")
    platform: str
    fingerprint: str
    """Of the account."""
    member_id: int | None = None
    """Whose account it is, if a member's."""
    tried_at: datetime = Field(sa_type=UtcTime)


class Retention(SQLModel, table=True):
    """What a coalition has erased sooner than the deployment would, and what the last sweep removed."""

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id", unique=True)
    sent: int | None = None
    """In days, like the next two; None, and more than the deployment allows, mean as long as it allows."""
    closed: int | None = None
    suspended: int | None = None
    swept_at: datetime | None = Field(default=None, sa_type=UtcTime)
    removed: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    """How many of each kind."""
