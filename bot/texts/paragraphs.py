"""Printed lines put together into paragraphs."""

import re
from collections.abc import Iterable

from bot.texts.lines import Line

_OPENING = r"[\[(“\"«‘]*"
_ENUMERATOR = re.compile(
    rf"{_OPENING}(?:\d{{1,3}}\s?[.)]|\d{{1,3}} ?[-–] |[٠-٩]{{1,3}}\s?[-–.)]"
    rf"|\(?(?:[a-zа-я]{{1,2}}|[ivxlc]{{1,6}}|[٠-٩]+|\d{{1,2}}|[\u0621-\u064a]{{1,3}}|[一二三四五六七八九十]+)\s?\)|[a-z]\.\s|[•·▪–—-]\s|[一二三四五六七八九十]{{1,3}}、)"
)
_ITEM = re.compile(rf"{_ENUMERATOR.pattern}|{_OPENING}(?i:Option|Variante|Opción|Вариант)\s+\w{{1,4}}\s*[:.]")
_LONGEST_BEGINNING = 80  # characters in which a number or a letter is looked for
_MOST_CLOSING = 80  # quotes, brackets and blanks behind the sign that ends a sentence
_LONGEST_WORD = 40
_BEFORE_NUMBER = re.compile(
    r"(?:\b(?:articles?|arts?\.?|paragraphs?|paras?\.?|rules?|regulations?|sections?|clauses?|annex(?:es)?|no\.?"
    r"|règles?|alinéas?|paragraphes?|annexes?|artículos?|párrafos?|reglas?|normas?|apartados?|anexos?"
    r"|стать\w{1,3}|статей|пункт\w{0,3}|правил\w{0,2}|приложени\w{1,2}"
    r"|[وفبل]{0,2}(?:ال)?(?:مادة|مواد|فقرة|فقرات|قاعدة)|[وف]?لل(?:مادة|فقرة|قاعدة))"
    r"|\d(?:\s(?:bis|ter|quater))?(?:,|،)?\s(?:and|or|to|et|ou|à|y|o|a|и|или|по|و|أو|إلى))$",
    re.IGNORECASE,
)
"""How a line ends below which a number goes on with a reference and begins no paragraph."""
_SENTENCE_END = re.compile(r"[.;:?!。；：؛؟][\s\])”’»\"'）」]*$")
_CLAUSE_END = re.compile(r"[,.;:，；。：،][\s\])”’»\"'）」]*$")


def begins_item(text: str) -> bool:
    """Whether a line begins with the number or letter of a paragraph, or with "Option A:"."""
    return _ITEM.match(text[:_LONGEST_BEGINNING]) is not None


def unnumbered(text: str) -> str:
    """A paragraph without the number or letter it begins with."""
    found = _ENUMERATOR.match(text[:_LONGEST_BEGINNING])
    return text[found.end() :].lstrip() if found else text.lstrip()


def ends_sentence(text: str) -> bool:
    """Whether a line could be the last of a paragraph."""
    return bool(_SENTENCE_END.search(text[-_MOST_CLOSING:]))


def begins_low(text: str) -> bool:
    """Whether a line goes on in the middle of a sentence: its first letter is small."""
    first = next((sign for sign in text if sign.isalpha()), "")
    return first.islower() and not begins_item(text)


def join(lines: Iterable[Line], spaced: bool = True, clauses: bool = False) -> list[str]:
    """The paragraphs of some lines; with `clauses` (a preamble) a comma ends one too."""
    end = _CLAUSE_END if clauses else _SENTENCE_END
    paragraphs: list[list[str]] = []  # in pieces: adding to a text that grows takes ever longer
    for line in lines:
        if not line.text:
            continue
        if not paragraphs or _parts(paragraphs[-1][-1], line, end):
            paragraphs.append([line.text])
        else:
            _glue(paragraphs[-1], line.text, spaced)
    return ["".join(pieces) for pieces in paragraphs]


def _parts(before: str, line: Line, end: re.Pattern[str]) -> bool:
    if line.starts is not True and line.text[:1].isdigit() and _BEFORE_NUMBER.search(before[-_LONGEST_WORD:]):
        return False
    before = before[-_MOST_CLOSING:]
    if begins_item(line.text) and (line.starts is not False or end.search(before)):
        return True
    if line.starts is not None:
        return line.starts and not (begins_low(line.text) and not end.search(before))
    return bool(end.search(before)) and not begins_low(line.text)


def _glue(pieces: list[str], text: str, spaced: bool) -> None:
    """Put a line behind what there is of its paragraph."""
    before = pieces[-1]
    if before.endswith("\u00ad"):
        pieces[-1], between = before[:-1], ""
    elif before.endswith("-") and re.match(r"\w", before[-2:]) and text[:1].isalnum():
        between = ""
    else:
        between = " " if spaced or (before[-1:].isascii() and text[:1].isascii()) else ""
    pieces += [between, text] if between else [text]
