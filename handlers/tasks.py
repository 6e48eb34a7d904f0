"""Who looks at what: assign, take, accept, give back, done, and the lists of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from bot.assigning import read_assignment, read_due, read_people
from bot.assignments import (
    accept,
    counted_by_person,
    done_actions,
    due_lines,
    give_back,
    hand,
    hands,
    send,
    tell_of_giving_back,
    tell_of_handing_over,
    whom_to_tell,
)
from bot.choosing import Choice, chosen, named_or_made, read_choice
from bot.commands import Call, Refusal, Verb, nearest
from bot.discretion import ask_before_naming, find_named, names
from bot.message import File, Heading, Message, Phrase, count, message, say
from bot.people import mention
from bot.provisions import title, titles
from bot.rules.labels import may_show
from bot.rules.reminders import WAITING
from bot.rules.spread import spread
from bot.tasklists import FILTERS, as_csv, coverage, tasks_of, tasks_on, tasks_that, without_task
from bot.tasks import Board, board_of, by_due, look, make, reviewed, settle, who_has
from storage.tables import Label, Member, Role, Task


def assign(call: Call) -> Message:
    """Put unowned provisions, or free words, into people's hands."""
    board, given = board_of(call), read_assignment(call)
    people, backup = read_people(call, given)
    by = read_due(call, given)
    if given.words and not given.targets:
        ask_before_naming(call, given.words, call.typed_label)
        shares = {
            person.id: [make(board, words=call.as_typed(given.words), label=call.typed_label)] for person in people
        }
        return _handed_out(call, board, shares, backup, by, [])
    tasks = _meant_or_made(call, board, Choice(given.targets), "assign")
    owned = [task for task in tasks if board.holder(task)]
    free = [task for task in tasks if task not in owned]
    if not free:
        words = board.command(owned)
        raise Refusal(say("{who}. `reassign {tasks} @name` changes that.", who=who_has(board, owned), tasks=words))
    return _handed_out(call, board, _shares(board, free, people), backup, by, owned)


def reassign(call: Call) -> Message:
    """Put tasks into other hands, whoever has them."""
    board, given = board_of(call), read_assignment(call)
    people, backup = read_people(call, given)
    if given.words and not given.targets:
        raise Refusal(say("Which task? For example `reassign article 24 @ana` or `reassign task 7 @ana`."))
    tasks = _meant_or_made(call, board, Choice(given.targets), "reassign")
    return _handed_out(call, board, _shares(board, tasks, people), backup, read_due(call, given), [])


def take(call: Call) -> Message:
    """Take what nobody has."""
    board, me, choice = board_of(call), call.speaker, read_choice(call.words)
    _nothing_left(choice)
    tasks = _meant_or_made(call, board, choice, "take")
    taken = [task for task in tasks if (holder := board.holder(task)) and holder.id != me.id]
    free = [task for task in tasks if task not in taken and not _has_accepted(board, task, me)]
    if not free:
        raise Refusal(_why_not_mine(board, tasks, me, "take"))
    for task in free:
        hand(board, task, me, accepted=True)
    return message(
        say("Yours: {tasks}.", tasks=board.titles(free)),
        due_lines(board, free),
        say("{who}.", who=who_has(board, taken)) if taken else None,
        done_actions(board, free),
    )


def accept_offer(call: Call) -> Message:
    """Say yes to what one was asked to do."""
    board, me, choice = board_of(call), call.speaker, read_choice(call.words)
    _nothing_left(choice)
    tasks = chosen(call, board, choice, "accept", _offers(board, me))
    mine = [task for task in tasks if _may_accept(board, task, me)]
    if not mine:
        raise Refusal(_why_not_mine(board, tasks, me, "take"))
    backups = {task.id: board.member(task.backup_id) for task in mine if board.holding(task).as_backup}
    for task in mine:
        accept(board, task, me)
        backup = backups.get(task.id)
        if backup and backup.id != me.id:
            said = say(
                "{person} has {task} after all. Nothing to do for you.", person=mention(me), task=board.title(task)
            )
            send(call, backup, message(said), [task], facts={"relieved": [task.id]})
    return message(
        say("Thank you. Yours: {tasks}.", tasks=board.titles(mine)), due_lines(board, mine), done_actions(board, mine)
    )


