"""Texts and their drafts from a file: read in the child process first, then put in force without alerts."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.drafts import as_document, fingerprint, keep_bytes
from bot.files import read_ordinary
from bot.loadfile import DraftTable, LoadFile, LoadProblem, TextTable, wrong
from bot.loading import Loaded, Loading, differences, noted
from bot.provisions import current_draft
from bot.publishing import record
from bot.reading import MOST_INPUT, compare_documents, read_file
from bot.texts.compare import Comparison
from bot.texts.document import Document, Unreadable
from storage.tables import Coalition, Draft, Text
from storage.work import Store, Work


@dataclass(frozen=True)
class ReadDraft:
    """A draft of the file as it was read, and compared with the one before it."""

    table: DraftTable
    content: bytes
    document: Document
    comparison: Comparison | None
    same: bool
    """It is word for word the one before it."""


@dataclass(frozen=True)
class ReadDrafts:
    """The drafts of the file that were not there yet, by text and symbol, and the draft that was current then."""

    found: Mapping[tuple[str, str], ReadDraft]
    current_id: int | None = None


@dataclass(frozen=True)
class _Standing:
    """What the database has: symbols by the key of the text, and the current draft as the one before the first."""

    symbols: Mapping[str, frozenset[str]]
    current_id: int | None
    current_key: str | None
    current: _Before | None


@dataclass(frozen=True)
class _Before:
    document: Document
    date: dt.date


async def read_drafts(store: Store, coalition_id: int | None, path: Path, file: LoadFile) -> ReadDrafts:
    """Read the drafts that are not in the database yet; raises LoadProblem for the first that cannot be read."""
    standing = _Standing({}, None, None, None)
    if coalition_id is not None:
        standing = await store.read(coalition_id, lambda work: _standing(work, file))
    found: dict[tuple[str, str], ReadDraft] = {}
    for index, text in enumerate(file.texts):
        key = text.keys[0]
        before = standing.current if key == standing.current_key else None
        for number, table in enumerate(text.drafts):
            if table.symbol.casefold() not in standing.symbols.get(key, ()):
                draft = await _read(path, ("texts", index, "drafts", number), table, before)
                found[key, table.symbol] = draft
                before = _Before(draft.document, table.date)
    return ReadDrafts(found, standing.current_id)


def _standing(work: Work, file: LoadFile) -> _Standing:
    loaded = (work.get_one(Coalition, work.tenant).loaded or {}).get("texts", {})
    current = current_draft(work)
    symbols, current_key = {}, None
    for text in file.texts:
        row = _find(work, text, loaded)
        drafts = work.rows(Draft, Draft.text_id == row.id) if row else []
        noted_before: Loaded = next((loaded[key]["drafts"] for key in text.keys if key in loaded), {})
        symbols[text.keys[0]] = frozenset(
            [draft.symbol.casefold() for draft in drafts] + [symbol.casefold() for symbol in noted_before]
        )
        if row and current and current.text_id == row.id:
            current_key = text.keys[0]
    before = _Before(as_document(work, current), current.date) if current else None
    return _Standing(symbols, current.id if current else None, current_key, before)


def _find(work: Work, text: TextTable, loaded: Loaded) -> Text | None:
    """Find the row of a text: what an earlier load made, or one of that name."""
    ids = [loaded[key]["row"] for key in text.keys if key in loaded]
    rows = work.rows(Text)
    return next((row for row in rows if row.id in ids), None) or next(
        (row for row in rows if row.name.casefold() == text.name.casefold()), None
    )


async def _read(path: Path, place: tuple[int | str, ...], table: DraftTable, before: _Before | None) -> ReadDraft:
    try:
        content = read_ordinary(path.parent / table.file, MOST_INPUT)
    except (OSError, ValueError):
        raise wrong(
            path, (*place, "file"), "there is no such file; its path counts from the folder of this one."
        ) from None
    if before and table.date < before.date:
        raise wrong(path, (*place, "date"), "it is older than the draft before it; the oldest comes first.")
    try:
        document = await read_file(content, Path(table.file).name)
        if document.language != table.language:
            sentence = f"the text is in “{document.language}”, not in “{table.language}”."
            raise wrong(path, (*place, "language"), sentence)
        if before and document.language != before.document.language:
            sentence = f"the draft before it is in “{before.document.language}”; a text is followed in one language."
            raise wrong(path, (*place, "language"), sentence)
        comparison = await compare_documents(before.document, document) if before else None
    except Unreadable as problem:
        raise wrong(path, (*place, "file"), str(problem)) from None
    same = before is not None and fingerprint(before.document) == fingerprint(document)
    return ReadDraft(table, content, document, comparison, same)


def load_texts(loading: Loading, file: LoadFile, read: ReadDrafts, loaded: Loaded) -> Loaded:
    """Put the drafts that were read in force, oldest first, without alerts."""
    current = current_draft(loading.work)
    if read.found and (current.id if current else None) != read.current_id:
        raise LoadProblem(
            "{file}: a draft was published in the meantime. Please load it again.", file=loading.path.name
        )
    kept: Loaded = {}
    for table in file.texts:
        row = _find(loading.work, table, loaded)
        old: Loaded = next((loaded[key] for key in table.keys if key in loaded), {})
        if row is None:
            row = loading.work.put(Text(coalition_id=loading.work.tenant, name=table.name))
            loading.changed.append(f"added text {table.name}")
        else:
            before = loading.settle(row, f"text {row.name}", {"name": table.name}, old)
            loading.changed += [f"text: {differences(before, row)}"] if before else []
        notes = {
            draft.symbol: _load_draft(loading, row, draft, read.found.get((table.keys[0], draft.symbol)),
                                      old.get("drafts", {}).get(draft.symbol))
            for draft in table.drafts
        }  # fmt: skip
        kept[table.keys[0]] = noted({"name": table.name}, row.id) | {"drafts": notes}
    return kept


def _load_draft(loading: Loading, text: Text, table: DraftTable, read: ReadDraft | None, old: Loaded | None) -> Loaded:
    work, row_id, digest = loading.work, (old or {}).get("row"), (old or {}).get("sha256", "")
    if read is not None:
        digest = hashlib.sha256(read.content).hexdigest()
        if read.same:
            loading.changed.append(f"draft {table.symbol} is word for word the one before it and was left out")
        else:
            row_id = _record(loading, text, read).id
    else:
        row = work.first(Draft, Draft.text_id == text.id, Draft.symbol == table.symbol)
        row_id, digest = (row.id, digest or row.sha256) if row else (row_id, digest)
        _compare_known(loading, table, row, digest, old or {})
    return {"row": row_id, "sha256": digest, "date": table.date.isoformat()}


def _record(loading: Loading, text: Text, read: ReadDraft) -> Draft:
    table, work = read.table, loading.work
    draft = record(
        work, text, table.symbol, table.date, table.language, read.document, read.comparison, loading.now
    )  # fmt: skip
    draft.sha256, draft.filename = keep_bytes(work, read.content), Path(table.file).name
    loading.changed.append(f"added draft {table.symbol} with {draft.provisions} provisions")
    return draft


def _compare_known(loading: Loading, table: DraftTable, row: Draft | None, digest: str, old: Loaded) -> None:
    """Report a file that changed under a draft that is in force: what was published is not replaced."""
    if row is not None:
        before = loading.settle(row, f"draft {row.symbol}", {"date": table.date}, old)
        loading.changed += [f"draft {row.symbol}: {differences(before, row)}"] if before else []
    file = loading.path.parent / table.file
    if digest and file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() != digest:
        loading.kept.append(
            f"draft {table.symbol} stays as it was loaded, though its file is another now: "
            "new text comes with `draft add` or under a new symbol"
        )
