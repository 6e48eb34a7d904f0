"""Text from outside made harmless for every chat: no controls, no line that reads in another order than typed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

Op = tuple[str, str]
"""One run of a redline: what became of it, and its words."""

SCHEMES = ("http", "https", "mailto")
"""Addresses that may be followed from a message."""

_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls
    "\u202a-\u202e\u2066-\u2069"  # what reorders a line or closes an isolation of ours
    "\ud800-\udfff\ufffe\uffff]"  # what is no character, and no JSON reader need accept
)
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_ISOLATED = "\u2068{}\u2069"


def clean(text: str) -> str:
    """Take out controls and whatever reorders a line; every kind of line break becomes a newline, tabs stay."""
    return _UNWANTED.sub("", _BREAKS.sub("\n", text))


def isolated(written: str, words: str) -> str:
    """Put what was written of words between two characters that keep right-to-left words from moving neighbours."""
    return _ISOLATED.format(written) if _RIGHT_TO_LEFT.search(words) else written


def may_be_followed(url: str) -> bool:
    """Tell whether an address is one that a message may lead to."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(parts.netloc or parts.scheme == "mailto") and not re.search(r"\s", url)


def redline_lines(ops: Iterable[Op]) -> list[tuple[Op, ...]]:
    """Part a redline at the line breaks inside its runs."""
    lines: list[list[Op]] = [[]]
    for op, text in ops:
        for position, piece in enumerate(clean(text).split("\n")):
            if position:
                lines.append([])
            if piece:
                lines[-1].append((op, piece))
    return [tuple(line) for line in lines]
