"""A file's bytes to a document, whatever the file is called."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from bot.texts.document import Document, Unreadable
from bot.texts.language import detect
from bot.texts.layout import flow
from bot.texts.lines import Line, lines_of
from bot.texts.split import split

_SYMBOL = re.compile(r"\b[A-Z]{1,10}(?:/[A-Z0-9][A-Za-z0-9.]*){2,6}\b")
_MOST_CHARACTERS = 4_000_000  # a treaty with all its annexes has one million
_MOST_PROVISIONS = 5_000
_MOST_LINES = 100_000
_HEAD = 3000  # characters in which a symbol is looked for
_LIGATURES = re.compile("[\ufb00-\ufb06\ufb50-\ufdff\ufe70-\ufefc]")


def read(data: bytes, name: str) -> Document:
    """The provisions of a PDF, plain text or Markdown file; its kind is told by its content.

    Its label is the symbol printed near the top, else `name`. Raises Unreadable, and nothing else.
    """
    if b"%PDF-" in data[:1024]:
        lines, head = _pdf_lines(data)
    else:
        plain = _decoded(data)[: _MOST_CHARACTERS + 1]
        if len(plain) > _MOST_CHARACTERS:
            raise _endless()
        lines, head = lines_of(plain), plain[:_HEAD]
    lines = [_normal(line) for line in lines]
    if len(lines) > _MOST_LINES or sum(len(line.text) for line in lines) > _MOST_CHARACTERS:
        raise _endless()
    text = "\n".join(line.text for line in lines)
    if not text.strip():
        raise Unreadable("This file is empty.")
    grammar = detect(text)
    provisions = split(lines, grammar.language)
    if not provisions:
        raise Unreadable("No articles, rules or regulations were found in this file; is it the text of a draft?")
    if len(provisions) > _MOST_PROVISIONS:
        raise _endless()
    symbol = _SYMBOL.search(head)
    return Document(grammar.language, symbol.group().rstrip(".") if symbol else name, provisions)


def _endless() -> Unreadable:
    return Unreadable("This file is far longer than any draft; send the text of the draft alone.")


def _pdf_lines(data: bytes) -> tuple[list[Line], str]:
    from bot.texts.pdf import placed_lines  # noqa: PLC0415  (pdfium is loaded in the child process only)

    placed, pages = placed_lines(data)
    if sum(len(line.text) for line in placed) < 20 * pages:
        raise Unreadable(
            "This PDF holds pictures of pages and no text; ask for the original, or run a text recognition over it."
        )
    head = "\n".join(line.text for line in placed[:60])[:_HEAD]
    return flow(placed), f"{_running_symbol([line.text for line in placed], pages)}\n{head}"


def _running_symbol(texts: Iterable[str], pages: int) -> str:
    """The symbol at the top of most pages: on the first one its figures may be small, or turned round with Arabic."""
    alone = Counter(text for text in texts if _SYMBOL.fullmatch(text))
    return next((symbol for symbol, times in alone.most_common(1) if times > pages / 2), "")


def _decoded(data: bytes) -> str:
    if not data.strip():
        raise Unreadable("This file is empty.")
    if data[:4] == b"PK\x03\x04":
        raise Unreadable("This is a Word or zip file; save it as PDF or plain text and try again.")
    if data.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise Unreadable("This is a web page; save its text as PDF or plain text and try again.")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    if b"\x00" in data or sum(byte < 9 or 13 < byte < 32 for byte in data[:4096]) > len(data[:4096]) / 50:
        raise Unreadable("This file is neither a PDF nor plain text.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _normal(line: Line) -> Line:
    """Ligatures and presentation forms as the letters they stand for, lengthened Arabic words as usual."""
    text = _LIGATURES.sub(lambda sign: unicodedata.normalize("NFKC", sign.group()), line.text).replace("\u0640", "")
    return Line(" ".join(text.split()), line.bold, line.starts)
