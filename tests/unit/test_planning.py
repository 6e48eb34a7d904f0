"""Planning: the notices that should exist, once each, whatever changed and however often it is asked."""

from __future__ import annotations

import datetime as dt

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.planning import replan
from storage.tables import (
    Deadline,
    Lane,
    Lineage,
    Meeting,
    MeetingState,
    Member,
    Notice,
    NoticeState,
    OnTable,
    Purpose,
    Reminder,
    Room,
    Session,
    Standing,
    Task,
    TaskState,
    Text,
)
from storage.work import Work
from tests.conftest import NOW, World, both

pytestmark = both

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def plan(world: World) -> None:
    """Plan at the present moment."""
    world.write(lambda work: replan(work, world.now))


def notices(world: World, *states: NoticeState) -> list[Notice]:
    """Give the planned notices in the order of their moments; only those in the given states."""
    kept = world.read(lambda work: work.rows(Notice))
    return sorted((row for row in kept if not states or row.state in states), key=lambda row: (row.due, row.id))


def ahead(world: World) -> list[tuple[str, float]]:
    """Give what is planned as (occasion, hours from NOW)."""
    return [(row.occasion, (row.due - NOW) / HOUR) for row in notices(world, NoticeState.PLANNED)]


def put_meeting(world: World, starts_at: dt.datetime, key: str = "m1") -> int:
    """Make a session in New York with a meeting."""

    def put(work: Work) -> int:
        session = work.first(Session) or work.put(
            Session(coalition_id=work.tenant, name="s", timezone="America/New_York")
        )
        return work.put(
            Meeting(
                coalition_id=work.tenant, session_id=session.id, key=key, title="Plenary",
                starts_at=starts_at, ends_at=starts_at + 3 * HOUR,
            )
        ).id  # fmt: skip

    return world.write(put)


def put_task(world: World, due: dt.datetime) -> int:
    """Give Luis a task he has accepted."""
    luis = world.member_id("Luis")
    return world.write(
        lambda work: (
            work.put(
                Task(coalition_id=work.tenant, number=1, lead_id=luis, due=due, assigned_at=NOW, accepted_at=NOW)
            ).id
        )
    )


def change(world: World, table: type[Task | Meeting | Room | Member], row_id: int, **fields: object) -> None:
    """Change a fact and plan, as dispatch does."""

    def act(work: Work) -> None:
        row = work.row(table, row_id)
        for name, value in fields.items():
            setattr(row, name, value)
        work.flush()
        replan(work, world.now)

    world.write(act)


def test_a_meeting_is_counted_down_in_the_rooms_that_count(world: World) -> None:
    """Half an hour before, and the session a week and a day before; only #hall counts."""
    put_meeting(world, NOW + 10 * DAY)
    plan(world)
    assert ahead(world) == [("session.countdown", 72), ("session.countdown", 216), ("meeting.countdown", 239.5)]
    hall = world.room_id("hall")
    lanes = world.read(lambda work: {work.row(Lane, row.lane_id).room_id for row in work.rows(Notice)})
    assert lanes == {hall}


def test_a_point_past_at_first_planning_is_skipped(world: World) -> None:
    """A task due in five hours is reminded of two hours before, not a day before."""
    put_task(world, NOW + 5 * HOUR)
    plan(world)
    assert [row for row in ahead(world) if row[0].startswith("task.")] == [
        ("task.due-in-2h", 3), ("task.overdue", 6), ("task.still-overdue", 30),
    ]  # fmt: skip


def test_a_point_that_was_planned_is_kept_when_it_is_late(world: World) -> None:
    """The bot was away when it was due: planning again leaves it to be sent, and plans no second one."""
    put_task(world, NOW + 5 * HOUR)
    plan(world)
    world.pass_time(hours=4)
    plan(world)
    assert ahead(world)[0] == ("task.due-in-2h", 3)
    assert len({row.key for row in notices(world)}) == len(notices(world))


def test_a_moved_due_time_moves_the_reminders(world: World) -> None:
    """The old ones are cancelled, the new ones planned; moved back, the old ones stand again."""
    task_id = put_task(world, NOW + 50 * HOUR)
    plan(world)
    before = [row for row in ahead(world) if row[0].startswith("task.")]
    change(world, Task, task_id, due=NOW + 60 * HOUR)
    tasks = [row for row in ahead(world) if row[0].startswith("task.")]
    assert tasks == [(name, hours + 10) for name, hours in before]
    change(world, Task, task_id, due=NOW + 50 * HOUR)
    assert [row for row in ahead(world) if row[0].startswith("task.")] == before


def test_a_moved_meeting_moves_its_countdown_and_a_cancelled_one_has_none(world: World) -> None:
    """Each moved slot has its own countdown, once."""
    meeting_id = put_meeting(world, NOW + 4 * HOUR)
    plan(world)
    assert ahead(world) == [("meeting.countdown", 3.5)]
    change(world, Meeting, meeting_id, starts_at=NOW + 6 * HOUR)
    assert ahead(world) == [("meeting.countdown", 5.5)]
    change(world, Meeting, meeting_id, state=MeetingState.CANCELLED)
    assert ahead(world) == []


