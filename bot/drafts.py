"""Drafts as rows: what was read of a file written down, and rows given back as a document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection

from sqlmodel import SQLModel, col, delete

from bot.provisions import provisions_of
from bot.texts.compare import Change as Found
from bot.texts.compare import Comparison, alarming
from bot.texts.document import Document, Unreadable
from bot.texts.document import Provision as Read
from bot.texts.payload import callouts_from, callouts_json, moves_from, moves_json
from storage.tables import Blob, Change, Draft, Provision, Text
from storage.work import Work


def keep_bytes(work: Work, content: bytes) -> str:
    """Keep a file's bytes once; give their sha256, by which `kept_bytes` finds them."""
    sha256 = hashlib.sha256(content).hexdigest()
    if work.first(Blob, col(Blob.sha256) == sha256) is None:
        work.put(Blob(coalition_id=work.tenant, sha256=sha256, content=content))
    return sha256


def kept_bytes(work: Work, sha256: str) -> bytes:
    """Give the bytes of a file that was kept; raises Unreadable when they are gone."""
    blob = work.first(Blob, col(Blob.sha256) == sha256)
    if blob is None:
        raise Unreadable("The file is no longer here; add it again.")
    return blob.content


def text_of(work: Work, name: str) -> Text:
    """Give the text that the coalition follows; the first draft makes it and names it."""
    return work.first(Text) or work.put(Text(coalition_id=work.tenant, name=name))


def write_down(work: Work, draft: Draft, document: Document, comparison: Comparison | None) -> None:
    """Make rows of what was read, and compared with the draft's base, in place of any rows there were."""
    _clear(work, Provision, draft)
    draft.language, draft.text_sha256 = document.language, fingerprint(document)
    draft.provisions = sum(1 for row in document.provisions if not row.placeholder)
    draft.brackets, draft.agreed = document.brackets, document.agreed
    for row in document.provisions:
        work.add(_provision(draft, row))
    write_changes(work, draft, comparison)


def write_changes(work: Work, draft: Draft, comparison: Comparison | None) -> None:
    """Make rows of what comparing with the draft's base gave, in place of any rows there were."""
    _clear(work, Change, draft)
    draft.moves = moves_json(comparison) if comparison else []
    for change in comparison.changes if comparison else ():
        work.add(
            Change(
                coalition_id=draft.coalition_id, draft_id=draft.id, old=list(change.old), new=list(change.new),
                relation=change.relation, flags=list(change.flags), heading=change.heading,
                similarity=change.similarity, ops=[list(op) for op in change.ops], alarming=alarming(change),
                callouts=callouts_json(change.callouts),
            )
        )  # fmt: skip
    work.flush()


def as_document(work: Work, draft: Draft) -> Document:
    """Give a draft's provisions as they were read, for a comparison."""
    rows = provisions_of(work, draft)
    read = tuple(
        Read(
            row.label, row.kind, row.heading, row.chapter, row.text, row.placeholder, row.brackets, row.ordinal,
            row.agreed,
        )
        for row in rows
    )  # fmt: skip
    return Document(draft.language, draft.symbol, read)


def as_comparison(work: Work, draft: Draft, changes: Collection[int]) -> Comparison | None:
    """Give some changes of a draft, by their ids, as they were found; None where they are there no more."""
    base = work.row(Draft, draft.base_id) if draft.base_id is not None else None
    rows = work.rows(Change, Change.draft_id == draft.id, col(Change.id).in_(changes))
    if base is None or not rows:
        return None
    found = tuple(
        Found(
            tuple(row.old), tuple(row.new), row.relation, tuple(row.flags), row.heading, row.similarity,
            tuple((op, text) for op, text in row.ops), "", callouts_from(row.callouts),
        )
        for row in rows
    )  # fmt: skip
    return Comparison(as_document(work, base), as_document(work, draft), found, moves_from(draft.moves))


def fingerprint(document: Document) -> str:
    """Give the sha256 of all that was read: two files with the same text have the same one."""
    rows = [
        [
            row.label,
            row.kind,
            row.heading,
            row.chapter,
            row.text,
            row.placeholder,
            *([row.agreed] if row.agreed else []),
        ]
        for row in document.provisions
    ]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


def _provision(draft: Draft, row: Read) -> Provision:
    return Provision(
        coalition_id=draft.coalition_id, draft_id=draft.id, ordinal=row.ordinal, label=row.label, kind=row.kind,
        heading=row.heading, chapter=row.chapter, text=row.text, placeholder=row.placeholder, brackets=row.brackets,
        agreed=row.agreed,
    )  # fmt: skip


def _clear(work: Work, table: type[SQLModel], draft: Draft) -> None:
    ours = col(getattr(table, "coalition_id")) == work.tenant, col(getattr(table, "draft_id")) == draft.id  # noqa: B009 - the columns are the tables', not SQLModel's
    work.exec(delete(table).where(*ours))
