"""Reading in the child process: what comes back, and that hostile files cost one sentence and little time."""

import asyncio
import sys
import time
import zlib
from pathlib import Path

import pytest

from bot import reading
from bot.reading import compare_documents, read_file
from bot.texts.compare import compare
from bot.texts.document import Document, Unreadable
from bot.texts.read import read

DRAFT = b"Article 1\nAim\nThe aim of this work is to be read.\nArticle 2\nEnd\nThe end of the work is near."
PATIENCE = reading.LONGEST + 3  # seconds


def pdf(content: bytes, pages: int = 1, kids: str = "3 0 R") -> bytes:
    """A PDF made by hand around one stream, which all its pages show."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(content) + content + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, places = b"%PDF-1.7\n", []
    for number, entry in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n" % number + entry + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        body
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(body)
    )


def bomb() -> bytes:
    """A PDF of half a megabyte whose one page unpacks to 512."""
    packer = zlib.compressobj(9)
    block = b"BT /F1 9 Tf 10 10 Td (Article 1 and a bomb) Tj ET\n" * 20_000
    packed = [packer.compress(block) for _ in range(512)]
    return pdf(b"".join([*packed, packer.flush()]))


def refusal(data: bytes) -> str:
    """Why a file is refused; it must be within the limits of time."""
    began = time.monotonic()
    with pytest.raises(Unreadable) as refused:
        asyncio.run(read_file(data, "file"))
    assert time.monotonic() - began < PATIENCE
    return str(refused.value)


def test_a_draft_comes_back_as_it_was_read() -> None:
    """The child gives the same document, and the same comparison, as reading and comparing here would."""

    async def there() -> tuple[Document, object]:
        document = await read_file(DRAFT, "draft")
        other = await read_file(DRAFT.replace(b"near", b"far"), "draft")
        return document, await compare_documents(document, other)

    here = read(DRAFT, "draft")
    assert asyncio.run(there()) == (here, compare(here, read(DRAFT.replace(b"near", b"far"), "draft")))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "This file is empty."),
        (
            b"PK\x03\x04\x14\x00" + bytes(500),
            "This Word or zip file is damaged and cannot be opened; fetch it again, or send it as PDF.",
        ),
        (
            bytes(range(256)) * 50,
            "This file is neither a PDF, a Word file, a web page nor plain text; send it as one of these.",
        ),
        (b"%PDF-1.7\n" + bytes(range(256)) * 50, "This PDF is damaged and cannot be opened; fetch it again."),
        (b"Article 1\n" * 3_000_000, "This file is far longer than any draft; send the text of the draft alone."),
        (b"{" * 3_000_000, "No articles, rules or regulations were found in this file; is it the text of a draft?"),
        (b" " * (reading.MOST_INPUT + 1), "This file is larger than 50 MB; send the text alone, without pictures."),
    ],
)
def test_what_is_no_draft_is_refused(data: bytes, reason: str) -> None:
    """Each file gets its own sentence, through the child process."""
    assert refusal(data) == reason


def test_a_bomb_ends_in_a_sentence() -> None:
    """A small file that unpacks to half a gigabyte is refused within the limits, and the next file is read."""
    assert refusal(bomb()).endswith(".")
    assert asyncio.run(read_file(DRAFT, "draft")).provisions


def test_a_million_pages_end_in_a_sentence() -> None:
    """A file that claims a million pages, all of them the same one, is refused."""
    assert refusal(pdf(zlib.compress(b"BT ET"), 1_000_000, "3 0 R " * 100_000)).endswith(".")


def test_cut_short_files_end_in_a_sentence() -> None:
    """A PDF cut anywhere is refused or read, and never breaks the parent."""
    whole = pdf(zlib.compress(b"BT /F1 9 Tf 10 700 Td (Article 1) Tj ET"))
    for end in range(20, len(whole), 120):
        assert refusal(whole[:end])


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="this system has no limits to look at")
def test_the_child_cannot_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once its limits stand, the child opens no file; it dies of it, and the parent says one sentence."""
    broken = "import bot.texts.child as c; c.read = lambda d, n, r: open('/etc/hosts'); main()"
    command = [part.replace("main()", broken) for part in reading.COMMAND]
    monkeypatch.setattr(reading, "COMMAND", command)
    assert "could not be read" in refusal(DRAFT)


def test_a_child_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that works for ever is ended at the wall time."""
    monkeypatch.setattr(reading, "COMMAND", (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(reading, "LONGEST", 0.5)
    assert "took too long" in refusal(DRAFT)


def test_a_child_that_floods_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that writes without end is ended at the bound of its output."""
    monkeypatch.setattr(reading, "COMMAND", (sys.executable, "-c", "while True: print('x' * 100000)"))
    monkeypatch.setattr(reading, "MOST_OUTPUT", 1_000_000)
    assert "too much text" in refusal(DRAFT)


@pytest.mark.parametrize("steps", range(6))
def test_a_reading_that_is_broken_off_ends(steps: int) -> None:
    """Wherever it is when the bot stops, the child ends and nobody waits for it."""

    async def scene() -> None:
        doing = asyncio.create_task(read_file(DRAFT, "draft"))
        for _ in range(steps):
            await asyncio.sleep(0)
        doing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(doing, 10)

    asyncio.run(scene())
