"""Tasks as people speak of them: what they are called, when they are due, and who has them at a moment."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlmodel import col

from bot.commands import Call, Refusal
from bot.grammar import read_targets
from bot.message import Inline, Joined, Moment, joined, say
from bot.people import members, mention
from bot.programme import next_meetings, session_zones
from bot.provisions import by_lineage, current_draft, provisions_of, title, titles
from bot.rules.labels import may_show
from bot.rules.ownership import Holding, holding
from bot.rules.reminders import WAITING
from storage.tables import Draft, DraftState, Label, Meeting, Member, Provision, Review, Task, TaskState
from storage.work import Work


@dataclass(frozen=True)
class Board:
    """A coalition's tasks, its current text, programme and people, as they stand at one moment for one reader."""

    work: Work
    now: dt.datetime
    ceiling: Label
    draft: Draft | None
    provisions: Sequence[Provision]
    """Of the current draft, in the order of the text."""
    current: Mapping[int, Provision]
    """The same by lineage."""
    floor: Mapping[int, Meeting]
    """The next meeting of each lineage."""
    zones: Mapping[int, ZoneInfo]
    """Of the sessions, by id."""
    people: Mapping[int, Member]
    """The active members, by id."""

    def tasks(self) -> list[Task]:
        """Give the tasks that were not cancelled, in the order of the text, those without a provision last."""
        rows = self.work.rows(Task, col(Task.state) != TaskState.CANCELLED)
        return sorted(rows, key=self._place)

    def waiting(self) -> list[Task]:
        """Give the tasks that are still to be done."""
        return [task for task in self.tasks() if task.state in WAITING]

    def provision(self, task: Task) -> Provision | None:
        """Give the provision of a task as it stands in the current draft."""
        return self.current.get(task.lineage_id) if task.lineage_id is not None else None

    def holding(self, task: Task) -> Holding:
        """Tell who has a task now; a person who has left has nothing."""
        held = holding(task, self.now)
        return held if held.member_id in self.people else Holding(None)

    def holder(self, task: Task) -> Member | None:
        """Give the member who has a task now."""
        return self.member(self.holding(task).member_id)

    def member(self, member_id: int | None) -> Member | None:
        """Give an active member."""
        return self.people.get(member_id) if member_id is not None else None

    def held_by(self, member: Member) -> list[Task]:
        """Give the tasks that a member has and has still to do."""
        return [task for task in self.waiting() if self.holding(task).member_id == member.id]

    def meeting(self, task: Task) -> Meeting | None:
        """Give the next meeting that takes up a task's provision."""
        return self.floor.get(task.lineage_id) if task.lineage_id is not None else None

    def moment(self, task: Task, at: dt.datetime, shape: str = "full") -> Moment:
        """Give a moment of a task with the zone of the venue that its provision meets at next."""
        meeting = self.meeting(task)
        return Moment(at, venue=self.zones[meeting.session_id].key if meeting else None, shape=shape)

    def title(self, task: Task) -> str:
        """Give what people call a task: "article 24", its words, or its number where they are gone or not for here."""
        provision = self.provision(task)
        if provision is not None:
            return title(provision)
        if task.lineage_id is not None:
            return self._last_title(task)
        return task.words if task.words and may_show(task.label, self.ceiling) else f"task {task.number}"

    def long_title(self, task: Task) -> str:
        """Give the title with the provision's heading: numbers change from draft to draft."""
        provision = self.provision(task)
        heading = provision.heading if provision else ""
        return f"{self.title(task)} ({heading})" if heading else self.title(task)

    def titles(self, tasks: Sequence[Task]) -> str:
        """Give what people call several tasks within a sentence: "articles 5-9, 12, “book a room”"."""
        if len(tasks) == 1 and self.provision(tasks[0]) is not None:
            return self.long_title(tasks[0])
        return self._run(tasks, self._quoted)

    def command(self, tasks: Sequence[Task]) -> str:
        """Give what to type for these tasks after a verb: "24", "5-9, 12", "article X", "preamble", "task 7"."""
        words = self._run(tasks, lambda task: f"task {task.number}")
        short = re.sub(r"^articles? (?=\d)", "", words)
        return short if read_targets(short) == read_targets(words) else words

    def seen_by(self, ceiling: Label) -> Board:
        """Give the same board for another reader."""
        return replace(self, ceiling=ceiling)

    def _quoted(self, task: Task) -> str:
        name = self.title(task)
        return f"“{name}”" if name == task.words else name

    def _run(self, tasks: Sequence[Task], name: Callable[[Task], str]) -> str:
        provisions = [row for task in tasks if (row := self.provision(task)) is not None]
        rest = [name(task) for task in tasks if self.provision(task) is None]
        return ", ".join([*([titles(provisions)] if provisions else []), *rest])

    def _last_title(self, task: Task) -> str:
        """Name a provision that the current draft does not have by the number it had in force last, and say why."""
        rows = self.work.rows(Provision, col(Provision.lineage_id) == task.lineage_id)
        drafts = {row.id: row for row in self.work.rows(Draft, col(Draft.id).in_({row.draft_id for row in rows}))}
        if published := [row for row in rows if drafts[row.draft_id].state is DraftState.PUBLISHED]:
            return f"{title(published[-1])} (deleted)"
        # Of drafts that were withdrawn one after the other, the first one was in force last.
        rows = [row for row in rows if drafts[row.draft_id].base_id not in drafts]
        return f"{title(rows[-1])} (withdrawn)" if rows else f"task {task.number}"

    def _place(self, task: Task) -> tuple[bool, int, int]:
        provision = self.provision(task)
        return provision is None, provision.ordinal if provision else 0, task.number


