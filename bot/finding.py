"""Words found in a draft, whatever their case and accents, with the sentence around them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from storage.tables import Provision

_AROUND = 160  # characters of a sentence that are shown on either side at most
_END = re.compile(r"[.;:?!。；](?=\s|$)")


@dataclass(frozen=True)
class Hit:
    """One place: the words before it, the words found, the words after it, all of one sentence."""

    provision: Provision
    before: str
    found: str
    after: str


def find_words(provisions: Iterable[Provision], words: str) -> Iterator[Hit]:
    """Give each provision's first place of the words, heading included, in the order of the text.

    White space, case and accents do not matter; the words must stand together.
    """
    parts = folded(words)[0].split()
    if not parts:
        return
    wanted = re.compile(r"\s+".join(re.escape(part) for part in parts))
    for provision in provisions:
        for line in (provision.heading, *provision.text.split("\n")):
            plain, places = folded(line)
            match = wanted.search(plain)
            if match:
                yield _hit(provision, line, places[match.start()], places[match.end() - 1] + 1)
                break


def folded(text: str) -> tuple[str, list[int]]:
    """Give a text without case and accents, and for each letter of it the place it has in the text."""
    plain, places = "", []
    for place, letter in enumerate(text):
        bare = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
        fold = bare.casefold()
        plain += fold
        places += [place] * len(fold)
    return plain, places


def _hit(provision: Provision, line: str, start: int, end: int) -> Hit:
    """Cut the sentence out of its line, shortened where it is long."""
    begins = max((stop.end() for stop in _END.finditer(line, 0, start)), default=0)
    stop = _END.search(line, end)
    ends = stop.end() if stop else len(line)
    before, after = line[begins:start].lstrip(), line[end:ends]
    if len(before) > _AROUND:
        before = "…" + before[-_AROUND:].partition(" ")[2]
    if len(after) > _AROUND:
        after = after[:_AROUND].rpartition(" ")[0] + "…"
    return Hit(provision, before, line[start:end], after)
