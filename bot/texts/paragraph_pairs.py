"""Which paragraphs of two texts belong together, in their order, by the words that they share."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

Words = tuple[int, ...]

_LEAST = 0.4  # of the words of both, for two paragraphs to be versions of one
_MOST_WORK = 400_000  # pairs of paragraphs; above it the texts are compared as one paragraph each


def paired(
    left: Sequence[slice], right: Sequence[slice], old: Sequence[int], new: Sequence[int]
) -> Iterator[tuple[slice, slice]]:
    """Spans of tokens to compare with each other, in order and without a gap; an empty one for what has no partner.

    `left` and `right` are the paragraphs of `old` and `new`, whose tokens are numbered alike.
    """
    ones, twos = [tuple(old[span]) for span in left], [tuple(new[span]) for span in right]
    partners = _partners(ones, twos)
    if partners is None or not left or not right:
        yield slice(0, len(old)), slice(0, len(new))
        return
    at, to = 0, 0
    for one, two in [*partners, (len(left), len(right))]:
        for span in left[at:one]:
            yield span, slice(_start(right, to, new), _start(right, to, new))
        for span in right[to:two]:
            yield slice(_start(left, one, old), _start(left, one, old)), span
        if one < len(left):
            yield left[one], right[two]
        at, to = one + 1, two + 1


def _start(spans: Sequence[slice], index: int, tokens: Sequence[int]) -> int:
    return int(spans[index].start) if index < len(spans) else len(tokens)


def _partners(left: list[Words], right: list[Words]) -> list[tuple[int, int]] | None:
    """The pairs, rising on both sides, whose likenesses add up to much; None where that is too much work.

    Paragraphs that stand in both, once each, are taken first; between them the best pairs are sought.
    """
    anchors = [*_anchors(left, right), (len(left), len(right))]
    at, to, work = 0, 0, 0
    pairs: list[tuple[int, int]] = []
    for one, two in anchors:
        work += (one - at) * (two - to)
        if work > _MOST_WORK:
            return None
        pairs += [(at + first, to + second) for first, second in _best(left[at:one], right[to:two])]
        pairs.append((one, two))
        at, to = one + 1, two + 1
    return pairs[:-1]


def _anchors(left: list[Words], right: list[Words]) -> list[tuple[int, int]]:
    """The longest rising chain of paragraphs that stand once in either text, word for word."""
    times, others = Counter(left), Counter(right)
    places = {words: two for two, words in enumerate(right) if others[words] == 1}
    chain = [(one, places[words]) for one, words in enumerate(left) if times[words] == 1 and words in places]
    return _rising(chain)


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of some pairs, sorted by their first number, in which the second one rises too."""
    ends: list[int] = []  # the least second number that a chain of each length ends with
    length_of: list[int] = []
    for _, second in pairs:
        length = bisect_left(ends, second)
        ends[length : length + 1] = [second]
        length_of.append(length)
    found: list[tuple[int, int]] = []
    wanted = len(ends) - 1
    for pair, length in zip(reversed(pairs), reversed(length_of), strict=True):
        if length == wanted and (not found or pair[1] < found[-1][1]):
            found.append(pair)
            wanted -= 1
    return found[::-1]


def _best(left: list[Words], right: list[Words]) -> list[tuple[int, int]]:
    """The pairs, rising on both sides, whose likenesses add up to the most."""
    if not left or not right:
        return []
    bags = [frozenset(words) for words in left], [frozenset(words) for words in right]
    width = len(right) + 1
    best = [[0.0] * width for _ in range(len(left) + 1)]
    likeness: dict[tuple[int, int], float] = {}
    for one in range(len(left) - 1, -1, -1):
        row, below = best[one], best[one + 1]
        for two in range(len(right) - 1, -1, -1):
            alike = _alike(bags[0][one], bags[1][two])
            row[two] = max(below[two], row[two + 1])
            if alike >= _LEAST and below[two + 1] + alike > row[two]:
                row[two] = below[two + 1] + alike
                likeness[one, two] = alike
    return list(_walk(best, likeness, len(left), len(right)))


def _walk(
    best: list[list[float]], likeness: dict[tuple[int, int], float], height: int, width: int
) -> Iterator[tuple[int, int]]:
    one = two = 0
    while one < height and two < width:
        if (one, two) in likeness and best[one][two] == best[one + 1][two + 1] + likeness[one, two]:
            yield one, two
            one, two = one + 1, two + 1
        elif best[one][two] == best[one + 1][two]:
            one += 1
        else:
            two += 1


def _alike(one: frozenset[int], two: frozenset[int]) -> float:
    return 2 * len(one & two) / (len(one) + len(two))
