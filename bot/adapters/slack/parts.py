"""A message as what is posted: one or more parts, each within Slack's limits.

A long message is parted where a provision begins (a heading, a redline), else between paragraphs, lines or words; never
inside a word, unless it alone is longer than a part's piece. The same message always gives the same parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bot.adapters.slack.blocks import Writer
from bot.adapters.slack.buttons import Buttons
from bot.adapters.slack.cutting import cost, cut
from bot.adapters.slack.limits import LONGEST_SECTION, problems
from bot.adapters.slack.pieces import Piece, pieces, together
from bot.adapters.slack.richtext import RichText, escape
from bot.adapters.slack.words import plain_section
from bot.harmless import clean
from bot.message import Actions, File, Heading, Message, Redline
from bot.plain import Reader, plain

MOST_TEXT = 3_700
"""Characters of a part's `text`, escaped: Slack advises 4,000, and shows a blocks total of some 13,000 at most."""
MOST_PARTS_OF_BLOCKS = 40
"""How many blocks a part is reckoned to need at most, of the 50 that Slack takes."""

_NOTHING = "…"
_log = structlog.get_logger()


@dataclass(frozen=True)
class Payload:
    """What one chat.postMessage takes."""

    text: str
    """The whole sense as plain text, escaped; of at most 4,000 characters, never empty."""
    blocks: list[dict[str, Any]]
    """The same for the eye, with buttons; of at most 50 blocks."""


def render(message: Message, reader: Reader, accounts: Mapping[int, str]) -> list[Payload]:
    """Give what to post of a message for a reader, in order; at least one payload, none outside of Slack's limits.

    `accounts` has the Slack user ids of members who have one: only they are mentioned. `text` is to be posted with
    `mrkdwn` false, `parse` none, `link_names` false and nothing unfurled. Buttons at the end of a message stand in its
    last part. Files do not travel in it: they are named, and `files` gives them.
    """
    text, buttons = RichText(reader, accounts), Buttons(reader)
    return [_payload(part, text, buttons, header=at == 0) for at, part in enumerate(_parts(message, reader))]


def files(message: Message) -> list[File]:
    """Give the files that go with a message."""
    return [block for block in message.blocks if isinstance(block, File)]


def sections(words: str) -> list[dict[str, Any]]:
    """Give words as sections that Slack does not parse."""
    parts = ["".join(text for _, text in part.runs) for part in cut([(None, clean(words))], LONGEST_SECTION // 2)]
    return [plain_section(part) for part in parts if part.strip()] or [plain_section(_NOTHING)]


def _payload(part: Sequence[Piece], text: RichText, buttons: Buttons, *, header: bool) -> Payload:
    whole = together(part)
    words = clean(plain(Message(tuple(whole)), text.reader)).strip("\n")
    blocks = Writer(text, buttons).write(whole, header=header) if words.strip() else sections(_NOTHING)
    if found := problems(blocks):
        _log.error("blocks outside of limits", codes=found)
        blocks = sections(words)
    return Payload(escape(words) if words.strip() else _NOTHING, blocks)


def _parts(message: Message, reader: Reader) -> list[list[Piece]]:
    parts: list[_Part] = [_Part(reader)]
    for group in _groups(pieces(message, reader)):
        for unit in [group] if _fits(group, reader) else _units(group, reader):
            if not parts[-1].takes(unit):
                parts.append(_Part(reader))
            parts[-1].add(unit)
    return [part.pieces for part in parts]


class _Part:
    """One part as it fills."""

    def __init__(self, reader: Reader) -> None:
        self.pieces: list[Piece] = []
        self._reader = reader
        self._cost = self._blocks = 0

    def takes(self, unit: Sequence[Piece]) -> bool:
        length, blocks = _size(unit, self._reader)
        return not self.pieces or (self._cost + length <= MOST_TEXT and self._blocks + blocks <= MOST_PARTS_OF_BLOCKS)

    def add(self, unit: Sequence[Piece]) -> None:
        length, blocks = _size(unit, self._reader)
        self.pieces += unit
        self._cost += length
        self._blocks += blocks


def _size(unit: Sequence[Piece], reader: Reader) -> tuple[int, int]:
    """Give what pieces cost at most, and how many blocks they may need of their own."""
    total = sum(cost(clean(plain(Message((piece.block,)), reader))) + 1 for piece in unit)
    return total, sum(_BLOCKS.get(type(piece.block), 0) for piece in unit)


_BLOCKS: dict[type[Any], int] = {Heading: 1, Actions: 2}
"""How many blocks these begin; all else goes on in one that is there."""


def _fits(group: Sequence[Piece], reader: Reader) -> bool:
    length, blocks = _size(group, reader)
    return length <= MOST_TEXT and blocks <= MOST_PARTS_OF_BLOCKS


def _groups(all_pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Give pieces by provision: a heading or the title of a redline begins one."""
    group: list[Piece] = []
    for piece in all_pieces:
        begins = piece.glue is None and isinstance(piece.block, Heading | Redline)
        if begins and group and not isinstance(group[-1].block, Heading):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _units(group: Sequence[Piece], reader: Reader) -> Iterator[list[Piece]]:
    """Give what had better stay in one part: a heading with what it heads, buttons with what they are for."""
    unit: list[Piece] = []
    for piece in group:
        stays = bool(unit) and (isinstance(piece.block, Actions) or isinstance(unit[-1].block, Heading))
        if unit and not (stays and _fits([*unit, piece], reader)):
            yield unit
            unit = []
        unit.append(piece)
    if unit:
        yield unit
