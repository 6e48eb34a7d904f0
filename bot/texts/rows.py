"""A redline paragraph by paragraph, with where each stood and stands, and which moved: what every rendering shows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.texts.compare import Change, Comparison
from bot.texts.document import Document
from bot.texts.edits import Op
from bot.texts.moves import Move

Line = tuple[str, int]
"""A paragraph: the label of its provision, and its number among the lines of the text."""


@dataclass(frozen=True, slots=True)
class Row:
    """One paragraph: its ops, and where its words went to or came from when they moved."""

    ops: tuple[Op, ...]
    gone_to: Move | None = None
    come_from: Move | None = None

    @property
    def before(self) -> tuple[Op, ...]:
        """What the old draft has of it."""
        return tuple((op, text) for op, text in self.ops if op != "insert")

    @property
    def after(self) -> tuple[Op, ...]:
        """What the new draft has of it."""
        return tuple((op, text) for op, text in self.ops if op != "delete")


def rows(comparison: Comparison, change: Change) -> list[Row]:
    """The paragraphs of a change in reading order."""
    old, new = _lines(comparison.old, change.old), _lines(comparison.new, change.new)
    gone = {(move.old, move.old_line): move for move in comparison.moves}
    come = {(move.new, move.new_line): move for move in comparison.moves}
    found = []
    for ops, at, to in _paragraphs(change.ops):
        kinds = {op for op, text in ops if text.strip()}
        gone_to = gone.get(old[at]) if kinds == {"delete"} and at < len(old) else None
        come_from = come.get(new[to]) if kinds == {"insert"} and to < len(new) else None
        found.append(Row(tuple(ops), gone_to, come_from))
    return found


def folded(ops: Iterable[Op], least: int = 60, around: int = 20) -> Iterator[Op]:
    """The ops with the middle of long equal runs as ("folded", text): `around` words stay on either side.

    At the beginning and the end of a paragraph only the words next to an edit stay.
    """
    given = list(ops)
    if all(op == "equal" for op, _ in given):
        yield from given
        return
    for at, (op, text) in enumerate(given):
        words = text.split(" ")
        before, after = around if at else 0, around if at + 1 < len(given) else 0
        if op != "equal" or len(words) < max(least, before + after + 1):
            yield op, text
            continue
        if before:
            yield "equal", " ".join(words[:before]) + " "
        yield "folded", " ".join(words[before : len(words) - after])
        if after:
            yield "equal", " " + " ".join(words[len(words) - after :])


def _paragraphs(ops: Sequence[Op]) -> Iterator[tuple[list[Op], int, int]]:
    """The ops of each paragraph, and on which line of the old and of the new text it stands."""
    at = to = 0
    paragraph: list[Op] = []
    for op, text in ops:
        for number, piece in enumerate(text.split("\n")):
            if number:
                if paragraph:
                    yield paragraph, at, to
                paragraph = []
                at, to = at + (op != "insert"), to + (op != "delete")
            if piece:
                paragraph.append((op, piece))
    if paragraph:
        yield paragraph, at, to


def _lines(document: Document, labels: Iterable[str]) -> list[Line]:
    """What stands on each line of the provisions of a change, which follow each other with an empty line between."""
    found: list[Line] = []
    for label in labels:
        provision = document.find(label)
        found += [("", 0)] if found else []
        found += [(label, at) for at, _ in enumerate(provision.text.split("\n") if provision else ())]
    return found
