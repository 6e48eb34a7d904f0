"""From lines on pages to lines of text: headers, footers and footnotes taken away, paragraphs told by distance."""

import re
from collections import Counter, defaultdict
from itertools import pairwise
from statistics import median

from bot.texts.grammar import LANGUAGES
from bot.texts.hyphens import unbroken
from bot.texts.lines import Line, is_furniture
from bot.texts.marks import mark_of
from bot.texts.pdf import Placed

_RULE = re.compile(r"[_\u2014\u2013-]{10,}")
_PAGE_NUMBER = re.compile(r"^\d{1,4}(?=\s|$)|(?<=\s)\d{1,4}$")
_EDGE = 4  # this many lines at the top and bottom of a page can be header or footer


def flow(placed: list[Placed]) -> list[Line]:
    """The text of a document's pages as lines, each knowing whether a paragraph begins with it."""
    pages = defaultdict(list)
    for line in placed:
        pages[line.page].append(line)
    repeated = _repeated(pages)
    body = [line for page in pages.values() for line in _body(page, repeated)]
    texts = unbroken([line.text for line in body])
    return [
        Line(" ".join(text.split()), bold=line.bold, starts=starts)
        for line, text, starts in zip(body, texts, _starts(body), strict=True)
    ]


def _edges(page: list[Placed]) -> list[Placed]:
    height = sorted(page, key=lambda line: line.bottom)
    return height[:_EDGE] + height[_EDGE:][-_EDGE:]


def _place(line: Placed) -> tuple[str, int]:
    """What a header is on every page: its words, a number at their end counted from the page's, and its height."""
    words = _PAGE_NUMBER.sub(lambda number: str(int(number.group()) - line.page), line.text)
    return words, round(line.bottom / 4)


def _carries_structure(text: str) -> bool:
    """Whether a line is a label or the like in any language: such a line may come again, but never as a header."""
    return any(mark_of(text, language) for language in LANGUAGES)


def _repeated(pages: dict[int, list[Placed]]) -> set[tuple[str, int]]:
    """Headers and footers: the same words at the same height on several pages."""
    seen: Counter[tuple[str, int]] = Counter()
    for page in pages.values():
        seen.update({place for line in _edges(page) for place in ((line.text, _place(line)[1]), _place(line))})
    enough = max(3, len(pages) // 5)
    return {place for place, times in seen.items() if times >= enough and not _carries_structure(place[0])}


def _body(page: list[Placed], repeated: set[tuple[str, int]]) -> list[Placed]:
    rule = max((line.bottom for line in page if _RULE.fullmatch(line.text)), default=None)
    edges = {id(line) for line in _edges(page)}
    return [
        line
        for line in page
        if not (id(line) in edges and _repeats(line, repeated))
        and not (rule is not None and line.bottom <= rule + 1)
        and not _RULE.fullmatch(line.text)
        and not is_furniture(line.text)
    ]


def _repeats(line: Placed, repeated: set[tuple[str, int]]) -> bool:
    place = _place(line)
    return (place in repeated or (line.text, place[1]) in repeated) and not _carries_structure(line.text)


def _starts(body: list[Placed]) -> list[bool | None]:
    """Whether a paragraph begins: a wider gap above, or an indented first line; at the head of a page words decide."""
    gaps = [_gap(one, two) for one, two in pairwise(body) if one.page == two.page]
    usual = median([gap for gap in gaps if gap > 0] or [1.0])
    margin = Counter(round(line.left) for line in body).most_common(1)[0][0] if body else 0
    answers: list[bool | None] = []
    for index, line in enumerate(body):
        before = body[index - 1] if index else None
        indented = 12 < line.left - margin < 60
        if before is None:
            answers.append(True)
        elif before.page != line.page:
            answers.append(True if indented and line.right - line.left > 150 else None)
        else:
            wide = not 0 < _gap(before, line) <= 1.22 * usual
            answers.append(wide or before.bold != line.bold)
    return answers


def _gap(one: Placed, two: Placed) -> float:
    return one.last - two.bottom
