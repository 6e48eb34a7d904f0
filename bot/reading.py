"""Files and comparisons handed to a child process with limits, so that a hostile file costs nobody anything."""

from __future__ import annotations

import asyncio
import json
import os
import signal as signals
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bot.texts.compare import Comparison
from bot.texts.document import Document, Unreadable
from bot.texts.links import PageLink
from bot.texts.payload import comparison_from, document_from, document_json

MOST_INPUT = 50 * 2**20
MOST_OUTPUT = 64 * 2**20
LONGEST = 25.0  # seconds by the wall
_TOO_LONG = "This text took too long to work through; send it in parts, or as plain text."
_OUT_OF_TIME = -getattr(signals, "SIGXCPU", 10_000)
_ROOT = Path(__file__).resolve().parents[1]
_START = "import sys; sys.path.insert(0, sys.argv[1]); from bot.texts.child import main; main()"
# -I keeps the environment and the current directory out of the child; our own root is all it is given.
COMMAND = (sys.executable, "-I", "-c", _START, str(_ROOT))


async def read_file(data: bytes, name: str, reading: str = "new") -> Document:
    """Read a draft. `name` becomes its label where the file prints no symbol.

    `reading` is "new" or "old": after or before the changes that a marked-up file shows. Raises Unreadable, with what
    to do.
    """
    if len(data) > MOST_INPUT:
        raise Unreadable("This file is larger than {most} MB; send the text alone, without pictures.", most=50)
    answer = await _ask({"do": "read", "name": name, "reading": reading}, data)
    return document_from(_shaped(answer, dict))


async def compare_documents(
    old: Document, new: Document, corrected: Mapping[str, str] = MappingProxyType({})
) -> Comparison:
    """Compare two drafts. Raises Unreadable where they are too large to be compared within the limits.

    `corrected` says which new label continues an old one ("": none), whatever the words say.
    """
    both = json.dumps([document_json(old), document_json(new)]).encode()
    if len(both) > MOST_INPUT:
        raise Unreadable(_TOO_LONG)
    answer = await _ask({"do": "compare", "corrected": dict(corrected)}, both)
    return comparison_from(old, new, _shaped(answer, dict))


async def links_of(data: bytes, address: str) -> list[PageLink]:
    """Give the links of a page that was found at an address. Raises Unreadable for what is no page."""
    answer = await _ask({"do": "links", "address": address}, data)
    return [PageLink(str(target), str(words)) for target, words in _shaped(answer, list)]


def _shaped(value: Any, shape: type) -> Any:
    if not isinstance(value, shape):
        raise _gave_up()
    return value


def _gave_up() -> Unreadable:
    return Unreadable(
        "This file could not be read safely: it is damaged or needs too much memory; send it as Word or plain text."
    )


async def _ask(order: Mapping[str, Any], data: bytes) -> Any:
    """One order to a fresh child process; its answer."""
    child = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )  # fmt: skip
    try:
        async with asyncio.timeout(LONGEST):
            output = await _exchange(child, json.dumps(order).encode() + b"\n" + data)
    except TimeoutError:
        raise Unreadable(_TOO_LONG) from None
    finally:
        if child.returncode is None:
            # Not child.kill(): that reaps a child that has ended, and asyncio then says aloud that it is gone.
            with suppress(ProcessLookupError):
                os.kill(child.pid, signals.SIGKILL)
            await child.wait()
    if child.returncode == _OUT_OF_TIME:
        raise Unreadable(_TOO_LONG)
    return _answer(output)


async def _exchange(child: asyncio.subprocess.Process, data: bytes) -> bytes:
    assert child.stdin
    assert child.stdout
    writing = asyncio.ensure_future(_send(child.stdin, data))
    try:
        output = b""
        while chunk := await child.stdout.read(2**16):
            output += chunk
            if len(output) > MOST_OUTPUT:
                raise Unreadable("This file holds too much text to be read.")
        await child.wait()
        return output
    finally:
        writing.cancel()


async def _send(pipe: asyncio.StreamWriter, data: bytes) -> None:
    try:
        pipe.write(data)
        await pipe.drain()
        pipe.close()
    except (BrokenPipeError, ConnectionResetError):
        return  # the child is gone; what it said, or that it said nothing, tells the rest


def _answer(output: bytes) -> Any:
    try:
        answer = json.loads(output)
    except ValueError:
        raise _gave_up() from None
    if not isinstance(answer, dict):
        raise _gave_up()
    if "unreadable" in answer:
        raise Unreadable(str(answer["unreadable"]), **answer.get("values", {}))
    return answer.get("done")
