"""Commands on drafts: parse and compare."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console as Screen
from rich.table import Table
from rich.text import Text

from bot.files import read_ordinary
from bot.reading import MOST_INPUT, compare_documents, read_file
from bot.screen import clean, json_line
from bot.terminal.opening import write
from bot.texts.compare import Comparison, worth_showing
from bot.texts.document import Document, Unreadable
from bot.texts.markdown import markdown
from bot.texts.notes import english, trends
from bot.texts.page import page
from bot.texts.payload import comparison_json, document_json
from bot.texts.pictures import file_name, pdf, picture


async def parse_text(file: Path, reading: str, *, as_json: bool) -> int:
    """Print a draft's provisions, as they read after ("new") or before ("old") the changes that the file marks."""
    document = await read_file(*_given(file), reading)
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


@dataclass(frozen=True)
class Shown:
    """How a comparison is wanted: printed as JSON or Markdown, written to files, or, with none of these, as a table."""

    json: bool = False
    markdown: bool = False
    html: Path | None = None
    pdf: Path | None = None
    png: Path | None = None


async def compare_texts(old: Path, new: Path | None, wanted: Shown) -> int:
    """Print what changed between two drafts, or what one marked-up draft changes, or write it to files.

    Raises NoPictures.
    """
    # Both are here before either is read: asyncio waits for ever for a child that begins while its loop ends.
    one, other = _given(old), _given(new or old)
    reading = "old" if new is None else "new"
    before, after = await asyncio.gather(read_file(*one, reading), read_file(*other))
    if new is None and not (after.inserted or after.deleted):
        raise Unreadable("This file marks no changes of its own; name the draft to compare it with.")
    comparison = await compare_documents(before, after)
    _write_files(comparison, wanted)
    if wanted.json:
        write(json_line(comparison_json(comparison)))
    elif wanted.markdown:
        write(clean(markdown(comparison)))
    elif not (wanted.html or wanted.pdf or wanted.png):
        Screen().print(_overview(comparison))
        write(f"{'. '.join(trends(comparison, english))}.")
    return 0


def _write_files(comparison: Comparison, wanted: Shown) -> None:
    if wanted.html is not None:
        wanted.html.write_text(page(comparison), "utf-8")
        _written(wanted.html)
    if wanted.pdf is not None:
        wanted.pdf.write_bytes(pdf(comparison))
        _written(wanted.pdf)
    if wanted.png is not None:
        wanted.png.mkdir(parents=True, exist_ok=True)
        for change in comparison.changes:
            if worth_showing(change):
                drawn = picture(comparison, change)
                file = wanted.png / f"{file_name(drawn.label)}.png"
                file.write_bytes(drawn.png)
                _written(file, "" if drawn.whole else ", cut: it is too long for a picture")


def _written(file: Path, remark: str = "") -> None:
    write(f"written to {file}{remark}")


def _overview(comparison: Comparison) -> Table:
    title = _cell(f"{comparison.old.label} → {comparison.new.label}")
    table = Table("Old", "New", "Relation", "Heading", "Alike", title=title)
    for change in comparison.changes:
        relation = ", ".join([change.relation, *change.flags])
        alike = f"{change.similarity:.0%}"
        cells = (", ".join(change.old), ", ".join(change.new), relation, change.heading, alike)
        table.add_row(*map(_cell, cells))
    return table


def _provisions(document: Document) -> int:
    return sum(1 for row in document.provisions if not row.placeholder)


def _given(file: Path) -> tuple[bytes, str]:
    return read_ordinary(file, MOST_INPUT), file.name


def _cell(words: str) -> Text:
    """Show words as they are: brackets in a draft are not markup."""
    return Text(clean(words))
