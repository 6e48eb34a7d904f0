"""Files made to break a reader: each ends in its sentence, within the limits, and the next file is read."""

import asyncio
import gzip
import io
import random
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import reading
from bot.reading import compare_documents, read_file
from bot.texts import child
from bot.texts.document import Unreadable
from tests.unit.texts.office import W, docx, in_list, level, p
from tests.usage import told_to, used

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


def archive(*names: str, mimetype: str = "") -> bytes:
    """An archive of these files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for name in ("mimetype", *names) if mimetype else names:
            packed.writestr(name, mimetype if name == "mimetype" else "x")
    return made.getvalue()


def pdf(content: bytes, pages: int = 1) -> bytes:
    """A PDF of one page, as often as is wanted."""
    font = b"<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    packed = zlib.compress(content, 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, b"3 0 R " * pages),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources%s/Contents 4 0 R>>" % font,
        b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed), packed),
    ]
    return (
        b"%PDF-1.4\n"
        + b"".join(b"%d 0 obj\n%s\nendobj\n" % row for row in enumerate(objects, 1))
        + b"trailer<</Root 1 0 R>>"
    )


def numbered(levels: str, times: int = 1) -> bytes:
    """A Word file with one paragraph in a list, and a numbering part with these levels, in so many lists."""
    lists = "".join(f'<w:num w:numId="{n}"><w:abstractNumId w:val="0"/></w:num>' for n in range(1, times + 1))
    return docx(
        p("Article 1") + p("It is so.", in_list(1)),
        f'<w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>{lists}',
    )


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
    "agreed": (lambda: b"Artikel\n" + b"[agreed " * 400_000, "more square brackets"),
    "capitals": (lambda: b"A/" * 1_500_000, "No articles"),
    "an old Word file": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000), "old Word version"),
    "a locked Word file": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
        "locked with a password",
    ),
    "rich text": (lambda: b"{\\rtf1 Article 1}", "rich text"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(500), "is a picture"),
    "photograph": (lambda: b"\0\0\0\x18ftypheic" + bytes(500), "is a picture"),
    "brackets": (lambda: b"Article 1\n" + b"[" * 2_000_000, "more square brackets than any draft"),
    "bracketed": (lambda: b"Article 1\n" + b"[agreed] " * 400_000, "more square brackets than any draft"),
    "a million labels": (lambda: b"Article 1\n" * 1_000_000, "far longer than any draft"),
    "labels in one line": (lambda: b"Article 1 " * 390_000, "make no sense"),
    "one line without blanks": (lambda: b"Article 1\n" + b"a" * 10_000_000, "far longer than any draft"),
    "line ends": (lambda: b"\n" * 5_000_000, "is empty"),
    "comments": (lambda: b"# a\n" + b"<!--" * 900_000, "No articles"),
    "nested tables": (lambda: page("<table><tr><td>" * 50_000 + "Article 1"), "nested too deeply"),
    "attributes": (lambda: page(f"<p {' '.join(f'a{n}=1' for n in range(100_000))}>Article 1"), "far longer"),
    "bare attributes": (lambda: page(f"<p {' '.join(f'a{n}' for n in range(100_000))}>Article 1"), "far longer"),
    "an endless attribute": (lambda: page(f"<p>Article 1<p class='{'a' * 10_000_001}'>It is so."), "far longer"),
    "entities": (lambda: page("<p>Article 1<p>" + "&#65;" * 700_000), "make no sense"),
    "nested Word tables": (
        lambda: docx("<w:tbl><w:tr><w:tc>" * 20_000 + p("a") + "</w:tc></w:tr></w:tbl>" * 20_000), "nested too deeply"
    ),
    "a paragraph of many megabytes": (
        lambda: docx(p("Article 1") + p(random.Random(1).randbytes(5_300_000).hex())), "paragraph that is longer"
    ),
    "a million pages": (lambda: pdf(b"", 1_000_000), "has 1000000 pages; at most 2000"),
    "PDF bomb": (lambda: pdf(b"BT /F 12 Tf 72 700 Td (Article 1) Tj ET " * 2_000_000), "needs too much memory"),
    "blank PDF bomb": (lambda: pdf(b" " * 250_000_000), "needs too much memory|pictures of pages"),
    "nested PDF": (lambda: b"%PDF-1.4\n1 0 obj\n" + b"[" * 1_000_000, "PDF is damaged"),
    "rules without end": (lambda: pdf(b"0 0 m 100 0 l S " * 250_000), "pictures of pages"),
    "archive called PDF": (lambda: b"%PDF-1.4\n" + word("<x/>"), "PDF is damaged"),
    "archive with a PDF": (lambda: archive("draft.pdf"), "unpack it and send the draft itself"),
    "OpenDocument": (
        lambda: archive("content.xml", mimetype="application/vnd.oasis.opendocument.text"), "is an OpenDocument file"
    ),
    "Pages": (lambda: archive("Index/Document.iwa", "preview.jpg"), "Apple's Pages"),
    "spreadsheet": (lambda: archive("xl/workbook.xml"), "a spreadsheet or a set of slides"),
    "packed": (lambda: gzip.compress(DRAFT), "packed archive"),
    "packed otherwise": (lambda: b"7z\xbc\xaf\x27\x1c" + bytes(200), "packed archive"),
    "saved page": (
        lambda: b"From: <Saved>\nSubject: Draft\nMIME-Version: 1.0\n\n<html><p>Article 1</html>", "e-mail or"
    ),
    "program": (lambda: b"MZ" + bytes(range(256)) * 50, "neither a PDF"),
    "zeros": (lambda: bytes(1_000_000), "neither a PDF"),
    "a zero in a text": (lambda: DRAFT.replace(b"aim of", b"aim\0of"), "neither a PDF"),
    "UTF-16 of halves": (lambda: b"\xff\xfe" + DRAFT.decode().encode("utf-16-le") + b"\0\xd8" * 5000, "are damaged"),
    "UTF-32 of nothing": (lambda: b"\xff\xfe\0\0" + b"\xff" * 1_000_000, "are damaged"),
    "UTF-32 without a mark": (lambda: DRAFT.decode().encode("utf-32-le"), "neither a PDF"),
    "noise": (lambda: random.Random(3).randbytes(2_000_000), "neither a PDF"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_in_their_sentence(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each hostile file is refused in one sentence of its own, within its memory and well within its time."""
    monkeypatch.setattr(reading, "COMMAND", told_to(tmp_path / "used"))
    make, reason = HOSTILE[name]
    data = make()
    began = time.monotonic()
    with pytest.raises(Unreadable, match=reason) as refused:
        asyncio.run(read_file(data, "file"))
    assert time.monotonic() - began < reading.LONGEST + 3
    assert str(refused.value).endswith((".", "?"))
    usage = used(tmp_path / "used")
    assert usage.seconds < child.PROCESSOR / 4
    assert usage.peak < child.MEMORY


