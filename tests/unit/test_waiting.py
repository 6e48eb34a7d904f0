"""Which due notices leave now, together or alone, and which wait until when."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.waiting import Wait, counts_for_company, sort_out
from bot.rules.waking import Sleeper
from storage.tables import Notice
from storage.tables.words import NoticeKind

VIENNA = Sleeper(ZoneInfo("Europe/Vienna"))
NOON = dt.datetime(2024, 1, 29, 11, tzinfo=dt.UTC)
NIGHT = dt.datetime(2024, 1, 29, 23, tzinfo=dt.UTC)
MORNING = dt.datetime(2024, 1, 30, 6, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)

kinds = st.sampled_from(list(NoticeKind))


def notice(row_id: int, kind: NoticeKind, occasion: str = "", due: dt.datetime = NOON) -> Notice:
    """Make a due notice."""
    return Notice(
        id=row_id, key=str(row_id), lane_id=1, kind=kind, occasion=occasion, due=due, send_at=due, created_at=due
    )


def left(
    due: list[Notice], now: dt.datetime, reader: Sleeper | None, spoken_at: dt.datetime | None = None
) -> tuple[list[list[int]], dict[int, dt.datetime]]:
    """Give the ids that leave, by message, and the moments of those that wait."""
    departures, waits = sort_out(due, now, reader, spoken_at)
    ids = [[row.id for row in departure.notices] for departure in departures]
    return ids, {wait.notice.id: wait.until for wait in waits}


TASK, REPLY, ALERT = NoticeKind.TASK, NoticeKind.REPLY, NoticeKind.ALERT
COUNTDOWN, REMINDER, DIGEST = NoticeKind.COUNTDOWN, NoticeKind.REMINDER, NoticeKind.DIGEST


def test_to_one_person_what_is_due_leaves_as_one_but_replies_and_alerts() -> None:
    """Tasks and reminders go together after what never waits."""
    due = [notice(1, TASK), notice(2, REPLY), notice(3, REMINDER), notice(4, ALERT)]
    assert left(due, NOON, VIENNA) == ([[2], [4], [1, 3]], {})


def test_within_ten_minutes_of_the_last_message_the_others_wait() -> None:
    """Replies, alerts and countdowns do not; at ten minutes the wait is over."""
    due = [notice(1, TASK), notice(2, REPLY), notice(3, ALERT), notice(4, COUNTDOWN), notice(5, DIGEST)]
    spoken_at = NOON - 4 * MINUTE
    until = NOON + 6 * MINUTE
    assert left(due, NOON, VIENNA, spoken_at) == ([[2], [3], [4]], {1: until, 5: until})
    assert left([notice(1, TASK)], until, VIENNA, spoken_at) == ([[1]], {})


def test_at_night_only_replies_and_what_was_asked_for_come() -> None:
    """The rest waits for seven o'clock, alerts and countdowns too; who has no quiet hours is told."""
    due = [notice(1, TASK), notice(2, REPLY), notice(3, ALERT), notice(4, REMINDER, "reminder.due")]
    assert left(due, NIGHT, VIENNA) == ([[2], [4]], {1: MORNING, 3: MORNING})
    assert left(due, NIGHT, Sleeper(VIENNA.zone, quiet=False))[1] == {}


def test_what_a_person_asked_for_comes_alone_and_in_company_time() -> None:
    """A personal reminder chose its own minute."""
    due = [notice(1, TASK), notice(2, REMINDER, "reminder.due")]
    assert left(due, NOON, VIENNA, NOON - MINUTE) == ([[2]], {1: NOON + 9 * MINUTE})


def test_what_was_missed_while_the_bot_was_away_comes_together() -> None:
    """One message and no burst, alerts and one's own reminders too; a single one, and a reply, come as ever."""
    hour = NOON - 60 * MINUTE
    due = [notice(1, ALERT, due=hour), notice(2, REMINDER, "reminder.due", hour), notice(3, REPLY, due=hour),
           notice(4, TASK, due=hour)]  # fmt: skip
    assert left(due, NOON, VIENNA) == ([[3], [1, 2, 4]], {})
    assert left([notice(1, ALERT, due=hour), notice(2, ALERT)], NOON, VIENNA) == ([[1], [2]], {})


def test_a_room_is_told_at_once_one_by_one() -> None:
    """Rooms neither sleep nor merge; only parallel meetings are counted down together."""
    due = [
        notice(1, TASK), notice(2, DIGEST), notice(3, COUNTDOWN, "meeting.countdown"),
        notice(4, COUNTDOWN, "meeting.countdown"), notice(5, COUNTDOWN, "session.countdown"),
        notice(6, COUNTDOWN, "session.countdown", NOON - MINUTE), notice(7, TASK),
    ]  # fmt: skip
    assert left(due, NIGHT, None, NIGHT) == ([[1], [2], [3, 4], [5], [6], [7]], {})


@given(
    st.lists(st.tuples(kinds, st.sampled_from(["", "reminder.due", "meeting.countdown"])), max_size=6),
    st.integers(0, 1440), st.booleans(), st.none() | st.integers(0, 20),
)  # fmt: skip
def test_nothing_is_lost_and_what_waits_leaves_at_its_moment(
    rows: list[tuple[NoticeKind, str]], minute: int, in_room: bool, ago: int | None
) -> None:
    """Each notice leaves or waits, once; a wait is ahead of now, and at its end the notice leaves."""
    now = NOON + minute * MINUTE
    due = [notice(number, kind, occasion) for number, (kind, occasion) in enumerate(rows)]
    reader, spoken_at = None if in_room else VIENNA, None if ago is None else now - ago * MINUTE
    departures, waits = sort_out(due, now, reader, spoken_at)
    gone = [row.id for departure in departures for row in departure.notices]
    assert sorted(gone + [wait.notice.id for wait in waits]) == list(range(len(rows)))
    assert all(wait.until > now for wait in waits)
    assert [wait for wait in waits if left([wait.notice], wait.until, reader, spoken_at)[1]] == list[Wait]()


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_what_never_waits_keeps_nobody_waiting(kind: NoticeKind) -> None:
    """An answer or an alert does not start the ten minutes."""
    assert counts_for_company(notice(1, kind)) is (kind not in (REPLY, ALERT, COUNTDOWN))
