"""All there is on one provision: its text, its owner, its reviews, and its history through the drafts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from sqlmodel import col

from bot.ancestry import Stage, stages
from bot.changes import number
from bot.message import Block, Code, Heading, Inline, Moment, Text, count, joined, say
from bot.people import about, mention
from bot.provisions import title, titles
from bot.rules.labels import may_show
from bot.tasks import Board, last_reviews
from bot.texts.notes import agreement
from storage.tables import Change, Draft, Label, Member, Provision, Review, Task
from storage.tables.words import TaskState, Verdict


def page(board: Board, row: Provision) -> Iterator[Block | Inline | None]:
    """Give all there is on a provision that the board's reader may see: text, meeting, owner, reviews, history."""
    name = title(row)[:1].upper() + title(row)[1:]
    yield Heading(say("{name}: {heading}", name=name, heading=row.heading) if row.heading else Text(name))
    draft = board.draft
    if draft is not None:
        yield say("{symbol}, {date}", symbol=draft.symbol, date=str(draft.date))
    yield from (Text(paragraph) for paragraph in row.text.split("\n") if paragraph.strip())
    yield _standing(row)
    meeting = board.floor.get(row.lineage_id or 0)
    if meeting is not None:
        yield say("On the floor {moment}.", moment=Moment(meeting.starts_at, board.zones[meeting.session_id].key))
    past = stages(board.work, row)
    if may_show(Label.COALITION, board.ceiling):
        yield _owned(board, row)
        yield from _reviews(board, row, past)
    if len(past) > 1:
        yield say("History: {steps}.", steps=joined(list(_history(past)), "; "))


def _standing(row: Provision) -> Inline | None:
    """Say how many brackets a provision has, and how far it is noted as agreed."""
    brackets = [say("brackets {n}", n=row.brackets)] if row.brackets else []
    agreed = agreement(row.agreed, say)
    facts = [*brackets, *([agreed] if agreed is not None else [])]
    return say("As it stands: {facts}.", facts=joined(facts)) if facts else None


def _owned(board: Board, row: Provision) -> Inline:
    task = next((task for task in board.tasks() if task.lineage_id == row.lineage_id), None)
    holder = board.holder(task) if task else None
    if task is not None and task.state is TaskState.DONE:
        holder = holder or board.member(task.lead_id)
    if task is None or holder is None:
        return say("Nobody has it: {take}.", take=Code(f"take {number(row)}"))
    backup = board.member(task.backup_id)
    parts: list[Inline] = [about(holder, say("Owner {lead}", lead=mention(holder)), say("Owned"))]
    if backup is not None and backup.id != holder.id:
        parts.append(say("backup {backup}", backup=mention(backup)))
    parts.append(_state(board, task))
    if task.due is not None and task.state is not TaskState.DONE:
        parts.append(say("due {moment}", moment=board.moment(task, task.due, "moment")))
    return say("{parts}.", parts=joined(parts))


def _state(board: Board, task: Task) -> Inline:
    match task.state:
        case TaskState.DONE:
            return say("done")
        case TaskState.STALE:
            return say("changed since, to be looked at again")
    return say("accepted") if board.holding(task).accepted else say("not accepted yet")


def _reviews(board: Board, row: Provision, past: Sequence[Stage]) -> Iterator[Inline]:
    """Give each review, also of what was split or merged into it; what is too sensitive for this place is counted."""
    hidden = 0
    for review, source in _reviews_on(board, row, past):
        member, draft = board.work.row(Member, review.member_id), board.work.row(Draft, review.draft_id)
        on: Inline = say("{symbol}", symbol=draft.symbol)
        if source is not None:
            on = say("{provision} of {symbol}", provision=title(source), symbol=draft.symbol)
        line: list[Inline] = [
            say("{person} on {draft}: {verdict}", person=mention(member), draft=on, verdict=_verdict(review))
        ]
        if may_show(review.label, board.ceiling):
            line += [say("“{note}”", note=review.note)] if review.note else []
            line += [say("proposes “{wording}”", wording=review.wording)] if review.wording else []
        elif review.note or review.wording:
            hidden += 1
        yield joined(line)
    if hidden:
        yield count(hidden, "{n} note is too sensitive for this place: ask me in a direct chat.",
                    "{n} notes are too sensitive for this place: ask me in a direct chat.")  # fmt: skip


def _reviews_on(board: Board, row: Provision, past: Sequence[Stage]) -> Iterator[tuple[Review, Provision | None]]:
    """Give the reviews of a provision, and those of what it was split from or took up with what that was."""
    others = {
        (one.draft_id, one.lineage_id): one for stage in past for one in stage.rows if one.lineage_id != row.lineage_id
    }
    lineages = {row.lineage_id, *(lineage_id for _, lineage_id in others)} - {None}
    for review in last_reviews(board.work.rows(Review, col(Review.lineage_id).in_(lineages))):
        source = others.get((review.draft_id, review.lineage_id))
        if source is not None or review.lineage_id == row.lineage_id:
            yield review, source


def _verdict(review: Review) -> Inline:
    words = {
        Verdict.SUPPORT: say("support"), Verdict.CONCERN: say("concern"),
        Verdict.OPPOSE: say("oppose"), Verdict.NEUTRAL: say("neutral"),
    }  # fmt: skip
    return words[review.verdict]


def _history(past: Sequence[Stage]) -> Iterator[Inline]:
    """Say what the provision was called in each draft, where that came from, and whether its words changed."""
    known: set[int | None] = set()
    for stage in past:
        rows = joined([_came(stage, row, stage.change(row), known) for row in stage.rows], " and ")
        yield say("{symbol}: {rows}", symbol=stage.step.draft.symbol, rows=rows)
        known |= {row.lineage_id for row in stage.rows}


def _came(stage: Stage, row: Provision, change: Change | None, known: Set[int | None]) -> Inline:
    name = title(row)
    if change is None:
        return say("{name}", name=name)
    olds = titles(stage.step.olds(change))
    match change.relation:
        case "added" if row.lineage_id in known:
            return say("{name}, back again", name=name)
        case "added":
            return say("{name}, new", name=name)
        case "split" if row.label != change.new[0]:
            return say("{name}, split from {olds}", name=name, olds=olds)
        case "split":
            return say("{name}, split into {news}", name=name, news=titles(stage.step.news(change)))
        case "merged":
            return say("{name}, merged from {olds}", name=name, olds=olds)
    return say("{name}, changed", name=name) if change.alarming else say("{name}, same words", name=name)
