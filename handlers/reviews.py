"""What people find of a provision: review, and stands for a review that holds on the new draft."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.choosing import Choice, chosen, read_choice
from bot.commands import Call, Refusal, Verb, nearest
from bot.discretion import ask_before_naming
from bot.message import Message, Phrase, count, message, say
from bot.provisions import resolve, title, titles
from bot.rules.reminders import WAITING
from bot.tasks import Board, board_of, on_provisions, settle
from storage.tables import Draft, Label, Provision, Review, Task, Verdict

_WORDING = re.compile(r"\bpropose\s*:\s*", re.IGNORECASE)
_VERDICT = re.compile(r"\s*([^\W\d_]+)[\s:,.;–-]*", re.UNICODE)


@dataclass(frozen=True)
class Finding:
    """What a review says."""

    verdict: Verdict
    note: str = ""
    wording: str = ""


def review(call: Call) -> Message:
    """Say what one finds of provisions in the current draft."""
    board, choice = board_of(call), read_choice(call.words)
    draft = _draft(board)
    finding = read_finding(choice.left)
    rows = _provisions(call, board, choice, "review", _own(call, board))
    ask_before_naming(call, f"{finding.note}\n{finding.wording}", call.typed_label)
    for row in rows:
        _put(call, draft, row, finding, call.typed_label)
    settled = _settle(call, board, rows)
    return message(
        say(
            "Noted: {provisions}, {verdict}, on {symbol}.",
            provisions=titles(rows),
            verdict=finding.verdict.value,
            symbol=draft.symbol,
        ),
        _settled(settled),
    )


def stands(call: Call) -> Message:
    """Carry one's last review over to the current draft."""
    board, choice = board_of(call), read_choice(call.words)
    draft = _draft(board)
    if choice.left:
        raise Refusal(say("I do not understand “{words}”. For example `stands 24`.", words=choice.left))
    older = [task for task in _own(call, board) if _is_older(call, draft, board.provision(task))]
    rows = _provisions(call, board, choice, "stands", older)
    earlier = {row.id: _last_review(call, row) for row in rows}
    missing = [row for row in rows if earlier[row.id] is None]
    if missing:
        raise Refusal(
            say(
                "You have no review of {provisions} yet. For example `review {provision} support`.",
                provisions=titles(missing),
                provision=title(missing[0]),
            )
        )
    carried = []
    for row in rows:
        last = earlier[row.id]
        if last is not None and last.draft_id != draft.id:
            _put(call, draft, row, Finding(last.verdict, last.note or "", last.wording or ""), last.label)
            carried.append((row, last.verdict))
    settled = _settle(call, board, rows)
    if not carried and not settled:
        raise Refusal(say("Your review of {provisions} is on the current draft already.", provisions=titles(rows)))
    verdicts = ", ".join(dict.fromkeys(last.verdict.value for last in earlier.values() if last is not None))
    return message(
        say(
            "Your review stands: {provisions}, {verdict}, on {symbol}.",
            provisions=titles(rows),
            verdict=verdicts,
            symbol=draft.symbol,
        ),
        _settled(settled),
    )


def read_finding(words: str) -> Finding:
    """Read "concern paragraph 2 is vague propose: shall"; raises Refusal for a verdict that is none."""
    choices = " · ".join(Verdict)
    head = _VERDICT.match(words)
    if head is None:
        raise Refusal(
            say(
                "What do you find: {choices}? For example `review article 24 concern paragraph 2 is vague`.",
                choices=choices,
            )
        )
    word = head[1].casefold()
    if word not in list(Verdict):
        near = nearest(word, list(Verdict))
        if near:
            raise Refusal(say("I do not know “{word}”. Did you mean `{near}`?", word=head[1], near=near))
        raise Refusal(say("I do not know “{word}”. Say one of these first: {choices}.", word=head[1], choices=choices))
    note, *wording = _WORDING.split(words[head.end() :], maxsplit=1)
    return Finding(Verdict(word), note.strip(), wording[0].strip() if wording else "")


def _draft(board: Board) -> Draft:
    if board.draft is None:
        raise Refusal(say("There is no draft yet. A coordinator adds one with `draft add SYMBOL` and the file."))
    return board.draft


def _provisions(call: Call, board: Board, choice: Choice, verb: str, candidates: Sequence[Task]) -> list[Provision]:
    """Give the provisions meant: those named, or those of the speaker's tasks that the message or the choice means."""
    named = [target for target in choice.targets if target.kind != "task"]
    rows = resolve(board.provisions, named) if named else []
    if len(named) < len(choice.targets) or not named:
        rest = Choice(tuple(target for target in choice.targets if target.kind == "task"), choice.everything)
        rows += [row for task in chosen(call, board, rest, verb, candidates) if (row := board.provision(task))]
    found = sorted({row.id: row for row in rows if row.lineage_id is not None}.values(), key=lambda row: row.ordinal)
    if not found:
        raise Refusal(say("There is no text to review there. Name an article of the current draft, for example `24`."))
    return found


def _own(call: Call, board: Board) -> list[Task]:
    return [task for task in board.held_by(call.speaker) if board.provision(task)]


def _is_older(call: Call, draft: Draft, row: Provision | None) -> bool:
    """Tell whether the speaker's last review of a provision is on an older draft."""
    last = _last_review(call, row) if row else None
    return last is not None and last.draft_id != draft.id


def _put(call: Call, draft: Draft, row: Provision, finding: Finding, label: Label) -> None:
    call.work.put(
        Review(
            coalition_id=call.work.tenant,
            lineage_id=row.lineage_id or 0,
            draft_id=draft.id,
            member_id=call.speaker.id,
            verdict=finding.verdict,
            note=call.as_typed(finding.note) or None,
            wording=call.as_typed(finding.wording) or None,
            label=label,
            reviewed_at=call.now,
        )
    )


def _last_review(call: Call, row: Provision) -> Review | None:
    rows = call.work.rows(Review, Review.lineage_id == row.lineage_id, Review.member_id == call.speaker.id)
    return rows[-1] if rows else None


def _settle(call: Call, board: Board, rows: Sequence[Provision]) -> list[Task]:
    """Settle the speaker's own tasks on these provisions; a review by anybody else leaves a task open."""
    known = on_provisions(board)
    tasks = [known[row.lineage_id] for row in rows if row.lineage_id in known]
    me = call.speaker.id
    own = [task for task in tasks if task.state in WAITING and board.holding(task).member_id == me]
    late = [task for task in tasks if task.state in WAITING and board.holder(task) is None and task.lead_id == me]
    for task in [*own, *late]:
        settle(board, task, call.speaker)
    return [*own, *late]


def _settled(tasks: Sequence[Task]) -> Phrase | None:
    return count(len(tasks), "Your task on it is done.", "Your {n} tasks on it are done.") if tasks else None


VERBS: tuple[Verb, ...] = (
    Verb(
        "review", review, "review [ARTICLES] support | concern | oppose | neutral [NOTE] [propose: WORDING]",
        "Say what you find of an article in the current draft.", undoable=True,
        examples=("review article 24 support",
                  "review 24 concern paragraph 2 is vague propose: shall, within 30 days"),
    ),
    Verb("stands", stands, "stands [ARTICLES]", "Say that your review still holds on the new draft.", undoable=True,
         examples=("stands 24",)),
)  # fmt: skip
