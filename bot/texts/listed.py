"""Numbers of several provisions in a row: "5, 6 bis and 8 to 10", and all that such a run takes in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from bot.texts.counting import roman
from bot.texts.grammar import LANGUAGES, Grammar
from bot.texts.labels import following, key, named, running
from bot.texts.numerals import value_of

_MOST = 200  # provisions in a run; a longer one is a slip
_RUN = re.compile(r"(\d+)-(\d+)")
_TAIL = re.compile(r"(?P<head>.*?)(?P<number>\d+)(?P<suffix>(?:[^\W\d_]| \w+)?)")


@dataclass(frozen=True, slots=True)
class Listed:
    """One number: where it stands in its text, as a label is named, and whether a run from the one before ends here."""

    start: int
    end: int
    label: str
    through: bool = False


def listed(text: str, at: int, grammar: Grammar, *, plural: bool) -> Iterator[Listed]:
    """The numbers in a row that begins at a place of a text; none where there is no number.

    `plural` says that the word before them is: then "5-10" is a run, else one number.
    """
    number, joint = running(grammar.language), _joints(grammar.language)
    item, through = number.match(text, at), False
    while item:
        yield from _parts(item, grammar, plural=plural, through=through)
        between = joint.match(text, item.end())
        through = bool(between and between["through"])
        item = number.match(text, between.end()) if between else None


def all_of(row: Sequence[Listed]) -> list[str]:
    """The labels of a row with those within its runs: "5 to 8" and "5 bis to 5 quinquies", in order."""
    labels: list[str] = []
    for item in row:
        if item.through and labels:
            labels += _within(labels[-1], item.label)
        labels.append(item.label)
    return list(dict.fromkeys(labels))


@cache
def _joints(language: str) -> re.Pattern[str]:
    grammar = LANGUAGES[language]
    end = r"(?![^\W\d_])" if grammar.spaced else ""
    return re.compile(
        rf"(?:\s*(?:(?P<through>[-–—~～]|(?:{grammar.through}){end})|(?:{grammar.joints}){end}))+\s*", re.IGNORECASE
    )


def _parts(found: re.Match[str], grammar: Grammar, *, plural: bool, through: bool) -> Iterator[Listed]:
    """The number that was found, or both ends of a run: "articles 5-10", but "article 5-10"."""
    run = _RUN.fullmatch(found["number"])
    if run and plural and int(run[1]) < int(run[2]):
        middle = found.start("number") + run.end(1)
        last = {"number": run[2], "suffix": found["suffix"]}
        yield Listed(found.start("number"), middle, named({"number": run[1]}, grammar.language)[0], through)
        yield Listed(middle + 1, found.end(), named(last, grammar.language)[0], through=True)
    else:
        yield Listed(found.start(), found.end(), named(found.groupdict(), grammar.language)[0], through)


def _within(first: str, last: str) -> list[str]:
    """What is between the ends of a run, as far as that can be counted."""
    one, two = _TAIL.fullmatch(first), _TAIL.fullmatch(last)
    if not (one and two):
        ends = value_of(first), value_of(last)
        return [roman(number).upper() for number in range(ends[0] + 1, ends[1])] if all(ends) else []
    low, high = int(one["number"]), int(two["number"])
    if one["head"] != two["head"] or high - low > _MOST:
        return []
    if low == high:
        return [f"{one['head']}{low}{suffix}" for suffix in _suffixes(one["suffix"], two["suffix"])]
    numbers = range(low + 1, high + bool(two["suffix"]))
    return [f"{one['head']}{number}" for number in numbers]


def _suffixes(first: str, last: str) -> list[str]:
    """What is between two letters or two of "bis", "ter" and so on."""
    if len(first) == len(last) == 1:
        return [chr(code) for code in range(ord(first) + 1, ord(last))]
    names = [following(times) for times in range(1, 10)]
    keys = key(first), key(last)
    if not all(name in names for name in keys):
        return []
    between = names[names.index(keys[0]) + 1 : names.index(keys[1])]
    return [f" {name}" for name in between]
