"""The automatic numbers of a Word file, as Word would print them.

Source of the rules: ECMA-376 part 1, 17.9 (numbering): lists, levels, restarts and formats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

from bot.texts.counting import counted
from bot.texts.package import Element

_MOST_LEVELS = 9
_PLACE = re.compile(r"%([1-9])")
_LONGEST = 200  # characters of a number


@dataclass(slots=True)
class _Level:
    """One level of a list: how it counts, how its number is printed, and with which style it comes."""

    start: int = 1
    form: str = "decimal"
    text: str = ""
    restart: int | None = None  # the level, counted from 1, that restarts this one; 0: none does
    legal: bool = False
    style: str = ""
    gap: str = " "


@dataclass(slots=True)
class _List:
    """A list as the document uses it: its levels, those it shares its count by, and where it starts anew."""

    abstract: str
    levels: dict[int, _Level]
    starts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """The lists of a document, counting. Ask for each numbered paragraph once and in order."""

    def __init__(self, root: Element | None) -> None:
        """Read the lists of a numbering part, or of a document that has none."""
        self._lists: dict[str, _List] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[str] = set()
        if root is not None:
            self._read(root)

    def level_of(self, number: str, style: str) -> int:
        """The level of a list that belongs to a paragraph style; the first where none says so."""
        found = self._lists.get(number)
        return next((level for level, row in found.levels.items() if row.style == style), 0) if found else 0

    def next(self, number: str, level: int) -> tuple[str, str]:
        """Count one paragraph on a level of a list: its printed number ("Article 5", "(a)"), and the gap behind it."""
        found = self._lists.get(number)
        row = found.levels.get(level) if found else None
        if found is None or row is None:
            return "", ""
        counts = self._counts.setdefault(found.abstract, {})
        if number not in self._begun:
            self._begun.add(number)
            for place in found.starts:
                counts.pop(place, None)
        counts[level] = counts[level] + 1 if level in counts else found.starts.get(level, row.start)
        for deeper in [place for place in counts if place > level]:
            if _restarts(found.levels.get(deeper), level):
                del counts[deeper]
        return self._printed(found, row, counts), row.gap

    def _printed(self, found: _List, row: _Level, counts: dict[int, int]) -> str:
        def place(match: re.Match[str]) -> str:
            level = int(match.group(1)) - 1
            of = found.levels.get(level, row)
            form = "decimal" if row.legal and of.form not in ("none", "decimalZero") else of.form
            return counted(counts.get(level, found.starts.get(level, of.start)), form)

        if row.form == "bullet":
            return "•"
        return _PLACE.sub(place, row.text)[:_LONGEST].strip()

    def _read(self, root: Element) -> None:
        abstracts: dict[str, dict[int, _Level]] = {}
        linked: dict[str, str] = {}
        named: dict[str, str] = {}
        for row in _children(root, "abstractNum"):
            name = _value(row, "abstractNumId")
            levels = islice(_children(row, "lvl"), _MOST_LEVELS)
            abstracts[name] = {_number(_value(level, "ilvl")): _level(level) for level in levels}
            for kind, store in (("numStyleLink", linked), ("styleLink", named)):
                if style := _child_value(row, kind):
                    store[name if kind == "numStyleLink" else style] = style if kind == "numStyleLink" else name
        for row in _children(root, "num"):
            name = _child_value(row, "abstractNumId")
            name = named.get(linked.get(name, ""), name)
            found = _List(name, dict(abstracts.get(name, {})))
            for override in _children(row, "lvlOverride"):
                _override(found, override)
            self._lists[_value(row, "numId")] = found


def _override(found: _List, row: Element) -> None:
    level = _number(_value(row, "ilvl"))
    for own in _children(row, "lvl"):
        found.levels[level] = _level(own)
    start = _child_value(row, "startOverride")
    if start:
        found.starts[level] = _number(start)


def _level(row: Element) -> _Level:
    form = _child_value(row, "numFmt") or "decimal"
    for choice in _children(row, "AlternateContent"):  # a format that older readers do not know
        form = next((_child_value(one, "numFmt") for one in choice if _child_value(one, "numFmt")), form)
    restart = _child_value(row, "lvlRestart")
    return _Level(
        start=_number(_child_value(row, "start") or "1"),
        form=form,
        text=_child_value(row, "lvlText"),
        restart=_number(restart) if restart else None,
        legal=any(True for _ in _children(row, "isLgl")),
        style=_child_value(row, "pStyle"),
        gap="" if _child_value(row, "suff") == "nothing" else " ",
    )


def _restarts(row: _Level | None, level: int) -> bool:
    """Whether a level counts anew when a paragraph of a higher `level` has come."""
    if row is None or row.restart is None:
        return True
    return level < row.restart


def _children(row: Element, name: str) -> list[Element]:
    return [child for child in row if local(child) == name]


def _child_value(row: Element, name: str) -> str:
    return next((_value(child, "val") for child in _children(row, name)), "")


def local(row: Element) -> str:
    """The name of an element without its namespace; "" for what is no element."""
    tag: object = row.tag  # of a comment it is a function
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _value(row: Element, name: str) -> str:
    return next((str(value) for key, value in row.items() if str(key).rpartition("}")[2] == name), "")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 7 else 0
