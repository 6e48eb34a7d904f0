"""Drafts put in force and taken back: lineages, tasks and the programme follow, and the alerts go out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlmodel import col

from bot.alerts import Post, alert, correct, open_alerts, without_text
from bot.changes import Step, step_of
from bot.concerns import Impact, impact_of
from bot.drafts import write_down
from bot.lineages import carry_on, follow_on_table
from bot.meetings import resolve_tables
from bot.provisions import by_lineage, current_draft, provisions_of
from bot.rules.reminders import WAITING
from bot.stale import settle_tasks
from bot.tasks import look
from bot.texts.compare import Comparison
from bot.texts.document import Document
from storage.journal import restore, touched_ids
from storage.tables import Draft, DraftState, Label, NoticeState, Task, TaskState, Text
from storage.work import Work

TICK = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Told:
    """How many members and rooms were told."""

    members: int
    rooms: int


def publish(work: Work, draft: Draft, now: dt.datetime, occasion: str) -> Told:
    """Make a previewed draft the current one and alert whom it concerns. `occasion` names this publishing in keys.

    The draft must have been compared with the current one.
    """
    step = step_of(work, draft)
    impact = impact_of(work, step, now)
    put_in_force(work, step, now)
    post = Post(work, step, now, f"alert/{draft.id}/{occasion}")
    return Told(*alert(post, impact))


def reach(work: Work, draft: Draft, now: dt.datetime) -> Impact:
    """Tell whom publishing a draft would concern."""
    return impact_of(work, step_of(work, draft), now)


def withdraw(work: Work, draft: Draft, now: dt.datetime, occasion: str) -> Told:
    """Take a published draft back: the one before is in force again, with its tasks and due times.

    What somebody changed since stays as they left it; what was settled on the withdrawn text is not settled by that.
    Exactly those who were alerted are told; alerts that have not left yet are cancelled instead. Of tasks that are left
    without a text (see `stranded`) their holders and the coordinators hear in any case.
    """
    left = stranded(work, draft)
    draft.state = DraftState.WITHDRAWN
    _unsettle(work, draft)
    for row in restore(work, draft.journal or [], strict=False):
        if row in work:
            work.refresh(row)
    post = Post(work, step_of(work, draft), now, f"withdrawn/{draft.id}/{occasion}")
    return Told(*correct(post, current_draft(work), left))


def stranded(work: Work, draft: Draft) -> list[Task]:
    """Give the tasks still to be done that are left without a text when a draft is withdrawn: only it has theirs.

    Those that publishing it made are not among them, since they are closed then.
    """
    base = work.row(Draft, draft.base_id) if draft.base_id is not None else None
    known = by_lineage(provisions_of(work, base)) if base else {}
    lost = by_lineage(provisions_of(work, draft)).keys() - known.keys()
    made = {row_id for name, row_id, what, _ in draft.journal or [] if (name, what) == (Task.__name__, "made")}
    tasks = work.rows(Task, col(Task.state).in_(WAITING), col(Task.lineage_id).in_(lost))
    return [task for task in tasks if task.id not in made]


def _unsettle(work: Work, draft: Draft) -> None:
    """Give back the state that publishing gave to the tasks that were settled on the draft since."""
    aged = touched_ids(draft.journal or [], Task)
    for task in work.rows(Task, Task.draft_id == draft.id, Task.state == TaskState.DONE):
        if task.id in aged:
            task.state = TaskState.STALE
    work.flush()


def alerted(work: Work, draft: Draft, now: dt.datetime) -> int:
    """Tell how many members and rooms are told when a draft is withdrawn: an alert has left, or a task has no text."""
    left = {row.lane_id for row in open_alerts(work, draft) if row.state is not NoticeState.PLANNED}
    return len(left | without_text(look(work, now), stranded(work, draft)).keys())


def record(  # noqa: PLR0913, PLR0917 - what a loaded file says of a draft, and what was read of it
    work: Work,
    text: Text,
    symbol: str,
    date: dt.date,
    language: str,
    document: Document,
    comparison: Comparison | None,
    now: dt.datetime,
) -> Draft:
    """Store a draft and put it in force without alerts.

    `comparison` is with the current draft (`bot.drafts.as_document` gives its side), None for the first one.
    """
    base = current_draft(work) if comparison else None
    draft = work.put(
        Draft(
            coalition_id=work.tenant, text_id=text.id, symbol=symbol, date=date, state=DraftState.PREVIEWED,
            base_id=base.id if base else None, added_at=now,
        )
    )  # fmt: skip
    write_down(work, draft, document, comparison)
    draft.language = language or document.language
    # It counts as published on its own day: a digest does not tell it as news.
    put_in_force(work, step_of(work, draft), now, min(now, dt.datetime.combine(date, dt.time(), dt.UTC)))
    return draft


def put_in_force(work: Work, step: Step, now: dt.datetime, published_at: dt.datetime | None = None) -> None:
    """Make a draft the current one, and keep what that changed so that it can be taken back."""
    at = published_at or now
    work.flush()
    start = len(work.journal)
    draft, before = step.draft, current_draft(work)
    draft.state, draft.label, draft.published_at = DraftState.PUBLISHED, Label.PUBLIC, at
    if before is not None and before.published_at is not None and before.published_at >= at:
        # A simulated clock may stand before the moment at which a file was loaded: what comes last is current.
        draft.published_at = before.published_at + TICK
    carry_on(work, step)
    follow_on_table(work, step)
    settle_tasks(work, step, now)
    resolve_tables(work)
    work.flush()
    draft.journal = list(work.journal[start:])
