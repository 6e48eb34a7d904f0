"""Commands in the sentences of a message that say of what they are: a chat can offer to say them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.message import Block, Code, Heading, Inline, Joined, List, Paragraph, Phrase, Redline, Table
from bot.phrases import expand

_CODE = re.compile(r"`([^`]+)`")


def lines_of(block: Block) -> tuple[Inline, ...]:
    """Give the inlines of a block in reading order."""
    match block:
        case Heading() | Paragraph():
            return (block.line,)
        case List():
            return block.items
        case Table():
            return (*block.titles, *(cell for row in block.rows for cell in row))
        case Redline():
            return (block.title,)
        case _:
            return ()


def filled_codes(inline: Inline) -> Iterator[str]:
    """Give the commands that a sentence was filled with; those that merely stand in it as examples are none."""
    match inline:
        case Code():
            yield inline.text
        case Joined():
            for part in inline.parts:
                yield from filled_codes(part)
        case Phrase():
            examples = {code for code in _CODE.findall(f"{inline.msgid} {inline.plural or ''}") if "{" not in code}
            for part in expand(inline, "en"):
                if not (isinstance(part, Code) and part.text in examples):
                    yield from filled_codes(part)
