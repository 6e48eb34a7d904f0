"""The process in which strangers' files are read and compared (see bot/reading.py, which starts it).

It imports what it will need, then lowers its limits, and only then looks at its input. What goes wrong in here can
cost this process and nothing else.
"""

import io
import json
import sys
import zipfile
from contextlib import suppress
from typing import Any

import bot.texts.pdf  # noqa: F401  (loaded before files can no longer be opened)
from bot.texts.compare import compare
from bot.texts.decode import CODECS
from bot.texts.document import Unreadable
from bot.texts.links import page_links
from bot.texts.payload import document_from, document_json, result_json
from bot.texts.read import read

MEMORY = 512 * 2**20
PROCESSOR = 20  # seconds


def serve(order: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Do what was asked.

    {"do": "read", "name": …, "reading": "new" or "old"} comes with a file's bytes, {"do": "links", "address": …} with a
    page's, and {"do": "compare"} with two documents as JSON, and links that people corrected by label.
    Gives {"done": …}, or {"unreadable": reason, "values": {…}}.
    """
    try:
        if order["do"] == "read":
            return {"done": document_json(read(data, order["name"], order["reading"]))}
        if order["do"] == "links":
            return {"done": [[link.address, link.words] for link in page_links(data, order["address"])]}
        old, new = (document_from(value) for value in json.loads(data))
        return {"done": result_json(compare(old, new, order.get("corrected", {})))}
    except Unreadable as unreadable:
        return {"unreadable": unreadable.reason, "values": unreadable.values}


def _warm_up() -> None:
    """Do once what will be done, for modules that are loaded when they are first used."""
    sample = read(b"Preamble\nArticle 1\nScope\nThis applies to article 1.\n", "sample")
    result_json(compare(sample, sample))
    read(b"<!doctype html><p>Article 1<p>Scope", "sample")
    for package in (_package(), b"PK\x03\x04"):
        with suppress(Unreadable):
            read(package, "sample")


def _package() -> bytes:
    """The smallest Word file, packed: unpacking and parsing load what they need."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", "<document><body><p><r><t>Article 1</t></r></p></body></document>")
    return made.getvalue()


def _limit() -> None:
    """Bound memory and time, and close every way to files and the network, where the system can."""
    for codec in {*CODECS.values(), "cp437", "ascii"}:
        b"Article".decode(codec, "replace")
    try:
        import resource  # noqa: PLC0415  (not on every system)
    except ImportError:
        return
    for name, most in (
        ("RLIMIT_AS", MEMORY),
        ("RLIMIT_CPU", PROCESSOR),
        ("RLIMIT_NOFILE", 0),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
    ):
        if limit := getattr(resource, name, None):
            hard = resource.getrlimit(limit)[1]
            lower = most if hard == resource.RLIM_INFINITY else min(most, hard)
            upper = (
                lower + 1 if name == "RLIMIT_CPU" and lower == most else lower
            )  # the soft limit has a signal of its own
            try:
                resource.setrlimit(limit, (lower, min(upper, hard) if hard != resource.RLIM_INFINITY else upper))
            except (OSError, ValueError):  # macOS refuses some; the parent's clock still holds
                continue


def main() -> None:
    """Answer one order from standard input: a line of JSON, then the bytes it is about."""
    _warm_up()
    _limit()
    order = json.loads(sys.stdin.buffer.readline())
    try:
        answer = serve(order, sys.stdin.buffer.read())
    except MemoryError:
        answer = {
            "unreadable": "This file needs too much memory to be read; send the text alone, without pictures.",
            "values": {},
        }
    except RecursionError:
        answer = {
            "unreadable": "This file is nested too deeply to be read; send it as PDF or plain text.",
            "values": {},
        }
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
