"""Texts that number their headings and have no word for their provisions: guidelines, rules of procedure, policies."""

import re
from collections.abc import Sequence
from itertools import pairwise

from bot.texts.lines import Line
from bot.texts.marks import Mark
from bot.texts.numerals import number_of, value_of
from bot.texts.paragraphs import begins_low, ends_sentence

_FEWEST = 3  # headings; fewer are a list
_LONGEST = 120  # characters of a heading
_FORMS = (
    re.compile(r"[\[(]*(?P<number>\d{1,3}|[٠-٩]{1,3})\s?(?:[.:)–—-]\s*(?![\d٠-٩])|\s(?=\S))(?P<rest>\S.*)$"),
    re.compile(r"[\[(]*(?P<number>[IVXLC]{1,7})\s?[.:)–—-]\s*(?P<rest>\S.*)$"),
    re.compile(r"[\[(（]*(?P<number>[零〇一二三四五六七八九十百]{1,4})[、.．)）]\s*(?P<rest>\S.*)$"),
    re.compile(r"(?P<number>أولا|ثانيا|ثالثا|رابعا|خامسا|سادسا|سابعا|ثامنا|تاسعا|عاشرا)ً?\s?[-–:.]\s*(?P<rest>\S.*)$"),
)
_ARABIC = "أولا ثانيا ثالثا رابعا خامسا سادسا سابعا ثامنا تاسعا عاشرا".split()


def numbered(lines: Sequence[Line]) -> list[Mark | None]:
    """The headings of a text as the labels of its provisions: counted from 1 without a gap, each with text below it.

    Of several rows of headings (I, II and 1, 2) the longest. None where there is no such row.
    """
    rows = [_row(lines, form) for form in _FORMS]
    best = max(rows, key=len)
    found: list[Mark | None] = [None] * len(lines)
    if len(best) >= _FEWEST:
        for index, (number, rest) in best.items():
            found[index] = Mark("label", str(number), "section", rest=rest, set_apart=True, value=number)
    return found


def _row(lines: Sequence[Line], form: re.Pattern[str]) -> dict[int, tuple[int, str]]:
    """The headings of one form by their line, with number and words, as far as they count on from 1."""
    seen = {index: found for index, line in enumerate(lines) if (found := _head(lines, index, form))}
    listed = {
        spot
        for one, two in pairwise(seen)
        if two == one + 1 and seen[two][0] == seen[one][0] + 1
        for spot in (one, two)
    }
    row: dict[int, tuple[int, str]] = {}
    for index, (number, rest) in seen.items():
        if index not in listed and number == len(row) + 1:
            row[index] = number, rest
    return row


def _head(lines: Sequence[Line], index: int, form: re.Pattern[str]) -> tuple[int, str] | None:
    """The number and the words of a line that could be a heading; its words are no sentence and do not run on."""
    line = lines[index]
    match = form.match(line.text)
    if match is None or line.starts is False or index + 1 == len(lines):
        return None
    rest, printed = match["rest"].strip(), match["number"]
    runs_on = begins_low(lines[index + 1].text) and lines[index + 1].starts is not True
    if len(rest) > _LONGEST or ends_sentence(rest) or rest[-1:] in ",،，" or rest[:1].islower() or runs_on:
        return None
    number = _ARABIC.index(printed) + 1 if printed in _ARABIC else value_of(number_of(printed))
    return (number, rest) if number else None
