"""Which tasks a command means: those it names, all, those of the message replied to, or the only one there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import col

from bot.commands import Call, Refusal
from bot.grammar import Target, read_targets
from bot.message import Message, say
from bot.provisions import resolve, title, titles
from bot.tasks import Board, make, on_provisions
from storage.cipher import active
from storage.tables import Notice, Parcel, Provision, Task

EVERYTHING = "all"


@dataclass(frozen=True)
class Choice:
    """Which tasks a command means, as it was typed, and the words after that."""

    targets: tuple[Target, ...] = ()
    everything: bool = False
    left: str = ""


def read_choice(words: str) -> Choice:
    """Read "24, 27", "task 7", "all" or nothing off the front."""
    head, _, left = words.partition(" ")
    if head.casefold() == EVERYTHING:
        return Choice(everything=True, left=left.strip())
    targets, left = read_targets(words)
    return Choice(targets, left=left.lstrip(" :,;-\n").rstrip())


def chosen(call: Call, board: Board, choice: Choice, verb: str, candidates: Sequence[Task]) -> list[Task]:
    """Give the tasks that a command means.

    They are the ones named; or, for `all`, every candidate; or those of the message replied to; or the only candidate.
    Raises Refusal when that leaves none, or a choice.
    """
    if choice.targets:
        return named(board, choice.targets)
    if not choice.everything and (replied := replied_to(call, board)):
        return [task for task in replied if task in candidates] or replied
    if not candidates:
        raise Refusal(say("Nothing waits for your `{verb}`. `tasks` shows what you have.", verb=verb))
    if choice.everything or len(candidates) == 1:
        return list(candidates)
    example = board.command(candidates[:1])
    raise Refusal(
        say(
            "Which one: {tasks}? For example `{verb} {example}`.",
            tasks=board.titles(candidates),
            verb=verb,
            example=example,
        )
    )


def named(board: Board, targets: Iterable[Target]) -> list[Task]:
    """Give the tasks that targets name; raises Refusal for a task or provision that there is not."""
    numbered, provisions = _apart(board, targets)
    known = on_provisions(board)
    found = [known[row.lineage_id] for row in provisions if row.lineage_id in known]
    if provisions and not found and not numbered:
        missing = titles(provisions)
        raise Refusal(say("Nobody has a task on {provisions}. `take {provisions}` takes it.", provisions=missing))
    return _each_once([*found, *numbered])


def named_or_made(board: Board, targets: Iterable[Target]) -> list[Task]:
    """Give the tasks that targets name, making one for each provision that has none yet."""
    numbered, provisions = _apart(board, targets)
    known = on_provisions(board)
    found = []
    for row in provisions:
        if row.lineage_id is None:
            raise Refusal(
                say("I cannot follow {provision} through the drafts yet. Try again shortly.", provision=title(row))
            )
        found.append(known.get(row.lineage_id) or make(board, lineage_id=row.lineage_id))
    return _each_once([*found, *numbered])


def replied_to(call: Call, board: Board) -> list[Task]:
    """Give the tasks that the message replied to is about: its reminder's, or those its buttons speak of."""
    if call.invocation.reply_to is None:
        return []
    prints = active()[0].fingerprints(call.invocation.reply_to)
    parcel = call.work.first(Parcel, col(Parcel.fingerprint).in_(prints))
    if parcel is None:
        return []
    notices = call.work.rows(Notice, col(Notice.parcel_id) == parcel.id, col(Notice.occasion).startswith("task."))
    about = {notice.subject_id for notice in notices}
    targets = tuple(target for words in _buttons(parcel) for target in read_targets(words.partition(" ")[2])[0])
    spoken = named(board, targets) if targets and not about else []
    return [task for task in board.tasks() if task.id in about or task in spoken]


def _apart(board: Board, targets: Iterable[Target]) -> tuple[list[Task], list[Provision]]:
    """Tell tasks named by number from provisions; raises Refusal for what there is not."""
    rows = list(targets)
    numbered = [task for target in rows if target.kind == "task" for task in _by_number(board, target)]
    wanted = [target for target in rows if target.kind != "task"]
    provisions = resolve(board.provisions, wanted) if wanted else []
    if wanted and not provisions:
        words = ", ".join(str(target) for target in wanted)
        raise Refusal(say("The current draft leaves {target} empty: there is nothing to do on it.", target=words))
    return numbered, provisions


def _by_number(board: Board, target: Target) -> list[Task]:
    numbers = (target.first, target.last or target.first)
    if all(number.isdecimal() for number in numbers):
        low, high = sorted(int(number) for number in numbers)
        if found := [task for task in board.tasks() if low <= task.number <= high]:
            return found
    raise Refusal(say("There is no {task}. `tasks open` lists those that there are.", task=str(target)))


def _each_once(tasks: Iterable[Task]) -> list[Task]:
    return list({task.id: task for task in tasks}.values())


def _buttons(parcel: Parcel) -> Iterator[str]:
    for block in Message.from_data(parcel.content or {"blocks": []}).blocks:
        for action in getattr(block, "actions", ()):
            yield action.command
