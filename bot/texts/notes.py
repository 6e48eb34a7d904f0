"""What is called out in a change, in words; `say` translates them and fills what stands in braces."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from bot.texts.brackets import WHOLE
from bot.texts.callouts import Callouts, Reference
from bot.texts.compare import Change, Comparison
from bot.texts.moves import Move

T = TypeVar("T")
Say = Callable[..., T]
"""Makes a sentence of its English form and what fills it: text for a page, a phrase for a chat."""
_MOST = 8  # of one kind; what is longer is read in the text


def english(msgid: str, **values: object) -> str:
    """The sentence as it is written here."""
    return msgid.format(**values)


def notes(change: Change, say: Say[str] = english) -> list[str]:
    """The sentences about a change, what is called out first."""
    return [*called_out(change.callouts, say), *_flags(change, say)]


def called_out(found: Callouts, say: Say[T]) -> list[T]:
    """The sentences about what is called out: whether it is agreed, then what concerns duties."""
    return [*agreed(found, say), *_words(found, say), *_references(found, say), *_others(found, say)]


def moved(move: Move, say: Say[str] = english, *, away: bool) -> str:
    """Where a paragraph went, or came from."""
    label, place = (move.new, move.new_place) if away else (move.old, move.old_place)
    where = say("{label}, paragraph {place}", label=label, place=place) if place else label
    if away:
        return say("moved to {where}", where=where) if move.sure else say("possibly moved to {where}", where=where)
    return say("moved from {where}", where=where) if move.sure else say("possibly moved from {where}", where=where)


def agreement(state: str, say: Say[T]) -> T | None:
    """How far a provision is noted as agreed; None for one without a note."""
    match state:
        case "partly":
            return say("noted as agreed in part")
        case "agreed":
            return say("noted as agreed")
        case "ad referendum":
            return say("noted as agreed ad referendum")
    return None


def trends(comparison: Comparison, say: Say[T]) -> list[T]:
    """How many brackets there were and are, and how many provisions noted as agreed, where any is."""
    old, new = comparison.old, comparison.new
    found = [say("Brackets: {before} → {after}", before=old.brackets, after=new.brackets)]
    if old.agreed or new.agreed:
        found.append(say("Noted as agreed: {before} → {after}", before=old.agreed, after=new.agreed))
    return found


def agreed(found: Callouts, say: Say[T]) -> Iterator[T]:
    """The sentences about a provision that became agreed or ceased to be, wholly or in part."""
    before, after = found.agreed
    if before in WHOLE and after not in WHOLE:
        yield say("no longer noted as agreed")
    elif before and not after:
        yield say("no part is noted as agreed any more")
    if before != after and (state := agreement(after, say)) is not None:
        yield say("now {state}", state=state)


def _words(found: Callouts, say: Say[T]) -> Iterator[T]:
    for before, after in (*found.obligations[:_MOST], *found.figures[:_MOST]):
        if before and after:
            yield say("“{before}” became “{after}”", before=before, after=after)
        else:
            yield say("“{word}” is new", word=after) if after else say("“{word}” is gone", word=before)


def _references(found: Callouts, say: Say[T]) -> Iterator[T]:
    for row in found.references[:_MOST]:
        yield _reference(row, say)


def _reference(row: Reference, say: Say[T]) -> T:
    if row.became == "removed":
        return say("it refers to {number}, which is gone", number=row.number)
    if row.became == "merged":
        return say("it refers to {number}, which is part of {now} now", number=row.number, now=row.now)
    return say("it still refers to {number}, which is {now} now", number=row.number, now=row.now)


def _others(found: Callouts, say: Say[T]) -> Iterator[T]:
    if found.terms:
        yield say("definitions touched: {terms}", terms=", ".join(found.terms[:_MOST]))
    if found.opened:
        yield say("brackets opened: {n}", n=found.opened)
    if found.closed:
        yield say("brackets closed: {n}", n=found.closed)


def _flags(change: Change, say: Say[T]) -> Iterator[T]:
    words = {
        "typography": say("only spaces, hyphens or quotation marks differ"),
        "case-only": say("only capital letters differ"),
        "references-only": say("only numbers of references differ"),
    }
    yield from (words[flag] for flag in change.flags if flag in words)
