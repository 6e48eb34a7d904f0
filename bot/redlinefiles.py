"""The redlines that go with an alert as files: made when it leaves, outside of any transaction."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Iterator
from dataclasses import replace

import structlog

from bot.drafts import as_comparison
from bot.message import Block, File, Message, RedlineFiles
from bot.phrases import translate
from bot.plain import Reader
from bot.texts.compare import Comparison
from bot.texts.page import page
from bot.texts.pictures import NoPictures, file_name, picture
from storage.tables import Draft
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work

LONGEST = 30.0
"""How long making the files of one message may take, in seconds."""
MOST_PICTURES = 5
_log = structlog.get_logger()


def without_files(content: Message) -> Message:
    """Give a message without the redlines that it would have as files: it says everything without them."""
    return replace(content, blocks=tuple(_others(content.blocks)))


async def with_files(store: Store, coalition_id: int | None, content: Message, reader: Reader) -> Message:
    """Give a message with its redlines as files: a page, and pictures where there is something to draw with.

    What cannot be made is left out. Raises DatabaseTrouble.
    """
    wanted = [block for block in content.blocks if isinstance(block, RedlineFiles)]
    bare = without_files(content)
    if not wanted or coalition_id is None:
        return bare
    files: list[File] = []
    try:
        async with asyncio.timeout(LONGEST):
            for comparison in await store.read(coalition_id, lambda work: _compared(work, wanted)):
                files += await asyncio.to_thread(_files, comparison, reader.language)
    except DatabaseTrouble:
        raise
    except Exception as problem:  # the words of the alert must not wait for what goes with them
        _log.warning("redlines not drawn", code=type(problem).__name__)
    return replace(bare, blocks=(*bare.blocks, *files))


def _others(blocks: Iterable[Block]) -> Iterator[Block]:
    return (block for block in blocks if not isinstance(block, RedlineFiles))


def _compared(work: Work, wanted: Iterable[RedlineFiles]) -> list[Comparison]:
    found = (as_comparison(work, work.row(Draft, block.draft_id), block.changes) for block in wanted)
    return [comparison for comparison in found if comparison is not None]


def _files(comparison: Comparison, language: str) -> list[File]:
    def say(msgid: str, **values: object) -> str:
        return translate(msgid, language).format(**values)

    names = [file_name((change.new or change.old)[0]) for change in comparison.changes]
    found = [File(f"redline-{'-'.join(names[:3])}.html", page(comparison, say, language), "text/html")]
    try:
        for name, change in zip(names[:MOST_PICTURES], comparison.changes, strict=False):
            drawn = picture(comparison, change, say, language).png
            found.append(File(f"redline-{name}.png", base64.b64encode(drawn).decode(), "image/png"))
    except NoPictures:
        pass  # an extra that is not installed here
    return found
