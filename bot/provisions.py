"""The text under negotiation: its current draft, and provisions found by what people call them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlmodel import col, select

from bot.commands import Refusal, nearest
from bot.grammar import Target, span
from bot.message import say
from bot.texts.labels import key
from bot.texts.numerals import value_of
from storage.tables import Draft, DraftState, Provision
from storage.work import Work

UNNUMBERED = ("preamble", "annex", "part", "chapter")


def current_draft(work: Work) -> Draft | None:
    """Give the draft in force: the one that was published last and not withdrawn."""
    found = select(Draft).where(Draft.coalition_id == work.tenant, Draft.state == DraftState.PUBLISHED)
    return work.exec(found.order_by(col(Draft.published_at).desc(), col(Draft.id).desc()).limit(1)).first()


def provisions_of(work: Work, draft: Draft) -> list[Provision]:
    """Give a draft's provisions in the order of the text, placeholders included."""
    found = work.rows(Provision, Provision.draft_id == draft.id)
    return sorted(found, key=lambda provision: provision.ordinal)


def current_provisions(work: Work) -> list[Provision]:
    """Give the provisions in force, in the order of the text; none before the first draft."""
    draft = current_draft(work)
    return provisions_of(work, draft) if draft else []


def by_lineage(provisions: Iterable[Provision]) -> dict[int, Provision]:
    """Index provisions by lineage."""
    return {row.lineage_id: row for row in provisions if row.lineage_id is not None}


def resolve(provisions: Sequence[Provision], targets: Iterable[Target]) -> list[Provision]:
    """Give the provisions that targets mean, each once, in the order of the text, placeholders left out.

    Raises Refusal, with the nearest label there is, for a target that means nothing in this draft.
    """
    if not provisions:
        raise Refusal(say("There is no draft yet. A coordinator adds one with `draft add SYMBOL` and the file."))
    wanted = {provision.id for target in targets for provision in _meant(provisions, target)}
    return [provision for provision in provisions if provision.id in wanted and not provision.placeholder]


def title(provision: Provision) -> str:
    """Give what people call a provision: "article 24", "preamble", "annex I"."""
    if provision.kind in UNNUMBERED:
        return provision.label if provision.kind != "preamble" else "preamble"
    return f"{provision.kind} {provision.label}"


def titles(provisions: Sequence[Provision]) -> str:
    """Give what people call several provisions: "articles 5-9, 12", runs of the text joined."""
    return _runs(provisions)


def _meant(provisions: Sequence[Provision], target: Target) -> list[Provision]:
    if target.kind in ("chapter", "part"):
        return _of_chapters(provisions, target)
    if not target.last:
        return [provisions[_index(provisions, target.kind, target.first)]]
    if whole := _called(provisions, target.kind, f"{target.first}-{target.last}"):  # article 5-1, not 5 to 1
        return [provisions[index] for index in whole]
    ends = [
        index
        for label in (target.first, target.last)
        for index in _options(provisions, target.kind, label) or [_index(provisions, target.kind, label)]
    ]
    return list(provisions[min(ends) : max(ends) + 1])


def _of_chapters(provisions: Sequence[Provision], target: Target) -> list[Provision]:
    """Give the provisions of a chapter or of a run of them; "4" is IV, as people say."""
    labels = [_chapter_of(row, target.kind) for row in provisions]
    known = list(dict.fromkeys(label for label in labels if label))
    ends = [_known_chapter(known, target.kind, name) for name in (target.first, target.last) if name]
    first, last = sorted((known.index(ends[0]), known.index(ends[-1])))
    wanted = known[first : last + 1]
    return [row for row, label in zip(provisions, labels, strict=True) if label in wanted]


def _chapter_of(provision: Provision, kind: str) -> str:
    found = re.search(rf"\b{kind}\s+(\w+)", provision.chapter, re.IGNORECASE)
    return found[1].upper() if found else ""


def _known_chapter(known: Sequence[str], kind: str, name: str) -> str:
    roman = _roman(int(name)) if name.isdecimal() else ""
    found = next((label for label in (name.upper(), roman) if label in known), None)
    if found is None and known:
        choices = ", ".join(known)
        raise Refusal(say("This draft has no {kind} {name}. It has: {choices}.", kind=kind, name=name, choices=choices))
    if found is None:
        raise Refusal(say("This draft has no {kind}s. Name articles, for example `articles 5-9`.", kind=kind))
    return found


