"""The text engine: two long drafts read, split, aligned and compared, against what else there is."""

from __future__ import annotations

import difflib

import pypdfium2
from redlines import Redlines

from bot.texts.compare import compare
from bot.texts.edits import redline, tokens
from bot.texts.pdf import placed_lines
from bot.texts.read import read
from tests.benchmarks.drafts import Pair, make_pair
from tests.benchmarks.instruments import STYLES, revise
from tests.benchmarks.measuring import Row, fastest
from tests.benchmarks.tongues import TONGUES


def measure() -> list[Row]:
    """Measure in one run; all times are the least of several rounds."""
    pair = make_pair()
    pages = placed_lines(pair.old_pdf)[1]
    whole = fastest(
        {
            "plain": lambda: _boxes(pair, every=False),
            "floor": lambda: _floor(pair),
            "boxes": lambda: _boxes(pair),
            "pipeline": lambda: _pipeline(pair),
        },
        rounds=9,
    )
    left, right = tokens(pair.old_text), tokens(pair.new_text)
    words = fastest(
        {
            "ours": lambda: redline(pair.old_text, pair.new_text),
            "difflib": lambda: difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes(),
            "redlines": lambda: Redlines(pair.old_text, pair.new_text).opcodes,
        },
        rounds=3,
    )
    return [
        Row(
            f"two PDFs of {pages} pages read, split, aligned and compared, against their extraction alone",
            f"{whole['pipeline'] / whole['floor']:.2f} times ({whole['pipeline']:.2f} s)",
            "2",
        ),
        Row(
            "the same, against their extraction with the box of every character",
            f"{whole['pipeline'] / whole['boxes']:.2f} times",
        ),
        Row(
            "their extraction alone, against plain text without places",
            f"{whole['floor'] / whole['plain']:.2f} times",
        ),
        Row(
            f"comparing {len(left):,} tokens, difflib against ours",
            f"{words['difflib'] / words['ours']:.0f} times ({words['ours']:.3f} s)",
            "30",
        ),
        Row("the same, the redlines package against ours", f"{words['redlines'] / words['ours']:.0f} times"),
        _followed(),
    ]


def _followed() -> Row:
    right = whole = 0
    revisions = [revise(style, language) for style in STYLES for language in TONGUES]
    for revision in revisions:
        comparison = compare(read(revision.old.text.encode(), "old"), read(revision.new.text.encode(), "new"))
        right += revision.right(
            {label: {name for row in comparison.of(label) for name in row.new} for label in revision.successors}
        )
        whole += len(revision.successors)
    what = (
        f"provisions of {len(revisions)} revised drafts, in {len(STYLES)} styles and {len(TONGUES)} languages, followed"
    )
    return Row(what, f"{right / whole:.1%}", "98 %")


def _floor(pair: Pair) -> None:
    """Extract the text and no more geometry than reading needs: ours."""
    placed_lines(pair.old_pdf)
    placed_lines(pair.new_pdf)


def _boxes(pair: Pair, *, every: bool = True) -> None:
    """Extract the text, and the box of `every` character."""
    for data in (pair.old_pdf, pair.new_pdf):
        document = pypdfium2.PdfDocument(data)
        for page in document:
            words = page.get_textpage()
            words.get_text_range()
            for index in range(words.count_chars() if every else 0):
                words.get_charbox(index)
            words.close()
            page.close()
        document.close()


def _pipeline(pair: Pair) -> None:
    compare(read(pair.old_pdf, "old"), read(pair.new_pdf, "new"))
