"""What one member sees at a glance: what is next, what is theirs, what changed in it, how they are spoken to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bot.agenda import next_up, read_agenda, shown
from bot.assignments import answer_actions, done_actions
from bot.changes import became_named, number, numbers_only, step_of
from bot.discretion import veil_on
from bot.message import Actions, Block, Heading, Inline, List, Moment, Paragraph, actions, count, joined, say
from bot.people import settings_of
from bot.programme import coming
from bot.provisions import titles
from bot.rules.labels import direct_ceiling, may_show
from bot.tasklists import coverage, task_line, without_task
from bot.tasks import Board, due_groups, look
from storage.tables import Label, Member, Role, Task
from storage.work import Work

MOST_TASKS = 40
MOST_LINES = 8
MOST_MEETINGS = 4


@dataclass(frozen=True)
class Item:
    """One task of the member's: a line, and what can be done with it."""

    line: Inline
    actions: Actions


@dataclass(frozen=True)
class Home:
    """What a member sees at a glance; each part is short, and says of what there is more."""

    next: tuple[Block, ...]
    tasks: tuple[Item, ...]
    """The soonest, at most MOST_TASKS."""
    total: int
    """How many tasks the member has."""
    changes: tuple[Block, ...]
    settings: tuple[Block, ...]
    coverage: tuple[Block, ...]
    """For coordinators, else empty."""


def home_of(work: Work, now: dt.datetime, member: Member, *, platform: str, role: Role | None = None) -> Home:
    """Read what a member sees on a platform, under the ceiling of their direct chat there.

    `role` is the most that the account may act as, where that is less than the member may.
    """
    acts_as = min(member.role, role or member.role, key=lambda one: one.rank)
    ceiling = direct_ceiling(acts_as, platform)
    inside = may_show(Label.COALITION, ceiling)
    board = look(work, now, ceiling)
    own = [task for _, rows in due_groups(board.held_by(member)) for task in rows] if inside else []
    found = Home(
        next=_next(work, now, ceiling),
        tasks=tuple(_item(board, task) for task in own[:MOST_TASKS]),
        total=len(own),
        changes=_changes(board, member) if inside else (),
        settings=(Paragraph(settings_of(member, now)), _settings_actions(member, now)),
        coverage=_coverage(board) if acts_as is Role.COORDINATOR and inside else (),
    )
    return veil_on(work, platform).over_parts(found)


def _next(work: Work, now: dt.datetime, ceiling: Label) -> tuple[Block, ...]:
    rows = next_up(coming(work, now), now)[:MOST_MEETINGS]
    if not rows:
        return (Paragraph(say("Nothing is on the programme from here on.")),)
    return tuple(shown(read_agenda(work, now), rows, ceiling))


def _item(board: Board, task: Task) -> Item:
    accepted = board.holding(task).accepted
    steps = done_actions(board, [task]) if accepted else answer_actions(board, [task])
    return Item(task_line(board, task, late=True), steps)


def _changes(board: Board, member: Member) -> tuple[Block, ...]:
    """Say what the current draft made of what a member leads or backs up."""
    if board.draft is None or board.draft.base_id is None:
        return ()
    step = step_of(board.work, board.draft)
    lineages = {task.lineage_id for task in board.tasks() if member.id in (task.lead_id, task.backup_id)} - {None}
    mine = [row for row in step.changes if {new.lineage_id for new in step.news(row)} & lineages]
    told = [row for row in mine if row.relation != "unchanged" and not numbers_only(row)]
    lines: list[Inline] = [became_named(step, row) for row in told[:MOST_LINES]]
    if len(told) > MOST_LINES:
        left = len(told) - MOST_LINES
        lines.append(count(left, "and {n} more: `diff`", "and {n} more: `diff`"))
    if not lines:
        return (Paragraph(say("{symbol} changed nothing that is yours.", symbol=board.draft.symbol)),)
    seen = say("{symbol}, seen {moment}", symbol=board.draft.symbol, moment=Moment(board.draft.added_at))
    whole = [number(step.one(row)) for row in told[:MOST_LINES]]
    buttons = actions(*((say("See {what}", what=what), f"diff {what}") for what in whole))
    return (Paragraph(seen), List(tuple(lines)), buttons)


def _settings_actions(member: Member, now: dt.datetime) -> Actions:
    quiet = (say("Write to me at night too"), "my quiet off") if member.quiet else (say("Quiet nights"), "my quiet on")
    back = [(say("I am back"), "my away off")] if member.away_until is not None and member.away_until > now else []
    return actions(quiet, *back, (say("Help"), "help"))


def _coverage(board: Board) -> tuple[Block, ...]:
    """Say what is on the programme and not covered, and what nobody was ever given."""
    blocks: list[Block] = []
    for block in coverage(board).blocks:
        if isinstance(block, List) and len(block.items) > MOST_LINES:
            left = len(block.items) - MOST_LINES
            more = count(left, "and {n} more meeting: `coverage`", "and {n} more meetings: `coverage`")
            blocks.append(List((*block.items[:MOST_LINES], more)))
        else:
            blocks.append(Paragraph(block.line) if isinstance(block, Heading) else block)
    free = [task for task in board.waiting() if board.holder(task) is None]
    unowned: list[Inline] = [say("Nobody has {tasks}.", tasks=board.titles(free))] if free else []
    if untouched := without_task(board):
        unowned.append(
            count(
                len(untouched), "No task yet on {n} provision: {provisions}.",
                "No task yet on {n} provisions: {provisions}.", provisions=titles(untouched),
            )
        )  # fmt: skip
    return (*blocks, *([Paragraph(joined(unowned, " "))] if unowned else ()))
