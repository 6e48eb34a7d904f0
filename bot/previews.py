"""What a coordinator is told of a draft that was added: a preview, or why it was not taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlmodel import col

from bot.changes import Step, grouped, listing, number, standing, tally
from bot.concerns import Impact
from bot.message import Heading, Inline, List, Message, Phrase, Text, actions, count, joined, message, say
from bot.notices import purpose_lanes
from bot.people import mention
from bot.texts.document import Document, Unreadable
from storage.tables import Draft, DraftState, Member, Purpose
from storage.work import Work

TOO_MUCH = 0.4
"""The share of provisions that came or went above which two drafts are hardly two states of one text."""


def preview(work: Work, step: Step, impact: Impact, document: Document) -> Message:
    """Show what publishing a draft would tell, to whom, and what looks wrong."""
    draft = step.draft
    odd = list(oddities(work, step, document))
    return message(
        Heading(_read(draft)),
        *_contents(step),
        say("This looks wrong:") if odd else None,
        List(tuple(odd)) if odd else None,
        *_whose(work, step, impact),
        say("Publishing tells {reach}.", reach=reach_words(work, impact)),
        say("It is closed until a coordinator says `draft publish`.")
        if draft.source_id is None
        else say("Nobody else is told until a coordinator says `draft publish`."),
        actions((say("Publish it"), "draft publish")),
    )


def published(draft: Draft, members: int, rooms: int) -> Message:
    """Say that a draft which appeared at a watched source is in force."""
    told = joined([count(members, "{n} person", "{n} people"), count(rooms, "{n} room", "{n} rooms")])
    return message(
        Heading(say("{symbol} appeared at source {n} and is the current draft.", symbol=draft.symbol,
                    n=draft.source_id or 0)),
        say("Told: {told}. `draft withdraw` takes it back.", told=told),
        actions((say("See the changes"), "diff")),
    )  # fmt: skip


def _read(draft: Draft) -> Phrase:
    if draft.source_id is None:
        return say("Read: {symbol}, dated {date}", symbol=draft.symbol, date=str(draft.date))
    return say("New at source {n}: {symbol}", n=draft.source_id, symbol=draft.symbol)


def reach_words(work: Work, impact: Impact) -> Inline:
    """Say how many people and rooms publishing would tell."""
    rooms = len(purpose_lanes(work, Purpose.ALERTS))
    people = count(len(impact.told(work)), "{n} person", "{n} people")
    return joined([people, count(rooms, "{n} room", "{n} rooms")]) if rooms else people


def unreadable(draft: Draft, problem: Unreadable, current: Draft | None) -> Message:
    """Say why a file was not taken."""
    return _refused(draft, say(problem.reason, **problem.values), current)


def same_text(draft: Draft, current: Draft) -> Message:
    """Say that a file holds the text there is."""
    return message(
        say(
            "{symbol} is word for word the current draft, {current}: nothing changes.",
            symbol=draft.symbol,
            current=current.symbol,
        )
    )


def _refused(draft: Draft, reason: Phrase, current: Draft | None) -> Message:
    stays = say("The current draft stays {symbol}.", symbol=current.symbol) if current else None
    said = say("I did not take {symbol}: {reason}", symbol=draft.symbol, reason=reason)
    return message(joined([said, stays], " ") if stays else said)


def _contents(step: Step) -> Iterator[Inline | List]:
    draft, base = step.draft, step.base
    size = count(draft.provisions, "{n} provision", "{n} provisions")
    if base is None:
        yield say("{size}, {standing}. It is the first draft: there is nothing to compare it with.", size=size,
                  standing=standing(draft))  # fmt: skip
        return
    yield say("{size}, {standing}.", size=size, standing=standing(draft, base))
    yield say("Against {symbol}: {tally}.", symbol=base.symbol, tally=tally(step.changes))
    lines = tuple(listing(step))
    if lines:
        yield List(lines)


def _whose(work: Work, step: Step, impact: Impact) -> Iterator[Inline | List]:
    """Name the owners whose provisions changed, each with the new numbers, and what nobody owns."""
    lines: list[Inline] = [
        say("{person}: {list}", person=mention(work.row(Member, member_id)),
            list=_numbers(step, {concern.change.id: concern.change for concern in concerns}))
        for member_id, concerns in impact.concerns.items()
    ]  # fmt: skip
    if impact.unowned:
        lines.append(say("Nobody: {list}", list=_numbers(step, {change.id: change for change in impact.unowned})))
    if lines:
        yield say("Whose provisions these are:")
        yield List(tuple(lines))


def _numbers(step: Step, changes: Mapping[int, object]) -> Inline:
    """Name what is changed by its new numbers, each once; what is gone by its old one, marked as such."""
    names: dict[str, Inline] = {}
    for change in step.changes:
        if change.id not in changes:
            continue
        for row in step.news(change):
            names.setdefault(number(row), Text(number(row)))
        if not change.new:
            gone = number(step.one(change))
            names[f"old {gone}"] = say("old {gone} (gone)", gone=gone)
    return joined(list(names.values()))


def oddities(work: Work, step: Step, document: Document) -> Iterator[Inline]:
    """Name what looks wrong with a draft, against the one before it."""
    draft, base = step.draft, step.base
    if "/" in document.label and document.label.casefold() != draft.symbol.casefold():
        yield say("The file itself says {label}.", label=document.label)
    named = work.rows(Draft, Draft.symbol == draft.symbol, col(Draft.state) == DraftState.PUBLISHED)
    if any(row.id != draft.id for row in named):
        yield say("There is a published draft of that symbol already, with another text.")
    if base is None:
        return
    if draft.language != base.language:
        yield say("It is in another language: {new} instead of {old}.", new=draft.language, old=base.language)
    if draft.date < base.date:
        yield say("It is older than the current draft, of {date}.", date=str(base.date))
    groups = grouped(step.changes)
    for rows, size, what in (
        (groups["added"], draft.provisions, say("new")), (groups["removed"], base.provisions, say("gone"))
    ):  # fmt: skip
        if len(rows) > TOO_MUCH * size:
            yield say("{n} of {size} provisions are {what}.", n=len(rows), size=size, what=what)
