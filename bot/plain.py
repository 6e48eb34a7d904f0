"""Messages as plain text: for the terminal, notifications and screen readers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from bot.message import (
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
    Link,
    List,
    Mention,
    Message,
    Moment,
    Paragraph,
    Phrase,
    Redline,
    RedlineFiles,
    Table,
    Text,
    Veiled,
    say,
)  # fmt: skip
from bot.phrases import expand, translate
from bot.texts.redline import excerpt

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Reader:
    """Who will read: their zone and language, and whether it is one person (else a room, shown venue time and UTC)."""

    zone: ZoneInfo
    language: str = "en"
    personal: bool = False


def plain(message: Message, reader: Reader) -> str:
    """Render a message as plain text, one block a line or more."""
    return "\n".join(line for line in (_block(block, reader) for block in message.blocks) if line)


def plain_inline(inline: Inline, reader: Reader) -> str:
    """Render one inline as plain text."""
    return _INLINES[type(inline)](inline, reader)


def zone_name(zone: str) -> str:
    """Give the words people use for a zone: the city of its IANA name."""
    return zone.rpartition("/")[2].replace("_", " ")


def clock_words(at: dt.datetime, zone: ZoneInfo, shape: str, language: str) -> str:
    """Write an instant in a zone, in one of the shapes of Moment."""
    local = at.astimezone(zone)
    if shape == "time":
        return f"{local:%H:%M}"
    day = f"{translate(_DAYS[local.weekday()], language)} {local.day} {translate(_MONTHS[local.month - 1], language)}"
    if shape == "day":
        return day
    return f"{day} {local.year} {local:%H:%M}" if shape == "full" else f"{day} {local:%H:%M}"


def moment_words(moment: Moment, reader: Reader) -> str:
    """Write an instant for a reader: one person sees their own time and the venue's, a room the venue's and UTC."""
    venue = ZoneInfo(moment.venue) if moment.venue else reader.zone
    shape, language = moment.shape, reader.language
    if shape == "day":
        return clock_words(moment.at, venue, shape, language)
    if not reader.personal:
        words = f"{clock_words(moment.at, venue, shape, language)} {zone_name(venue.key)}"
        return words if venue.key == "UTC" else f"{words} ({_beside(moment.at, ZoneInfo('UTC'), venue, language)} UTC)"
    own = clock_words(moment.at, reader.zone, shape, language)
    if _same_time(moment.at, venue, reader.zone):
        return f"{own} {zone_name(reader.zone.key)}"
    beside = f"{_beside(moment.at, venue, reader.zone, language)} {zone_name(venue.key)}"
    return f"{own} {translate('your time', language)} ({beside})"


def _same_time(at: dt.datetime, one: ZoneInfo, other: ZoneInfo) -> bool:
    return at.astimezone(one).utcoffset() == at.astimezone(other).utcoffset()


def _beside(at: dt.datetime, zone: ZoneInfo, beside: ZoneInfo, language: str) -> str:
    """Write the time in a second zone, with the day where it is another."""
    same_day = at.astimezone(zone).date() == at.astimezone(beside).date()
    return clock_words(at, zone, "time" if same_day else "moment", language)


def _block(block: Block, reader: Reader) -> str:
    return _BLOCKS[type(block)](block, reader)


def _phrase(phrase: Phrase, reader: Reader) -> str:
    return "".join(plain_inline(part, reader) for part in expand(phrase, reader.language))


def _joined(parts: Joined, reader: Reader) -> str:
    return parts.separator.join(plain_inline(part, reader) for part in parts.parts)


def _link(link: Link, _reader: Reader) -> str:
    return f"{link.text} ({link.url})" if link.text != link.url else link.url


def _list(block: List, reader: Reader) -> str:
    return "\n".join(f"- {plain_inline(item, reader)}" for item in block.items)


def _table(block: Table, reader: Reader) -> str:
    """Write one row a line, each value with its title: columns of spaces line up in few fonts and in no voice."""
    titles = [plain_inline(title, reader) for title in block.titles]
    return "\n".join(_row(titles, [plain_inline(cell, reader) for cell in row]) for row in block.rows)


def _row(titles: Sequence[str], cells: Sequence[str]) -> str:
    titled = zip_longest(titles, cells, fillvalue="")
    return "; ".join(f"{title}: {cell}" if title else cell for title, cell in titled if cell)


def _redline(block: Redline, reader: Reader) -> str:
    ops = block.ops if block.whole else excerpt(block.ops)
    marks = {"delete": "~~{}~~", "insert": "**{}**"}
    body = "".join(_marked(marks.get(op, "{}"), text) for op, text in ops)
    return f"{plain_inline(block.title, reader)}\n{body}".strip("\n")


def _marked(mark: str, text: str) -> str:
    """Put marks round the words, leaving white space outside, line by line, so that no mark spans a line."""
    return "\n".join(
        f"{line[: len(line) - len(line.lstrip())]}{mark.format(line.strip())}{line[len(line.rstrip()) :]}"
        if line.strip()
        else line
        for line in text.split("\n")
    )


def _actions(block: Actions, _reader: Reader) -> str:
    return " · ".join(f"`{action.command}`" for action in block.actions)


def _file(block: File, reader: Reader) -> str:
    if block.kind != "text/plain":
        return plain_inline(say("File: {name}", name=block.name), reader)
    return f"{block.name}:\n{block.text}".rstrip("\n")


_INLINES: dict[type[Any], Callable[[Any, Reader], str]] = {
    Text: lambda node, _: node.text,
    Bold: lambda node, _: node.text,
    Code: lambda node, _: f"`{node.text}`",
    Link: _link,
    Mention: lambda node, _: f"@{node.alias}",
    # What no veil was laid over shows too little rather than too much.
    Veiled: lambda node, reader: plain_inline(node.instead, reader) if node.instead is not None else "",
    Moment: moment_words,
    Inserted: lambda node, _: f"**{node.text}**",
    Deleted: lambda node, _: f"~~{node.text}~~",
    Phrase: _phrase,
    Joined: _joined,
}
_BLOCKS: dict[type[Any], Callable[[Any, Reader], str]] = {
    Heading: lambda block, reader: plain_inline(block.line, reader),
    Paragraph: lambda block, reader: plain_inline(block.line, reader),
    List: _list,
    Table: _table,
    Redline: _redline,
    Actions: _actions,
    File: _file,
    RedlineFiles: lambda _block, _reader: "",
}
