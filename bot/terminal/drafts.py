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
from bot.texts.document import Document
from bot.texts.page import page
from bot.texts.payload import comparison_json, document_json


async def parse_text(file: Path, *, as_json: bool) -> int:
    """Print a draft's provisions."""
    document = await _read(file)
    if as_json:
        write(json_line(document_json(document)))
        return 0
    title = _cell(f"{document.label} ({document.language})")
    table = Table("Provision", "Heading", "Chapter", "Brackets", "Words", title=title)
    for row in document.provisions:
        name = row.label if row.kind in ("preamble", "annex") else f"{row.kind} {row.label}"
        words = "placeholder" if row.placeholder else str(len(row.text.split()))
        table.add_row(*map(_cell, (name, row.heading, row.chapter, str(row.brackets or ""), words)))
    Screen().print(table)
    return 0


async def compare_texts(old: Path, new: Path, html: Path | None, *, as_json: bool) -> int:
    """Print what changed between two drafts, or write it to a page."""
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
    return 0


async def _read(file: Path) -> Document:
    return await read_file(read_ordinary(file, MOST_INPUT), file.name)


def _cell(words: str) -> Text:
    """Show words as they are: brackets in a draft are not markup."""
    return Text(clean(words))
