"""The lines of a PDF with their places on the page. To be run in the child process only: hostile files abort pdfium."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pypdfium2
from pypdfium2 import raw

from bot.texts.document import Unreadable

_BOLD = 600
_CALL = re.compile(r"(?<=[^\W\d_]|[.,;:”’»)\]。；，])\d{1,2}(?=[\s.,;:)\]”’»]|$)")
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


def placed_lines(data: bytes) -> tuple[list[Placed], int]:
    """The lines of all pages in reading order, and the number of pages; Unreadable where there is no text to read."""
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD or "password" in str(error).lower():
            raise Unreadable("This PDF is locked with a password; ask for a copy without one.") from None
        raise Unreadable("This PDF is damaged and cannot be opened; fetch it again.") from None
    try:
        if len(pdf) > _MOST_PAGES:
            raise Unreadable("This PDF has {pages} pages; at most {most} are read.", pages=len(pdf), most=_MOST_PAGES)
        lines = [line for number in range(len(pdf)) for line in _page(pdf, number)]
        return lines, len(pdf)
    finally:
        pdf.close()


def _page(pdf: pypdfium2.PdfDocument, number: int) -> list[Placed]:
    try:
        page = pdf[number]
    except pypdfium2.PdfiumError:
        return []
    words = page.get_textpage()
    try:
        return _side_by_side([_placed(words, number, *span) for span in _spans(_characters(words))])
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
    for match in re.finditer(r"[^\r\n]+", text):
        line = match.group()
        if stripped := line.strip():
            start = match.start() + len(line) - len(line.lstrip())
            yield start, start + len(stripped) - 1, stripped


def _placed(words: pypdfium2.PdfTextPage, number: int, start: int, end: int, text: str) -> Placed:
    left, bottom, right_of_first, top = words.get_charbox(start, loose=True)
    left_of_last, last, right, _ = words.get_charbox(end, loose=True)
    bold = raw.FPDFText_GetFontWeight(words.raw, start) >= _BOLD and raw.FPDFText_GetFontWeight(words.raw, end) >= _BOLD
    text = _without_calls(words, start, text, bottom, top)
    return Placed(
        text, number, min(left, left_of_last), max(right, right_of_first), top, bottom, min(bottom, last), bold
    )


def _without_calls(words: pypdfium2.PdfTextPage, start: int, text: str, bottom: float, top: float) -> str:
    """The line without footnote calls: small digits raised above the line."""
    if "\ufffe" in text:
        return text
    for match in reversed(list(_CALL.finditer(text))):
        _, low, _, high = words.get_charbox(start + match.start(), loose=True)
        if high - low < 0.85 * (top - bottom) and low > bottom + 0.1 * (top - bottom):
            text = text[: match.start()] + text[match.end() :]
    return text


def _side_by_side(lines: list[Placed]) -> list[Placed]:
    """Pieces of one printed line put together again."""
    joined: list[Placed] = []
    for line in lines:
        before = joined[-1] if joined else None
        height = max(line.top - line.bottom, 1.0)
        if before and abs(line.bottom - before.last) < 0.4 * height and -height < line.left - before.right < 3 * height:
            joined[-1] = replace(
                before,
                text=f"{before.text} {line.text}",
                right=line.right,
                last=line.last,
                bold=before.bold and line.bold,
            )
        else:
            joined.append(line)
    return joined