def _roman(number: int) -> str:
    """Write a small number as chapters are counted; nothing for one that no text reaches."""
    if not 0 < number < 90:
        return ""
    tens, ones = divmod(number, 10)
    small = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
    return ("XL" if tens == 4 else "L" * (tens > 4) + "X" * (tens % 5)) + small[ones]


def _index(provisions: Sequence[Provision], kind: str, label: str) -> int:
    """Find one provision; a draft of rules or regulations answers to "article" too, as people say."""
    found = _called(provisions, kind, label)
    if len(found) == 1:
        return found[0]
    if options := found or _options(provisions, kind, label):
        known = ", ".join(provisions[index].label for index in options)
        raise Refusal(
            say("This draft has more than one {kind} {label}: {options}. Name one of them.", kind=kind,
                label=label, options=known)
        )  # fmt: skip
    labels = {_name(row): _printed(row) for row in provisions if _family(row) == _family_of(kind)}
    near = nearest(label, _alike(label, labels)) or _neighbour(label, labels)
    if near:
        raise Refusal(
            say("This draft has no {kind} {label}. Did you mean {kind} {near}?", kind=kind, label=label,
                near=labels[near])
        )  # fmt: skip
    raise Refusal(say("This draft has no {kind} {label}.", kind=kind, label=label))


def _called(provisions: Sequence[Provision], kind: str, label: str) -> list[int]:
    """Find what is called so, however that was typed: letter by letter, else by its number ("5A" is "5 a").

    Where a draft counts in Roman numerals "4" is IV; elsewhere X stands for a number that is still open.
    """
    family = [index for index, row in enumerate(provisions) if _family(row) == _family_of(kind)]
    if exact := [index for index in family if _name(provisions[index]) == label.casefold()]:
        return exact
    if alike := [index for index in family if key(_name(provisions[index])) == key(label)]:
        return alike
    romans = [index for index in family if not _name(provisions[index]).isdecimal() and _counts(provisions[index])]
    if not label.isdecimal() or 2 * len(romans) <= len(family):
        return []
    return [index for index in romans if _counts(provisions[index]) == int(label)]


def _counts(row: Provision) -> int:
    return value_of(_printed(row))


def _options(provisions: Sequence[Provision], kind: str, label: str) -> list[int]:
    """Find the options "53 (OPTION I)" and "53 (OPTION II)" of a number that no provision has by itself."""
    names = [key(_name(row)) if _family(row) == _family_of(kind) else "" for row in provisions]
    if key(label) in names:
        return []
    return [index for index, name in enumerate(names) if name.startswith(f"{key(label)} (")]


def _name(row: Provision) -> str:
    return _printed(row).casefold()


def _printed(row: Provision) -> str:
    return row.label.removeprefix("ANNEX ")


def _family(provision: Provision) -> str:
    return _family_of(provision.kind)


def _family_of(kind: str) -> str:
    return kind if kind in UNNUMBERED else "numbered"


def _neighbour(label: str, labels: Iterable[str]) -> str | None:
    """Give the plain number, or another "bis", for one that is not; or the highest there is for a higher one."""
    number = re.match(r"\d+", label)
    if number is None:
        return None
    of_number = [name for name in labels if (found := re.match(r"\d+", name)) and found[0] == number[0]]
    below = [int(name) for name in labels if name.isdecimal() and int(name) <= int(number[0])]
    return min(of_number, key=len) if of_number else str(max(below)) if below else None


def _alike(label: str, labels: Iterable[str]) -> list[str]:
    """Give the labels that begin with a figure, or those that do not, as the one does: "1" is no slip for "Y"."""
    return [name for name in labels if name[:1].isdigit() == label[:1].isdigit()]


def _runs(provisions: Sequence[Provision]) -> str:
    plain = [row for row in provisions if row.kind not in UNNUMBERED]
    named = [title(row) for row in provisions if row.kind in UNNUMBERED]
    if not plain:
        return ", ".join(named)
    runs: list[list[Provision]] = []
    for row in plain:
        if runs and row.ordinal == runs[-1][-1].ordinal + 1:
            runs[-1].append(row)
        else:
            runs.append([row])
    words = [span(run[0].label, run[-1].label) if len(run) > 2 else ", ".join(row.label for row in run) for run in runs]
    kind = plain[0].kind if len(plain) == 1 else f"{plain[0].kind}s"
    return ", ".join([*named, f"{kind} {', '.join(words)}"])
