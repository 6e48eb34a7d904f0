"""What a draft changed against the one before it, in the words of messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.message import Inline, Phrase, Text, count, joined, say
from bot.provisions import UNNUMBERED, provisions_of, title, titles
from bot.texts.brackets import WHOLE
from bot.texts.payload import callouts_from
from storage.tables import Change, Draft, Provision
from storage.work import Work


@dataclass(frozen=True)
class Step:
    """What leads from one draft to the next; `old` and `new` are the provisions of both by label."""

    draft: Draft
    base: Draft | None
    changes: Sequence[Change]
    old: Mapping[str, Provision]
    new: Mapping[str, Provision]

    def olds(self, change: Change) -> list[Provision]:
        """Give the old provisions of a change, the one that goes on first."""
        return [self.old[label] for label in change.old]

    def news(self, change: Change) -> list[Provision]:
        """Give the new provisions of a change, the one that goes on first."""
        return [self.new[label] for label in change.new]

    def one(self, change: Change) -> Provision:
        """Give the provision that a change is known by: the new one, or the old one that is gone."""
        return (self.news(change) or self.olds(change))[0]


def step_of(work: Work, draft: Draft) -> Step:
    """Read what leads to a draft from the one that it was compared with; no changes without such a one."""
    base = work.row(Draft, draft.base_id) if draft.base_id is not None else None
    old = {row.label: row for row in provisions_of(work, base)} if base else {}
    new = {row.label: row for row in provisions_of(work, draft)}
    return Step(draft, base, work.rows(Change, Change.draft_id == draft.id), old, new)


def numbers_only(change: Change) -> bool:
    """Tell whether nothing but numbers changed: its own, or those of the provisions it refers to."""
    return not change.alarming and change.relation not in ("unchanged", "added")


def became(step: Step, change: Change, *, start: bool = False) -> Phrase:
    """Say what became of a provision: "article 24 is now 25"; with a capital letter at the start of a line."""
    old, new = titles(step.olds(change)), titles(step.news(change))
    if start:
        old, new = old[:1].upper() + old[1:], new[:1].upper() + new[1:]
    match change.relation:
        case "added":
            return say("{new} is new", new=new)
        case "removed":
            return say("{old} is gone", old=old)
        case "split":
            return say("{old} is now {new}", old=old, new=", ".join(map(number, step.news(change))))
        case "merged":
            return say("{old} are now one, {new}", old=old, new=number(step.one(change)))
    if change.old != change.new:
        return say("{old} is now {new}", old=old, new=number(step.one(change)))
    return say("{new} is unchanged", new=new) if change.relation == "unchanged" else say("{new} changed", new=new)


def became_named(step: Step, change: Change) -> Phrase:
    """Say what became of a provision, with its heading: numbers alone mislead from draft to draft."""
    words = became(step, change, start=True)
    return say("{became}: {heading}", became=words, heading=change.heading) if change.heading else words


def number(provision: Provision) -> str:
    """Give what to type for a provision after a verb: "25", "preamble", "ANNEX I"."""
    return title(provision) if provision.kind in UNNUMBERED else provision.label


def tally(changes: Iterable[Change]) -> Inline:
    """Count the changes by what they are, most telling first, what there is none of left out."""
    groups = grouped(changes)
    return joined([_counted(name, len(rows)) for name, rows in groups.items() if rows])


def grouped(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Sort changes by what they are: changed, added, removed, split, merged, numbers, unchanged."""
    groups: dict[str, list[Change]] = {name: [] for name in _COUNTS}
    for change in changes:
        name = "numbers" if numbers_only(change) else change.relation.removeprefix("renumbered+")
        groups[name].append(change)
    return groups


def listing(step: Step) -> Iterator[Inline]:
    """Name the provisions that changed, a line for each way of changing, and those that became agreed or ceased to be.

    Those with new numbers only are left out.
    """
    groups = grouped(step.changes)
    if groups["changed"]:
        yield say("Changed: {list}", list=joined([_was(step, change) for change in groups["changed"]]))
    for name in ("added", "removed", "split", "merged"):
        for change in groups[name]:
            yield became_named(step, change)
    for now in (True, False):
        rows = [change for change in step.changes if _turned(change) is now]
        if rows:
            named = joined([_was(step, change) for change in rows])
            yield (
                say("Noted as agreed now: {list}", list=named)
                if now
                else say("No longer noted as agreed: {list}", list=named)
            )


def standing(draft: Draft, base: Draft | None = None) -> Phrase:
    """Say how many brackets a draft has and how many of its provisions are noted as agreed, and had before."""
    if base is None:
        if not draft.agreed:
            return say("brackets {n}", n=draft.brackets)
        return say("brackets {n}, agreed {agreed}", n=draft.brackets, agreed=draft.agreed)
    trend = say("brackets {before} → {after}", before=base.brackets, after=draft.brackets)
    if not draft.agreed and not base.agreed:
        return trend
    return say("{brackets}, agreed {before} → {after}", brackets=trend, before=base.agreed, after=draft.agreed)


def _turned(change: Change) -> bool | None:
    """Tell whether a provision became agreed as a whole (True), ceased to be (False), or neither."""
    before, after = (state in WHOLE for state in callouts_from(change.callouts).agreed)
    return None if before == after else after


def _was(step: Step, change: Change) -> Inline:
    new, old = number(step.one(change)), ", ".join(map(number, step.olds(change)))
    return Text(new) if new == old else say("{new} (was {old})", new=new, old=old)


_COUNTS = ("changed", "added", "removed", "split", "merged", "numbers", "unchanged")


def _counted(name: str, n: int) -> Phrase:
    match name:
        case "changed":
            return count(n, "{n} changed", "{n} changed")
        case "added":
            return count(n, "{n} new", "{n} new")
        case "removed":
            return count(n, "{n} gone", "{n} gone")
        case "split":
            return count(n, "{n} split", "{n} split")
        case "merged":
            return count(n, "{n} merged", "{n} merged")
        case "numbers":
            return count(n, "{n} with new numbers only", "{n} with new numbers only")
    return count(n, "{n} unchanged", "{n} unchanged")
