"""What a message says of people who are not named where it goes: the one point at which names are left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

from bot.message import (
    Action,
    Actions,
    Heading,
    Joined,
    List,
    Mention,
    Message,
    Paragraph,
    Phrase,
    Veiled,
    message,
    say,
)  # fmt: skip

T = TypeVar("T")
SOMEBODY = say("somebody")
"""What stands where somebody is not named."""
_AT_FIRST = say("Somebody")
_ALL = message(say("This concerns somebody who is not named here."))


@dataclass(frozen=True)
class Veil:
    """Who is not named in a place, and who is called otherwise there than elsewhere, by member id."""

    hidden: frozenset[int] = frozenset()
    called: Mapping[int, str] = field(default_factory=dict)
    names_all: bool = False
    """Nothing is hidden in this place, also not what concerns people who are no members."""

    def over(self, content: Message) -> Message:
        """Give a message as it may be shown there: lines that would be about nobody are left out."""
        blocks = tuple(block for block in map(self._seen, content.blocks) if block is not None)
        return Message(blocks) if blocks or not content.blocks else _ALL

    def over_parts(self, value: T) -> T:
        """Give a record of blocks and inlines as it may be shown there."""
        seen: T = self._seen(value)
        return seen

    def _seen(self, value: Any) -> Any:
        """Give a part of a message as it may be shown; None where nothing is left of it."""
        match value:
            case Mention():
                return self._mention(value)
            case Veiled():
                hidden = not self.names_all if value.member_id is None else value.member_id in self.hidden
                return self._seen(value.instead if hidden else value.line)
            case Action():
                return self._action(value)
            case Phrase():
                return self._phrase(value)
            case Joined():
                parts = [self._seen(part) for part in value.parts]
                # Several who are not named are one: their number is nobody's concern.
                twice = {at for at, part in enumerate(parts) if part == SOMEBODY and SOMEBODY in parts[:at]}
                kept = [part for at, part in enumerate(parts) if part is not None and at not in twice]
                return replace(value, parts=tuple(kept))
            case tuple():
                return tuple(item for item in map(self._seen, value) if item is not None)
        return self._fields(value) if is_dataclass(value) and not isinstance(value, type) else value

    def _phrase(self, phrase: Phrase) -> Phrase:
        known = {name: self._seen(item) for name, item in phrase.values.items()}
        known = {name: SOMEBODY if item is None else item for name, item in known.items()}
        first = re.match(r"\{(\w+)\}", phrase.msgid)
        if first and known.get(first[1]) == SOMEBODY:
            known[first[1]] = _AT_FIRST
        return replace(phrase, values=known)

    def _fields(self, value: Any) -> Any:
        seen = {one.name: self._seen(getattr(value, one.name)) for one in fields(value)}
        empty = (
            (isinstance(value, Heading | Paragraph) and seen["line"] is None)
            or (isinstance(value, List) and value.items and not seen["items"])
            or (isinstance(value, Actions) and value.actions and not seen["actions"])
        )
        return None if empty else replace(value, **seen)

    def _mention(self, node: Mention) -> Any:
        if node.member_id in self.hidden:
            return say(node.instead)
        return replace(node, alias=self.called.get(node.member_id, node.alias))

    def _action(self, node: Action) -> Action | None:
        """Leave out a button whose command names somebody who is not named there."""
        return None if node.about in self.hidden else node
