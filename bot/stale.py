"""What a new draft does to tasks: those of changed provisions go stale, parts get their own, what is gone is closed."""

from __future__ import annotations

import datetime as dt

from bot.changes import Step
from bot.concerns import holder_of, tasks_by_lineage
from bot.offers import hasten_offer
from bot.programme import next_meetings, session_now
from bot.rules.ownership import default_due
from bot.tasks import look, make
from storage.tables import Change, Meeting, Provision, Task, TaskState
from storage.work import Work


def settle_tasks(work: Work, step: Step, now: dt.datetime) -> None:
    """Apply a draft whose lineages are assigned to the tasks of what it changed alarmingly."""
    aging = _Aging(work, step, now)
    for change in step.changes:
        if change.alarming:
            aging.apply(change)
    work.flush()


NEAR = dt.timedelta(days=2)
"""A text that appears this shortly before the meeting is treated as new text in session."""


class _Aging:
    """The tasks of one coalition while a draft is applied to them."""

    def __init__(self, work: Work, step: Step, now: dt.datetime) -> None:
        self._work, self._step, self._now = work, step, now
        self._tasks = tasks_by_lineage(work)
        self._floor = next_meetings(work, now)
        self._in_session = session_now(work, now) is not None

    def apply(self, change: Change) -> None:
        olds, news = self._step.olds(change), self._step.news(change)
        if change.relation == "removed":
            self._close(self._of(olds[0]))
            return
        for task in self._of(olds[0]):
            self._age(task)
        if change.relation == "merged":
            for old in olds[1:]:
                self._take_up(old, news[0])
        if change.relation == "split":
            for task in self._of(olds[0]):
                self._share(task, news[1:])

    def _of(self, provision: Provision) -> list[Task]:
        return list(self._tasks.get(provision.lineage_id or 0, ()))

    def _close(self, tasks: list[Task]) -> None:
        for task in tasks:
            task.state, task.draft_id = TaskState.CANCELLED, self._step.draft.id

    def _age(self, task: Task) -> None:
        """Ask for another look, by an hour before the meeting during a session, unless a chosen time is still ahead."""
        was_done = task.state is TaskState.DONE
        task.state, task.draft_id = TaskState.STALE, self._step.draft.id
        if task.due_chosen and task.due is not None and task.due > self._now:
            return
        due = self._due(task.lineage_id)
        if due is not None or was_done:
            task.due, task.due_chosen = due, False
            hasten_offer(self._work, task, self._now, self._floor.get(task.lineage_id or 0))

    def _due(self, lineage_id: int | None) -> dt.datetime | None:
        meeting: Meeting | None = self._floor.get(lineage_id or 0)
        if meeting is None:
            return None
        near = self._in_session or meeting.starts_at - self._now < NEAR
        return default_due(self._now, meeting.starts_at, new_text=near)

    def _take_up(self, old: Provision, into: Provision) -> None:
        """Let the tasks of what was taken up point at the one provision there is now, or close where that has one."""
        for task in self._of(old):
            if self._of(into):
                self._close([task])
            else:
                task.lineage_id = into.lineage_id
                self._tasks.setdefault(into.lineage_id or 0, []).append(task)
                self._age(task)

    def _share(self, task: Task, parts: list[Provision]) -> None:
        """Give each further part of a split a task of its own, in the same hands."""
        if holder_of(task, self._now) is None:
            return
        for part in parts:
            if part.placeholder or self._of(part):
                continue
            own = make(look(self._work, self._now), lineage_id=part.lineage_id)
            own.lead_id, own.backup_id, own.label = task.lead_id, task.backup_id, task.label
            own.assigned_at, own.accepted_at = self._now, task.accepted_at
            own.answer_by, own.backup_answer_by = task.answer_by, task.backup_answer_by
            own.due = self._due(part.lineage_id)
            self._tasks.setdefault(part.lineage_id or 0, []).append(own)