def test_a_settled_task_is_left_alone(world: World) -> None:
    """Done means no more reminders, and no bundle of what is overdue."""
    task_id = put_task(world, NOW + 50 * HOUR)
    plan(world)
    assert "tasks.overdue-bundle" in {occasion for occasion, _ in ahead(world)}
    change(world, Task, task_id, state=TaskState.DONE)
    assert ahead(world) == []


def test_what_was_sent_is_not_planned_again(world: World) -> None:
    """A sent notice stays sent, whatever is planned after it."""
    put_meeting(world, NOW + 4 * HOUR)
    plan(world)
    world.write(lambda work: setattr(work.rows(Notice)[0], "state", NoticeState.SENT))
    plan(world)
    assert [row.state for row in notices(world)] == [NoticeState.SENT]


def test_the_digest_is_planned_one_at_a_time(world: World) -> None:
    """The next one only: on a session day at 19:30 of the venue, else on Monday of the coalition's zone."""
    change(world, Room, world.room_id("team"), purposes=[Purpose.DIGEST])
    monday = dt.datetime(2024, 1, 29, 18, 30, tzinfo=dt.UTC)
    assert [row.due for row in notices(world, NoticeState.PLANNED)] == [monday]
    put_meeting(world, dt.datetime(2024, 3, 10, 14, tzinfo=dt.UTC))
    world.clock.advance_to(dt.datetime(2024, 3, 9, 12, tzinfo=dt.UTC))
    plan(world)
    digests = [row.due for row in notices(world, NoticeState.PLANNED) if row.occasion == "digest"]
    # The Monday that was due meanwhile has not left yet: it is late, not lost. 19:30 on 10 March is summer time.
    assert digests == [monday, dt.datetime(2024, 3, 10, 23, 30, tzinfo=dt.UTC)]


def test_a_deadline_and_a_reminder_have_their_moments(world: World) -> None:
    """A personal reminder at its minute; a deadline a week, a day and two hours before."""

    def put(work: Work) -> None:
        work.put(Reminder(coalition_id=work.tenant, member_id=2, words="call", due=NOW + HOUR))
        work.put(Deadline(coalition_id=work.tenant, title="comments", due=NOW + 2 * DAY))

    world.write(put)
    plan(world)
    assert ahead(world) == [("reminder.due", 1), ("deadline.countdown", 24), ("deadline.countdown", 46)]


def test_the_backup_is_told_while_the_lead_sleeps_before_a_meeting(world: World) -> None:
    """What is on the floor within eight hours does not wait for the morning in New York."""
    mei, starts_at = world.member_id("Mei"), NOW + 25 * HOUR
    meeting_id = put_meeting(world, starts_at)
    task_id = put_task(world, starts_at - 4 * HOUR)

    def table(work: Work) -> None:
        text = work.put(Text(coalition_id=work.tenant, name="t"))
        lineage = work.put(Lineage(coalition_id=work.tenant, text_id=text.id))
        work.put(OnTable(coalition_id=work.tenant, meeting_id=meeting_id, target="24", lineage_id=lineage.id))
        task = work.row(Task, task_id)
        task.lineage_id, task.backup_id = lineage.id, mei

    world.write(table)
    plan(world)
    hearers = world.read(
        lambda work: [
            work.row(Lane, row.lane_id).member_id for row in work.rows(Notice) if row.occasion == "task.due-in-2h"
        ]
    )
    assert hearers == [world.member_id("Luis"), mei]


def test_who_left_is_told_nothing(world: World) -> None:
    """Reminders of a member who is no longer active are cancelled."""
    put_task(world, NOW + 50 * HOUR)
    plan(world)
    change(world, Member, world.member_id("Luis"), standing=Standing.ASKED)
    assert {occasion for occasion, _ in ahead(world)} == {"tasks.overdue-bundle"}


offsets = st.integers(-60, 300).map(lambda hours: hours * HOUR)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(offsets, max_size=3), st.lists(offsets, max_size=3), st.integers(0, 40))
def test_planning_twice_plans_once(
    world: World, dues: list[dt.timedelta], starts: list[dt.timedelta], later: int
) -> None:
    """Whatever the facts, a second planning changes nothing, and one later on plans nothing of the past."""

    def put(work: Work) -> None:
        session = work.put(Session(coalition_id=work.tenant, name="s", timezone="Europe/Vienna"))
        for number, due in enumerate(dues):
            work.put(Task(coalition_id=work.tenant, number=number, lead_id=2, due=NOW + due, accepted_at=NOW - DAY))
        for number, start in enumerate(starts):
            begin = NOW + start
            work.put(
                Meeting(
                    coalition_id=work.tenant, session_id=session.id, key=str(number), title="x",
                    starts_at=begin, ends_at=begin + HOUR,
                )
            )  # fmt: skip

    def twice(work: Work, now: dt.datetime) -> list[tuple[str, NoticeState, dt.datetime, dt.datetime]]:
        states = []
        for _ in range(2):
            replan(work, now)
            work.flush()
            states.append([(row.key, row.state, row.due, row.send_at) for row in work.rows(Notice)])
        assert states[0] == states[1]
        return states[1]

    def ask(work: Work) -> None:
        put(work)
        first = twice(work, NOW)
        assert all(due > NOW for _, _, due, _ in first)
        moment = NOW + later * HOUR
        known = {key for key, _, _, _ in first}
        assert all(due > moment for key, _, due, _ in twice(work, moment) if key not in known)

    world.read(ask)  # what a read changes is not kept: each example begins with the same coalition
