"""All there is on one provision: its text, its owner, its reviews, and its history through the drafts."""

from __future__ import annotations

from collections.abc import Iterator

from sqlmodel import col

from bot.changes import number, step_of
from bot.message import Block, Code, Heading, Inline, Moment, Text, count, joined, say
from bot.people import mention
from bot.provisions import title
from bot.rules.labels import may_show
from bot.tasks import Board
from bot.versions import published
from storage.tables import Draft, Label, Member, Provision, Review, Task
from storage.tables.words import TaskState, Verdict


def page(board: Board, row: Provision) -> Iterator[Block | Inline | None]:
    """Give all there is on a provision that the board's reader may see: text, meeting, owner, reviews, history."""
    name = title(row)[:1].upper() + title(row)[1:]
    yield Heading(say("{name}: {heading}", name=name, heading=row.heading) if row.heading else Text(name))
    draft = board.draft
    if draft is not None:
        yield say("{symbol}, {date}", symbol=draft.symbol, date=str(draft.date))
    yield from (Text(paragraph) for paragraph in row.text.split("\n") if paragraph.strip())
    meeting = board.floor.get(row.lineage_id or 0)
    if meeting is not None:
        yield say("On the floor {moment}.", moment=Moment(meeting.starts_at, board.zones[meeting.session_id].key))
    if may_show(Label.COALITION, board.ceiling):
        yield _owned(board, row)
        yield from _reviews(board, row)
    history = list(_history(board, row))
    yield say("History: {steps}.", steps=joined(history, "; ")) if len(history) > 1 else None


def _owned(board: Board, row: Provision) -> Inline:
    task = next((task for task in board.tasks() if task.lineage_id == row.lineage_id), None)
    holder = board.holder(task) if task else None
    if task is not None and task.state is TaskState.DONE:
        holder = holder or board.member(task.lead_id)
    if task is None or holder is None:
        return say("Nobody has it: {take}.", take=Code(f"take {number(row)}"))
    backup = board.member(task.backup_id)
    parts: list[Inline] = [say("Owner {lead}", lead=mention(holder))]
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


def _reviews(board: Board, row: Provision) -> Iterator[Inline]:
    """Give each review; what is too sensitive for this place is counted only."""
    hidden = 0
    for review in board.work.rows(Review, col(Review.lineage_id) == row.lineage_id):
        words = (review.note, review.wording)
        member, draft = board.work.row(Member, review.member_id), board.work.row(Draft, review.draft_id)
        line: list[Inline] = [
            say(
                "{person} on {symbol}: {verdict}", person=mention(member), symbol=draft.symbol, verdict=_verdict(review)
            )
        ]
        if may_show(review.label, board.ceiling):
            line += [say("“{note}”", note=review.note)] if review.note else []
            line += [say("proposes “{wording}”", wording=review.wording)] if review.wording else []
        elif any(words):
            hidden += 1
        yield joined(line)
    if hidden:
        yield count(hidden, "{n} note is too sensitive for this place: ask me in a direct chat.",
                    "{n} notes are too sensitive for this place: ask me in a direct chat.")  # fmt: skip


def _verdict(review: Review) -> Inline:
    words = {
        Verdict.SUPPORT: say("support"), Verdict.CONCERN: say("concern"),
        Verdict.OPPOSE: say("oppose"), Verdict.NEUTRAL: say("neutral"),
    }  # fmt: skip
    return words[review.verdict]


def _history(board: Board, row: Provision) -> Iterator[Inline]:
    """Give what the provision was called in each draft, and whether its words changed."""
    if row.lineage_id is None:
        return
    found = {one.draft_id: one for one in board.work.rows(Provision, col(Provision.lineage_id) == row.lineage_id)}
    for draft in published(board.work):
        if draft.id not in found:
            continue
        one = found[draft.id]
        change = next((c for c in step_of(board.work, draft).changes if one.label in c.new), None)
        if change is None:
            yield say("{symbol}: {name}", symbol=draft.symbol, name=title(one))
        elif change.relation == "added":
            yield say("{symbol}: {name}, new", symbol=draft.symbol, name=title(one))
        elif change.alarming:
            yield say("{symbol}: {name}, changed", symbol=draft.symbol, name=title(one))
        else:
            yield say("{symbol}: {name}, same words", symbol=draft.symbol, name=title(one))
