"""Paragraphs that moved: into another provision that goes on, or to another number of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.texts.align import Link
from bot.texts.document import Provision
from bot.texts.flow import Carried, Flow
from bot.texts.places import places

_LEAST_RUNS = 5  # of three words, for a paragraph to be recognised
_LIKELY, _POSSIBLE = 0.5, 0.3  # of the telling words of one side
_OTHER_SIDE = 0.15  # of those of the other side, for more than a phrase to have moved
_KIN_LIKELY, _KIN_POSSIBLE = 0.4, 0.2  # of all words of one side, where one provision continues the other
_LONG_RUNS = 8  # of common words, which tell nothing by themselves


@dataclass(frozen=True, slots=True)
class Move:
    """A paragraph of one provision whose words stand in another place now.

    `old` and `new` are labels, the places are numbers and letters such as "2(a)" ("" before the first number), and the
    lines count the paragraphs of the provisions' texts from 0. `share` is the share of its words that went with it, of
    the side that kept more. What is not `sure` possibly moved.
    """

    old: str
    old_place: str
    old_line: int
    new: str
    new_place: str
    new_line: int
    share: float
    sure: bool


def moves(old: Sequence[Provision], new: Sequence[Provision], links: Iterable[Link], flow: Flow) -> tuple[Move, ...]:
    """The paragraphs that moved, in the order of the old draft; each went to the one place that has most of it.

    Between provisions both must go on: what a removed one leaves to others is told by its relation. Within a provision
    and its successors a paragraph moved when its number changed.
    """
    links = list(links)
    kin = {(link.old, link.new) for link in links}
    main = {(link.old, link.new) for link in links if link.main and link.kind == "continued"}
    going, coming = {one for one, _ in kin}, {two for _, two in kin}
    numbers = [[places(row.text.split("\n")) for row in side] for side in (old, new)]
    found: dict[tuple[str, str, str, str], Move] = {}
    for carried in _most(flow.paragraphs):
        (one, at), (two, to) = carried.old, carried.new
        share, sure = _judged(carried, kin=(one, two) in kin)
        name = old[one].label, numbers[0][one][at], new[two].label, numbers[1][two][to]
        stayed = (one, two) in main and name[1] == name[3]
        if share and one in going and two in coming and not stayed and not (name in found and found[name].sure):
            found[name] = Move(name[0], name[1], at, name[2], name[3], to, round(share, 2), sure)
    return tuple(found.values())


def _most(paragraphs: Iterable[Carried]) -> list[Carried]:
    """For each old paragraph where most of it went, in the order of the old draft."""
    best: dict[tuple[int, int], Carried] = {}
    for carried in sorted(paragraphs, key=lambda row: (row.old, -row.runs, row.new)):
        best.setdefault(carried.old, carried)
    return list(best.values())


def _judged(carried: Carried, *, kin: bool) -> tuple[float, bool]:
    """How much went, and whether that is sure; 0 where it is too little to speak of."""
    share = max(carried.old_share, carried.new_share)
    if kin:
        likely = share >= _KIN_LIKELY and carried.runs >= _LEAST_RUNS
        return (share if likely or (share >= _KIN_POSSIBLE and carried.runs >= _LEAST_RUNS) else 0.0), likely
    low, high = sorted((carried.old_telling, carried.new_telling))
    mostly = 2 * carried.runs >= carried.telling  # the rest of those words has another source
    if carried.telling >= _LEAST_RUNS and high >= _LIKELY and low >= _OTHER_SIDE and mostly:
        return high, True
    if carried.telling >= _LEAST_RUNS - 1 and high >= _POSSIBLE and mostly:
        return high, False
    both = min(carried.old_share, carried.new_share)
    return (both if carried.runs >= _LONG_RUNS and both >= _LIKELY else 0.0), False
