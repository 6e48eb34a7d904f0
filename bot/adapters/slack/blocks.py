"""Blocks of a message as blocks of Block Kit: rich text, buttons, a header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from slack_sdk.models.blocks import (
    HeaderBlock,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextListElement,
    RichTextQuoteElement,
    RichTextSectionElement,
)

from bot.adapters.slack.buttons import Buttons, is_pressable
from bot.adapters.slack.cards import hinted, with_snooze
from bot.adapters.slack.limits import LONGEST_HEADER, LONGEST_SECTION, size
from bot.adapters.slack.richtext import RichText, merged, redline
from bot.adapters.slack.words import plain_text
from bot.harmless import clean, redline_lines
from bot.message import (
    Actions,
    Block,
    Bold,
    Code,
    Heading,
    Inline,
    Joined,
    List,
    Mention,
    Moment,
    Paragraph,
    Phrase,
    Redline,
    Table,
    Text,
)  # fmt: skip
from bot.phrases import expand
from bot.plain import plain_inline

Line = list[RichTextElement]

_FULL = LONGEST_SECTION - 200


@dataclass
class Writer:
    """Writes the blocks of one message."""

    text: RichText
    buttons: Buttons
    written: list[dict[str, Any]] = field(default_factory=list)
    _elements: list[RichTextElement] = field(default_factory=list)
    _lines: list[Line] = field(default_factory=list)
    _weight: int = 0

    def write(self, blocks: Sequence[Block], *, header: bool = True) -> list[dict[str, Any]]:
        """Write blocks; with `header`, a short heading at the very beginning becomes Slack's.

        What their sentences offer stands behind buttons at the end.
        """
        for position, block in enumerate(blocks):
            self._block(block, header=header and position == 0)
        self._flush()
        self.written += self.buttons.rows(hinted(blocks).actions)
        return self.written

    def _block(self, block: Block, *, header: bool) -> None:
        match block:
            case Heading(line):
                self._heading(line, header=header)
            case Paragraph(line):
                self._line(self.text.inline(line))
            case List(items):
                rows = [RichTextSectionElement(elements=_filled(self.text.inline(item))) for item in items]
                self._list(rows)
            case Table(titles, rows_of_table):
                for row in rows_of_table:
                    self._line(self._row(titles, row))
            case Redline(title, ops):
                self._redline(title, ops)
            case Actions():
                self._actions(block)

    def _heading(self, line: Inline, *, header: bool) -> None:
        words = plain_inline(line, self.text.reader)
        self._flush()
        if (
            header
            and _is_wordy(line, self.text.reader.language)
            and 0 < size(clean(words).strip()) < LONGEST_HEADER - 2
        ):
            self.written.append(HeaderBlock(text=plain_text(words, LONGEST_HEADER)).to_dict())
        else:
            self._line(self.text.bold(line))

    def _row(self, titles: Sequence[Inline], cells: Sequence[Inline]) -> Line:
        """Write a row as one line, each value behind its title: a phone has no room for columns."""
        line: Line = []
        for title, cell in zip_longest(titles, cells, fillvalue=Text("")):
            if not plain_inline(cell, self.text.reader):
                continue
            line += [RichTextElementParts.Text(text="; ")] if line else []
            named = [*self.text.inline(title), RichTextElementParts.Text(text=": ")]
            line += [*(named if plain_inline(title, self.text.reader) else []), *self.text.inline(cell)]
        return line

    def _redline(self, title: Inline, ops: Sequence[tuple[str, str]]) -> None:
        self._line(self.text.bold(title))
        quoted: Line = []
        for position, line in enumerate(redline_lines(ops)):
            quoted += [RichTextElementParts.Text(text="\n")] if position else []
            quoted += redline(line)
        if quoted:
            self._element(RichTextQuoteElement(elements=merged(quoted)), _weight(quoted))

    def _actions(self, block: Actions) -> None:
        actions = with_snooze(block, self.text.reader).actions
        words = [Code(action.command) for action in actions if not is_pressable(action.command) and action.command]
        if words:
            self._line(self.text.inline(Joined(tuple(words), " · ")))
        self._flush()
        self.written += self.buttons.rows(actions)

    def _line(self, line: Line) -> None:
        if not line:
            return
        weight = _weight(line) + 1
        if self._weight + weight > _FULL:
            self._flush()
        self._lines.append(line)
        self._weight += weight

    def _list(self, rows: Sequence[RichTextSectionElement]) -> None:
        kept: list[RichTextSectionElement] = []
        weight = 0
        for row in rows:
            own = _weight(row.elements)
            if kept and self._weight + weight + own > _FULL:
                self._element(RichTextListElement(style="bullet", elements=kept), weight)
                self._flush()
                kept, weight = [], 0
            kept.append(row)
            weight += own
        if kept:
            self._element(RichTextListElement(style="bullet", elements=kept), weight)

    def _element(self, element: RichTextElement, weight: int) -> None:
        if self._weight + weight > _FULL and self._weight:
            self._flush()
        self._end_lines()
        self._elements.append(element)
        self._weight += weight

    def _end_lines(self) -> None:
        """Put lines that follow each other into one section: sections of their own stand apart."""
        if self._lines:
            joined: Line = []
            for position, line in enumerate(self._lines):
                joined += [RichTextElementParts.Text(text="\n"), *line] if position else line
            self._elements.append(RichTextSectionElement(elements=merged(joined)))
            self._lines = []

    def _flush(self) -> None:
        self._end_lines()
        if self._elements:
            self.written.append(RichTextBlock(elements=self._elements).to_dict())
        self._elements, self._weight = [], 0


def _filled(line: Line) -> Line:
    return line or [RichTextElementParts.Text(text="…")]


def _weight(line: Sequence[Any]) -> int:
    """Give about how many characters Slack shows of a line."""
    return sum(size(str(getattr(part, "text", None) or getattr(part, "format", None) or "@mentioned")) for part in line)


def _is_wordy(line: Inline, language: str) -> bool:
    """Tell whether a line is nothing but words, so that a header, which has no marks, shows all of it."""
    match line:
        case Phrase():
            return all(_is_wordy(part, language) for part in expand(line, language))
        case Joined(parts):
            return all(_is_wordy(part, language) for part in parts)
        case Mention() | Moment():
            return False
        case _:
            return isinstance(line, Text | Bold)
