"""What goes out: a small tree of blocks that every adapter renders in its reader's language and zone.

Trees hold phrases and values, not finished sentences. A phrase is a gettext msgid in English whose `{name}` places are
filled with values and which may mark `code` and **bold**; values are never parsed, so what people type stays text.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Text:
    """Words from outside or from the text under negotiation; shown as they are, never as markup."""

    text: str


@dataclass(frozen=True)
class Bold:
    """A value to be seen first."""

    text: str


@dataclass(frozen=True)
class Code:
    """A command or symbol, to be typed or copied."""

    text: str


@dataclass(frozen=True)
class Link:
    """An address with its words."""

    text: str
    url: str


@dataclass(frozen=True)
class Mention:
    """A member; adapters turn it into the platform's mention where the member has an account there."""

    member_id: int
    alias: str
    instead: str = "somebody"
    """The msgid of what stands there where the member is not to be named."""


@dataclass(frozen=True)
class Veiled:
    """What is said of a member, or of an account that is nobody's (None), where people who are discreet may be named.

    It never reaches an adapter: what leaves is `line`, or else `instead`; None is left out with the line that it makes.
    """

    member_id: int | None
    line: Inline
    instead: Inline | None = None


@dataclass(frozen=True)
class Moment:
    """An instant, shown in the reader's zone and, where given, the venue's (an IANA name).

    Shape: "full" with weekday, date, year and time; "moment" without the year; "time" alone; "day" without the time.
    """

    at: dt.datetime
    venue: str | None = None
    shape: str = "moment"


@dataclass(frozen=True)
class Inserted:
    """Words that the new draft has."""

    text: str


@dataclass(frozen=True)
class Deleted:
    """Words that the old draft had."""

    text: str


@dataclass(frozen=True)
class Phrase:
    """A sentence of ours: its English msgid, and what fills its places. With `plural`, `values["n"]` chooses."""

    msgid: str
    values: Mapping[str, Value] = field(default_factory=dict)
    plural: str | None = None


@dataclass(frozen=True)
class Joined:
    """Several inlines with a separator between them."""

    parts: tuple[Inline, ...]
    separator: str = ", "


Inline: TypeAlias = Text | Bold | Code | Link | Mention | Veiled | Moment | Inserted | Deleted | Phrase | Joined
Value: TypeAlias = Inline | str | int


@dataclass(frozen=True)
class Heading:
    """The line that says what this is."""

    line: Inline


@dataclass(frozen=True)
class Paragraph:
    """One or more sentences on a line of their own."""

    line: Inline


@dataclass(frozen=True)
class List:
    """Lines of equal weight."""

    items: tuple[Inline, ...]


@dataclass(frozen=True)
class Table:
    """Rows under column titles."""

    titles: tuple[Inline, ...]
    rows: tuple[tuple[Inline, ...], ...]


@dataclass(frozen=True)
class Redline:
    """The word diff of one provision: pairs of ("equal" | "delete" | "insert", raw text)."""

    title: Inline
    ops: tuple[tuple[str, str], ...]
    whole: bool = False
    """Show every word; otherwise long equal runs are shortened."""


@dataclass(frozen=True)
class Action:
    """One thing the reader can do next: words for a button, and the command that does the same."""

    words: Phrase
    command: str
    about: int | None = None
    """The member whom the command names: where they are not to be named, it is left out."""


@dataclass(frozen=True)
class Actions:
    """What the reader can do next."""

    actions: tuple[Action, ...]


@dataclass(frozen=True)
class File:
    """A file that goes with the message: text, or the base64 of what is none."""

    name: str
    text: str
    kind: str = "text/plain"
    """Its media type."""

    @property
    def content(self) -> bytes:
        """Its bytes."""
        return self.text.encode() if self.kind.startswith("text/") else base64.b64decode(self.text)


@dataclass(frozen=True)
class RedlineFiles:
    """The redlines of some changes of a draft as files; they are made when the message leaves, where it takes files."""

    draft_id: int
    changes: tuple[int, ...]
    """The ids of the changes."""


Block: TypeAlias = Heading | Paragraph | List | Table | Redline | Actions | File | RedlineFiles


@dataclass(frozen=True)
class Message:
    """A whole message."""

    blocks: tuple[Block, ...]

    def to_data(self) -> dict[str, Any]:
        """Give the JSON form in which it is kept."""
        return {"blocks": [_to_data(block) for block in self.blocks]}

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> Message:
        """Read the JSON form back; raises KeyError or TypeError on anything else."""
        return Message(tuple(_from_data(block) for block in data["blocks"]))


def say(msgid: str, /, **values: Value) -> Phrase:
    """Make a phrase."""
    return Phrase(msgid, values)


def count(n: int, singular: str, plural: str, /, **values: Value) -> Phrase:
    """Make a phrase that depends on a number, which fills its `{n}`."""
    return Phrase(singular, {"n": n, **values}, plural)


def joined(parts: Sequence[Inline | str], separator: str = ", ") -> Joined:
    """Put inlines side by side."""
    return Joined(tuple(Text(part) if isinstance(part, str) else part for part in parts), separator)


def message(*parts: Block | Inline | None) -> Message:
    """Make a message of blocks; a bare inline becomes a paragraph, None is left out."""
    given = [part for part in parts if part is not None]
    return Message(tuple(part if isinstance(part, _BLOCKS) else Paragraph(part) for part in given))


def mentioned(content: Message) -> set[int]:
    """Give the ids of the members whom a message mentions, wherever in it."""
    return set(_mentioned(content))


def actions(*pairs: tuple[Phrase, str]) -> Actions:
    """Make the line of next steps from pairs of words and command."""
    return Actions(tuple(Action(words, command) for words, command in pairs))


_BLOCKS = (Heading, Paragraph, List, Table, Redline, Actions, File, RedlineFiles)
_NODES: dict[str, type[Any]] = {
    node.__name__: node
    for node in (
        *_BLOCKS,
        Action,
        Text,
        Bold,
        Code,
        Link,
        Mention,
        Veiled,
        Moment,
        Inserted,
        Deleted,
        Phrase,
        Joined,
    )
}


def _mentioned(value: Any) -> Iterator[int]:
    if isinstance(value, Mention):
        yield value.member_id
    elif is_dataclass(value):
        for part in fields(value):
            yield from _mentioned(getattr(value, part.name))
    elif isinstance(value, Mapping | tuple | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _mentioned(item)


def _to_data(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {"is": type(value).__name__} | {f.name: _to_data(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _to_data(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_to_data(item) for item in value]
    return value


def _from_data(data: Any) -> Any:
    if isinstance(data, list):
        return tuple(_from_data(item) for item in data)
    if not isinstance(data, dict):
        return data
    if "is" not in data:
        return {name: _from_data(item) for name, item in data.items()}
    node = _NODES[data["is"]]
    given = {name: _from_data(item) for name, item in data.items() if name != "is"}
    if node is Moment:
        given["at"] = dt.datetime.fromisoformat(given["at"])
    return node(**given)
