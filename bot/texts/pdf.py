"""The lines of a PDF with their places on the page. To be run in the child process only: hostile files abort pdfium."""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pypdfium2
from pypdfium2 import raw

from bot.texts.document import Unreadable
from bot.texts.markup import Block, Marked, Run
from bot.texts.markup import reading as read_as
from bot.texts.strikes import Strike, strikes_of

_BOLD = 600
_BOLD_NAME = re.compile(rb"bold|black|heavy", re.IGNORECASE)
_LONGEST_NAME = 128
_CALL = re.compile(r"\d(?<=[^\W\d_]\d|[.,;:”’»)\]。；，]\d)\d?(?=[\s.,;:)\]”’»]|$)|\(\d{1,2}\)")
_UNIT = re.compile(r"(?<![^\W\d_])(?:[kcmdh]?m|к?м|см)$")  # with a raised 2 or 3 behind it
_STOP = re.compile(r"(?<=\s)([.،؛])([٠-٩]{1,4})(?=\s|$)")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_ONE_LINE = re.compile(r"[^\r\n\ufffe]+(?:\ufffe(?!\d)[^\r\n\ufffe]*)*\ufffe?")
"""A line; pdfium prints U+FFFE for a hyphen at its end and no break, also before the page number below it."""
_MOST_PAGES = 2000


@dataclass(frozen=True, slots=True)
class Placed:
    """A line of a page; points from the page's left and bottom edge. `last` is the lower edge of its end."""

    text: str
    page: int
    left: float
    right: float
    top: float
    bottom: float
    last: float
    bold: bool
    runs: tuple[Run, ...] = ()
    """How its words are printed, where that was looked at."""


def placed_lines(data: bytes, reading: str = "new") -> tuple[list[Placed], int, Marked]:
    """The lines of all pages in one reading, in order, the number of pages, and how much the file marks as changed.

    Raises Unreadable where there is no text to read.
    """
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD or "password" in str(error).lower():
            raise Unreadable("This PDF is locked with a password; ask for a copy without one.") from None
        raise Unreadable("This PDF is damaged and cannot be opened; fetch it again.") from None
    try:
        if len(pdf) > _MOST_PAGES:
            raise Unreadable("This PDF has {pages} pages; at most {most} are read.", pages=len(pdf), most=_MOST_PAGES)
        lines = [line for number in range(len(pdf)) for line in _page(pdf, number, rich=False)]
        marked = Marked()
        if any(line.runs for line in lines):  # something is struck out: then it matters what is bold, word by word
            lines = [line for number in range(len(pdf)) for line in _page(pdf, number, rich=True)]
            lines, marked = _reading(lines, reading)
        return lines, len(pdf), marked
    finally:
        pdf.close()


def _reading(lines: list[Placed], which: str) -> tuple[list[Placed], Marked]:
    blocks = [Block(line.runs or (Run(line.text, line.bold),), None) for line in lines]
    chosen, marked = read_as(blocks, which)
    return [
        replace(line, text=block.text, bold=block.bold) for line, block in zip(lines, chosen, strict=True) if block.text
    ], marked


def _page(pdf: pypdfium2.PdfDocument, number: int, *, rich: bool) -> list[Placed]:
    try:
        page = pdf[number]
    except pypdfium2.PdfiumError:
        return []
    words = page.get_textpage()
    try:
        struck = strikes_of(page)
        spans = _spans(_characters(words))
        return _side_by_side([_placed(words, number, *span, struck, rich) for span in spans])
    finally:
        words.close()
        page.close()


def _characters(words: pypdfium2.PdfTextPage) -> str:
    """The text of a page, one character for each of pdfium's indices."""
    count = words.count_chars()
    text = str(words.get_text_range())
    if len(text) == count:
        return text
    return "".join(chr(min(raw.FPDFText_GetUnicode(words.raw, index), 0xFFFF)) or " " for index in range(count))


def _spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each line begins and ends, blanks at its ends left out, and its text."""
    for match in _ONE_LINE.finditer(text):
        line = match.group()
        if stripped := line.strip():
            start = match.start() + len(line) - len(line.lstrip())
            yield start, start + len(stripped) - 1, stripped


def _placed(
    words: pypdfium2.PdfTextPage, number: int, start: int, end: int, text: str, struck: list[Strike], rich: bool
) -> Placed:
    left, bottom, right_of_first, top = words.get_charbox(start, loose=True)
    left_of_last, last, right, _ = words.get_charbox(end, loose=True)
    bold = _is_bold(words, start) and _is_bold(words, end)
    calls = _calls(words, start, text, bottom, top)
    across = [strike for strike in struck if strike.crosses(bottom, top)]
    runs = _runs(words, start, text, calls, across) if rich or across else ()
    if _RIGHT_TO_LEFT.search(text):
        text = _from_the_right(words, start, text, calls)
    else:
        for begin, stop in reversed(calls):
            text = text[:begin] + text[stop:]
    return Placed(
        text, number, min(left, left_of_last), max(right, right_of_first), top, bottom, min(bottom, last), bold, runs
    )


def _is_bold(words: pypdfium2.PdfTextPage, index: int) -> bool:
    """By the font's weight, or by its name where it is not embedded and has no weight."""
    if raw.FPDFText_GetFontWeight(words.raw, index) >= _BOLD:
        return True
    name, flags = ctypes.create_string_buffer(_LONGEST_NAME), ctypes.c_int()
    raw.FPDFText_GetFontInfo(words.raw, index, name, _LONGEST_NAME, flags)
    return bool(_BOLD_NAME.search(name.value))


