"""Two drafts of one text compared: what became of every provision, and its words."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from types import MappingProxyType

from rapidfuzz.distance import LCSseq

from bot.texts.align import Link, align, same_label
from bot.texts.brackets import together
from bot.texts.callouts import NOTHING, Callouts, Fate, callouts
from bot.texts.document import Document, Provision
from bot.texts.edits import Op, redline
from bot.texts.flow import flow
from bot.texts.labels import key
from bot.texts.moves import Move, moves
from bot.texts.normal import bare, words
from bot.texts.references import renumbered_only

BETWEEN = "\n\n"
"""What stands between the texts of several provisions in the ops of a split or a merge."""

QUIET = {"unchanged", "renumbered", "added"}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one provision, or of several that were merged, or that it was split into.

    `old` and `new` are labels; of several the first is the one that continues or is continued. `relation` is one of
    unchanged, changed, renumbered, renumbered+changed, added, removed, split, merged. Flags: "typography" (white
    space, hyphens, quotes differ), "case-only", "references-only" (numbers of renumbered provisions), "heading" (the
    heading changed; `heading` is the new one, `old_heading` the old one). `similarity` is 0 to 1. `ops` is the redline
    of the texts alone, without headings. `callouts` is what a lawyer looks for in it.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    relation: str
    flags: tuple[str, ...]
    heading: str
    similarity: float
    ops: tuple[Op, ...]
    old_heading: str = ""
    callouts: Callouts = NOTHING
    why: str = ""
    """What the link rests on: words, heading, label, or that a person corrected it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes between two drafts, in the order of the new one; what was removed stands where it stood.

    `moves` are the paragraphs that are in another place now.
    """

    old: Document
    new: Document
    changes: tuple[Change, ...]
    moves: tuple[Move, ...] = ()

    def of(self, label: str) -> tuple[Change, ...]:
        """The changes that concern an old provision."""
        return tuple(change for change in self.changes if label in change.old)


def alarming(change: Change) -> bool:
    """Whether an owner of one of the old provisions must hear of it, and a review of it is out of date."""
    return change.relation not in QUIET and "references-only" not in change.flags


def worth_showing(change: Change) -> bool:
    """Whether there is anything to see in a change: other words or numbers, or what is called out all the same."""
    return change.relation != "unchanged" or bool(change.callouts)


def compare(old: Document, new: Document, corrected: Mapping[str, str] = MappingProxyType({})) -> Comparison:
    """Compare two drafts. The same for the same input; with the sides swapped, what was added is removed.

    `corrected` says which new label continues an old one, as for `align`.

    A placeholder is no provision: one that is replaced by a placeholder was removed (or moved), and a placeholder that
    comes or goes is no change. Placeholders of the same label in both drafts are compared by their note.
    """
    moved = flow(old.provisions, new.provisions)
    links = align(old, new, moved, corrected)
    fates = _fates(old, new, links)
    whole = _Whole(old.language, fates, {number: fate.now for number, fate in fates.items() if fate.now})
    onward, origin = defaultdict(list), defaultdict(list)
    for link in links:
        onward[link.old].append(link.new)
        origin[link.new].append(link.old)
    placed: list[tuple[tuple[float, int], Change]] = []
    for link in links:
        one, two = [old.provisions[link.old]], [new.provisions[link.new]]
        if link.kind == "continued" and len(onward[link.old]) == 1 == len(origin[link.new]):
            placed.append(((link.new, 0), _change(one, two, "", whole, link.why)))
        elif link.kind == "continued":
            if len(onward[link.old]) > 1:
                several = two + [new.provisions[index] for index in onward[link.old] if index != link.new]
                placed.append(((link.new, 0), _change(one, several, "split", whole, link.why)))
            if len(origin[link.new]) > 1:
                several = one + [old.provisions[index] for index in origin[link.new] if index != link.old]
                placed.append(((link.new, 1), _change(several, two, "merged", whole, link.why)))
    gone = [index for index, found in enumerate(old.provisions) if index not in onward and not found.placeholder]
    come = [index for index, found in enumerate(new.provisions) if index not in origin and not found.placeholder]
    placed += [((index, 0), _change([], [new.provisions[index]], "added", whole, "")) for index in come]
    mains = [link for link in links if link.main]
    highest = list(accumulate((link.new for link in mains), max, initial=-1))
    for index in gone:
        before = highest[bisect_left(mains, index, key=lambda link: link.old)]
        placed.append(((before + 0.5, index), _change([old.provisions[index]], [], "removed", whole, "")))
    changes = tuple(change for _, change in sorted(placed, key=lambda item: item[0]))
    return Comparison(old, new, changes, moves(old.provisions, new.provisions, links, moved))


@dataclass(frozen=True, slots=True)
class _Whole:
    """What one change needs to know of the whole: the language, and what became of every old provision by its key."""

    language: str
    fates: dict[str, Fate]
    successors: dict[str, str]


def _fates(old: Document, new: Document, links: list[Link]) -> dict[str, Fate]:
    fates = {key(provision.label): Fate("removed") for provision in old.provisions}
    for link in links:
        if link.main and not new.provisions[link.new].placeholder:
            kind = "merged" if link.kind == "merged" else "kept"
            fates[key(old.provisions[link.old].label)] = Fate(kind, new.provisions[link.new].label)
    return fates


def _change(one: list[Provision], two: list[Provision], relation: str, whole: _Whole, why: str) -> Change:
    left, right = (BETWEEN.join(provision.text for provision in side) for side in (one, two))
    flags: list[str] = []
    if not relation:
        relation, flags = _relation(one[0], two[0], whole)
    ops = redline(left, right)
    return Change(
        tuple(provision.label for provision in one),
        tuple(provision.label for provision in two),
        relation,
        tuple(flags),
        (two or one)[0].heading,
        _similarity(left, right),
        ops,
        one[0].heading if one else "",
        _callouts(one, two, (left, right), ops, whole) if one and two else NOTHING,
        why,
    )


def _callouts(
    one: list[Provision], two: list[Provision], texts: tuple[str, str], ops: tuple[Op, ...], whole: _Whole
) -> Callouts:
    before, after = (together(row.agreed for row in side) for side in (one, two))
    found = callouts(*texts, ops, whole.language, whole.fates)
    return found if before == after else replace(found, agreed=(before, after))


def _relation(one: Provision, two: Provision, whole: _Whole) -> tuple[str, list[str]]:
    left, right = f"{one.heading}\n{one.text}", f"{two.heading}\n{two.text}"
    number = "" if same_label(one.label, two.label) else "renumbered"
    if left == right:
        return number or "unchanged", []
    bare_left, bare_right = bare(left), bare(right)
    if bare_left == bare_right:
        return number or "unchanged", ["typography"]
    flags = ["heading"] if bare(one.heading) != bare(two.heading) else []
    if bare_left.casefold() == bare_right.casefold():
        flags.append("case-only")
    elif renumbered_only(left, right, whole.successors, whole.language):
        flags.append("references-only")
    return "+".join(part for part in (number, "changed") if part), flags


def _similarity(left: str, right: str) -> float:
    """The share of words that both texts have in the same order."""
    if left == right:
        return 1.0
    return round(LCSseq.normalized_similarity(words(left), words(right)), 4)
