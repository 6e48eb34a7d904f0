"""References from one provision to others, and whether two texts differ by nothing but renumbered references."""

import re
from collections.abc import Mapping

from rapidfuzz.distance import Levenshtein

from bot.texts.grammar import LANGUAGES, Grammar
from bot.texts.numerals import number_of

_SIGN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\W_]+|[^\w\s]")
_REACH = 12  # signs after "articles" in which its numbers stand: "articles 5, 6 bis and 7"


def renumbered_only(old: str, new: str, successors: Mapping[str, str], language: str) -> bool:
    """Whether every difference is the number of a reference that became what `successors` makes of it.

    `successors` maps the numbers of old provisions to those of the new draft.
    """
    grammar = LANGUAGES[language]
    left, right = _SIGN.findall(old), _SIGN.findall(new)
    left_spots, right_spots = _references(left, grammar), _references(right, grammar)
    codes = [code for code in Levenshtein.opcodes(left, right) if code.tag != "equal"]
    edits = {}
    for code in codes:
        one = _whole(code.src_start, code.src_end, left_spots)
        two = _whole(code.dest_start, code.dest_end, right_spots)
        if one is None or two is None:
            return False
        edits[one, two] = True
    return bool(edits) and all(
        successors.get(_label(left[one[0] : one[1]])) == _label(right[two[0] : two[1]]) for one, two in edits
    )


def _references(signs: list[str], grammar: Grammar) -> list[tuple[int, int]]:
    """Where the numbers of references stand, each with its "bis"."""
    head = re.compile(grammar.reference, re.IGNORECASE)
    joint = re.compile(grammar.joints, re.IGNORECASE)
    suffix = re.compile(grammar.suffix, re.IGNORECASE)
    spots: list[tuple[int, int]] = []
    reach = -1
    index = 0
    while index < len(signs):
        sign = signs[index]
        if head.fullmatch(sign):
            reach = index + _REACH
        elif index <= reach and sign.isdecimal():
            end = index + 1
            while end < len(signs) and suffix.fullmatch(signs[end]):
                end += 1
            spots.append((index, end))
            index = end
            continue
        elif not joint.fullmatch(sign) and not suffix.fullmatch(sign):
            reach = -1
        index += 1
    return spots


def _whole(start: int, end: int, spots: list[tuple[int, int]]) -> tuple[int, int] | None:
    """The reference that an edit lies in."""
    return next((spot for spot in spots if spot[0] <= start and end <= spot[1]), None)


def _label(signs: list[str]) -> str:
    return " ".join(number_of(sign).casefold() for sign in signs)
