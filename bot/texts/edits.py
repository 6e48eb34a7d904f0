"""What changed between two texts, word by word, and how to show it short."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from bot.texts.normal import HAN, LETTERS, MARKS, bare
from bot.texts.paragraph_pairs import paired

Op = tuple[str, str]

_TOKEN = re.compile(
    rf" ?[A-Za-z0-9]++(?![\w’'.{MARKS}])"  # most are like this and found quickly; without it they are the same
    rf"|\n|[^\S\n]*(?:[{HAN}]|{LETTERS}(?:[’'.]{LETTERS})*|[^\w\s]|_+)|[^\S\n]+"
)
_WORD = re.compile(rf"[{HAN}]|{LETTERS}(?:[’'-]{LETTERS})*")
_ISLAND = 4  # an equal run of at most this many words can be too short to stand between two edits


def redline(old: str, new: str) -> tuple[Op, ...]:
    """The edits that lead from one text to the other: pairs of "equal", "delete" or "insert" and raw text.

    Equal and delete joined are `old`, equal and insert joined are `new`, for any two texts. Edits take whole words;
    style of quotes and hyphens alone makes no word different, but is written out as the edit that it is.
    """
    if old == new:
        return (("equal", old),) if old else ()
    left, right = tokens(old), tokens(new)
    known = _numbered({*left, *right})
    keys = [list(map(known.__getitem__, side)) for side in (left, right)]
    hunks = _hunks(keys[0], keys[1], left, right)
    return tuple(merged(op for hunk in hunks for op in _written(hunk, left, right)))


class _Hunk(NamedTuple):
    """A stretch of tokens of both sides: the same words, or an edit."""

    equal: bool
    old: slice
    new: slice


def tokens(text: str) -> list[str]:
    """Words and signs, each with the white space before it; joined they are the text."""
    return _TOKEN.findall(text)


def _numbered(distinct: Iterable[str]) -> dict[str, int]:
    """A number for each token; the same for two where what must be the same for a word to be the same is."""
    known = list(distinct)
    keys = bare("\0".join(known)).split("\0")  # all at once, which is quicker than one by one
    if len(keys) != len(known):
        keys = [bare(token) for token in known]
    numbers: dict[str, int] = {}
    return {
        token: numbers.setdefault(key or token.strip() or " ", len(numbers))
        for token, key in zip(known, keys, strict=True)
    }


def _hunks(old: list[int], new: list[int], left: list[str], right: list[str]) -> list[_Hunk]:
    """Edits within paragraphs that belong together, and whole paragraphs that came or went, with what is between."""
    hunks: list[_Hunk] = []
    at, to = 0, 0
    for one, two, size in [*_common(old, new, left, right), (len(old), len(new), 0)]:
        if one > at or two > to:
            hunks.append(_Hunk(False, slice(at, one), slice(to, two)))
        at, to = one + size, two + size
        same = _Hunk(True, slice(one, at), slice(two, to))
        if hunks and hunks[-1].equal:
            hunks[-1] = _joined(hunks[-1], same)
        elif size:
            hunks.append(same)
    return _without_islands(hunks, left)


def _common(old: list[int], new: list[int], left: list[str], right: list[str]) -> Iterator[tuple[int, int, int]]:
    """Where tokens are the same in paragraphs that belong together: from where on either side, and how many."""
    for one, two in paired(_paragraphs(left), _paragraphs(right), old, new):
        for block in Levenshtein.opcodes(old[one], new[two]).as_matching_blocks():
            if block.size:
                yield one.start + block.a, two.start + block.b, block.size


def _paragraphs(tokens: list[str]) -> list[slice]:
    """Where each paragraph lies; a line break belongs to the paragraph that it opens."""
    starts = [0, *(index for index, token in enumerate(tokens) if token == "\n" and index)]
    return [slice(start, end) for start, end in pairwise([*starts, len(tokens)]) if end > start]


def _joined(one: _Hunk, two: _Hunk, equal: bool | None = None) -> _Hunk:
    return _Hunk(
        one.equal if equal is None else equal,
        slice(one.old.start, two.old.stop),
        slice(one.new.start, two.new.stop),
    )


def _without_islands(hunks: list[_Hunk], left: list[str]) -> list[_Hunk]:
    """Edits with only a few common words between them made one, so that each side reads as a phrase."""
    kept: list[_Hunk] = []
    for hunk in hunks:
        if len(kept) >= 2 and not hunk.equal and kept[-1].equal and _is_island(kept[-2], kept[-1], hunk, left):
            island, before = kept.pop(), kept.pop()
            kept.append(_joined(_joined(before, island, equal=False), hunk, equal=False))
        else:
            kept.append(hunk)
    return kept


def _is_island(before: _Hunk, island: _Hunk, after: _Hunk, left: list[str]) -> bool:
    sizes = _lengths(before), _lengths(after)
    rewrites = all(sizes[0]) and all(sizes[1])
    least, weight = min(map(max, sizes)), sum(map(max, sizes))
    # Both neighbours must outweigh it: a removed word before and another one after it are two edits.
    most = least if rewrites and weight >= _ISLAND else (least - 1) // 2
    most = min(_ISLAND, most)
    between = left[island.old]
    common = len(list(islice(filter(_WORD.search, between), most + 1)))
    return common <= most and (common > 0 or rewrites) and "\n" not in between


def _lengths(hunk: _Hunk) -> tuple[int, int]:
    """How many tokens of either side it has."""
    return hunk.old.stop - hunk.old.start, hunk.new.stop - hunk.new.start


def _written(hunk: _Hunk, left: list[str], right: list[str]) -> Iterator[Op]:
    if not hunk.equal:
        yield "delete", "".join(left[hunk.old])
        yield "insert", "".join(right[hunk.new])
        return
    ones, twos = left[hunk.old], right[hunk.new]
    if ones == twos:
        yield "equal", "".join(ones)
        return
    for one, two in zip(ones, twos, strict=True):
        if one == two:
            yield "equal", one
        elif one.lstrip() == two.lstrip() != "":
            core = one.lstrip()
            yield "delete", one[: len(one) - len(core)]
            yield "insert", two[: len(two) - len(core)]
            yield "equal", core
        else:
            yield "delete", one
            yield "insert", two


def merged(ops: Iterable[Op]) -> Iterator[Op]:
    """The edits with neighbours of one sort joined, nothing empty, deleted before inserted."""
    gone, come, same = "", "", ""
    for op, text in ops:
        if not text:
            continue
        if op == "equal":
            if gone:
                yield "delete", gone
            if come:
                yield "insert", come
            gone, come, same = "", "", same + text
            continue
        if same:
            yield "equal", same
        same = ""
        gone, come = (gone + text, come) if op == "delete" else (gone, come + text)
    rest: tuple[Op, ...] = (("equal", same), ("delete", gone), ("insert", come))
    yield from (edit for edit in rest if edit[1])
