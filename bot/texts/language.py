"""Which language a text is in, and whether its letters are the ones that were printed."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from bot.texts.document import Unreadable
from bot.texts.grammar import CHINESE, LANGUAGES, Grammar

_SAMPLE = 200_000
_WORD = re.compile(r"[^\W\d_]+")
_PLAIN = "".join(chr(code).lower() if chr(code).isalpha() else " " for code in range(128))
_KNOWN = (
    "A-Za-z\u00aa-\u024f\u0300-\u036f\u0370-\u03ff\u0400-\u052f\u0600-\u06ff\u0750-\u077f\u1e00-\u1eff"
    "\ufb00-\ufb06\ufb50-\ufdff\ufe70-\ufefc\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
_OTHER = re.compile(f"[^{_KNOWN}\t\n\r\f\v -~]")  # neither a known letter nor a plain sign
_SHORT_LINE = 40  # characters; a list of names or goods has no function words and says nothing of the letters
_LEAST_SHARE = 0.06  # of all words, function words of one language; real prose has 20 to 45 %


def detect(text: str) -> Grammar:
    """The grammar of the text's language; Unreadable where its letters are wrongly mapped."""
    sample = text[:_SAMPLE]
    strange = 0 if sample.isascii() else _letters(_OTHER.findall(sample))
    if strange and strange > 0.2 * _letters(sample):
        raise Unreadable(
            "The characters of this file are wrongly mapped, so its words cannot be read; "
            "ask for another copy, or the same text as a Word or text file."
        )
    grammar, share = _most_likely(sample)
    if share < _LEAST_SHARE and _senseless("\n".join(filter(_is_long, sample.split("\n")))):
        raise Unreadable(
            "The words of this file make no sense in Arabic, Chinese, English, French, Russian or Spanish; "
            "its characters may be wrongly mapped: ask for another copy."
        )
    return grammar


def _letters(signs: Iterable[str]) -> int:
    """How many of some signs are letters; each sign is judged once, for there are far fewer than characters."""
    return sum(times for sign, times in Counter(signs).items() if _is_letter(sign))


def _is_long(line: str) -> bool:
    return len(line) > _SHORT_LINE


def _senseless(text: str) -> bool:
    """Whether this is enough text to tell, and has hardly a word that all prose has."""
    return _letters(text) > 2000 and _most_likely(text)[1] < _LEAST_SHARE


def _is_letter(sign: str) -> bool:
    """Whether a sign is a letter, or one that no font should have been given for a letter."""
    return sign not in "\t\n\r\f\v\u00ad\ufffe\u200e\u200f" and (
        sign.isalpha() or unicodedata.category(sign).startswith("C")
    )


def share_of(text: str, language: str) -> float:
    """The share of a language's function words among all words; of Chinese, among its characters."""
    grammar = LANGUAGES[language]
    words = Counter(re.findall("[\u4e00-\u9fff]", text) if grammar is CHINESE else _words(text))
    return sum(words[word] for word in grammar.function_words) / (sum(words.values()) or 1)


def _words(text: str) -> list[str]:
    """The words in small letters; where no other letters are, a table finds the same words quicker."""
    return text.translate(_PLAIN).split() if text.isascii() else _WORD.findall(text.casefold())


def _most_likely(text: str) -> tuple[Grammar, float]:
    han = 0 if text.isascii() else len(re.findall("[\u4e00-\u9fff]", text))
    words = Counter(_words(text))
    total = sum(words.values()) or 1
    if han > total / 2 and han > 0.3 * len(_WORD.sub("", text)):
        return CHINESE, 1.0
    shares = {
        language: sum(words[word] for word in grammar.function_words) / total for language, grammar in LANGUAGES.items()
    }
    best = max(shares, key=lambda language: (shares[language], language == "en"))
    return LANGUAGES[best], shares[best]
