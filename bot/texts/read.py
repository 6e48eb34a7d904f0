"""A file's bytes to a document, whatever the file is called."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from bot.texts.brackets import count
from bot.texts.decode import decoded
from bot.texts.document import Document, Unreadable
from bot.texts.docx import docx_lines
from bot.texts.footnotes import without_footnotes
from bot.texts.formats import container_of, is_page
from bot.texts.hyphens import rejoined
from bot.texts.language import detect
from bot.texts.layout import flow
from bot.texts.lines import Line, is_furniture, lines_of
from bot.texts.markup import Marked
from bot.texts.pasted import plain
from bot.texts.split import split
from bot.texts.web import page_lines

_SYMBOL = re.compile(r"\b[A-Z]{1,10}(?:/[A-Z0-9][A-Za-z0-9.]*){2,6}\b")
_MOST_CHARACTERS = 4_000_000  # a treaty with all its annexes has one million
_MOST_PROVISIONS = 5_000
_MOST_LINES = 100_000
_MOST_BRACKETS = 50_000
_HEAD = 3000  # characters in which a symbol is looked for
_UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_LIGATURES = re.compile("[\ufb00-\ufb06\ufb50-\ufdff\ufe70-\ufefc]")


def read(data: bytes, name: str, reading: str = "new") -> Document:
    """The provisions of a PDF, Word, HTML, Markdown or plain text file; its kind is told by its content.

    `reading` is "new" or "old": the text after or before the changes that a marked-up file shows. The document's label
    is the symbol printed near the top, else `name`. Raises Unreadable, and nothing else.
    """
    lines, head, marked = _lines(data, reading)
    lines = rejoined([_normal(line) for line in lines])
    if len(lines) > _MOST_LINES or sum(len(line.text) for line in lines) > _MOST_CHARACTERS:
        raise _endless()
    text = "\n".join(line.text for line in lines)
    if not text.strip():
        raise Unreadable("This file is empty.")
    if count(text) > _MOST_BRACKETS:
        raise Unreadable("This file has more square brackets than any draft; send the text of the draft alone.")
    grammar = detect(text)
    provisions = split(lines, grammar.language)
    if not provisions:
        raise Unreadable("No articles, rules or regulations were found in this file; is it the text of a draft?")
    if len(provisions) > _MOST_PROVISIONS:
        raise _endless()
    symbol = _SYMBOL.search(head)
    label = symbol.group().rstrip(".") if symbol else name
    return Document(grammar.language, label, provisions, marked.inserted, marked.deleted)


def _lines(data: bytes, reading: str) -> tuple[list[Line], str, Marked]:
    """The lines of a file, the words of its first ones, and how much it marks as changed."""
    container = container_of(data)
    if container == "pdf":
        return _pdf_lines(data, reading)
    if container == "zip":
        return _without_furniture(*docx_lines(data, reading))
    text = decoded(data)
    if is_page(text):
        return _without_furniture(*page_lines(text, reading))
    if len(text) > _MOST_CHARACTERS:
        raise _endless()
    shown, marked = plain(text, reading)
    return lines_of(without_footnotes(shown)), shown[:_HEAD], marked


def _without_furniture(lines: list[Line], head: str, marked: Marked) -> tuple[list[Line], str, Marked]:
    return [line for line in lines if not is_furniture(line.text)], head, marked


def _endless() -> Unreadable:
    return Unreadable("This file is far longer than any draft; send the text of the draft alone.")


def _pdf_lines(data: bytes, reading: str) -> tuple[list[Line], str, Marked]:
    from bot.texts.pdf import placed_lines  # noqa: PLC0415  (pdfium is loaded in the child process only)

    placed, pages, marked = placed_lines(data, reading)
    if sum(len(line.text) for line in placed) < 20 * pages:
        raise Unreadable(
            "This PDF holds pictures of pages and no text; ask for the original, or run a text recognition over it."
        )
    head = "\n".join(line.text for line in placed[:60])[:_HEAD]
    return flow(placed), f"{_running_symbol([line.text for line in placed], pages)}\n{head}", marked


def _running_symbol(texts: Iterable[str], pages: int) -> str:
    """The symbol at the top of most pages: on the first one its figures may be small, or turned round with Arabic."""
    alone = Counter(text for text in texts if _SYMBOL.fullmatch(text))
    return next((symbol for symbol, times in alone.most_common(1) if times > pages / 2), "")


def _normal(line: Line) -> Line:
    """Ligatures and presentation forms as the letters they stand for, lengthened Arabic words as usual.

    Signs that nobody sees are left out: those that turn words round would turn round what stands beside them, too.
    """
    text = line.text
    if not text.isascii():
        text = _LIGATURES.sub(lambda sign: unicodedata.normalize("NFKC", sign.group()), text).replace("\u0640", "")
        text = _UNSEEN.sub("", text)
    text = " ".join(text.split())
    return line if text == line.text else replace(line, text=text)
