"""The instruments under negotiation: texts, their drafts, provisions, lineages and changes."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime, choice, sealed, sealed_bytes, sealed_json
from storage.tables.words import DraftState, Label


class Text(SQLModel, table=True):
    """An instrument, whatever its drafts are called."""

    __table_args__ = (UniqueConstraint("coalition_id", "name"),)

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    name: str


class Draft(SQLModel, table=True):
    """One version of a text in one language; the current one is the last that was published and not withdrawn."""

    __table_args__ = (
        Index("ix_draft_state", "coalition_id", "state"),
        Index("ix_draft_waiting", "state", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    text_id: int = Field(foreign_key="text.id", index=True)
    symbol: str
    date: dt.date
    language: str = "en"
    state: DraftState = Field(sa_type=choice(DraftState))
    label: Label = Field(default=Label.CLOSED, sa_type=choice(Label))
    filename: str = Field(default="", sa_type=sealed("draft.filename"))
    sha256: str = ""
    """Of the bytes of the file."""
    text_sha256: str = ""
    """Of the provisions as read: the same text in another file is the same text."""
    provisions: int = 0
    brackets: int = 0
    agreed: int = 0
    """How many provisions are noted as agreed, ad referendum or not."""
    source_id: int | None = Field(default=None, foreign_key="source.id")
    """The watched address it appeared at; None where somebody added it."""
    base_id: int | None = Field(default=None, foreign_key="draft.id")
    """The draft it was compared with."""
    moves: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    """The paragraphs that moved since the draft it was compared with, as `bot.texts.payload.moves_json` writes them."""
    added_by: int | None = Field(default=None, foreign_key="member.id", index=True)
    origin: dict[str, Any] | None = Field(default=None, sa_type=sealed_json("draft.origin"))
    """Where the answer to `draft add` goes."""
    added_at: datetime = Field(sa_type=UtcTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcTime)
    journal: list[Any] | None = Field(default=None, sa_type=sealed_json("draft.journal"))
    """What publishing it changed, for `draft withdraw`."""


class Blob(SQLModel, table=True):
    """The bytes of a file, kept once by their sha256."""

    __table_args__ = (UniqueConstraint("coalition_id", "sha256"),)

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id")
    sha256: str
    content: bytes = Field(sa_type=sealed_bytes("blob.content"))


class Lineage(SQLModel, table=True):
    """The identity of a provision across drafts, whatever its number."""

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id", index=True)
    text_id: int = Field(foreign_key="text.id", index=True)


class Provision(SQLModel, table=True):
    """An article, rule, annex or preamble as it stands in one draft."""

    __table_args__ = (Index("ix_provision_label", "draft_id", "label"),)

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id", index=True)
    draft_id: int = Field(foreign_key="draft.id", index=True)
    lineage_id: int | None = Field(default=None, foreign_key="lineage.id", index=True)
    ordinal: int
    label: str
    kind: str
    heading: str = ""
    chapter: str = ""
    text: str = ""
    placeholder: bool = False
    brackets: int = 0
    agreed: str = ""
    """How far it is noted as agreed: one of `bot.texts.brackets.AGREED`."""


class Change(SQLModel, table=True):
    """How provisions of a draft relate to those of the draft before, with their word diff."""

    id: int = Field(default=None, primary_key=True)
    coalition_id: int = Field(foreign_key="coalition.id", index=True)
    draft_id: int = Field(foreign_key="draft.id", index=True)
    old: list[str] = Field(sa_type=JSON)
    new: list[str] = Field(sa_type=JSON)
    relation: str
    flags: list[str] = Field(sa_type=JSON)
    heading: str = ""
    similarity: float = 0.0
    ops: list[list[str]] = Field(sa_type=JSON)
    callouts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """What a lawyer looks for in it, as `bot.texts.payload.callouts_json` writes it."""
    alarming: bool = False
    """Whether its owners must look again."""
