"""Commands on drafts: parse and compare."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console as Screen
from rich.table import Table
from rich.text import Text

from bot.files import read_ordinary
from bot.reading import MOST_INPUT, compare_documents, read_file
from bot.screen import clean, json_line
from bot.terminal.opening import write
from bot.texts.document import Document, Unreadable
from bot.texts.page import page
from bot.texts.payload import comparison_json, document_json


async def parse_text(file: Path, reading: str, *, as_json: bool) -> int:
    """Print a draft's provisions, as they read after ("new") or before ("old") the changes that the file marks."""
    document = await _read(file, reading)
    if as_json:
        write(json_line(document_json(document)))
        return 0
    title = _cell(f"{document.label} ({document.language})")
    table = Table("Provision", "Heading", "Chapter", "Brackets", "Agreed", "Words", title=title)
    for row in document.provisions:
        name = row.label if row.kind in ("preamble", "annex") else f"{row.kind} {row.label}"
        words = "placeholder" if row.placeholder else str(len(row.text.split()))
        table.add_row(*map(_cell, (name, row.heading, row.chapter, str(row.brackets or ""), row.agreed, words)))
    Screen().print(table)
    write(f"brackets: {document.brackets}; agreed: {document.agreed} of {_provisions(document)} provisions")
    if document.inserted or document.deleted:
        write(
            f"The file marks {document.inserted} words as put in and {document.deleted} as taken out; "
            f"this is its {reading} reading."
        )
    return 0


async def compare_texts(old: Path, new: Path | None, html: Path | None, *, as_json: bool) -> int:
    """Print what changed between two drafts, or what one marked-up draft changes, or write it to a page."""
    if new is None:
        before, after = await asyncio.gather(_read(old, "old"), _read(old))
        if not (after.inserted or after.deleted):
            raise Unreadable("This file marks no changes of its own; name the draft to compare it with.")
    else:
        before, after = await asyncio.gather(_read(old), _read(new))
    comparison = await compare_documents(before, after)
    if html is not None:
        html.write_text(page(comparison), "utf-8")
        write(f"written to {html}")
    elif as_json:
        write(json_line(comparison_json(comparison)))
    else:
        table = Table("Old", "New", "Relation", "Heading", "Alike", title=_cell(f"{before.label} → {after.label}"))
        for change in comparison.changes:
            relation = ", ".join([change.relation, *change.flags])
            alike = f"{change.similarity:.0%}"
            cells = (", ".join(change.old), ", ".join(change.new), relation, change.heading, alike)
            table.add_row(*map(_cell, cells))
        Screen().print(table)
        write(f"brackets: {before.brackets} → {after.brackets}; agreed: {before.agreed} → {after.agreed}")
    return 0


def _provisions(document: Document) -> int:
    return sum(1 for row in document.provisions if not row.placeholder)


async def _read(file: Path, reading: str = "new") -> Document:
    return await read_file(read_ordinary(file, MOST_INPUT), file.name, reading)


def _cell(words: str) -> Text:
    """Show words as they are: brackets in a draft are not markup."""
    return Text(clean(words))
