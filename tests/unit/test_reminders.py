"""Which reminders a task has: four points around the due time, to its holder of then, and what a lapsed offer does."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from bot.rules.planned import Planned
from bot.rules.reminders import task_reminders
from bot.rules.waking import Sleeper
from storage.tables import Task
from storage.tables.words import NoticeKind, TaskState

NOW = dt.datetime(2024, 1, 29, 13, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DUE = NOW + 48 * HOUR
ANA, LUIS, MEI = 1, 2, 3
PEOPLE = {
    ANA: Sleeper(ZoneInfo("Europe/Vienna")),
    LUIS: Sleeper(ZoneInfo("America/New_York")),
    MEI: Sleeper(ZoneInfo("Asia/Singapore")),
}


def accepted(**fields: object) -> Task:
    """Make a task that Luis has accepted, with Mei as backup."""
    given = {"id": 9, "lead_id": LUIS, "backup_id": MEI, "due": DUE, "accepted_at": NOW}
    return Task(coalition_id=1, number=1, **(given | fields))  # type: ignore[arg-type]


def points(task: Task, meeting_at: dt.datetime | None = None) -> list[tuple[str, int | None, float]]:
    """Give the reminders as (occasion, member, hours from the due time)."""
    found = task_reminders(task, PEOPLE, meeting_at, [ANA])
    return [(row.occasion, row.member_id, (row.due - DUE) / HOUR) for row in found]


FOUR = [
    ("task.due-in-24h", LUIS, -24), ("task.due-in-2h", LUIS, -2),
    ("task.overdue", LUIS, 1), ("task.still-overdue", LUIS, 25),
]  # fmt: skip


def test_an_accepted_task_has_four_points_for_its_lead() -> None:
    """A day and two hours before, an hour and a day and an hour after; nobody else hears."""
    assert points(accepted()) == FOUR


@pytest.mark.parametrize("state", [TaskState.DONE, TaskState.CANCELLED])
def test_a_settled_task_has_none(state: TaskState) -> None:
    """Done and cancelled tasks are left alone; a stale one is asked for again."""
    assert points(accepted(state=state)) == []
    assert points(accepted(state=TaskState.STALE)) == FOUR


def test_a_task_without_due_time_or_of_somebody_gone_is_quiet() -> None:
    """Nothing to count from, or nobody to tell."""
    assert points(accepted(due=None)) == []
    assert points(accepted(lead_id=77)) == []


def test_points_go_to_whoever_holds_it_then() -> None:
    """Offered to Luis until an hour before the day-before point, then to Mei for ten hours, then nobody's."""
    task = accepted(accepted_at=None, answer_by=DUE - 25 * HOUR, backup_answer_by=DUE - 15 * HOUR)
    assert points(task) == [
        ("task.due-in-24h", MEI, -24),
        ("task.offered-to-backup", MEI, -25),
        ("task.lapsed", ANA, -15),
    ]


def test_without_a_backup_a_lapsed_offer_goes_to_the_coordinators() -> None:
    """At the very moment it lapses."""
    task = accepted(accepted_at=None, backup_id=None, answer_by=DUE - 30 * HOUR)
    assert points(task) == [("task.lapsed", ANA, -30)]


def test_the_backup_hears_when_the_lead_sleeps_and_the_meeting_is_near() -> None:
    """Two hours before is 3:00 in New York; the meeting follows four hours later. Farther away Mei is left alone."""
    due = dt.datetime(2024, 1, 31, 10, tzinfo=dt.UTC)
    task = accepted(due=due)

    def hearers(meeting_at: dt.datetime) -> list[int | None]:
        found = task_reminders(task, PEOPLE, meeting_at, [ANA])
        return [row.member_id for row in found if row.occasion == "task.due-in-2h"]

    assert hearers(due + 2 * HOUR) == [LUIS, MEI]
    assert hearers(due + 6 * HOUR) == [LUIS, MEI]
    assert hearers(due + 7 * HOUR) == [LUIS]
    assert hearers(due - 3 * HOUR) == [LUIS]


def test_keys_tell_points_people_and_due_times_apart() -> None:
    """No two of a task share a key; the same facts give the same keys, another due time gives others."""

    def keys(task: Task) -> list[str]:
        return [row.key for row in task_reminders(task, PEOPLE, None, [ANA])]

    task = accepted(accepted_at=None, answer_by=DUE + HOUR * 2, backup_answer_by=DUE + HOUR * 30)
    assert len(set(keys(task))) == len(keys(task)) == 6
    assert keys(task) == keys(accepted(accepted_at=None, answer_by=task.answer_by, backup_answer_by=DUE + HOUR * 30))
    assert not set(keys(accepted())) & set(keys(accepted(due=DUE + HOUR)))


def test_an_offer_to_the_backup_is_a_task_and_the_rest_reminders() -> None:
    """The kind decides how it waits and merges."""
    task = accepted(accepted_at=None, answer_by=NOW, backup_answer_by=NOW + HOUR, due=None)
    found: list[Planned] = list(task_reminders(task, PEOPLE, None, [ANA]))
    assert [(row.occasion, row.kind, row.subject_id) for row in found] == [
        ("task.offered-to-backup", NoticeKind.TASK, 9),
        ("task.lapsed", NoticeKind.REMINDER, 9),
    ]