def look(work: Work, now: dt.datetime, ceiling: Label = Label.CLOSED) -> Board:
    """Read the board for a reader who may see that much."""
    draft = current_draft(work)
    provisions = provisions_of(work, draft) if draft else []
    people = {member.id: member for member in members(work)}
    floor, zones = next_meetings(work, now), session_zones(work)
    return Board(work, now, ceiling, draft, provisions, by_lineage(provisions), floor, zones, people)


def board_of(call: Call) -> Board:
    """Read the board for a command; raises Refusal in a room that may see public items only: who does what is not."""
    if not may_show(Label.COALITION, call.ceiling):
        raise Refusal(say("Who does what is not for this room. Ask me in a direct chat."))
    return look(call.work, call.now, call.ceiling)


def on_provisions(board: Board) -> dict[int, Task]:
    """Index the tasks that were not cancelled by the lineage of their provision."""
    return {task.lineage_id: task for task in board.tasks() if task.lineage_id is not None}


def make(board: Board, *, lineage_id: int | None = None, words: str = "", label: Label = Label.COALITION) -> Task:
    """Make a task with the next number, in nobody's hands yet."""
    numbers = [task.number for task in board.work.rows(Task)]
    task = Task(
        coalition_id=board.work.tenant,
        number=max(numbers, default=0) + 1,
        lineage_id=lineage_id,
        words=words,
        label=label,
    )
    return board.work.put(task)


def by_due(board: Board, tasks: Sequence[Task]) -> Joined:
    """Name tasks with their due times, those due together in one breath."""
    return joined([_due_together(board, due, rows) for due, rows in due_groups(tasks)], "; ")


def due_groups(tasks: Sequence[Task]) -> Iterator[tuple[dt.datetime | None, list[Task]]]:
    """Group tasks by due time, soonest first, those without one last."""
    latest = dt.datetime.max.replace(tzinfo=dt.UTC)
    in_order = sorted(tasks, key=lambda task: task.due or latest)
    for due, rows in groupby(in_order, key=lambda task: task.due):
        yield due, list(rows)


def people_list(people: Iterable[Member]) -> Joined:
    """Name several members."""
    return joined([mention(member) for member in people])


def who_has(board: Board, tasks: Sequence[Task]) -> Joined:
    """Say who has tasks, and who was asked to and has not answered."""
    grouped: dict[tuple[Holding, bool], list[Task]] = {}
    for task in tasks:
        if board.holder(task):
            key = replace(board.holding(task), as_backup=False), task.state is TaskState.DONE
            grouped.setdefault(key, []).append(task)
    return joined([_has(board, held, rows, is_done=is_done) for (held, is_done), rows in grouped.items()], "; ")


def moment_of(board: Board, tasks: Sequence[Task], at: dt.datetime, shape: str = "full") -> Moment:
    """Give a moment that several tasks share, with the zone of the first venue that one of them meets at."""
    return board.moment(next((task for task in tasks if board.meeting(task)), tasks[0]), at, shape)


def reviewed(board: Board) -> dict[int, list[Review]]:
    """Give the reviews that hold for the current text, by lineage: of this draft, or of one with the same words.

    Of one person the last one alone holds.
    """
    holding_still: dict[int, list[Review]] = {}
    reviews = last_reviews(board.work.rows(Review))
    older = {review.draft_id for review in reviews if board.draft is None or review.draft_id != board.draft.id}
    texts = {
        (row.draft_id, row.lineage_id): row.text
        for row in board.work.rows(Provision, col(Provision.draft_id).in_(older))
    }
    for review in reviews:
        row = board.current.get(review.lineage_id)
        if row and (review.draft_id == row.draft_id or texts.get((review.draft_id, review.lineage_id)) == row.text):
            earlier = [row for row in holding_still.get(review.lineage_id, ()) if row.member_id != review.member_id]
            holding_still[review.lineage_id] = [*earlier, review]
    return holding_still


def last_reviews(reviews: Iterable[Review]) -> list[Review]:
    """Give, of the reviews in the order they came, the last of each person on each provision of each draft."""
    return list({(row.lineage_id, row.draft_id, row.member_id): row for row in reviews}.values())


def settle(board: Board, task: Task, member: Member) -> None:
    """Mark a task done by a member; for one who has it or was offered it, doing it is accepting it."""
    if board.holding(task).as_backup and task.backup_id == member.id:
        task.lead_id, task.backup_id, task.backup_answer_by = member.id, None, None
    if task.lead_id == member.id:
        task.accepted_at = task.accepted_at or board.now
    task.state = TaskState.DONE
    task.draft_id = board.draft.id if board.draft and task.lineage_id is not None else None


def _due_together(board: Board, due: dt.datetime | None, tasks: Sequence[Task]) -> Inline:
    if due is None:
        return say("{tasks} (no due time)", tasks=board.titles(tasks))
    return say("{tasks} due {due}", tasks=board.titles(tasks), due=moment_of(board, tasks, due))


def _has(board: Board, held: Holding, tasks: Sequence[Task], *, is_done: bool) -> Inline:
    person = mention(board.people[held.member_id or 0])
    if is_done:
        return say("{person} has done {tasks}", person=person, tasks=board.titles(tasks))
    if held.accepted:
        return say("{person} has {tasks}", person=person, tasks=board.titles(tasks))
    return say("{person} is asked to take {tasks}", person=person, tasks=board.titles(tasks))
