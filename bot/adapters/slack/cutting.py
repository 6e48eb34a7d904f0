"""Runs of words cut to a length: at the end of a line, else between words, and inside a word only where it is longer.

A run is a tag, which says what the words are, and the words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.adapters.slack.limits import size
from bot.adapters.slack.richtext import escape

Tag = TypeVar("Tag")

MARKS = 4
"""Characters that marks round a word take in plain text at most ("~~", "**"), counted for each word."""

_TOKENS = re.compile(r"\n|[^\S\n]+|\S+")
_JOINERS = "\u200d\ufe0e\ufe0f"


@dataclass(frozen=True)
class Cut(Generic[Tag]):
    """A part of runs, and what stood between it and the part before: a line break, a space or nothing."""

    runs: tuple[tuple[Tag, str], ...]
    glue: str = ""


def cost(text: str) -> int:
    """Give how long words become in the `text` of a message."""
    return size(escape(text))


def cut(runs: Iterable[tuple[Tag, str]], most: int) -> list[Cut[Tag]]:
    """Cut runs into parts that cost at most so much."""
    waiting = [token for run in runs for token in _tokens(run, most - MARKS)]
    found: list[Cut[Tag]] = []
    glue = ""
    while waiting:
        end = _fitting(waiting, most)
        border = end if end == len(waiting) else _border(waiting, end)
        kept = waiting[:border]
        found.append(Cut(_merged(kept), glue))
        space = waiting[border][1] if border < len(waiting) else ""
        glue = space if space.isspace() else ""
        waiting = waiting[border + 1 :] if glue else waiting[border:]
    return found


def clusters(text: str) -> list[str]:
    """Part text into what a reader takes for one character: a letter with its marks, an emoji with what it joins."""
    found: list[str] = []
    for character in text:
        if found and (_extends(character) or found[-1].endswith("\u200d") or _half_flag(found[-1], character)):
            found[-1] += character
        else:
            found.append(character)
    return found


def _tokens(run: tuple[Tag, str], most: int) -> Iterator[tuple[Tag, str]]:
    tag, text = run
    for token in _TOKENS.findall(text):
        if cost(token) <= most:
            yield tag, token
        else:
            yield from ((tag, piece) for piece in _pieces(token, most))


def _pieces(word: str, most: int) -> Iterator[str]:
    """Cut a word that is too long between characters as its reader sees them; one that is itself too long anywhere."""
    begun, length = "", 0
    for cluster in clusters(word):
        for piece in [cluster] if cost(cluster) <= most else cluster:
            if length + cost(piece) > most:
                yield begun
                begun, length = "", 0
            begun, length = begun + piece, length + cost(piece)
    yield begun


def _fitting(tokens: Sequence[tuple[Tag, str]], most: int) -> int:
    total = 0
    for position, (_, token) in enumerate(tokens):
        total += cost(token) + (0 if token.isspace() else MARKS)
        if total > most and position:
            return position
    return len(tokens)


def _border(tokens: Sequence[tuple[Tag, str]], end: int) -> int:
    """Find where to cut at most so far: the last line break of the second half, else the last space, else there."""
    lines = [at for at in range(end // 2, end + 1) if tokens[at][1] == "\n" and at]
    spaces = [at for at in range(1, end + 1) if tokens[at][1].isspace()]
    return lines[-1] if lines else spaces[-1] if spaces else end


def _merged(tokens: Sequence[tuple[Tag, str]]) -> tuple[tuple[Tag, str], ...]:
    found: list[tuple[Tag, str]] = []
    for tag, token in tokens:
        if found and found[-1][0] == tag:
            found[-1] = tag, found[-1][1] + token
        else:
            found.append((tag, token))
    return tuple(found)


def _extends(character: str) -> bool:
    return (
        unicodedata.category(character)[0] == "M"
        or character in _JOINERS
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin
        or "\U000e0020" <= character <= "\U000e007f"  # tags of flags
    )


def _half_flag(before: str, character: str) -> bool:
    return _is_letter_of_flag(character) and len(before) == 1 and _is_letter_of_flag(before)


def _is_letter_of_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
