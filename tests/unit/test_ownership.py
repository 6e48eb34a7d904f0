"""Who has a task when, how long an offer stands, and when a task is due that nobody set."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from bot.rules.ownership import Holding, answer_by, default_due, holding, limit_of, offer_times
from bot.rules.waking import Sleeper
from storage.tables import Task

NOW = dt.datetime(2024, 1, 29, 13, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
LEAD, BACKUP = 2, 3


def offered(**fields: dt.datetime | int | None) -> Task:
    """Make a task offered to a lead for three hours, then to a backup for two."""
    given = {"lead_id": LEAD, "backup_id": BACKUP, "answer_by": NOW + 3 * HOUR, "backup_answer_by": NOW + 5 * HOUR}
    return Task(coalition_id=1, number=1, **(given | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hours", "who"),
    [
        (0, Holding(LEAD)), (2.99, Holding(LEAD)), (3, Holding(BACKUP, as_backup=True)),
        (4.99, Holding(BACKUP, as_backup=True)), (5, Holding(None)),
    ],
)  # fmt: skip
def test_an_offer_passes_from_lead_to_backup_to_nobody(hours: float, who: Holding) -> None:
    """Time alone moves it, and at its very moment it has moved."""
    assert holding(offered(), NOW + hours * HOUR) == who


def test_a_yes_holds_for_ever_but_not_before_it_was_said() -> None:
    """Accepted after an hour: before that the offer, afterwards the owner, long past every time limit."""
    task = offered(accepted_at=NOW + HOUR)
    assert holding(task, NOW) == Holding(LEAD)
    assert holding(task, NOW + HOUR) == holding(task, NOW + 900 * HOUR) == Holding(LEAD, accepted=True)


def test_nobody_asked_and_no_backup() -> None:
    """Without a lead nobody has it; without a backup it goes back to the coordinators; an open offer stands."""
    assert holding(offered(lead_id=None, backup_id=None), NOW) == Holding(None)
    assert holding(offered(backup_id=None, backup_answer_by=None), NOW + 3 * HOUR) == Holding(None)
    assert holding(offered(answer_by=None), NOW + 900 * HOUR) == Holding(LEAD)


def test_an_offer_stands_three_days_or_twelve_waking_hours() -> None:
    """During a session the nights of the person asked do not count; before it, the hours count that fall inside it."""
    person = Sleeper(ZoneInfo("Europe/Vienna"))
    on, soon = (NOW - HOUR, NOW + 300 * HOUR), (NOW + 11 * HOUR, NOW + 300 * HOUR)
    assert answer_by(NOW, person, []) == NOW + 72 * HOUR
    assert answer_by(NOW, person, [on]) == NOW + 21 * HOUR
    assert answer_by(NOW, person, [soon]) == NOW + 29 * HOUR  # awake from 7:00 on, until 19:00
    assert answer_by(NOW, person, [(NOW + 70 * HOUR, NOW + 300 * HOUR)]) == NOW + 72 * HOUR
    assert answer_by(NOW, person, [(NOW - 20 * HOUR, NOW - HOUR)]) == NOW + 72 * HOUR


@pytest.mark.parametrize(
    ("limit_in", "backed", "expected"),
    [
        (None, False, (72, None)), (None, True, (72, 144)), (200, True, (72, 144)), (96, True, (72, 96)),
        (48, True, (36, 48)), (48, False, (48, None)), (2, True, (1.5, 2)), (0.25, True, (0.1875, 0.25)),
    ],
)  # fmt: skip
def test_no_answer_is_awaited_beyond_the_due_time(
    limit_in: float | None, backed: bool, expected: tuple[float, float | None]
) -> None:
    """The lead has three quarters of a short time, the backup the rest, and by the due time coordinators know."""
    person = Sleeper(ZoneInfo("Europe/Vienna"))
    limit = None if limit_in is None else NOW + limit_in * HOUR
    times = offer_times(NOW, person, person if backed else None, [], limit)
    assert times == (NOW + expected[0] * HOUR, None if expected[1] is None else NOW + expected[1] * HOUR)


def test_the_limit_is_the_first_moment_still_ahead() -> None:
    """Of due time and meeting; what is past binds nobody."""
    assert limit_of(NOW, NOW + HOUR, NOW + 2 * HOUR) == NOW + HOUR
    assert limit_of(NOW, NOW - HOUR, NOW + 2 * HOUR) == NOW + 2 * HOUR
    assert limit_of(NOW, None, NOW) is None


@pytest.mark.parametrize(
    ("meeting_in", "new_text", "due_in"),
    [
        (48, False, 24), (24.5, False, 0.5), (24, False, 23), (3, False, 2), (1, False, 1), (0.5, False, 0.5),
        (48, True, 47), (0.5, True, 0.5), (0, False, None), (-5, True, None), (None, False, None),
    ],
)  # fmt: skip
def test_the_default_due_time_is_before_the_meeting_and_still_ahead(
    meeting_in: float | None, new_text: bool, due_in: float | None
) -> None:
    """A day before, for new text an hour; too late for that: an hour before, or the meeting itself."""
    meeting_at = None if meeting_in is None else NOW + meeting_in * HOUR
    due = default_due(NOW, meeting_at, new_text=new_text)
    assert due == (None if due_in is None else NOW + due_in * HOUR)
