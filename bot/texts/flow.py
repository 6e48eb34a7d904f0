"""Which words of an old draft went where in a new one: runs of three words that both hold, paragraph by paragraph."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import NamedTuple

from bot.texts.document import Provision
from bot.texts.normal import words

_RUN = 3
_COMMON = 24  # a run in more paragraphs than this tells nothing of where a paragraph went
_LEAST = 0.05  # of the runs of the shorter of two paragraphs; what shares less does so by chance
_FEW = 3  # provisions of a draft; a run in more of them is how drafts are worded, and no sign of a part taken over
_ENUMERATORS = 4  # longest number or letter that opens a paragraph

_Numbers = defaultdict[str, int]
_Times = Counter[int]


@dataclass(slots=True)
class Passage:
    """A paragraph of a provision (both by index), with the runs of words in it.

    A run that comes twice counts as two: each has a number of its own.
    """

    provision: int
    paragraph: int
    runs: set[int]
    telling: set[int] = field(default_factory=set)
    """Those that few provisions have."""


class _Kin(NamedTuple):
    """Two paragraphs (by their index among all of a side) that share runs, and how many, in all and of the telling."""

    old: int
    new: int
    both: int
    telling: int


@dataclass(frozen=True, slots=True)
class Carried:
    """How much of one paragraph went to another: the runs that were handed out, and the shares of either side.

    `old` and `new` are provision and paragraph, both by index. `old_share` and `new_share` are the handed out runs by
    all of a side; `telling` counts the runs in both that few provisions have, and its shares are of all such runs.
    """

    old: tuple[int, int]
    new: tuple[int, int]
    runs: int
    old_share: float
    new_share: float
    telling: int
    old_telling: float
    new_telling: float


@dataclass(slots=True)
class Flow:
    """Runs of words that went from old to new provisions, by pairs of indices; the same from either side.

    `carried` counts the runs of which each went to one place only. `left` counts those of an old provision that stand
    in a new one at all, wherever else they are too, and `came` those of a new one that stand in an old one, both
    without the runs that many provisions have. `old_sizes` and `new_sizes` count the runs of each provision,
    `old_telling` and `new_telling` those that few others have. `paragraphs` is what was carried from one paragraph to
    another.
    """

    carried: dict[tuple[int, int], float] = field(default_factory=lambda: defaultdict(float))
    left: dict[tuple[int, int], float] = field(default_factory=lambda: defaultdict(float))
    came: dict[tuple[int, int], float] = field(default_factory=lambda: defaultdict(float))
    old_sizes: list[int] = field(default_factory=list)
    new_sizes: list[int] = field(default_factory=list)
    old_telling: list[int] = field(default_factory=list)
    new_telling: list[int] = field(default_factory=list)
    paragraphs: list[Carried] = field(default_factory=list)


def flow(old: Sequence[Provision], new: Sequence[Provision]) -> Flow:
    """Follow the words of the old provisions into the new ones. Deterministic; nearly linear in the words."""
    known: dict[str, set[int]] = {}
    numbers: _Numbers = defaultdict(count().__next__)
    olds, news = (_passages(side, known, numbers) for side in (old, new))
    times, others = (Counter(chain.from_iterable(passage.runs for passage in side)) for side in (olds, news))
    common = _common(olds, times) | _common(news, others)
    for passage in (*olds, *news):
        passage.telling = passage.runs - common
    result = Flow()
    result.old_sizes, result.old_telling = _sizes(olds, len(old))
    result.new_sizes, result.new_telling = _sizes(news, len(new))
    kin = _kin(olds, news, times, others)
    _hold(kin, olds, news, result)
    _carry(kin, olds, news, result)
    return result


def _passages(provisions: Sequence[Provision], known: dict[str, set[int]], numbers: _Numbers) -> list[Passage]:
    """The paragraphs of one side; `known` has the runs of those that were met before."""
    passages = []
    for index, provision in enumerate(provisions):
        if provision.placeholder:
            continue
        for place, paragraph in enumerate(provision.text.split("\n")):
            if paragraph not in known:
                known[paragraph] = _runs(paragraph, numbers)
            passages.append(Passage(index, place, known[paragraph]))
    return passages


def _runs(paragraph: str, numbers: _Numbers) -> set[int]:
    """All runs of words, by number; one that comes again goes by its words and how often they were there before."""
    found = words(paragraph)
    if len(found) > 1 and len(found[0]) <= _ENUMERATORS:
        del found[0]
    spans = list(map(" ".join, zip(found, found[1:], found[2:], strict=False))) or [" ".join(found)][: len(found)]
    runs = set(map(numbers.__getitem__, spans))
    if len(runs) < len(spans):
        repeated = Counter(spans).items()
        runs.update(numbers[f"{span}\n{before}"] for span, times in repeated for before in range(1, times))
    return runs


def _sizes(passages: list[Passage], count: int) -> tuple[list[int], list[int]]:
    """How many runs each provision has, and how many of them are telling."""
    sizes, telling = [0] * count, [0] * count
    for passage in passages:
        sizes[passage.provision] += len(passage.runs)
        telling[passage.provision] += len(passage.telling)
    return sizes, telling


def _kin(old: list[Passage], new: list[Passage], times: _Times, others: _Times) -> list[_Kin]:
    """The pairs of paragraphs that share a run that is not common, and enough of all their runs.

    `times` and `others` say in how many paragraphs of either side each run stands.
    """
    common = {run for side in (times, others) for run, number in side.items() if number > _COMMON}
    pairs = []
    for index, (passage, found) in enumerate(zip(old, _met(old, new, others, common), strict=True)):
        more = len(passage.runs & common)
        for other, held in found.items():
            least = _LEAST * min(len(passage.runs), len(new[other].runs))
            if held + more >= least:  # a quick look: they share no more than that
                shared = passage.runs & new[other].runs
                if len(shared) >= least:
                    pairs.append(_Kin(index, other, len(shared), len(shared & passage.telling)))
    return pairs


def _met(old: list[Passage], new: list[Passage], others: _Times, common: set[int]) -> Iterator[Counter[int]]:
    """For each old paragraph those new ones that share runs with it which are not common, and how many."""
    places: dict[int, list[int]] = {run: [] for run, number in others.items() if number > 1 and run not in common}
    several = set(places)
    place: dict[int, int] = {}  # of the others, which are most: without a list for each
    for index, passage in enumerate(new):
        place.update(dict.fromkeys(passage.runs, index))
        for run in passage.runs & several:
            places[run].append(index)
    once = place.keys() - several - common
    for passage in old:
        found = map(place.__getitem__, passage.runs & once)
        yield Counter(chain(found, *map(places.__getitem__, passage.runs & several)))


def _common(passages: list[Passage], times: _Times) -> set[int]:
    """The runs that stand in many provisions of a draft, such as "take the necessary measures"."""
    provisions: dict[int, set[int]] = {run: set() for run, number in times.items() if number > _FEW}
    for passage in passages:
        for run in passage.runs & provisions.keys():
            provisions[run].add(passage.provision)
    return {run for run, found in provisions.items() if len(found) > _FEW}


def _hold(kin: list[_Kin], old: list[Passage], new: list[Passage], result: Flow) -> None:
    """For each paragraph of one side and provision of the other the most of it that stands in one paragraph there."""
    left: dict[tuple[int, int], int] = {}
    came: dict[tuple[int, int], int] = {}
    for pair in kin:
        onward, back = (pair.old, new[pair.new].provision), (old[pair.old].provision, pair.new)
        left[onward] = max(left.get(onward, 0), pair.telling)
        came[back] = max(came.get(back, 0), pair.telling)
    for (one, provision), held in left.items():
        result.left[old[one].provision, provision] += held
    for (provision, two), held in came.items():
        result.came[provision, new[two].provision] += held


def _carry(kin: list[_Kin], old: list[Passage], new: list[Passage], result: Flow) -> None:
    """Hand out the runs, the most alike paragraphs first; a run that went somewhere is used up on both sides.

    Of paragraphs that are equally alike, those whose provisions have most in common.
    """
    ranked = []
    for pair in kin:
        one, two = old[pair.old], new[pair.new]
        alike = 2 * pair.both / (len(one.runs) + len(two.runs))
        # Pairs of one rank have no paragraph in common, so that the order of the last numbers does not matter.
        place = one.provision, two.provision
        around = result.left[place] + result.came.get(place, 0.0)
        near = around / (result.old_sizes[place[0]] + result.new_sizes[place[1]])
        distance, middle = abs(pair.old - pair.new), pair.old + pair.new
        ranked.append((-alike, -near, -pair.both, distance, middle, pair.old, pair))
    old_left = [passage.runs for passage in old]
    new_left = [passage.runs for passage in new]
    for *_, pair in sorted(ranked):
        moved = old_left[pair.old] & new_left[pair.new]
        if not moved:
            continue
        old_left[pair.old] = old_left[pair.old] - moved
        new_left[pair.new] = new_left[pair.new] - moved
        one, two = old[pair.old], new[pair.new]
        result.carried[one.provision, two.provision] += len(moved)
        result.paragraphs.append(_told(one, two, len(moved), pair.telling))


def _told(one: Passage, two: Passage, runs: int, telling: int) -> Carried:
    return Carried(
        (one.provision, one.paragraph), (two.provision, two.paragraph),
        runs, runs / len(one.runs), runs / len(two.runs),
        telling, telling / max(1, len(one.telling)), telling / max(1, len(two.telling)),
    )  # fmt: skip
