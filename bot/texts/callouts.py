"""What a lawyer looks for in a change: duties, references that lead nowhere, definitions, brackets."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from bot.texts.edits import Op
from bot.texts.labels import key
from bot.texts.paragraphs import unnumbered
from bot.texts.redline import edited_paragraphs, edits, obligations
from bot.texts.references import numbers_referred_to, printed_numbers

_TERM = re.compile(r"\W{0,3}(?:\w+\W){0,4}?[“\"«„](?P<term>[^”\"»“]{1,80})[”\"»“]")
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_NEAR_THE_FRONT = 40  # letters before a term that a paragraph defines


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an old provision: "kept" (its label is `now`), "merged" (into `now`) or "removed"."""

    kind: str
    now: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference in the new text that leads to the wrong place: what it names was removed, merged or renumbered.

    `number` is as in the text. `became` is "removed", "merged" or "renumbered"; `now` the label of what it was about.
    """

    number: str
    became: str
    now: str = ""


@dataclass(frozen=True, slots=True)
class Callouts:
    """`obligations` are pairs of words before and after ("" for none), `terms` the definitions that were touched."""

    obligations: tuple[tuple[str, str], ...] = ()
    figures: tuple[tuple[str, str], ...] = ()
    """Numbers in the text, likewise; those of paragraphs and of references are none."""
    references: tuple[Reference, ...] = ()
    terms: tuple[str, ...] = ()
    opened: int = 0
    """Square brackets that are new."""
    closed: int = 0
    """Square brackets that are gone."""
    agreed: tuple[str, str] = ("", "")
    """How far the provision was and is noted as agreed, where that differs: of `bot.texts.brackets.AGREED`."""

    def __bool__(self) -> bool:
        return self != NOTHING


NOTHING = Callouts()


def callouts(old: str, new: str, ops: Iterable[Op], language: str, fates: Mapping[str, Fate]) -> Callouts:
    """Call out what matters in a change from one text to another; `fates` has those of all old provisions.

    It has them by the keys of their labels (`bot.texts.labels.key`).
    """
    ops = tuple(ops)
    opened, closed = _brackets(ops)
    sides = [_sides(paragraph) for paragraph in edited_paragraphs(ops)]
    return Callouts(
        obligations(ops, language),
        tuple(_figures(sides, language)),
        tuple(_lost(old, new, language, fates)),
        tuple(dict.fromkeys(_terms(sides))),
        opened,
        closed,
    )


def _figures(paragraphs: Iterable[tuple[str, str]], language: str) -> Iterator[tuple[str, str]]:
    """The figures that changed; numbers of references are none."""
    for sides in paragraphs:
        if not all(map(_FIGURE.search, sides)):
            continue
        before, after = (Counter(_FIGURE.findall(side)) - Counter(printed_numbers(side, language)) for side in sides)
        if before and after:
            yield from zip_longest((before - after).elements(), (after - before).elements(), fillvalue="")


def _sides(paragraph: list[Op]) -> tuple[str, str]:
    """The old and the new text of a paragraph, without its number."""
    old, new = (
        unnumbered("".join(words for op, words in paragraph if op in ("equal", side))) for side in ("delete", "insert")
    )
    return old, new


def _lost(old: str, new: str, language: str, fates: Mapping[str, Fate]) -> Iterator[Reference]:
    """The references that the new text still has as the old one had them, though what they named is elsewhere now."""
    before = {key(label) for label in numbers_referred_to(old, language)}
    if not before:
        return
    wanted = {key(fates[number].now) for number in before if number in fates}
    for number, label in {key(label): label for label in numbers_referred_to(new, language)}.items():
        fate = fates.get(number)
        moved = fate is not None and (fate.kind, key(fate.now)) != ("kept", number)
        if fate and moved and number in before and number not in wanted:
            yield Reference(label, "renumbered" if fate.kind == "kept" else fate.kind, fate.now)


def _terms(paragraphs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The terms whose definitions were touched: they stand in quotes near the front of a paragraph."""
    for sides in paragraphs:
        for text in sides:
            match = _TERM.match(text[: _NEAR_THE_FRONT + 80])
            if match and match.start("term") <= _NEAR_THE_FRONT:
                yield match["term"].strip(" ,;.")


def _brackets(ops: tuple[Op, ...]) -> tuple[int, int]:
    opened = closed = 0
    for gone, come in edits(ops):
        more = come.count("[") - gone.count("[")
        opened, closed = opened + max(0, more), closed + max(0, -more)
    return opened, closed
