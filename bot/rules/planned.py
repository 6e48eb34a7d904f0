"""A notice that should exist: what planning gives and the outbox keeps."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from storage.tables.words import NoticeKind


@dataclass(frozen=True)
class Planned:
    """One notice for one destination at one moment; exactly one of member_id and room_id is given."""

    key: str
    kind: NoticeKind
    occasion: str
    subject_id: int
    due: dt.datetime
    member_id: int | None = None
    room_id: int | None = None


def stamp(moment: dt.datetime) -> str:
    """Write a moment into a key, to the minute: what moves is another notice."""
    return moment.astimezone(dt.UTC).strftime("%Y%m%dT%H%M")
