"""Which provision of a new draft continues which of the old one, by what became of the words."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rapidfuzz.distance import Indel

from bot.texts.document import Document, Provision
from bot.texts.flow import Flow
from bot.texts.labels import key
from bot.texts.normal import bare, words

_LEAST_PAIR = 0.12  # of the shorter provision's words, for two to be the same one
_LEAST_PART = 0.28  # of a provision's words that stand in the one that absorbed it, or that it was split off
_LEAST_OWN = 0.5  # of the largest flow out of the one or into the other, for two to be the same one
_NAMESAKES = 12  # provisions of one label or heading; of more the name alone says nothing
_SAME_HEADING = 0.7
_HEADING_WEIGHT = 0.35
_LABEL_WEIGHT = 0.10


@dataclass(frozen=True, slots=True)
class Link:
    """That words of an old provision live on in a new one (both by index).

    `kind` is "continued", "split" (the new one took a part) or "merged" (the new one took it up). Each old provision
    has one `main` link at most. `share` is 0 to 1 or a little over; `why` is what it rests on: words, heading, label,
    or that a person corrected it.
    """

    old: int
    new: int
    kind: str
    main: bool
    share: float
    why: str


def align(old: Document, new: Document, moved: Flow, corrected: Mapping[str, str] = MappingProxyType({})) -> list[Link]:
    """The links between two drafts of one text, in the order of the old one; the same for the same input.

    `moved` is the flow of their words. `corrected` says which new label continues an old one, whatever the words say;
    "" says that none does. What it names and is not there is passed over. A provision without a link was removed or
    added. Placeholders are linked with placeholders of the same label only.
    """
    fixed = _fixed(old, new, corrected)
    weights = _weights(old.provisions, new.provisions, moved)
    taken = set(fixed.values())
    free = {pair: weight for pair, weight in weights.items() if pair[0] not in fixed and pair[1] not in taken}
    pairs = {one: two for one, two in fixed.items() if two is not None}
    links = [Link(one, two, "continued", True, 1.0, "corrected") for one, two in pairs.items()]
    found = _pairs(free, moved, _same_headings(old.provisions, new.provisions))
    links += [Link(one, two, "continued", True, *weights[one, two]) for one, two in found.items()]
    links += _placeholders(old.provisions, new.provisions)
    pairs |= found
    links += [link for link in _merges(old.provisions, pairs, moved) if link.old not in fixed]
    links += [link for link in _splits(new.provisions, pairs, moved) if link.old not in fixed]
    return sorted(links, key=lambda link: (link.old, not link.main, link.new))


def _fixed(old: Document, new: Document, corrected: Mapping[str, str]) -> dict[int, int | None]:
    """The corrected links by index."""
    ones, twos = ({row.label: at for at, row in enumerate(side.provisions)} for side in (old, new))
    named = {one: two for one, two in corrected.items() if one in ones and (two in twos or not two)}
    return {ones[one]: twos.get(two) for one, two in named.items()}


def same_label(one: str, two: str) -> bool:
    """Whether two labels name the same number: order of "ante" and the count of options do not matter."""
    return label_key(one) == label_key(two)


def label_key(label: str) -> str:
    """What names the number of a label, without its option."""
    return key(re.sub(r"\s*\((?:\d+|[^)\d]+ ?\w*)\)$", "", label))


def _weights(
    old: tuple[Provision, ...], new: tuple[Provision, ...], moved: Flow
) -> dict[tuple[int, int], tuple[float, str]]:
    """How strongly each old provision pulls to each new one, and on what that rests most."""
    named: dict[str, list[int]] = defaultdict(list)
    for two, provision in enumerate(new):
        for name in {_heading(provision), label_key(provision.label)} - {""}:
            named[name].append(two)
    candidates = set(moved.carried)
    for one, provision in enumerate(old):
        names = {_heading(provision), label_key(provision.label)} - {""}
        candidates |= {(one, two) for name in names if len(named[name]) <= _NAMESAKES for two in named[name]}
    weights = {}
    for one, two in candidates:
        if not (old[one].placeholder or new[two].placeholder):
            weights[one, two] = _weight(old[one], new[two], moved, one, two)
    return weights


def _heading(provision: Provision) -> str:
    return bare(provision.heading).casefold()


def _weight(one: Provision, two: Provision, moved: Flow, index: int, other: int) -> tuple[float, str]:
    carried = moved.carried.get((index, other), 0.0)
    sizes = moved.old_sizes[index], moved.new_sizes[other]
    alike = 2 * carried / max(1, sum(sizes))
    covered = carried / max(1, min(sizes))
    heading = _alike(one.heading, two.heading)
    label = same_label(one.label, two.label)
    content = 0.6 * alike + 0.4 * covered
    why = "words" if covered >= _LEAST_PAIR else "heading" if heading >= _SAME_HEADING else ""
    titled = bool(words(one.heading) and words(two.heading))
    if not why and label and one.kind == two.kind and (one.kind == "preamble" or not titled):
        why = "label"
    return (content + _HEADING_WEIGHT * heading + _LABEL_WEIGHT * label if why else 0.0), why


def _alike(one: str, two: str) -> float:
    """How alike two headings are, 0 to 1; headings that are not there are not alike."""
    left, right = words(one), words(two)
    return float(Indel.normalized_similarity(left, right)) if left and right else 0.0


def _pairs(
    weights: dict[tuple[int, int], tuple[float, str]], moved: Flow, same: set[tuple[int, int]]
) -> dict[int, int]:
    """Each old provision with the one that continues it: the strongest pull first, each provision once.

    Two whose words mostly went elsewhere and came from elsewhere are not the same, whatever they are called;
    a heading that only these two have (`same`) outweighs that.
    """
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    strangers = _strangers(moved)
    for (one, two), (weight, _) in sorted(weights.items(), key=_strength):
        strange = strangers(one, two) and (one, two) not in same
        if weight > 0 and one not in pairs and two not in taken and not strange:
            pairs[one] = two
            taken.add(two)
    return pairs


def _strength(item: tuple[tuple[int, int], tuple[float, str]]) -> tuple[float, int, int, int]:
    """The strongest pull first, then the nearest; pairs of one rank share no provision."""
    (one, two), (weight, _) = item
    return -weight, abs(one - two), one + two, one


def _strangers(moved: Flow) -> Callable[[int, int], bool]:
    """Tells whether much of both went to and came from others, and clearly less from one to the other."""
    source: dict[int, float] = defaultdict(float)
    goal: dict[int, float] = defaultdict(float)
    for (one, two), carried in moved.carried.items():
        goal[one], source[two] = max(goal[one], carried), max(source[two], carried)

    def strangers(one: int, two: int) -> bool:
        carried = moved.carried.get((one, two), 0.0)
        left = goal[one] >= _LEAST_PAIR * moved.old_sizes[one] and carried < _LEAST_OWN * goal[one]
        came = source[two] >= _LEAST_PAIR * moved.new_sizes[two] and carried < _LEAST_OWN * source[two]
        return left and came

    return strangers


def _same_headings(old: tuple[Provision, ...], new: tuple[Provision, ...]) -> set[tuple[int, int]]:
    """The pairs whose heading is theirs alone in both drafts."""
    places: list[dict[str, list[int]]] = [defaultdict(list), defaultdict(list)]
    for found, provisions in zip(places, (old, new), strict=True):
        for index, provision in enumerate(provisions):
            found[_heading(provision)].append(index)
    return {
        (ones[0], places[1][heading][0])
        for heading, ones in places[0].items()
        if heading and len(ones) == 1 and len(places[1][heading]) == 1
    }


def _placeholders(old: tuple[Provision, ...], new: tuple[Provision, ...]) -> list[Link]:
    """Placeholders of one label, each with one: the first with the first, the second with the second."""
    notes: dict[str, list[int]] = defaultdict(list)
    for two in reversed(range(len(new))):
        if new[two].placeholder:
            notes[label_key(new[two].label)].append(two)
    return [
        Link(one, notes[label_key(provision.label)].pop(), "continued", True, 1.0, "label")
        for one, provision in enumerate(old)
        if provision.placeholder and notes[label_key(provision.label)]
    ]


def _merges(old: tuple[Provision, ...], pairs: dict[int, int], moved: Flow) -> list[Link]:
    """Old provisions that nothing continues and whose words stand in one that continues another."""
    continues = {two: one for one, two in pairs.items()}
    best: dict[int, tuple[float, int]] = {}
    for (one, two), left in sorted(moved.left.items()):
        share = left / max(1, moved.old_telling[one])
        part = one not in pairs and two in continues and not _alternatives(old[one], old[continues[two]])
        if part and share > best.get(one, (0.0, 0))[0]:
            best[one] = share, two
    found = [(one, two, share) for one, (share, two) in sorted(best.items()) if share >= _LEAST_PART]
    return [Link(one, two, "merged", True, share, "words") for one, two, share in found]


def _splits(new: tuple[Provision, ...], pairs: dict[int, int], moved: Flow) -> list[Link]:
    """New provisions that continue none and whose words come from one that goes on elsewhere."""
    continued = set(pairs.values())
    best: dict[int, tuple[float, int]] = {}
    for (one, two), came in sorted(moved.came.items()):
        share = came / max(1, moved.new_telling[two])
        part = two not in continued and one in pairs and not _alternatives(new[two], new[pairs[one]])
        if part and share > best.get(two, (0.0, 0))[0]:
            best[two] = share, one
    found = [(one, two, share) for two, (share, one) in sorted(best.items()) if share >= _LEAST_PART]
    return [Link(one, two, "split", False, share, "words") for one, two, share in found]


def _alternatives(one: Provision, two: Provision) -> bool:
    """Whether two provisions of a draft are options for one number: what they share was in both from the start."""
    return same_label(one.label, two.label)
