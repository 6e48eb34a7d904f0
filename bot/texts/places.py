"""Where each paragraph of a provision stands: "2", "2(a)", "2(a)(i)", "OPTION I(4)"."""

import re
from collections.abc import Iterable

from bot.texts.grammar import LATIN_SUFFIX
from bot.texts.numerals import number_of

_OPENING = r"[\[“\"«‘\s]*"
_SUFFIX = rf"(?:\s*(?:{LATIN_SUFFIX})(?!\w))?"
_NUMBER = re.compile(rf"{_OPENING}(?P<number>(?:\d{{1,3}}|[٠-٩]{{1,3}}){_SUFFIX})\s?[.)-](?!\d)")
_LETTER = re.compile(rf"{_OPENING}\(?(?P<letter>(?:[^\W\d_]{{1,5}}|\d{{1,2}}|[٠-٩]{{1,2}}){_SUFFIX})\s?\)")
_OPTION = re.compile(
    rf"{_OPENING}\(?(?P<option>(?:OPTION|VARIANTE|OPCIÓN|ВАРИАНТ)\s+\w{{1,4}})(?=\s*(?:[:.(\])]|$))", re.IGNORECASE
)
_ROMAN = re.compile(r"[ivxlc]+")


def places(paragraphs: Iterable[str]) -> list[str]:
    """The place of each paragraph, by the numbers and letters that they begin with.

    One without either has the place of the one before it, and none ("") at the beginning. Options whose numbers go on
    where those before them ended are options of one paragraph, and end with it.
    """
    place = _Place()
    return [place.of(paragraph) for paragraph in paragraphs]


class _Place:
    """Where the reader is: option, paragraph, letter and small Roman number."""

    def __init__(self) -> None:
        self._option = self._number = self._letter = self._roman = self._before = ""

    def of(self, paragraph: str) -> str:
        if match := _OPTION.match(paragraph):
            self._before = self._number or self._before
            self._option = " ".join(match["option"].split()).upper()
            self._number = self._letter = self._roman = ""
        elif match := _NUMBER.match(paragraph):
            self._count(" ".join(number_of(part) for part in match["number"].split()))
        elif match := _LETTER.match(paragraph):
            self._spell(match["letter"])
        inner = "".join(f"({part})" for part in (self._letter, self._roman) if part)
        number = f"({self._number})" if self._option and self._number else self._number
        return f"{self._option}{number}{inner}"

    def _count(self, number: str) -> None:
        if self._option and _goes_on(self._before, number):
            self._option = ""
        self._before = "" if self._option else self._before
        self._number, self._letter, self._roman = number, "", ""

    def _spell(self, letter: str) -> None:
        """Take a letter; (i) after (a) is a level below it, (i) after (h) is its neighbour."""
        below = self._roman or not _next_letter(self._letter, letter)
        if self._letter and _ROMAN.fullmatch(letter) and below:
            self._roman = letter
        else:
            self._letter, self._roman = letter, ""


def _goes_on(before: str, number: str) -> bool:
    return before.isdecimal() and number.isdecimal() and int(number) == int(before) + 1


def _next_letter(one: str, two: str) -> bool:
    return len(one) == len(two) == 1 and ord(two) == ord(one) + 1