def decline(call: Call) -> Message:
    """Say no to what one was asked to do, with or without a reason."""
    board, me, choice = board_of(call), call.speaker, read_choice(call.words)
    return _gave_back(call, board, choice, "decline", _offers(board, me) or board.held_by(me))


def release(call: Call) -> Message:
    """Give back what one has."""
    board, me, choice = board_of(call), call.speaker, read_choice(call.words)
    return _gave_back(call, board, choice, "release", board.held_by(me))


def done(call: Call) -> Message:
    """Mark one's tasks as done; what nobody has, a coordinator may."""
    board, me, choice = board_of(call), call.speaker, read_choice(call.words)
    _nothing_left(choice)
    tasks = chosen(call, board, choice, "done", board.held_by(me))
    mine = [task for task in tasks if _may_finish(call, board, task)]
    finished = [task for task in mine if task.state in WAITING]
    if mine and not finished:
        raise Refusal(say("Done already: {tasks}.", tasks=board.titles(mine)))
    if not finished:
        raise Refusal(_why_not_mine(board, tasks, me, "take"))
    for task in finished:
        settle(board, task, me)
    others = [task for task in tasks if task not in mine]
    left = board.held_by(me)
    return message(
        say("Done: {tasks}. Thank you.", tasks=board.titles(finished)),
        say("Not yours: {who}.", who=who_has(board, others)) if any(map(board.holder, others)) else None,
        _review_hint(board, finished, me),
        count(len(left), "{n} left for you: {tasks}.", "{n} left for you: {tasks}.", tasks=by_due(board, left))
        if left
        else None,
    )


def tasks(call: Call) -> Message | None:
    """List tasks: one's own in a direct chat, the open ones in a room, or as asked."""
    words, in_room = call.words.strip(), call.room is not None
    if not may_show(Label.COALITION, call.ceiling):
        n = len(look(call.work, call.now).waiting())
        return message(
            count(n, "{n} task is open. Ask me in a direct chat.", "{n} tasks are open. Ask me in a direct chat.")
        )
    board = board_of(call)
    asked = words.casefold() or ("open" if in_room else "mine")
    if asked == "mine":
        own = tasks_of(board if not in_room else board.seen_by(Label.CLOSED), call.speaker, own=True, in_room=False)
        if not in_room:
            return own
        call.answer(own)
        return None
    if asked in FILTERS:
        return tasks_that(board, asked, in_room=in_room)
    if words.startswith("@"):
        return tasks_of(board, find_named(call, words), own=False, in_room=in_room)
    choice = read_choice(words)
    if not choice.targets or choice.left:
        raise Refusal(_no_such_filter(words))
    return tasks_on(board, chosen(call, board, choice, "show", []), in_room=in_room)


def show_coverage(call: Call) -> Message:
    """Say what is on the programme and not covered."""
    return coverage(board_of(call))


def export(call: Call) -> Message:
    """Give all tasks as a CSV file."""
    board = board_of(call)
    n = len(board.tasks())
    table = as_csv(board, names(call, "owned"))
    return message(count(n, "{n} task, times in UTC.", "{n} tasks, times in UTC."), File("tasks.csv", table))


def _meant_or_made(call: Call, board: Board, choice: Choice, verb: str) -> list[Task]:
    """Give the tasks meant, made where a provision has none; without a target, those that nobody has are candidates."""
    if choice.targets:
        return named_or_made(board, choice.targets)
    free = [task for task in board.waiting() if board.holder(task) is None]
    untouched = without_task(board)
    if untouched and not (free or choice.everything or call.invocation.reply_to):
        example = title(untouched[0])
        raise Refusal(
            say("Which one? Nobody has {provisions}. For example `{verb} {example}`.",
                provisions=titles(untouched), verb=verb, example=example)
        )  # fmt: skip
    return chosen(call, board, choice, verb, free)


