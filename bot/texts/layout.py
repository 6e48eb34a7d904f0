"""From lines on pages to lines of text: headers, footers and footnotes taken away, paragraphs told by distance."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection
from itertools import pairwise
from statistics import median

from bot.texts.grammar import LANGUAGES
from bot.texts.hyphens import unbroken
from bot.texts.lines import Line, is_furniture
from bot.texts.marks import mark_of
from bot.texts.pdf import Placed

_RULE = re.compile(r"[_\u2014\u2013-]{10,}")
_PAGE_NUMBER = re.compile(r"^\d{1,4}(?=\s|$)|(?<=\s)\d{1,4}$")
_Place = tuple[str, int]
_EDGE = 4  # this many lines at the top and bottom of a page can be header or footer


def flow(placed: list[Placed]) -> list[Line]:
    """The text of a document's pages as lines, each knowing whether a paragraph begins with it."""
    pages = defaultdict(list)
    for line in placed:
        pages[line.page].append(line)
    edges = {number: _edges(page) for number, page in pages.items()}
    repeated = _repeated(edges.values())
    body = [line for number, page in pages.items() for line in _body(page, edges[number], repeated)]
    texts = unbroken([line.text for line in body])
    return [
        Line(text, bold=line.bold, starts=starts) for line, text, starts in zip(body, texts, _starts(body), strict=True)
    ]


def _edges(page: list[Placed]) -> dict[int, set[_Place]]:
    """What could be header or footer of a page, by its index on it: what it would be on every page."""
    upward = sorted(range(len(page)), key=lambda index: page[index].bottom)
    return {index: _places(page[index]) for index in upward[:_EDGE] + upward[_EDGE:][-_EDGE:]}


def _places(line: Placed) -> set[_Place]:
    """The line's words, and these with a number at their end counted from the page's; each with its height."""
    words = _PAGE_NUMBER.sub(lambda number: str(int(number.group()) - line.page), line.text)
    return {(line.text, round(line.bottom / 4)), (words, round(line.bottom / 4))}


def _carries_structure(text: str) -> bool:
    """Whether a line is a label or the like in any language: such a line may come again, but never as a header."""
    return any(mark_of(text, language) for language in LANGUAGES)


def _repeated(edges: Collection[dict[int, set[_Place]]]) -> set[_Place]:
    """Headers and footers: the same words at the same height on several pages."""
    seen: Counter[_Place] = Counter()
    for edge in edges:
        seen.update(set().union(*edge.values()))
    enough = max(3, len(edges) // 5)
    return {place for place, times in seen.items() if times >= enough and not _carries_structure(place[0])}


def _body(page: list[Placed], edge: dict[int, set[_Place]], repeated: set[_Place]) -> list[Placed]:
    """The lines of a page without headers and footers, and without its highest rule and what stands below it."""
    rule = max((line.bottom for line in page if _RULE.fullmatch(line.text)), default=None)
    furniture = {
        index for index, places in edge.items() if places & repeated and not _carries_structure(page[index].text)
    }
    return [
        line
        for index, line in enumerate(page)
        if index not in furniture and not (rule is not None and line.bottom <= rule + 1) and not is_furniture(line.text)
    ]


def _starts(body: list[Placed]) -> list[bool | None]:
    """Whether a paragraph begins: a wider gap above, or an indented first line; at the head of a page words decide."""
    gaps = [one.last - two.bottom if one.page == two.page else None for one, two in pairwise(body)]
    usual = median([gap for gap in gaps if gap and gap > 0] or [1.0])
    margin = Counter(round(line.left) for line in body).most_common(1)[0][0] if body else 0
    answers: list[bool | None] = [True] if body else []
    for (before, line), gap in zip(pairwise(body), gaps, strict=True):
        if gap is None:
            indented = 12 < line.left - margin < 60
            answers.append(True if indented and line.right - line.left > 150 else None)
        else:
            answers.append(not 0 < gap <= 1.22 * usual or before.bold != line.bold)
    return answers
