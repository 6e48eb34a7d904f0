"""Tasks in lists: of one person, by filter, what is on the programme and not covered, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlmodel import col

from bot.message import Heading, Inline, List, Message, Moment, Phrase, count, joined, message, say
from bot.people import mention, owner
from bot.programme import coming
from bot.provisions import titles
from bot.rules.reminders import WAITING
from bot.tasks import Board, by_due, due_groups, on_provisions, reviewed
from storage.tables import Meeting, Member, OnTable, Provision, Task, TaskState

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet would take for the beginning of a formula."""
_COLUMNS = ("task", "what", "heading", "lead", "backup", "state", "accepted", "due (UTC)", "reviews")


def is_overdue(board: Board, task: Task) -> bool:
    """Tell whether a task should have been done by now."""
    return task.state in WAITING and task.due is not None and task.due <= board.now


FILTERS: dict[str, Callable[[Board, Task], bool]] = {
    "open": lambda _, task: task.state in WAITING,
    "overdue": is_overdue,
    "unowned": lambda board, task: task.state in WAITING and board.holder(task) is None,
    "stale": lambda _, task: task.state is TaskState.STALE,
}
"""What `tasks` can be asked for."""


def tasks_of(board: Board, member: Member, *, own: bool, in_room: bool) -> Message:
    """List what a member has to do, soonest first. In a room nobody is shown as late."""
    tasks = [task for _, rows in due_groups(board.held_by(member)) for task in rows]
    if not tasks and own:
        return message(say("You have nothing to do. `coverage` shows what nobody looks at."))
    if not tasks:
        return message(say("{person} has nothing to do.", person=mention(member)))
    if own:
        heading = count(len(tasks), "You have {n} task", "You have {n} tasks")
    else:
        heading = count(len(tasks), "{person} has {n} task", "{person} has {n} tasks", person=mention(member))
    hint = say("`done {task}` when you have looked, `release {task}` gives it back.", task=board.command(tasks[:1]))
    lines = tuple(task_line(board, task, late=not in_room) for task in tasks)
    return message(Heading(heading), List(lines), hint if own else None)


def tasks_on(board: Board, tasks: Sequence[Task], *, in_room: bool) -> Message:
    """Say of each task who has it and where it stands."""
    return message(List(tuple(_full_line(board, task, late=not in_room) for task in tasks)))


def tasks_that(board: Board, filtered: str, *, in_room: bool) -> Message:
    """List the tasks that pass one of FILTERS, by who has them. In a room nobody is named as late."""
    tasks = [task for task in board.tasks() if FILTERS[filtered](board, task)]
    if in_room:
        late = [task for task in tasks if is_overdue(board, task)]
        named = [task for task in tasks if task not in late]
    else:
        late, named = [], tasks
    lines = [*_by_holder(board, named), *([say("Overdue: {tasks}", tasks=by_due(board, late))] if late else [])]
    untouched = without_task(board) if filtered == "unowned" else []
    if untouched:
        lines.append(
            count(
                len(untouched),
                "No task yet on {n} provision: {provisions}",
                "No task yet on {n} provisions: {provisions}",
                provisions=titles(untouched),
            )
        )
    if not lines:
        return message(_NOTHING[filtered])
    if not tasks:
        return message(*lines)
    return message(Heading(_some(filtered, len(tasks))), List(tuple(lines)))


def coverage(board: Board) -> Message:
    """Say what is on the programme without an owner or without a review of the current text, soonest first."""
    known, looked_at = on_provisions(board), reviewed(board)
    lines, total, covered = [], 0, 0
    for meeting, rows in _tabled(board):
        free = [row for row in rows if not _owned(board, known, row)]
        unread = [row for row in rows if row.lineage_id not in looked_at]
        total += len(rows)
        covered += len([row for row in rows if row not in free and row not in unread])
        if free or unread:
            lines.append(_gap(board, meeting, free, unread))
    if not total:
        return message(
            say("Nothing still to come on the programme names a provision. `programme session` shows the meetings.")
        )
    heading = count(
        total,
        "{covered} of {n} provision on the programme has owner and review",
        "{covered} of {n} provisions on the programme have owner and review",
        covered=covered,
    )
    return message(Heading(heading), List(tuple(lines)) if lines else None)


def as_csv(board: Board, names: Mapping[int, str]) -> str:
    """Give all tasks as CSV."""
    rows: list[Sequence[str]] = [_COLUMNS]
    looked_at = reviewed(board)
    for task in board.tasks():
        provision = board.provision(task)
        reviews = looked_at.get(task.lineage_id, []) if task.lineage_id is not None else []
        verdicts = "; ".join(f"{names.get(review.member_id, '')}: {review.verdict}" for review in reviews)
        due = task.due.strftime("%Y-%m-%d %H:%M") if task.due else ""
        people = tuple(names.get(who or 0, "") for who in (board.holding(task).member_id, task.backup_id))
        row = (
            str(task.number),
            board.title(task),
            provision.heading if provision else "",
            *people,
            task.state.value,
            "yes" if board.holding(task).accepted else "no",
            due,
            verdicts,
        )
        rows.append(row)
    return csv_of(rows)


