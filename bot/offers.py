"""Until when an offer stands: by the rules, and never beyond the moment by which its work is due."""

from __future__ import annotations

import datetime as dt

from bot.people import sleeper
from bot.programme import session_spans
from bot.rules.ownership import limit_of, offer_times
from storage.tables import Meeting, Member, Task
from storage.work import Work


def open_offer(work: Work, task: Task, now: dt.datetime, meeting: Meeting | None) -> None:
    """Give a task that is offered to its lead now the times by which lead and backup answer; its due time is set."""
    lead, backup = (work.row(Member, row) if row is not None else None for row in (task.lead_id, task.backup_id))
    if lead is None:
        task.answer_by = task.backup_answer_by = None
        return
    limit = limit_of(now, task.due, meeting.starts_at if meeting else None)
    sessions = list(session_spans(work).values())
    task.answer_by, task.backup_answer_by = offer_times(
        now, sleeper(lead), sleeper(backup) if backup else None, sessions, limit
    )


def hasten_offer(work: Work, task: Task, now: dt.datetime, meeting: Meeting | None) -> None:
    """Let an open offer whose task is due sooner now be answered sooner."""
    if task.accepted_at is not None or task.answer_by is None:
        return
    first, second = task.answer_by, task.backup_answer_by
    if now < first:
        open_offer(work, task, now, meeting)
        task.answer_by = min(first, task.answer_by)
        if second is not None and task.backup_answer_by is not None:
            task.backup_answer_by = min(second, task.backup_answer_by)
    elif second is not None and now < second:
        limit = limit_of(now, task.due, meeting.starts_at if meeting else None)
        task.backup_answer_by = min(second, limit) if limit else second
