"""From bytes to characters, where nothing says reliably how they were written."""

from __future__ import annotations

import codecs
import re

from bot.texts.document import Unreadable
from bot.texts.language import share_of

CODECS = {
    "utf-8": "utf-8",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "utf-32": "utf-32",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
    "windows-1251": "cp1251",
    "windows-1256": "cp1256",
    "koi8-r": "koi8-r",
    "iso-8859-5": "iso-8859-5",
    "iso-8859-6": "iso-8859-6",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5",
}
"""Encodings that a file may name, and the codec that reads them: no other is looked up."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMED = re.compile(rb"<(?:meta|\?xml)\b[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.-]{1,20})", re.IGNORECASE)
_SAMPLE = 60_000
_MOSTLY = 0.4
_FEW_LOST = 5
_MOST_LOST = 0.002  # of a text's characters that are none
_MOSTLY_UTF8 = 10  # characters of several bytes for each that is damaged: so many come about by no other encoding
_GUESSES = (("cp1251", "ru", 0.06), ("cp1256", "ar", 0.05), ("gb18030", "zh", 0.02))


def decoded(data: bytes) -> str:
    """The characters of a text: by its byte order mark, by what it names itself, as UTF-8, or by a guess.

    Raises Unreadable where these bytes are no text.
    """
    text = _by_codec(data)
    if text.count("\ufffd") > _FEW_LOST + _MOST_LOST * len(text):
        raise Unreadable("Many characters of this file are damaged; save it anew as UTF-8, or send it as PDF or Word.")
    return text


def _by_codec(data: bytes) -> str:
    for mark, marked in _MARKS:
        if data.startswith(mark):
            return data[len(mark) if marked == "utf-8" else 0 :].decode(marked, errors="replace")
    if codec := _two_bytes(data):
        return data.decode(codec, errors="replace")
    if b"\x00" in data or _controls(data[:4096]) > len(data[:4096]) / 50:
        raise Unreadable("This file is neither a PDF, a Word file, a web page nor plain text; send it as one of these.")
    if codec := _named(data):
        return data.decode(codec, errors="replace")
    text = data.decode("utf-8", errors="replace")
    lost = text.count("\ufffd")
    written = len(data) - len(text) if lost else 0  # about one for each character that takes several bytes
    return text if written >= _MOSTLY_UTF8 * lost else data.decode(_guessed(data), errors="replace")


def _controls(data: bytes) -> int:
    return sum(byte < 9 or 13 < byte < 32 for byte in data)


def _two_bytes(data: bytes) -> str | None:
    """UTF-16 without a mark: blanks and line ends have a zero on one side and never on the other."""
    sample = data[: _SAMPLE // 2 * 2]
    even, odd = sample[::2], sample[1::2]
    zeros = even.count(0), odd.count(0)
    if len(data) % 2 or len(sample) < 4 or max(zeros) < 0.03 * len(even) or min(zeros) > 0.002 * len(even):
        return None
    return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"


def _named(data: bytes) -> str | None:
    """The codec that a web page names; one that names UTF-8 and is not is left to be guessed."""
    match = _NAMED.search(data[:4096])
    codec = CODECS.get(match.group(1).decode("ascii", "replace").lower()) if match else None
    return codec if codec and not codec.startswith("utf") else None


def _guessed(data: bytes) -> str:
    """The codec by which the words make sense: that of Russian, Arabic or Chinese, else the western one."""
    sample = data[:_SAMPLE]
    high = sum(byte >= 0xC0 for byte in sample)
    if high < _MOSTLY * sum(byte >= 0xC0 or chr(byte).isalpha() for byte in sample if byte < 0x80 or byte >= 0xC0):
        return "cp1252"  # mostly plain letters, with an accent here and there
    for codec, language, least in _GUESSES:
        if share_of(data[:_SAMPLE].decode(codec, errors="replace"), language) > least:
            return codec
    return "cp1252"