def csv_of(rows: Iterable[Sequence[str]]) -> str:
    """Give rows of cells as CSV; nothing in it begins like a formula."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def harmless(cell: str) -> str:
    """Give a cell that a spreadsheet takes for words, whatever somebody typed."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_RISKY) or cell.startswith(_RISKY) else cell


_NOTHING = {
    "open": say("No task is open."),
    "overdue": say("Nothing is overdue."),
    "unowned": say("Every task and every provision has somebody."),
    "stale": say("No task waits for a second look."),
}


def _some(filtered: str, n: int) -> Phrase:
    return {
        "open": count(n, "{n} task is open", "{n} tasks are open"),
        "overdue": count(n, "{n} task is overdue", "{n} tasks are overdue"),
        "unowned": count(n, "{n} task has nobody", "{n} tasks have nobody"),
        "stale": count(
            n,
            "{n} task waits for a second look: its text changed",
            "{n} tasks wait for a second look: their text changed",
        ),
    }[filtered]


def _by_holder(board: Board, tasks: Sequence[Task]) -> list[Inline]:
    lines: list[Inline] = []
    for member in board.people.values():
        if held := [task for task in tasks if board.holding(task).member_id == member.id]:
            lines.append(say("{person}: {tasks}", person=owner(member), tasks=by_due(board, held)))
    if free := [task for task in tasks if board.holder(task) is None]:
        lines.append(
            say("Nobody: {tasks}. `take {example}`", tasks=by_due(board, free), example=board.command(free[:1]))
        )
    return lines


def task_line(board: Board, task: Task, *, late: bool) -> Inline:
    """Write a task without its holder: title, due time, and what is special about it."""
    parts: list[Inline] = [say("{task}", task=board.long_title(task)), *_when(board, task, late=late)]
    if not board.holding(task).accepted and board.holder(task):
        parts.append(say("not accepted yet"))
    if task.state is TaskState.STALE:
        parts.append(say("its text changed: look again"))
    return joined(parts)


def _full_line(board: Board, task: Task, *, late: bool) -> Inline:
    holder, backup = board.holder(task), board.member(task.backup_id)
    who: Inline = owner(holder) if holder else say("nobody")
    parts = [say("task {number}, {task}: {who}", number=task.number, task=board.long_title(task), who=who)]
    if holder and not board.holding(task).accepted:
        parts.append(say("not accepted yet"))
    if backup and backup is not holder:
        parts.append(say("backup {person}", person=mention(backup)))
    if task.state is TaskState.DONE:
        return joined([*parts, say("done")])
    stale = [say("its text changed: look again")] if task.state is TaskState.STALE else []
    return joined([*parts, *_when(board, task, late=late), *stale])


def _when(board: Board, task: Task, *, late: bool) -> list[Inline]:
    if task.due is None or (is_overdue(board, task) and not late):
        return []
    due = board.moment(task, task.due)
    return [say("was due {due}", due=due) if is_overdue(board, task) else say("due {due}", due=due)]


def without_task(board: Board) -> list[Provision]:
    """Give the provisions that nobody was ever given."""
    known = on_provisions(board)
    return [row for row in board.provisions if not row.placeholder and row.lineage_id not in known]


def _owned(board: Board, known: dict[int, Task], row: Provision) -> bool:
    task = known.get(row.lineage_id) if row.lineage_id is not None else None
    return task is not None and board.holder(task) is not None


def _tabled(board: Board) -> Iterable[tuple[Meeting, list[Provision]]]:
    """Give the coming meetings with the provisions that they are the first to take up."""
    tabled: dict[int, list[int]] = {}
    for row in board.work.rows(OnTable, col(OnTable.lineage_id).is_not(None)):
        if row.lineage_id is not None:
            tabled.setdefault(row.meeting_id, []).append(row.lineage_id)
    seen: set[int] = set()
    for meeting in coming(board.work, board.now):
        fresh = {lineage for lineage in tabled.get(meeting.id, ()) if lineage in board.current} - seen
        seen |= fresh
        rows = sorted((board.current[lineage] for lineage in fresh), key=lambda row: row.ordinal)
        if kept := [row for row in rows if not row.placeholder]:
            yield meeting, kept


def _gap(board: Board, meeting: Meeting, free: Sequence[Provision], unread: Sequence[Provision]) -> Inline:
    starts = Moment(meeting.starts_at, venue=board.zones[meeting.session_id].key)
    parts: list[Inline] = [say("{moment} {meeting}", moment=starts, meeting=meeting.title)]
    if free:
        parts.append(say("no owner: {provisions}", provisions=titles(free)))
    if unread:
        parts.append(say("no review: {provisions}", provisions=titles(unread)))
    return joined(parts, "; ")
