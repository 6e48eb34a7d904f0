"""The numbers of provisions, as labels, references and people print them: "17 bis", "5a", "L.5", "IV", "5 之二"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache

from bot.texts.grammar import ARABIC_MARKS, LANGUAGES, Grammar
from bot.texts.numerals import number_of, roman, value_of
from bot.texts.ordinals import counted_words, ordinal

ROMAN = r"[IVXLCХІ]+"
HAN = r"[零〇一二三四五六七八九十百两兩]+"
BLANK = r"[A-Z]{1,2}(?!\w)|[Хх]{1,3}(?!\w)|x{1,3}(?!\w)|س(?!\w)|[×#?_]{1,6}|…|\.{3}|\[\s*\]"
"""What stands for a number that is still open: "Article [X]", "Article A"."""
CLOSE = r"(?:\s?[\])】）］]){0,4}"

_CODE = r"(?:[IVX]{1,4}[-‐‑]|[A-Z](?:\.\s?|[-‐‑]|\s)?)(?=\d)"
DIGITS = rf"(?:{_CODE})?\d{{1,4}}(?:\.\d{{1,3}}(?!\d)){{0,3}}(?:[-‐‑]\d{{1,3}}(?!\d|\.\d))?"
"""A number in digits of any script, with the parts of a code: "5.1", "5-1", "L. 121-3", "I-1"."""

_CAPITAL = "[A-ZА-Я]"
_PLAIN = {
    "бис": "bis", "тер": "ter", "кватер": "quater", "квинквиес": "quinquies", "секстиес": "sexies", "альт": "alt",
    "quinque": "quinquies", "nonies": "novies", "مكررا": "bis", "مكررة": "bis", "مكرر": "bis",
}  # fmt: skip
_FOLLOWING = ("", *"bis ter quater quinquies sexies septies octies novies decies".split())
"""What the second, third, fourth provision of one number bear: "bis", "ter", "quater"."""
_ARABIC_TIMES = ("", "ثانيا", "ثالثا", "رابعا", "خامسا")  # behind "bis", which is the second
_WORDS = "AEIOUYАВИКОСУЯ"  # words of one letter: "decline 3 I am away"
_CONJUNCTIONS = "and|y|et|и|و|to|through|à|au|a|al|по|до|إلى"
_PARTS = re.compile(r"\d+|[^\W\d_]+|[()]")


def suffixes(grammar: Grammar, end: str) -> str:
    """A pattern for all that belongs to a number behind it; `end` is what follows a capital that stands apart."""
    word = rf"[\])]?[\s.–-]*[\[(]?(?i:{grammar.suffix})(?!\w){CLOSE}"
    return rf"(?P<suffix>(?:{word}|-?{_CAPITAL}(?!\w)|\s{_CAPITAL}{end}|[a-zа-я](?!\w))*)"


def numbers(grammar: Grammar) -> str:
    """A pattern for the number of a label with what belongs before it; for suffixes there is another."""
    if grammar.number_first:
        within = rf"(?P<within>(?i:{grammar.suffix}))?"
        return rf"(?P<number>{DIGITS}|{HAN}|{ROMAN}|{BLANK}){CLOSE}\s*{within}"
    before = rf"(?:(?P<before>{grammar.suffix})\s+)?"
    return (
        rf"{before}(?P<number>(?:{ordinal(grammar.language)})(?!\w)|{DIGITS}|{ROMAN}(?!\w)|{BLANK})"
        rf"(?:\.?[ºª°]|(?<=\d)(?:{grammar.ordinal_sign})(?!\w))?"
    )


_FRAMED = re.compile(rf"第(?P<first>\d{{1,4}}|{HAN})(?:至|到|[-–—~～])(?=(?:\d{{1,4}}|{HAN})[条條])")


def unfolded(text: str) -> str:
    """A text in which "第5至10条" is "第5条至第10条"."""
    return _FRAMED.sub(r"第\g<first>条至第", text)


@cache
def _typed() -> re.Pattern[str]:
    """A pattern for a number as people type it, in whichever language: small letters, and an option or a note."""
    suffix = "|".join(grammar.suffix for grammar in LANGUAGES.values())
    words = "|".join(ordinal(language) for language in LANGUAGES)
    notes = "|".join(grammar.note for grammar in LANGUAGES.values())
    options = "|".join(grammar.option for grammar in LANGUAGES.values())
    apart = r"(?![\w/]|\.\w|\s*\d)"  # "24 A/CONF.1" names a draft, "5 И 6" two articles
    ending = rf"(?=\s*(?:$|[,;:&@=()\]–—-]|[.!?]+\s*$|(?:{_CONJUNCTIONS})\b))"
    return re.compile(
        rf"[\[(]?(?P<before>(?i:ante)\s+)?(?P<number>(?:{words})(?!\w)|(?i:[OP]P[\s-]?\d{{1,3}}|{DIGITS})|(?i:[IVXLCХІ]{{1,8}})(?!\w)"
        rf"|{HAN}(?!\w)|[A-Za-zХх](?!\w)|س(?!\w)|(?i:xx)(?!\w))\]?(?:\.?[ºª°]|(?<=\d)\s?(?:er|re|ère)(?!\w))?"
        rf"(?P<suffix>(?:[\s.–-]{{0,3}}[\[(]?(?i:{suffix})(?!\w)[\])]?|(?<=\d)-?{_CAPITAL}{apart}|(?<![IVXLCivxlc])\s(?:(?![{_WORDS}]){_CAPITAL}{apart}|[a-zа-яA-ZА-Я]{ending})|[a-zа-я](?!\w))*)\]?"
        rf"(?P<note>\s*\(\s*(?i:(?:{options})\s*\w{{1,4}}|\d{{1,2}}|(?:{notes})(?!\w)[^()]{{0,40}})\s*\))?"
    )


def read_number(text: str, at: int) -> tuple[str, int] | None:
    """The number of a provision that somebody typed at a place of a text, as it is named, and where it ends.

    Letters, words and Roman numerals are numbers too: whether one was meant is for the caller to judge.
    """
    if chinese := running("zh").match(text, at):
        return named(chinese.groupdict(), "zh")[0], chinese.end()
    match = _typed().match(text, at)
    if match is None:
        return None
    printed = match["number"]
    spoken = next((language for language in LANGUAGES if counted_words(printed, language)), "en")
    shouted = printed if printed[0].isdigit() or counted_words(printed, spoken) else printed.upper()
    suffix = re.sub(r"(?<=\s)\w(?!\w)", lambda letter: letter[0].upper(), match["suffix"])
    found = {"before": "ante" if match["before"] else None, "number": shouted, "suffix": suffix}
    note = " ".join((match["note"] or "").split()).replace("( ", "(").replace(" )", ")").upper()
    return f"{named(found, spoken)[0]} {note}".rstrip(), match.end()


@cache
def running(language: str) -> re.Pattern[str]:
    """A pattern for the number of a provision within a sentence; in Chinese for all of "第五条之二"."""
    grammar = LANGUAGES[language]
    if grammar.number_first:
        kinds = "|".join(grammar.kinds.values())
        return re.compile(rf"第\s*[\[(（]*{numbers(grammar)}\s*(?:{kinds})(?P<suffix>(?:\s?(?i:{grammar.suffix}))*)")
    # "el artículo 5 ante la Corte", "under article 5 A State may": neither is part of the number.
    word = rf"[\s-]?\[?(?i:{grammar.suffix})(?![\w’'])(?:(?<!ante)|(?!\s(?:el|la|los|las|una?|sus?|otr\w+)\b))\]?"
    apart = rf"\s{_CAPITAL}(?![\w’'])(?!\s+[A-ZÀ-ÝА-Я])"
    open_ones = r"[A-Z](?![\w’'])|X{1,3}(?!\w)|Х(?!\w)|س(?!\w)"
    return re.compile(
        rf"\[?(?:(?P<before>ante)\s+)?"
        rf"(?P<number>(?:{ordinal(language)})(?!\w)|{DIGITS}|{ROMAN}(?![\w’'])|{open_ones})\]?"
        rf"(?:\.?[ºª°]|(?<=\d)(?:{grammar.ordinal_sign})(?!\w))?"
        rf"(?P<suffix>(?:{word}|-?{_CAPITAL}(?!\w)|{apart}|[a-zа-я](?!\w))*)"
    )


def named(found: Mapping[str, str | None], language: str) -> tuple[str, int]:
    """What a number is called that one of these patterns found ("5 bis"), and what it counts, 0 for an open one."""
    counted, value = _counted(found["number"] or "", language)
    suffix = (found.get("suffix") or "").translate(str.maketrans("-–.[]()（）", "         "))
    joined = bool(re.match(r"[a-zа-я](?!\w)", suffix))  # "5a" is one word
    parts = [
        found.get("before"),
        f"{counted}{suffix.split()[0]}" if joined else counted,
        found.get("within"),
        *(part if len(part) == 1 else part.casefold() for part in suffix.split()[joined:]),
    ]
    return " ".join(part for part in parts if part), value


@lru_cache(maxsize=4096)
def key(label: str) -> str:
    """What all ways of printing one label have in common: "5 BIS", "5-bis" and "5 бис", "5A" and "5 a", "L. 5"."""
    text = re.sub(ARABIC_MARKS, "", unicodedata.normalize("NFKC", label).casefold())
    parts: list[str] = []
    for part in _PARTS.findall(text):
        if part in _ARABIC_TIMES and parts[-1:] == ["bis"]:
            parts[-1] = _FOLLOWING[_ARABIC_TIMES.index(part) + 1]
        else:
            parts.append(_part(part))
    before = [part for part in parts if part == "ante"]  # "ante 58" is "58 ante"
    return " ".join([*(part for part in parts if part != "ante"), *before])


def _part(part: str) -> str:
    if part.isdecimal():
        return str(int(part))
    if part[0] in "之-" and len(part) > 1:
        return following(value_of(number_of(part[1:])))
    return _PLAIN.get(part, part)


def following(times: int) -> str:
    """What the provision bears that is this many-th of its number: "bis" for 2; "" for the first, or too many."""
    return _FOLLOWING[times - 1] if 0 < times <= len(_FOLLOWING) else ""


def _counted(printed: str, language: str) -> tuple[str, int]:
    """The number of a label as it is named, and what it counts."""
    if value := counted_words(printed, language):
        return str(value), value
    if re.fullmatch(ROMAN, printed):
        return roman(printed), value_of(roman(printed))
    if re.search(r"\d", printed):
        return _coded(printed)
    counted = number_of(printed)
    if counted.isdecimal():
        return counted, int(counted)
    return (counted, 0) if re.fullmatch(r"[A-Z]{1,2}", counted) else ("X", 0)


def _coded(printed: str) -> tuple[str, int]:
    """A number in digits: "L. 5" is "L.5". With a letter before it counts nothing: "A1" may follow article 12."""
    plain = re.sub(r"^([OP]P)-", r"\1", re.sub(r"[‐‑]", "-", re.sub(r"\s", "", printed)))
    plain = re.sub(r"[^\D0-9]", lambda digit: str(int(digit[0])), plain)
    plain = str(int(plain)) if plain.isdecimal() else plain
    first = re.match(r"\d+", plain)
    return plain, int(first.group()) if first else 0