def _runs(
    words: pypdfium2.PdfTextPage, start: int, text: str, calls: list[tuple[int, int]], across: list[Strike]
) -> tuple[Run, ...]:
    """The words of a line by how they are printed; blanks are printed like what is before them."""
    runs: list[Run] = []
    for index, sign in enumerate(text):
        if any(begin <= index < stop for begin, stop in calls):
            continue
        if sign.isspace() and runs:
            runs[-1] = replace(runs[-1], text=runs[-1].text + sign)
            continue
        left, _, right, _ = words.get_charbox(start + index, loose=True) if across else (0.0, 0.0, 0.0, 0.0)
        middle = (left + right) / 2
        struck = any(strike.left <= middle <= strike.right for strike in across)
        bold = _is_bold(words, start + index)
        if runs and (runs[-1].bold, runs[-1].struck) == (bold, struck):
            runs[-1] = replace(runs[-1], text=runs[-1].text + sign)
        else:
            runs.append(Run(sign, bold, struck))
    return tuple(runs)


def _calls(words: pypdfium2.PdfTextPage, start: int, text: str, bottom: float, top: float) -> list[tuple[int, int]]:
    """Where footnote calls stand in a line: small digits raised above it."""
    if "\ufffe" in text:
        return []
    found = []
    for match in _CALL.finditer(text):
        if match.group() in ("2", "3") and _UNIT.search(text[: match.start()]):
            continue
        _, low, _, high = words.get_charbox(start + match.start(), loose=True)
        if high - low < 0.85 * (top - bottom) and low > bottom + 0.1 * (top - bottom):
            found.append(match.span())
    return found


def _from_the_right(words: pypdfium2.PdfTextPage, start: int, text: str, calls: list[tuple[int, int]]) -> str:
    """A line that runs from right to left without its calls.

    pdfium gives the pieces between calls in any order, and a full stop behind a number before it.
    """
    if not calls:
        return _STOP.sub(r"\2\1", text)
    ends = [0, *(place for call in calls for place in call), len(text)]
    pieces: list[tuple[float, str]] = []
    for begin, stop in zip(ends[::2], ends[1::2], strict=True):
        if inked := [index for index in range(begin, stop) if not text[index].isspace()]:
            right = max(words.get_charbox(start + index, loose=True)[2] for index in inked)
            pieces.append((right, text[begin:stop].strip()))
    ordered = [piece for _, piece in sorted(pieces, key=lambda piece: -piece[0])]
    return _STOP.sub(r"\2\1", _unspaced(" ".join(ordered)))


def _unspaced(text: str) -> str:
    return re.sub(r" (?=[.,;:،؛](?:\s|$))", "", text)


def _side_by_side(lines: list[Placed]) -> list[Placed]:
    """Pieces of one printed line put together again."""
    joined: list[Placed] = []
    for line in lines:
        before = joined[-1] if joined else None
        height = max(line.top - line.bottom, 1.0)
        if before and abs(line.bottom - before.last) < 0.4 * height and _touch(before, line, height):
            joined[-1] = replace(
                before,
                text=_together(before.text, line.text),
                left=min(before.left, line.left),
                right=max(before.right, line.right),
                last=line.last,
                bold=before.bold and line.bold,
                runs=_both(before, line) if before.runs or line.runs else (),
            )
        else:
            joined.append(line)
    return joined


def _together(one: str, two: str) -> str:
    return _unspaced(f"{one} {two}") if _RIGHT_TO_LEFT.search(one) else f"{one} {two}"


def _touch(before: Placed, line: Placed, height: float) -> bool:
    """Whether a piece stands where the one before it goes on: to the right, or to the left where the script does."""
    if _RIGHT_TO_LEFT.search(before.text) and -height < before.left - line.right < height:
        return True
    return -height < line.left - before.right < 3 * height


def _both(one: Placed, two: Placed) -> tuple[Run, ...]:
    left, right = (line.runs or (Run(line.text, line.bold),) for line in (one, two))
    return (*left, Run(" "), *right)
