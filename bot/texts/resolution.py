"""Texts of numbered paragraphs without headings, as resolutions are: "1. Decides ...;", "OP3 Urges"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.texts.grammar import LATIN_SUFFIX
from bot.texts.lines import Line
from bot.texts.marks import Mark

_FEWEST = 3  # paragraphs with a number alone; fewer are a list
_SHORTEST = 40  # characters of a paragraph on average; shorter ones are a list
_SUFFIX = rf"(?:\s?(?P<suffix>(?i:{LATIN_SUFFIX}))(?!\w))?"
_NAMED = re.compile(
    rf"[\[(]*(?P<series>[OP]P)[\s.-]?(?P<number>\d{{1,3}}){_SUFFIX}[\])]*(?:\s?[.:)–—-]|(?=\s)|$)\s*(?P<rest>.*)$"
)
_PLAIN = re.compile(rf"[\[(]*(?P<number>\d{{1,3}}){_SUFFIX}[\])]*\s?[.)–—-]\s*(?P<rest>[^\s\d].*)$")
_END = re.compile(r"[.;:,。；،؛][\s\])”’»\"]*(?:and|et|y|и|و)?$", re.IGNORECASE)


def paragraphs(lines: Sequence[Line], *, named: bool = False) -> list[Mark | None]:
    """The numbers of such paragraphs as labels; none where the text has no row of them.

    `named` asks for those that say "OP" or "PP" (operative, preambular), which is enough by itself. Bare numbers must
    count from 1 without a gap, none twice, and each paragraph be a sentence or a clause.
    """
    if named:
        row = [_mark(_NAMED.match(line.text)) for line in lines]
        return row if sum(mark is not None for mark in row) > 1 else [None] * len(lines)
    row = [_mark(_PLAIN.match(line.text)) if line.starts is not False else None for line in lines]
    starts = [at for at, mark in enumerate(row) if mark]
    return row if _counts(row) and _are_clauses(lines, starts) else [None] * len(lines)


def _mark(found: re.Match[str] | None) -> Mark | None:
    if found is None or found["rest"][:1].islower():
        return None
    series, suffix = found.groupdict().get("series") or "", found["suffix"]
    number = int(found["number"])
    name = f"{series}{number}" + (f" {suffix.casefold()}" if suffix else "")
    return Mark("label", name, "paragraph", rest=found["rest"], set_apart=True, value=0 if series else number)


def _counts(marks: Sequence[Mark | None]) -> bool:
    """Whether the numbers are 1, 2, 3 and so on, with a "bis" behind its number."""
    rows = [mark for mark in marks if mark]
    plain = [mark.value for mark in rows if mark.name.isdecimal()]
    due = 0
    for mark in rows:
        due += mark.name.isdecimal()
        if mark.value != due:
            return False
    return len(plain) >= _FEWEST


def _are_clauses(lines: Sequence[Line], starts: Sequence[int]) -> bool:
    """Whether what is between two numbers, and behind the last, is long enough and ends as a sentence does."""
    ends = [*starts[1:], len(lines)]
    texts = [" ".join(line.text for line in lines[start:end]) for start, end in zip(starts, ends, strict=True)]
    return all(_END.search(text[-60:]) for text in texts[:-1]) and sum(map(len, texts)) >= _SHORTEST * len(texts)
