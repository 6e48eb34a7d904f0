"""Messages in parts: what stands open, what is folded away, and what fits at all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bot.adapters.matrix.markup import Markup
from bot.harmless import Op, clean, redline_lines
from bot.message import Block, Heading, Inline, List, Message, Paragraph, Redline, Table, Text, count
from bot.plain import Reader, plain
from bot.texts.redline import excerpt

MOST_LINES = 25
MOST_CHARACTERS = 2_000
"""What is longer than either is folded."""
OPEN_LINES = 6
"""How many lines of a folded message stand open, its heading among them."""
PHONE = 45
"""How many characters are about one line on a phone."""


def parted(blocks: Sequence[Block]) -> Iterator[Block]:
    """Give blocks that read the same and can be divided: redlines shortened, titles and lines of texts apart."""
    for block in blocks:
        match block:
            case Redline(title, ops, whole):
                yield Heading(title)
                yield Redline(Text(""), tuple(ops) if whole else excerpt(ops), whole=True)
            case Paragraph(Text(text)):
                yield from (Paragraph(Text(line)) for line in clean(text).split("\n") if line.strip())
            case _:
                yield block


def parts(blocks: Sequence[Block]) -> int:
    """Count the parts between which blocks can be divided."""
    return sum(map(_parts, blocks))


def divide(blocks: Sequence[Block], at: int) -> tuple[list[Block], list[Block]]:
    """Divide blocks after so many parts; a list, table or redline goes on in the second half."""
    first: list[Block] = []
    for position, block in enumerate(blocks):
        size = _parts(block)
        if at < size:
            begun, rest = _cut(block, at) if at else ((), (block,))
            return [*first, *begun], [*rest, *blocks[position + 1 :]]
        first.append(block)
        at -= size
    return first, []


def fold(blocks: Sequence[Block], tail: Sequence[Block], markup: Markup) -> str:
    """Write blocks and tail as HTML; of a long message all but its first lines and the tail goes into <details>."""
    text = plain(Message((*blocks, *tail)), markup.reader)
    if text.count("\n") < MOST_LINES and len(text) <= MOST_CHARACTERS:
        return markup.blocks([*blocks, *tail])
    shown, rest = divide(blocks, _open_parts(blocks, markup.reader))
    inside = markup.blocks(rest)
    if not inside:
        return markup.blocks([*blocks, *tail])
    more = count(_phone_lines(rest, markup.reader), "About {n} more line", "About {n} more lines")
    summary = f"<summary>{markup.inline(more)}</summary>"
    return f"{markup.blocks(shown)}<details>{summary}{inside}</details>{markup.blocks(tail)}"


def _open_parts(blocks: Sequence[Block], reader: Reader) -> int:
    """Tell how many parts stand open: at least one; a later heading never without what it heads."""
    most = parts(blocks)
    at = next((at for at in range(1, most) if _phone_lines(divide(blocks, at + 1)[0], reader) > OPEN_LINES), most)
    while at > 1 and isinstance(divide(blocks, at)[0][-1], Heading):
        at -= 1
    return at


def _phone_lines(blocks: Sequence[Block], reader: Reader) -> int:
    lines = plain(Message(tuple(blocks)), reader).split("\n")
    return sum(max(1, math.ceil(len(line) / PHONE)) for line in lines)


def _parts(block: Block) -> int:
    match block:
        case List(items):
            return max(1, len(items))
        case Table(_, rows):
            return max(1, len(rows))
        case Redline(_, ops):
            return len(redline_lines(ops))
        case _:
            return 1


def _cut(block: Block, at: int) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    match block:
        case List(items):
            return (List(items[:at]),), (List(items[at:]),)
        case Table(titles, rows):
            return (Table(titles, rows[:at]),), (Table(titles, rows[at:]),)
        case Redline(title, ops):
            lines = redline_lines(ops)
            return (_redline(title, lines[:at]),), (_redline(Text(""), lines[at:]),)
        case _:
            return (), (block,)


def _redline(title: Inline, lines: Sequence[Sequence[Op]]) -> Redline:
    ops: list[Op] = []
    for position, line in enumerate(lines):
        ops += [("equal", "\n"), *line] if position else line
    return Redline(title, tuple(ops), whole=True)
