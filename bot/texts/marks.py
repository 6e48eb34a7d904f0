"""Lines that carry structure: labels of provisions, divisions, annexes, options, the word above the preamble."""

import re
from dataclasses import dataclass
from functools import cache

from bot.texts.grammar import LANGUAGES, Grammar, any_case
from bot.texts.labels import BLANK, CLOSE, HAN, ROMAN, named, numbers, suffixes
from bot.texts.numerals import number_of
from bot.texts.ordinals import counted_words, ordinal

_SEPARATOR = r"[.:：\u2013\u2014-]"
_OPEN = r"(?P<open>[\[(【（［]*)\s*"
_CALL = r"(?:\s?(?:\*{1,3}|[¹²³⁰⁴-⁹]{1,3}|†|‡)|\[\d{1,2}\](?!\w))?"  # of a footnote


@dataclass(frozen=True, slots=True)
class Mark:
    """What a line is: `role` is "label", "division", "annex", "appendix", "option" or "preamble".

    `name` is its label ("17 bis", "PART IV", "OPTION I"), `kind` the kind of provision, `level` the depth of a
    division (0 the highest), `rest` what stands behind it on the line, `set_apart` whether punctuation says
    that the rest is a heading.
    `value` is what the number of a label counts, and 0 for a number that is still open; `roman` says that Roman
    numerals print it, of which a lone X may be an open number too. `note` is what the line says of a label beside
    its number: "new", "former 7", "option 1".
    """

    role: str
    name: str
    kind: str = ""
    level: int = 0
    rest: str = ""
    set_apart: bool = False
    value: int = 0
    roman: bool = False
    note: str = ""


def mark_of(text: str, language: str, seldom: str = "") -> Mark | None:
    """What this line is by its wording alone; whether it is so in its place is for the caller to judge.

    `seldom` names a kind of provision, such as a clause, that only some drafts are made of; then it counts too.
    """
    if not could_be_marked(text, language):
        return None
    for role, kind, level, pattern in _patterns(language, seldom):
        if match := pattern.match(text):
            found = match.groupdict()
            rest = (found.get("rest") or "").strip()
            if role == "label":
                return _labelled(kind, found, rest, language)
            name = _name(role, found, language)
            return Mark(role, name, kind, level, rest, bool(found.get("separator")))
    return None


def could_be_marked(text: str, language: str) -> bool:
    """Whether a line begins as one with structure does: a quick look, and few lines pass it."""
    return not text[:1].islower() and _begins(language).match(text) is not None


@cache
def _begins(language: str) -> re.Pattern[str]:
    """How any line with structure begins: quick to compile and to match."""
    grammar = LANGUAGES[language]
    words = [grammar.fresh, *grammar.kinds.values(), *grammar.seldom.values(), *grammar.divisions, grammar.annex]
    words += [grammar.appendix, grammar.option, grammar.preamble, *(words for _, words in grammar.number_last)]
    return re.compile(rf"{_OPEN}(?:{any_case('|'.join(words))}{'|第' if grammar.number_first else ''})")


@cache
def _patterns(language: str, seldom: str) -> list[tuple[str, str, int, re.Pattern[str]]]:
    grammar = LANGUAGES[language]
    alone = rf"{CLOSE}\s*(?P<separator>{_SEPARATOR})?{CLOSE}\s*$"
    number = rf"(?P<number>{ROMAN}|\d+|[A-Z](?!\w)|[一二三四五六七八九])"
    option = rf"{_OPEN}(?P<word>{any_case(grammar.option)})\s*{number}{alone}"
    preamble = rf"{_OPEN}(?P<word>{any_case(grammar.preamble)}){alone}"
    extra = {seldom: grammar.seldom[seldom]} if seldom in grammar.seldom else {}
    taken = {word for words in extra.values() for word in words.split("|")}
    divisions = ("|".join(word for word in words.split("|") if word not in taken) for words in grammar.divisions)
    return [
        *(("label", kind, 0, _label(grammar, words)) for kind, words in {**grammar.kinds, **extra}.items()),
        *(("label", kind, 0, _number_last(grammar, words)) for kind, words in grammar.number_last),
        *(("division", "", level, _division(grammar, words)) for level, words in enumerate(divisions) if words),
        ("annex", "annex", 0, _annex(grammar, grammar.annex)),
        ("appendix", "annex", 0, _annex(grammar, grammar.appendix)),
        ("option", "", 0, re.compile(option)),
        ("preamble", "preamble", 0, re.compile(preamble)),
    ]


