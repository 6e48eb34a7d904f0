"""A message in pieces small enough for any part, and pieces put together again where they stay in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from bot.adapters.slack.cutting import Cut, cost, cut
from bot.harmless import Op, clean, redline_lines
from bot.message import (
    Action,
    Actions,
    Block,
    Bold,
    Code,
    Deleted,
    File,
    Heading,
    Inline,
    Inserted,
    Joined,
    List,
    Message,
    Paragraph,
    Phrase,
    Redline,
    Table,
    Text,
    say,
)  # fmt: skip
from bot.phrases import expand
from bot.plain import Reader, plain, plain_inline
from bot.texts.redline import excerpt

MOST = 1_200
"""What the plain text of one piece may cost; a message has room for several, however its pieces fall."""
LARGEST_WHOLE = 400
"""What a mention, a moment or a link may cost to be kept whole; a longer one becomes words."""

_WORDS = (Text, Bold, Code, Inserted, Deleted)


@dataclass(frozen=True)
class Piece:
    """A block that fits, or the next part of one that did not."""

    block: Block
    glue: str | None = None
    """For a next part, what stood between it and the part before: white space or nothing."""


def pieces(message: Message, reader: Reader) -> list[Piece]:
    """Give the pieces of a message; files in words, redlines shortened, nothing else changed."""
    return [piece for block in message.blocks for piece in _pieces(block, reader)]


def together(parts: Sequence[Piece]) -> list[Block]:
    """Put pieces together again: as few blocks as there were, as far as all of each is there."""
    blocks: list[Block] = []
    for piece in parts:
        merged = _merged(blocks[-1], piece) if blocks else None
        if merged is None:
            blocks.append(piece.block)
        else:
            blocks[-1] = merged
    return blocks


def _pieces(block: Block, reader: Reader) -> Iterator[Piece]:
    match block:
        case Heading(line) | Paragraph(line):
            yield from (Piece(type(block)(part), glue) for part, glue in _lines(line, reader))
        case List(items):
            for item in items:
                (first, _), *rest = _lines(item, reader) or [(Text("…"), None)]
                yield Piece(List((first,)))
                yield from (Piece(List((part,)), glue) for part, glue in rest)
        case Table(titles, rows):
            for row in rows:
                yield from _row(titles, row, reader)
        case Redline():
            yield from _redline(block, reader)
        case Actions(offered):
            yield from _actions(offered, reader)
        case File(name):
            yield from _pieces(Paragraph(say("File: {name}", name=name)), reader)


def _row(titles: Sequence[Inline], row: Sequence[Inline], reader: Reader) -> Iterator[Piece]:
    """Give a row of a table; one that is too long as a paragraph that reads the same."""
    whole = Table(tuple(titles), (tuple(row),))
    if cost(plain(Message((whole,)), reader)) <= MOST:
        yield Piece(whole)
        return
    cells = [
        Joined((title, cell), ": ") if plain_inline(title, reader) else cell
        for title, cell in zip_longest(titles, row, fillvalue=Text(""))
        if plain_inline(cell, reader)
    ]
    yield from _pieces(Paragraph(Joined(tuple(cells), "; ")), reader)


def _lines(line: Inline, reader: Reader) -> list[tuple[Inline, str | None]]:
    """Give an inline in parts that fit, each with what stood before it; most are one part."""
    words = plain_inline(line, reader)
    if cost(words) <= MOST:
        return [(line, None)] if words.strip() else []
    leaves = [_kept(leaf, reader) for leaf in _leaves(line, reader.language)]
    # What is kept whole is cut as one word of its length.
    runs = [
        (at, clean(leaf.text) if isinstance(leaf, _WORDS) else "x" * cost(plain_inline(leaf, reader)))
        for at, leaf in enumerate(leaves)
    ]
    parts = cut(runs, MOST)
    return [(_joined(part, leaves), part.glue if position else None) for position, part in enumerate(parts)]


def _joined(part: Cut[int], leaves: Sequence[Inline]) -> Inline:
    own: list[Inline] = []
    for at, words in part.runs:
        leaf = leaves[at]
        own.append(replace(leaf, text=words) if isinstance(leaf, _WORDS) else leaf)
    return Joined(tuple(own), "")


def _leaves(node: Inline, language: str) -> Iterator[Inline]:
    match node:
        case Phrase():
            for part in expand(node, language):
                yield from _leaves(part, language)
        case Joined(parts, separator):
            for position, part in enumerate(parts):
                if position:
                    yield Text(separator)
                yield from _leaves(part, language)
        case _:
            yield node


def _kept(leaf: Inline, reader: Reader) -> Inline:
    words = plain_inline(leaf, reader)
    return leaf if isinstance(leaf, _WORDS) or cost(words) <= LARGEST_WHOLE else Text(words)


def _redline(block: Redline, reader: Reader) -> Iterator[Piece]:
    """Give the title with the first line that fits beside it, then line by line."""
    title, *more = _lines(block.title, reader) or [(Text(""), None)]
    lines = redline_lines(tuple(block.ops) if block.whole else excerpt(block.ops))
    parts = [(part, position) for line in lines for position, part in enumerate(cut(line, MOST) or [Cut(())])]
    if more or cost(plain_inline(title[0], reader)) > MOST // 2:
        yield Piece(Heading(title[0]))
        yield from (Piece(Heading(words), glue) for words, glue in more)
        first: Inline = Text("")
    else:
        first = title[0]
    for at, (part, position) in enumerate(parts):
        glue = part.glue if position else "\n"
        yield Piece(Redline(Text("") if at else first, part.runs, whole=True), glue if at else None)


def _actions(offered: Sequence[Action], reader: Reader) -> Iterator[Piece]:
    kept: list[Action] = []
    total = 0
    for action in offered:
        length = cost(action.command) + MARK_OF_ACTION
        if kept and total + length > MOST:
            yield Piece(Actions(tuple(kept)))
            kept, total = [], 0
        if length > MOST:
            yield from _pieces(Paragraph(Code(action.command)), reader)
        else:
            kept.append(action)
            total += length
    if kept:
        yield Piece(Actions(tuple(kept)))


MARK_OF_ACTION = 5
"""What stands round a command among others: two backticks and " · "."""


def _merged(before: Block, piece: Piece) -> Block | None:
    glue = piece.glue
    match before, piece.block:
        case (List(items), List(more)) if glue is None:
            return List((*items, *more))
        case (List(items), List((part,))):
            return List((*items[:-1], Joined((items[-1], part), glue or "")))
        case (Table(titles, rows), Table(own, more_rows)) if titles == own:
            return Table(titles, (*rows, *more_rows))
        case (Paragraph(line), Paragraph(part)) if glue is not None:
            return Paragraph(Joined((line, part), glue))
        case (Heading(line), Heading(part)) if glue is not None:
            return Heading(Joined((line, part), glue))
        case (Redline(title, ops), Redline(_, more_ops)) if glue is not None:
            return Redline(title, _with(ops, glue, more_ops), whole=True)
        case _:
            return None


def _with(ops: tuple[Op, ...], glue: str, more: tuple[Op, ...]) -> tuple[Op, ...]:
    """Put runs of a redline together; a space inside of one run becomes part of it again."""
    if glue != "\n" and ops and more and ops[-1][0] == more[0][0]:
        return (*ops[:-1], (ops[-1][0], f"{ops[-1][1]}{glue}{more[0][1]}"), *more[1:])
    return (*ops, *((("equal", glue),) if glue else ()), *more)
