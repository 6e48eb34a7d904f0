"""Fields of a Word file: an instruction, which is no text, and what it shows, which mostly is.

Source of the rules: ECMA-376 part 1, 17.16 (fields).
"""

from __future__ import annotations

from bot.texts.numbering import local
from bot.texts.package import Element
from bot.texts.styles import attribute

_UNREAD = ("TOC", "PAGE", "NUMPAGES", "NOTEREF")  # contents, page numbers, calls of notes


def reads(instruction: str) -> bool:
    """Whether what a field shows is text of the document."""
    words = instruction.upper().split()
    return not words or words[0] not in _UNREAD


class Fields:
    """The fields that are open while a document is walked through."""

    def __init__(self, root: Element) -> None:
        """Look whether every field that begins ends: where one does not, nothing is left out for what it shows."""
        kinds = [attribute(element, "fldCharType") for element in root.iter() if local(element) == "fldChar"]
        self._whole = kinds.count("begin") == kinds.count("end")
        self._open: list[str | bool] = []  # an instruction as far as it was read, then whether what it shows is text

    @property
    def silent(self) -> bool:
        """Whether words at this place are no text."""
        return any(row is not True for row in self._open)

    def mark(self, kind: str) -> None:
        """Take the "begin" of a field, the "separate" behind its instruction, or its "end"."""
        if kind == "begin":
            self._open.append("")
        elif self._open and kind == "separate":
            instruction = self._open[-1]
            self._open[-1] = not self._whole or not isinstance(instruction, str) or reads(instruction)
        elif self._open and kind == "end":
            self._open.pop()

    def instruct(self, text: str) -> None:
        """Take a piece of an instruction."""
        if self._open and isinstance(now := self._open[-1], str):
            self._open[-1] = now + text

    def end_paragraph(self) -> None:
        """Let no instruction that was never ended swallow what follows."""
        if not self._whole:
            self._open = [row for row in self._open if not isinstance(row, str)]
