"""References from one provision to others, and whether two texts differ by nothing but renumbered references."""

import re
from collections.abc import Iterator, Mapping

from bot.texts.grammar import LANGUAGES, Grammar
from bot.texts.labels import key, named, running
from bot.texts.listed import Listed, listed
from bot.texts.normal import HAN

_SIGN = re.compile(rf"[{HAN}]|\d+|[^\W\d_{HAN}]+|[^\w\s]")
_AFTER = 14  # signs behind a reference in which its instrument is named
_FARTHEST = 300  # characters in which they are looked for


def numbers_referred_to(text: str, language: str) -> list[str]:
    """The labels of the provisions of its own instrument that a text refers to ("24", "17 bis", "5a"), in order.

    Articles of another instrument ("article 33 of the Charter") are none; of this one they are ("of this Convention").
    """
    grammar = LANGUAGES[language]
    if not _refers(text, grammar):
        return []
    spots = list(_references(text, grammar))
    foreign = _foreign(text, spots, grammar)
    return [spot.label for spot in spots if spot not in foreign]


def printed_numbers(text: str, language: str) -> list[str]:
    """The figures in all references of a text, to whatever instrument, as they are printed, without their "bis"."""
    grammar = LANGUAGES[language]
    if not _refers(text, grammar):
        return []
    return [
        figure
        for spot in _references(text, grammar)
        for figure in re.findall(r"\d+(?:[.,]\d+)*", text[spot.start : spot.end])
    ]


def _refers(text: str, grammar: Grammar) -> bool:
    """Whether there is a reference at all: a quick look, for a pattern that keeps to the case is found much faster."""
    return bool(re.search(grammar.reference, text.casefold()))


def _foreign(text: str, spots: list[Listed], grammar: Grammar) -> set[Listed]:
    """The references that belong to another instrument; of several in a row what stands behind the last one tells."""
    found: set[Listed] = set()
    other, joint = re.compile(grammar.elsewhere), re.compile(rf"(?:\s*(?:{grammar.joints})\s*)+", re.IGNORECASE)
    row: list[Listed] = []
    for number, spot in enumerate(spots):
        row.append(spot)
        if number + 1 < len(spots) and joint.fullmatch(text[spot.end : spots[number + 1].start]):
            continue  # "articles 5, 6 and 7 of ..."
        titled = grammar.number_first and text[: row[0].start].rstrip().endswith("》")
        behind = _SIGN.findall(text[spot.end : spot.end + _FARTHEST])[:_AFTER]
        if titled or other.match(" ".join(behind)):
            found |= set(row)
        row = []
    return found


def renumbered_only(old: str, new: str, successors: Mapping[str, str], language: str) -> bool:
    """Whether every difference is the number of a reference that became what `successors` makes of it.

    `successors` maps the keys of old labels (`bot.texts.labels.key`) to the labels of the new draft.
    """
    grammar = LANGUAGES[language]
    if not (_refers(old, grammar) and _refers(new, grammar)) or _says_more(old, new, grammar):
        return False
    left, right = list(_references(old, grammar)), list(_references(new, grammar))
    if len(left) != len(right) or _between(old, left) != _between(new, right):
        return False
    edits = {(key(one.label), key(two.label)) for one, two in zip(left, right, strict=True)}
    changed = {(one, two) for one, two in edits if one != two}
    return bool(changed) and all(key(successors.get(one, "")) == two for one, two in changed)


def _says_more(old: str, new: str, grammar: Grammar) -> bool:
    """Whether the first lines in which two texts differ differ by more than numbers; most that differ do so there."""
    for lines in zip(old.split("\n"), new.split("\n"), strict=False):
        if lines[0] != lines[1]:
            one, two = ("\0".join(_between(line, list(_references(line, grammar)))) for line in lines)
            return one != two and not (one.startswith(two) or two.startswith(one))
    return False


def _between(text: str, spots: list[Listed]) -> list[str]:
    """What stands before, between and behind the numbers of references, without blanks."""
    ends = [0, *(spot.end for spot in spots)]
    starts = [*(spot.start for spot in spots), len(text)]
    return ["".join(text[end:start].split()) for end, start in zip(ends, starts, strict=True)]


def _references(text: str, grammar: Grammar) -> Iterator[Listed]:
    """Where the numbers of references stand, with all that belongs to them: "5 bis", "5a", "第五条之二"."""
    if grammar.number_first:
        for found in running(grammar.language).finditer(text):
            yield Listed(found.start(), found.end(), named(found.groupdict(), grammar.language)[0])
        return
    head = re.compile(rf"(?<!\w){grammar.reference}(?![^\W\d_])\s*", re.IGNORECASE)
    several = re.compile("|".join(grammar.several.values()), re.IGNORECASE)
    at = 0
    while word := head.search(text, at):
        at = word.end()
        for item in listed(text, at, grammar, plural=bool(several.match(word.group()))):
            at = item.end
            yield item
