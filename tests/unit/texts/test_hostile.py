"""Files made to break a reader: each ends in its sentence, within the limits, and the next file is read."""

import asyncio
import io
import time
import zipfile
from collections.abc import Callable

import pytest

from bot import reading
from bot.reading import read_file
from bot.texts.document import Unreadable
from tests.unit.texts.office import W, docx, p

DRAFT = b"Article 1\nAim\nThe aim of this work is to be read.\nArticle 2\nEnd\nThe end of the work is near."
ENTITIES = "declares a document type or entities"
BILLION = (
    '<!DOCTYPE d [<!ENTITY a "lol">' + "".join(
        f'<!ENTITY {two} "{f"&{one};" * 10}">' for one, two in zip("abcdefgh", "bcdefghi", strict=True)
    ) + "]>"
)  # fmt: skip
OUTSIDE = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
QUADRATIC = f'<!DOCTYPE d [<!ENTITY a "{"a" * 50_000}">]>'


def word(document: str | bytes) -> bytes:
    """A Word file whose document is this."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", document)
    return made.getvalue()


def in_word(prologue: str, inner: str) -> bytes:
    """A Word file that begins with a document type, and has this in its only paragraph."""
    return word(f"{prologue}<w:document {W}><w:body><w:p><w:r><w:t>{inner}</w:t></w:r></w:p></w:body></w:document>")


def many_parts() -> bytes:
    """An archive of thousands of empty files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(5000):
            archive.writestr(f"{number}", b"")
    return made.getvalue()


def lying() -> bytes:
    """A Word file whose document is a hundred times what its list of parts says."""
    data = word(b"<x>" + b"a" * 900_000 + b"</x>")
    return data.replace((900_007).to_bytes(4, "little"), (9000).to_bytes(4, "little"))


def locked() -> bytes:
    """An archive whose parts claim to be encrypted."""
    data = bytearray(word("<x/>"))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def paragraphs() -> bytes:
    """A Word file of more paragraphs than are read."""
    return docx("".join(p(f"{number * 7919 % 1_000_003:x} of it") for number in range(70_000)))


def page(inner: str, before: str = "<!doctype html>") -> bytes:
    """A web page."""
    return f"{before}<html><body>{inner}</body></html>".encode()


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "zip bomb": (lambda: word(b"<x>" + b" " * 60_000_000 + b"</x>"), "unpacks to far more"),
    "huge part": (lambda: docx(p("Article 1"), parts={"word/media/a": b"\0" * 100_000_000}), "unpacks to far more"),
    "many parts": (many_parts, "far more files than a Word document"),
    "lying sizes": (lying, "damaged"),
    "locked": (locked, "locked with a password"),
    "no document": (lambda: docx("").replace(b"word/document", b"wurd/document"), "damaged|without a Word document"),
    "cut short": (lambda: word("<x/>")[:-30], "damaged"),
    "entity bomb": (lambda: in_word(BILLION, "&i;"), ENTITIES),
    "entity from a file": (lambda: in_word(OUTSIDE, "&x;"), ENTITIES),
    "quadratic blow-up": (lambda: in_word(QUADRATIC, "&a;" * 50_000), ENTITIES),
    "entities in UTF-16": (lambda: word((OUTSIDE + "<d>&x;</d>").encode("utf-16")), ENTITIES),
    "entities in UTF-7": (lambda: word('<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE d><d/>'), ENTITIES),
    "deep Word file": (lambda: word("<w>" * 100_000 + "</w>" * 100_000), "nested too deeply"),
    "broken XML": (lambda: word("<w><a></w>"), "damaged"),
    "endless paragraphs": (paragraphs, "more paragraphs than"),
    "endless table": (
        lambda: docx("<w:tbl>" + "<w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr>" * 65_000 + "</w:tbl>"),
        "unpacks to far more|more paragraphs than",
    ),
    "bare XML": ((OUTSIDE + "<d>&x;</d>").encode, "XML file"),
    "page with entities": (lambda: page("&x;", '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), ENTITIES),
    "deep page": (lambda: page("<div>" * 200_000 + "Article 1"), "nested too deeply"),
    "deep inline page": (lambda: page("<b>" * 200_000 + "Article 1"), "nested too deeply"),
    "endless page": (lambda: page("<p>a" * 6_000_000), "far longer"),
    "many elements": (lambda: page("<i>a</i>" * 700_000), "far longer"),
    "endless cells": (lambda: page("<table>" + "<tr><td>a" * 150_000), "far longer|No articles"),
    "script alone": (lambda: page("<script>" + "Article 1\\n" * 100_000 + "</script>"), "empty|no text|No articles"),
    "stars": (lambda: b"# a\n" + b"**a" * 500_000, "No articles"),
    "tildes": (lambda: b"Artikel\n" + b"~~a " * 500_000, "No articles"),
    "tags in text": (lambda: b"Artikel\n" + b"<del>a " * 500_000, "No articles"),
    "blanks": (lambda: b"Artikel" + b" " * 3_000_000 + b"x", "No articles"),
    "digits": (lambda: b"Artikel " + b"1" * 3_000_000, "No articles"),
    "dots": (lambda: b"Artikel " + b". " * 1_500_000 + b"x", "No articles"),
    "dashes": (lambda: b"a" + b"-" * 3_000_000 + b" x", "No articles"),
    "agreed": (lambda: b"Artikel\n" + b"[agreed " * 400_000, "make no sense"),
    "capitals": (lambda: b"A/" * 1_500_000, "No articles"),
    "an old Word file": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000), "old Word version"),
    "a locked Word file": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
        "locked with a password",
    ),
    "rich text": (lambda: b"{\\rtf1 Article 1}", "rich text"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(500), "is a picture"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_in_their_sentence(name: str) -> None:
    """Each hostile file is refused in one sentence that is its own, in the child process and in time."""
    make, reason = HOSTILE[name]
    data = make()
    began = time.monotonic()
    with pytest.raises(Unreadable, match=reason) as refused:
        asyncio.run(read_file(data, "file"))
    assert time.monotonic() - began < reading.LONGEST + 3
    assert str(refused.value).endswith((".", "?"))
    assert "could not be read safely" not in str(refused.value)


def test_the_next_file_is_read() -> None:
    """After a hostile file the bot reads on."""
    with pytest.raises(Unreadable):
        asyncio.run(read_file(HOSTILE["zip bomb"][0](), "file"))
    assert asyncio.run(read_file(DRAFT, "draft")).provisions


def test_the_child_reads_every_format_behind_its_limits() -> None:
    """What a format needs is loaded before files can no longer be opened, seldom encodings included."""
    russian = "Статья 1\nЦель\nСтороны и государства не могут в этом.\nСтатья 2\nКонец\nЭто не для всех, но и для них."
    files = [
        docx(p("Article 1") + p("It is so.")),
        page("<p>Article 1<p>It is so."),
        *(russian.encode(codec) for codec in ("utf-16", "utf-16-le", "cp1251", "utf-8-sig")),
        b'<html><meta charset="koi8-r"><p>' + russian.replace("\n", "<p>").encode("koi8-r"),
    ]
    for data in files:
        assert asyncio.run(read_file(data, "file")).provisions[0].label == "1"
