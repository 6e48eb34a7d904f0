"""Lines that carry structure: labels of provisions, divisions, annexes, options, the word above the preamble."""

import re
from dataclasses import dataclass
from functools import cache

from bot.texts.grammar import LANGUAGES, Grammar, any_case
from bot.texts.numerals import number_of

_SEPARATOR = r"[.:：\u2013\u2014-]"
_ROMAN = r"[IVXLC]+"
_OPEN = r"(?P<open>[\[(]*)\s*"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a line is: `role` is "label", "division", "annex", "appendix", "option" or "preamble".

    `name` is its label ("17 bis", "PART IV", "OPTION I"), `kind` the kind of provision, `level` the depth of a
    division (0 the highest), `rest` what stands behind it on the line, `set_apart` whether punctuation says
    that the rest is a heading.
    """

    role: str
    name: str
    kind: str = ""
    level: int = 0
    rest: str = ""
    set_apart: bool = False


def mark_of(text: str, language: str) -> Mark | None:
    """What this line is by its wording alone; whether it is so in its place is for the caller to judge."""
    if text[:1].islower():
        return None
    for role, kind, level, pattern in _patterns(language):
        if match := pattern.match(text):
            found = match.groupdict()
            rest = (found.get("rest") or "").strip()
            name = _name(role, found, LANGUAGES[language])
            return Mark(role, name, kind, level, rest, bool(found.get("separator")))
    return None


@cache
def _patterns(language: str) -> list[tuple[str, str, int, re.Pattern[str]]]:
    grammar = LANGUAGES[language]
    alone = rf"\s*[\])]*\s*(?P<separator>{_SEPARATOR})?\s*[\])]*\s*$"
    option = rf"{_OPEN}(?P<word>{any_case(grammar.option)})\s*(?P<number>{_ROMAN}|\d+|[一二三四五六七八九]){alone}"
    preamble = rf"{_OPEN}(?P<word>{any_case(grammar.preamble)}){alone}"
    return [
        *(("label", kind, 0, _label(grammar, words)) for kind, words in grammar.kinds.items()),
        *(("division", "", level, _division(grammar, words)) for level, words in enumerate(grammar.divisions)),
        ("annex", "annex", 0, _annex(grammar, grammar.annex)),
        ("appendix", "annex", 0, _annex(grammar, grammar.appendix)),
        ("option", "", 0, re.compile(option)),
        ("preamble", "preamble", 0, re.compile(preamble)),
    ]


def _label(grammar: Grammar, words: str) -> re.Pattern[str]:
    suffix = rf"(?P<suffix>(?:\s*(?:{grammar.suffix})(?!\w)|\s?[A-Z](?![\w.]))*)"
    rest = rf"(?P<close>[\])]*)\s*(?P<separator>{_SEPARATOR})?(?P<rest>.*)$"
    if grammar.number_first:
        return re.compile(rf"{_OPEN}第\s*(?P<number>\d+|[零〇一二三四五六七八九十百两]+)\s*{words}{suffix}{rest}")
    first = any_case(grammar.first)
    number = rf"(?P<number>{first}(?!\w)|\d{{1,4}}|[٠-٩]{{1,4}}|{_ROMAN}(?!\w))"
    before = rf"(?:(?P<before>{grammar.suffix})\s+)?"
    return re.compile(rf"{_OPEN}{any_case(words)}\s*[\[(]*{before}{number}{suffix}{rest}")


def _division(grammar: Grammar, words: str) -> re.Pattern[str]:
    if grammar.number_first:
        word = rf"(?P<word>第\s*(?:\d+|[零〇一二三四五六七八九十百]+)\s*(?:{words}))"
        return re.compile(rf"{_OPEN}{word}(?P<separator>\s|[.:：]|$)(?P<rest>.*)$")
    # An ordinal word may stand for the number ("الجزء الأول"); then nothing else may stand on the line.
    number = rf"(?P<number>\d{{1,3}}|[٠-٩]+|{_ROMAN}|[A-Z](?!\w)" + (
        r"|ال\w+(?: عشر)?" if grammar.right_to_left else ""
    )
    return re.compile(
        rf"{_OPEN}(?P<word>{any_case(words)})\s+{number})(?!\w)(?P<separator>\s*{_SEPARATOR})?(?P<rest>.*)$"
    )


def _annex(grammar: Grammar, words: str) -> re.Pattern[str]:
    gap = r"\s*" if grammar.number_first else r"\s+"
    number = rf"(?P<number>\d{{1,2}}|[٠-٩]+|{_ROMAN}|[A-Z](?!\w)|[一二三四五六七八九十]+|ال\w+)"
    return re.compile(
        rf"{_OPEN}(?P<word>{any_case(words)})(?:{gap}{number}(?!\w))?[\])]*\s*"
        rf"(?:(?P<separator>{_SEPARATOR})(?P<rest>.*))?$"
    )


def _name(role: str, found: dict[str, str | None], grammar: Grammar) -> str:
    number = found.get("number") or ""
    if role == "label":
        value = "1" if re.fullmatch(any_case(grammar.first), number) else number_of(number)
        parts = [found.get("before"), value, *(found.get("suffix") or "").split()]
        return " ".join(part for part in parts if part)
    if role == "annex":
        return f"ANNEX {number_of(number)}".strip()
    word = " ".join((found["word"] or "").split()).upper()
    return f"{word} {number_of(number)}" if number else word