BEARABLE: dict[str, Callable[[], bytes]] = {
    "a hundred thousand levels": lambda: numbered("".join(level(n, "decimal", "") for n in range(100_000))),
    "lists upon lists": lambda: numbered("".join(level(n, "decimal", "") for n in range(5000)), 20_000),
    "a list that is its own style": lambda: numbered('<w:styleLink w:val="A"/><w:numStyleLink w:val="A"/>'),
    "macros": lambda: docx(p("Article 1") + p("It is so."), parts={"word/vbaProject.bin": bytes(5000)}),
    "an attribute of megabytes": lambda: page(f"<p>Article 1<p class='{'a' * 9_000_000}'>It is so."),
    "nested a little": lambda: page("<div>" * 200 + "Article 1<p>It is so."),
    "words turned round": "\u202eArticle 1\u202c\n\u2066\u202eIt\u202c is\u2069 so.\n".encode,
    "words turned round on a page": lambda: page("<p>Article 1<p>\u202eIt\u202c is so."),
    "numbers that are none": lambda: b"Article 1\nIt is so." + b"".join(b"\n%d. a" % n for n in range(1000, 90_000)),
    "one byte too many": lambda: "Article 1\nIt is so.\n".encode("utf-16") + b"a",
}


@pytest.mark.parametrize("name", BEARABLE)
def test_what_looks_hostile_may_be_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only looks as if it would break a reader is read, in no more time than a draft takes."""
    monkeypatch.setattr(reading, "COMMAND", told_to(tmp_path / "used"))
    (found,) = asyncio.run(read_file(BEARABLE[name](), "file")).provisions
    assert (found.label, found.text[:9].strip()) == ("1", "It is so.")
    assert used(tmp_path / "used").seconds < child.PROCESSOR / 4


def test_endless_paragraphs_are_compared_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two drafts of thirty thousand paragraphs in another order are compared within the limits."""
    lines = [f"({number % 100}) Of {number} it is so." for number in range(30_000)]
    old, new = (
        asyncio.run(read_file("\n".join(["Article 1", *rows]).encode(), "file")) for rows in (lines, lines[::-1])
    )
    monkeypatch.setattr(reading, "COMMAND", told_to(tmp_path / "used"))
    assert asyncio.run(compare_documents(old, new)).changes[0].relation == "changed"
    usage = used(tmp_path / "used")
    assert usage.seconds < child.PROCESSOR / 2
    assert usage.peak < child.MEMORY


def test_one_damaged_byte_does_not_change_how_a_text_is_read() -> None:
    """A text in UTF-8 stays one: its quotation marks and accents are not taken for those of another encoding."""
    text = "Article 1\n“Données” et « réseau » désignent ce qui a été décidé à l’échelle de l’État.\n".encode()
    (found,) = asyncio.run(read_file(text + b"\xff", "file")).provisions
    assert found.text.startswith("“Données” et « réseau » désignent")


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