def _label(grammar: Grammar, words: str) -> re.Pattern[str]:
    after = _after_number(grammar)
    fresh = any_case(grammar.fresh)
    if grammar.number_first:
        return re.compile(
            rf"{_OPEN}(?:(?P<fresh>{fresh})\s*{CLOSE}\s*)?第\s*[\[(（]*{numbers(grammar)}\s*(?:{words}){after}"
        )
    return re.compile(
        rf"{_OPEN}(?:(?P<fresh>{fresh})\s*{CLOSE}\s*(?i:{words})|{any_case(words)})\s*[\[(]*{numbers(grammar)}{after}"
    )


def _number_last(grammar: Grammar, words: str) -> re.Pattern[str]:
    number = rf"(?P<number>\d{{1,4}}(?:\.\d{{1,3}}(?!\d)){{0,3}}|{HAN}|{BLANK})"
    return re.compile(
        rf"{_OPEN}(?P<fresh>(?!))?(?:{words})\s*[\[(（]*{number}(?P<before>(?!))?{_after_number(grammar)}"
    )


def _after_number(grammar: Grammar) -> str:
    """What may stand between the number of a label and its heading: "bis", a footnote's call, a note."""
    end = rf"(?={CLOSE}\s*(?:{_SEPARATOR}|[\[(]|$))"
    counted = r"(?:[IVX]{1,4}|\d{1,2}|[A-Z]|[一二三四五六七八九])(?!\w)"
    note = (
        rf"(?:\s*[\[(（]\s*(?P<note>(?:(?i:{grammar.note})|(?<=\[)\d{{1,3}})(?![\da-zа-я])[^\])）\n]{{0,60}})[\])）]"
        rf"|\s+(?P<bare>(?i:{grammar.note}))(?={CLOSE}$)"
        rf"|\s*[\[(（,:\u2013\u2014-]?\s*(?P<option>(?:{any_case(grammar.option)})\s*{counted})\s*[\])）]?"
        rf"(?={CLOSE}\s*(?:{_SEPARATOR}|$)))?"
    )
    gap = r"|\s(?=.)" if grammar.number_first else ""
    apart = rf"(?P<separator>\s*{_SEPARATOR}(?:\s?[\u2013\u2014-])?{gap})"
    return rf"{suffixes(grammar, end)}{_CALL}{CLOSE}{note}{CLOSE}{_CALL}{apart}?(?P<rest>.*)$"


def _division(grammar: Grammar, words: str) -> re.Pattern[str]:
    if grammar.number_first:
        word = rf"(?P<word>第\s*(?:\d+|[零〇一二三四五六七八九十百]+)\s*(?:{words}))"
        return re.compile(rf"{_OPEN}{word}(?P<separator>\s|[.:：]|$)(?P<rest>.*)$")
    # An ordinal word may stand for the number ("الجزء الأول"); then nothing else may stand on the line.
    number = rf"(?P<number>\d{{1,3}}|[٠-٩]+|{ROMAN}|[A-Z](?!\w)|{ordinal(grammar.language)}" + (
        r"|ال\w+(?: عشر)?" if grammar.right_to_left else ""
    )
    return re.compile(
        rf"{_OPEN}(?P<word>{any_case(words)})\s+{number})(?!\w)(?P<separator>\s*{_SEPARATOR})?(?P<rest>.*)$"
    )


def _annex(grammar: Grammar, words: str) -> re.Pattern[str]:
    gap = r"\s*" if grammar.number_first else r"\s+"
    number = rf"(?P<number>\d{{1,2}}|[٠-٩]+|{ROMAN}|[A-Z](?!\w)|[一二三四五六七八九十]+|ال\w+)"
    return re.compile(
        rf"{_OPEN}(?P<word>{any_case(words)})(?:{gap}{number}(?!\w))?[\])]*\s*"
        rf"(?:(?P<separator>{_SEPARATOR})(?P<rest>.*))?$"
    )


def _labelled(kind: str, found: dict[str, str | None], rest: str, language: str) -> Mark:
    name, value = named(found, language)
    note = found.get("note") or found.get("bare") or found.get("option") or found.get("fresh") or ""
    return Mark(
        "label",
        name,
        kind,
        rest=rest,
        set_apart=bool(found.get("separator")),
        value=value,
        roman=bool(re.fullmatch(ROMAN, found["number"] or "")),
        note=" ".join(note.split()).casefold(),
    )


def _name(role: str, found: dict[str, str | None], language: str) -> str:
    number = number_of(found.get("number") or "")
    number = str(counted_words(number, language) or number) if role == "division" else number
    if role == "annex":
        return f"ANNEX {number}".strip()
    word = " ".join((found["word"] or "").split()).upper()
    return f"{word} {number}" if number else word