def _shares(board: Board, tasks: Sequence[Task], people: Sequence[Member]) -> dict[int, list[Task]]:
    load = {person.id: len(board.held_by(person)) for person in people}
    return spread(tasks, [person.id for person in people], load)


def _handed_out(
    call: Call,
    board: Board,
    shares: dict[int, list[Task]],
    backup: Member | None,
    by: dt.datetime | None,
    owned: Sequence[Task],
) -> Message:
    """Hand out the shares, tell each person once, and give the answer."""
    handed = [task for share in shares.values() for task in share]
    before = hands(board, handed)
    for member_id, share in shares.items():
        for task in share:
            _hand_to(call, board, task, board.people[member_id], backup, by)
    told = whom_to_tell(call, board, handed, before)
    call.ask_before_telling(len(told))
    tell_of_handing_over(call, board, handed, before)
    return message(
        Heading(count(len(handed), "Assigned {n} task", "Assigned {n} tasks")),
        counted_by_person(board, handed),
        say("Backup: {person}.", person=mention(backup)) if backup else None,
        say(
            "Left as it was: {who}. `reassign {tasks} @name` changes that.",
            who=who_has(board, owned),
            tasks=board.command(owned),
        )
        if owned
        else None,
        count(len(told), "{n} person is told.", "{n} people are told.") if told else None,
    )


def _hand_to(call: Call, board: Board, task: Task, lead: Member, backup: Member | None, by: dt.datetime | None) -> None:
    """Hand one task to a lead. Who takes it, or has accepted it before, is not asked; an earlier backup stays."""
    accepted = lead.id == call.speaker.id or _has_accepted(board, task, lead)
    earlier = board.member(task.backup_id) if board.holder(task) else None
    kept = earlier if earlier and earlier.id != lead.id else None
    hand(board, task, lead, backup or kept, by=by, accepted=accepted)


def _has_accepted(board: Board, task: Task, member: Member) -> bool:
    held = board.holding(task)
    return held.accepted and held.member_id == member.id


def _offers(board: Board, member: Member) -> list[Task]:
    return [task for task in board.waiting() if _may_accept(board, task, member)]


def _may_accept(board: Board, task: Task, member: Member) -> bool:
    """Tell whether an offer of the task to a member stands: a late yes counts while nobody else has said it."""
    held = board.holding(task)
    if held.accepted:
        return False
    return task.lead_id == member.id or (task.backup_id == member.id and held.member_id in (None, member.id))


def _may_finish(call: Call, board: Board, task: Task) -> bool:
    holder, member = board.holder(task), call.speaker
    if holder is None:
        return call.role is Role.COORDINATOR or member.id in (task.lead_id, task.backup_id)
    return holder.id == member.id or (task.lead_id == member.id and not board.holding(task).accepted)


def _gave_back(call: Call, board: Board, choice: Choice, verb: str, candidates: Sequence[Task]) -> Message:
    me = call.speaker
    tasks = chosen(call, board, choice, verb, candidates)
    mine = [task for task in tasks if me.id in (task.lead_id, task.backup_id)]
    if not mine:
        raise Refusal(_why_not_mine(board, tasks, me, "take"))
    ask_before_naming(call, choice.left, call.typed_label)
    result = give_back(board, mine, me)
    tell_of_giving_back(call, board, result, call.as_typed(choice.left))
    passed = [task for task in mine if board.holder(task)]
    return message(
        say("No longer yours: {tasks}.", tasks=board.titles(mine)),
        say("{who}.", who=who_has(board, passed)) if passed else None,
        say("The coordinators are told.") if result.unowned or result.without_backup else None,
    )


