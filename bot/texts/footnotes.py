"""Footnotes in plain text: blocks below a rule of underscores or dashes, and their calls in the text above."""

import re
from dataclasses import dataclass

from bot.texts.grammar import LANGUAGES
from bot.texts.lines import is_furniture
from bot.texts.marks import mark_of
from bot.texts.paragraphs import ends_sentence

_ROW = re.compile(r"\r\n|[\n\r\v\x85\u2028\u2029]")
_RULE = re.compile(r"\s*(?:_{5,}|[-\u2013\u2014]{10,}|[\u2500\u2501]{5,})\s*")
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_NOTE = re.compile(
    r"\s*(?P<open>[\[(]?)(?P<mark>\*{1,3}|†|‡|[⁰¹²³⁴-⁹]{1,3}|[\d٠-٩]{1,3}|[a-z](?=[\s)]))[\])]?(?P<stop>\.?)(?P<gap>\s*)\S"
)
_FARTHEST = 25  # rows below a rule in which the page ends
_TALLEST = 100  # rows of a page
_LONGEST_SYMBOL = 60
_UNIT = re.compile(r"(?<![^\W\d_])(?:[kcmdh]?m|к?м|см)$")  # with a raised 2 or 3 behind it
_RAISED = re.compile(r"(?<=[^\W\d_]|[.,;:”’»)\]])[⁰¹²³⁴-⁹]{1,3}(?=\W|$)")


@dataclass(slots=True)
class _Page:
    """The rows that are kept, and the first of them that no block has come below of."""

    rows: list[str]
    since: int = 0

    def above(self) -> range:
        """The rows of the page that has come to its notes."""
        return range(max(self.since, len(self.rows) - _TALLEST), len(self.rows))


def without_footnotes(text: str) -> str:
    """A plain text without its footnotes and their calls.

    A block begins with a rule and a row that looks like a note, and ends with its page; where nothing shows the end
    of the page, with the last sentence of a note. What could as well be text of a provision is kept.
    """
    rows = _ROW.split(text.replace("\f", "\n\f\n"))
    page = _Page([])
    at = 0
    while at < len(rows):
        end = _block_end(rows, at, page) if _RULE.fullmatch(rows[at]) else at
        if end > at:
            _without_calls(page, [_number(row) for row in rows[at + 1 : end] if _NOTE.match(row)])
            at = end
            continue
        page.rows.append(rows[at])
        at += 1
    return "\n".join(_RAISED.sub(_uncalled, row) for row in page.rows).replace("\n\f\n", "\f")


def _uncalled(match: re.Match[str]) -> str:
    return match.group() if _UNIT.search(match.string[: match.start()]) else ""


def _number(row: str) -> str:
    match = _NOTE.match(row)
    return match["mark"].translate(_SUPERSCRIPT) if match else ""


def _block_end(rows: list[str], at: int, page: _Page) -> int:
    """The row behind a block of notes below the rule `at`; `at` itself where there is none."""
    first = next((row for row in range(at + 1, min(at + 3, len(rows))) if rows[row].strip()), at)
    match = _NOTE.match(rows[first]) if first > at else None
    if match is None or not (_called(page, _number(rows[first])) or _is_plain(match)):
        return at
    closed = next((row for row in range(first, min(first + _FARTHEST, len(rows))) if _ends_page(rows[row])), None)
    stop = closed if closed is not None else min(first + _TALLEST, len(rows))
    structure = next((row for row in range(first + 1, stop) if _is_structure(rows[row])), None)
    if closed is not None and structure is None:
        return closed
    return _last_note(rows, first, stop if structure is None else structure)


def _last_note(rows: list[str], first: int, stop: int) -> int:
    """The row behind the last sentence of the notes, where no end of a page tells."""
    row, ended = first, False
    while row < stop:
        if not rows[row].strip():
            ended = True
        elif row > first and _follows(rows[row], rows[first:row]):
            ended = False
        elif ended:
            break
        ended = ended or ends_sentence(rows[row])
        row += 1
    return row


def _follows(row: str, before: list[str]) -> bool:
    """Whether a row begins the note behind those before it."""
    last = next((_number(one) for one in reversed(before) if _NOTE.match(one)), "")
    number = _number(row)
    return bool(number and last) and (
        int(number) == int(last) + 1 if number.isdecimal() and last.isdecimal() else set(number) <= set("*†‡")
    )


def _is_plain(match: re.Match[str]) -> bool:
    """Whether a row is a note by its look: a raised figure or a star, or "1 See", which is no paragraph ("1.")."""
    mark, bare = match["mark"], not (match["open"] or match["stop"])
    begins = match.string[match.end() - 1 :][:1]
    return not (mark.isdecimal() or mark.isalpha()) or (mark.isdecimal() and bare and not begins.islower())


def _ends_page(row: str) -> bool:
    return row == "\f" or (bool(row.strip()) and is_furniture(" ".join(row.split())) and not _RULE.fullmatch(row))


def _is_structure(row: str) -> bool:
    shown = " ".join(row.split())
    return any(
        mark and (mark.set_apart or not mark.rest) for mark in (mark_of(shown, language) for language in LANGUAGES)
    )


def _call(row: str, number: str) -> tuple[int, int] | None:
    """Where the call of a note stands in a row; a unit's figure, part of a symbol ("L.1") and "第五条(1)" are none."""
    sign = re.escape(number)
    call = re.compile(
        rf"(?<=[^\W\d_]|[;:”\"’»)\]。；，]|(?<!\d)[.,])(?:{sign}|(?<![条款项])\({sign}\)|\[{sign}\])(?=[\s.,;:)\]”\"’»。；，]|$)"
    )
    for match in call.finditer(row.translate(_SUPERSCRIPT)):
        before = row[: match.start()]
        if not (_UNIT.search(before) or re.search(r"/\S*$", before[-_LONGEST_SYMBOL:])):
            return match.span()
    return None


def _called(page: _Page, number: str) -> bool:
    return any(_call(page.rows[at], number) for at in page.above())


def _without_calls(page: _Page, numbers: list[str]) -> None:
    """Take the calls of some notes from the page above them, each once."""
    for number in numbers:
        for at in page.above():
            if span := _call(page.rows[at], number):
                page.rows[at] = page.rows[at][: span[0]] + page.rows[at][span[1] :]
                break
    while page.rows and not page.rows[-1].strip():  # a paragraph may go on over the page
        page.rows.pop()
    page.since = len(page.rows)
