"""Phrases in the reader's language: gettext, and the parsing of a phrase into inlines."""

from __future__ import annotations

import gettext
import re
from functools import lru_cache
from pathlib import Path

from bot.message import Bold, Code, Inline, Phrase, Text, Value

DOMAIN = "dragoman"
FOLDER = Path(__file__).parents[1] / "config" / "phrases"

_MARKS = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*|\{(?P<place>\w+)\}")
_PLACE = re.compile(r"\{(\w+)\}")


@lru_cache(maxsize=32)
def catalogue(language: str, folder: Path = FOLDER) -> gettext.NullTranslations:
    """Give the catalogue of a language; English, which the msgids are in, where there is none."""
    return gettext.translation(DOMAIN, folder, [language], fallback=True)


def translate(msgid: str, language: str) -> str:
    """Give a msgid's words in a language."""
    return catalogue(language).gettext(msgid)


def expand(phrase: Phrase, language: str) -> list[Inline]:
    """Turn a phrase into inlines in a language: its words, code and bold, and the values in their places."""
    words = catalogue(language)
    if phrase.plural is None:
        sentence = words.gettext(phrase.msgid)
    else:
        sentence = words.ngettext(phrase.msgid, phrase.plural, int(str(phrase.values["n"])))
    return _inlines(sentence, phrase)


def _inlines(sentence: str, phrase: Phrase) -> list[Inline]:
    found: list[Inline] = []
    end = 0
    for mark in _MARKS.finditer(sentence):
        if sentence[end : mark.start()]:
            found.append(Text(sentence[end : mark.start()]))
        if mark["code"]:
            found.append(Code(_filled(mark["code"], phrase)))
        elif mark["bold"]:
            found.append(Bold(_filled(mark["bold"], phrase)))
        else:
            found.append(_inline(phrase.values[mark["place"]]))
        end = mark.end()
    if sentence[end:]:
        found.append(Text(sentence[end:]))
    return found


def _inline(value: Value) -> Inline:
    return Text(str(value)) if isinstance(value, str | int) else value


def _filled(words: str, phrase: Phrase) -> str:
    """Fill the places inside of code and bold, where only plain values can stand."""
    return _PLACE.sub(lambda place: str(_plain(phrase.values[place[1]])), words)


def _plain(value: Value) -> str | int:
    if isinstance(value, str | int):
        return value
    if isinstance(value, Text | Bold | Code):
        return value.text
    raise TypeError("only plain values can stand inside of code or bold")
