"""References from one provision to others, and whether two texts differ by nothing but renumbered references."""

import re
from collections.abc import Iterator, Mapping

from rapidfuzz.distance import Levenshtein

from bot.texts.grammar import LANGUAGES, Grammar
from bot.texts.normal import HAN
from bot.texts.numerals import number_of

_SIGN = re.compile(rf"[{HAN}]|\d+|[^\W\d_{HAN}]+|[^\w\s]")
_AFTER = 14  # signs behind a reference in which its instrument is named
_REACH = 12  # signs after "articles" in which its numbers stand: "articles 5, 6 bis and 7"


def numbers_referred_to(text: str, language: str) -> list[str]:
    """The numbers of the provisions of its own instrument that a text refers to ("24", "17 bis"), in order.

    Articles of another instrument ("article 33 of the Charter") are none; of this one they are ("of this Convention").
    """
    grammar = LANGUAGES[language]
    if not _refers(text, grammar):
        return []
    signs = _SIGN.findall(text)
    spots = _references(signs, grammar)
    foreign = _foreign(signs, spots, grammar)
    return [_label(signs[start:end]) for start, end in spots if (start, end) not in foreign]


def printed_numbers(text: str, language: str) -> list[str]:
    """The numbers of all references in a text, to whatever instrument, as they are printed, without their "bis"."""
    grammar = LANGUAGES[language]
    if not _refers(text, grammar):
        return []
    signs = _SIGN.findall(text)
    return [sign for start, end in _references(signs, grammar) for sign in signs[start:end] if sign.isdecimal()]


def _refers(text: str, grammar: Grammar) -> bool:
    """Whether there is a reference at all: a quick look, for a pattern that keeps to the case is found much faster."""
    return bool(re.search(grammar.reference, text.casefold()))


def _foreign(signs: list[str], spots: list[tuple[int, int]], grammar: Grammar) -> set[tuple[int, int]]:
    """The references that belong to another instrument; of several in a row what stands behind the last one tells."""
    found: set[tuple[int, int]] = set()
    other, joint = re.compile(grammar.elsewhere), re.compile(grammar.joints, re.IGNORECASE)
    row: list[tuple[int, int]] = []
    for number, (start, end) in enumerate(spots):
        row.append((start, end))
        between = signs[end : spots[number + 1][0]] if number + 1 < len(spots) else []
        if between and all(joint.fullmatch(sign) for sign in between):
            continue  # "articles 5, 6 and 7 of ..."
        titled = grammar.number_first and "》" in signs[max(0, row[0][0] - 2) : start]
        if titled or other.match(" ".join(signs[end : end + _AFTER])):
            found |= set(row)
        row = []
    return found


def renumbered_only(old: str, new: str, successors: Mapping[str, str], language: str) -> bool:
    """Whether every difference is the number of a reference that became what `successors` makes of it.

    `successors` maps the numbers of old provisions to those of the new draft.
    """
    grammar = LANGUAGES[language]
    if _says_more(old, new, grammar) or _without_numbers(old, grammar) != _without_numbers(new, grammar):
        return False
    left, right = _SIGN.findall(old), _SIGN.findall(new)
    left_spots, right_spots = _references(left, grammar), _references(right, grammar)
    if not left_spots or not right_spots:
        return False
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
    if grammar.number_first:
        return list(_framed(signs, head, re.compile("|".join(grammar.kinds.values()))))
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


def _without_numbers(text: str, grammar: Grammar) -> str:
    """The text without whatever could be the number of a reference: a quick way to see that more than that differs."""
    number = rf"[{HAN}]|\d|\s" if grammar.number_first else rf"\d|\s|\b(?:{grammar.suffix})\b"
    return re.sub(number, "", text, flags=re.IGNORECASE)


def _says_more(old: str, new: str, grammar: Grammar) -> bool:
    """Whether the first lines in which two texts differ differ by more than numbers; most that differ do so there."""
    for lines in zip(old.split("\n"), new.split("\n"), strict=False):
        if lines[0] != lines[1]:
            one, two = (_without_numbers(line, grammar) for line in lines)
            if one != two:
                return not (one.startswith(two) or two.startswith(one))
    return False


def _framed(signs: list[str], head: re.Pattern[str], kind: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where numbers stand between a sign and the kind of provision: "第二十四条"."""
    for at, sign in enumerate(signs):
        end = at + 1
        while end < len(signs) and number_of(signs[end]).isdecimal():
            end += 1
        if head.fullmatch(sign) and at + 1 < end < len(signs) and kind.match(signs[end]):
            yield at + 1, end


def _whole(start: int, end: int, spots: list[tuple[int, int]]) -> tuple[int, int] | None:
    """The reference that an edit lies in."""
    return next((spot for spot in spots if spot[0] <= start and end <= spot[1]), None)


def _label(signs: list[str]) -> str:
    if len(signs) > 1 and all(number_of(sign).isdecimal() for sign in signs):
        return number_of("".join(signs))  # one Chinese number of several signs
    return " ".join(number_of(sign).casefold() for sign in signs)