def _why_not_mine(board: Board, tasks: Sequence[Task], me: Member, verb: str) -> Phrase:
    """Say why a member cannot act on tasks: others have them, or nobody."""
    if held := [task for task in tasks if board.holder(task)]:
        own = [task for task in held if _has_accepted(board, task, me)]
        if own == held:
            return say("Yours already: {tasks}.", tasks=board.titles(own))
        return say("{who}. `tasks` shows what is yours.", who=who_has(board, held))
    words = board.command(tasks)
    return say("Nobody has {tasks}. `{verb} {words}` takes it.", tasks=board.titles(tasks), verb=verb, words=words)


def _review_hint(board: Board, finished: Sequence[Task], me: Member) -> Phrase | None:
    """Ask for a review where the text was looked at and nothing was said."""
    said = reviewed(board)
    silent = [
        task
        for task in finished
        if board.provision(task) and me.id not in {review.member_id for review in said.get(task.lineage_id or 0, [])}
    ]
    if not silent:
        return None
    return say(
        "What did you find? `review {task} support`, `concern`, `oppose` or `neutral`.", task=board.command(silent[:1])
    )


def _nothing_left(choice: Choice) -> None:
    if choice.left.replace(" ", "").isdecimal():
        raise Refusal(say("Put commas between numbers, for example `24, 27`."))
    if choice.left:
        raise Refusal(
            say(
                "I do not understand “{words}”. Name articles or tasks, for example `24, 27` or `task 7`.",
                words=choice.left,
            )
        )


def _no_such_filter(words: str) -> Phrase:
    near = nearest(words, ["mine", *FILTERS])
    if near:
        return say("I do not know “{words}”. Did you mean `tasks {near}`?", words=words, near=near)
    return say(
        "I do not know “{words}”. `tasks` takes `mine`, `@name`, `article 24`, `open`, `overdue`, `unowned`, `stale`.",
        words=words,
    )


VERBS: tuple[Verb, ...] = (
    Verb(
        "assign", assign, "assign ARTICLES | WORDS @NAME [@NAME ...] [backup @NAME] [by WHEN]",
        "Give articles, or a task in free words, to people; several people share them evenly.", undoable=True,
        examples=("assign article 24 @ana backup @luis", "assign chapter IV @ana @luis by fri 17:00",
                  "assign book a room @mei"),
    ),
    Verb(
        "reassign", reassign, "reassign ARTICLES @NAME [@NAME ...] [backup @NAME] [by WHEN]",
        "Give tasks to other people, whoever has them.", role=Role.COORDINATOR, undoable=True,
        examples=("reassign article 24 @luis", "reassign task 7 @mei by fri"),
    ),
    Verb("take", take, "take [ARTICLES]", "Take what nobody has.", undoable=True, examples=("take 27", "take task 7")),
    Verb(
        "accept", accept_offer, "accept [ARTICLES | all]", "Say yes to what you were asked to do.", undoable=True,
        examples=("accept 24", "accept all"),
    ),
    Verb(
        "decline", decline, "decline [ARTICLES | all] [WHY]",
        "Say no to what you were asked to do; your backup is asked.",
        undoable=True, examples=("decline 24", "decline 24 no time this week"),
    ),
    Verb("release", release, "release [ARTICLES | all] [WHY]", "Give back what you have.", undoable=True,
         examples=("release 24",)),
    Verb(
        "done", done, "done [ARTICLES | all]", "Say that you have done your tasks.", undoable=True,
        examples=("done 24, 27", "done task 7", "done all"),
    ),
    Verb(
        "tasks", tasks, "tasks [mine | @NAME | ARTICLES | open | overdue | unowned | stale]",
        "List tasks: your own in a direct chat, the open ones in a room.", label=Label.PUBLIC,
        examples=("tasks", "tasks @ana", "tasks article 24", "tasks unowned"),
    ),
    Verb("coverage", show_coverage, "coverage",
         "Show what is on the programme without owner or review, soonest first."),
    Verb("export tasks", export, "export tasks", "Give all tasks as a CSV file.", private=True),
)  # fmt: skip
