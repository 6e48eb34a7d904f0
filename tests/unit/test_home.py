"""What a member sees at a glance, read from what is kept."""

from __future__ import annotations

import datetime as dt
import time

from bot.app import command_table
from bot.home import MOST_TASKS, Home, home_of
from bot.message import Block, Message, message
from bot.people import find_member
from storage.tables import (
    Change,
    Draft,
    DraftState,
    Label,
    Lineage,
    Meeting,
    OnTable,
    Provision,
    Role,
    Session,
    Task,
    TaskState,
    Text,
)
from storage.work import Work
from tests.conftest import World, shown

TABLE = command_table()


def home(world: World, alias: str, platform: str = "slack", role: Role | None = None) -> Home:
    """Read somebody's home."""
    return world.read(lambda work: home_of(work, world.now, find_member(work, alias), platform=platform, role=role))


def words(blocks: tuple[Block, ...]) -> str:
    """Give what blocks say."""
    return shown(Message(blocks))


def give(world: World, alias: str, words_of_task: str, label: Label = Label.COALITION, number: int = 1) -> None:
    """Give somebody a task in free words."""

    def act(work: Work) -> None:
        member = find_member(work, alias)
        work.put(
            Task(
                coalition_id=work.tenant, number=number, words=words_of_task, label=label, lead_id=member.id,
                state=TaskState.OPEN, accepted_at=world.now, assigned_at=world.now,
            )
        )  # fmt: skip

    world.write(act)


def test_an_empty_coalition_has_a_home(world: World) -> None:
    """Nothing on the programme and nothing to do is said in the settings' company."""
    found = home(world, "Luis")
    assert words(found.next) == "Nothing is on the programme from here on."
    assert (found.tasks, found.total, found.changes, found.coverage) == ((), 0, (), ())
    assert words(found.settings).startswith("You are @Luis, member, America/New_York, quiet")


def test_own_tasks_have_buttons(world: World) -> None:
    """What one has accepted can be done and given back; what one was asked for can be accepted."""
    world.do(TABLE, "Ana", "assign book a room @Luis")
    give(world, "Luis", "write a letter", number=2)
    offered, accepted = (item.actions for item in home(world, "Luis").tasks)
    assert [action.command for action in offered.actions] == ["accept task 1", "decline task 1"]
    assert [action.command for action in accepted.actions] == ["done task 2", "release task 2"]


def test_what_is_closed_is_not_named_on_slack(world: World) -> None:
    """Slack is never above the coalition's label: of a closed task it sees the number."""
    give(world, "Luis", "meet the delegate", Label.CLOSED)
    (item,) = home(world, "Luis").tasks
    assert "delegate" not in shown(message(item.line))
    (item,) = home(world, "Luis", platform="matrix").tasks
    assert "delegate" in shown(message(item.line))


def test_observers_see_what_is_public(world: World) -> None:
    """Who does what is not for observers, nor for an account that was given no more than an observer's rights."""
    give(world, "Ana", "write a letter")
    found = home(world, "Ana", role=Role.OBSERVER)
    assert (found.tasks, found.changes, found.coverage) == ((), (), ())


def test_coordinators_see_what_is_not_covered(world: World) -> None:
    """What nobody has is named to them, and to nobody else."""
    give(world, "Luis", "write a letter")

    def lapse(work: Work) -> None:
        work.rows(Task)[0].lead_id = None

    world.write(lapse)
    assert "Nobody has “write a letter”" in words(home(world, "Ana").coverage)
    assert home(world, "Luis").coverage == ()


def put_step(world: World) -> None:
    """Put two drafts: article 2 changed, articles 1 and 3 did not; 2 is on the floor in two hours, and Luis has it."""

    def act(work: Work) -> None:
        here = work.tenant
        text = work.put(Text(coalition_id=here, name="Convention"))
        lineages = [work.put(Lineage(coalition_id=here, text_id=text.id)).id for _ in range(3)]
        base_id = None
        for symbol in ("L.3", "L.3/Rev.1"):
            draft = work.put(
                Draft(
                    coalition_id=here, text_id=text.id, symbol=symbol, date=world.now.date(), added_at=world.now,
                    state=DraftState.PUBLISHED, label=Label.PUBLIC, published_at=world.now, base_id=base_id,
                )
            )  # fmt: skip
            for n, lineage in enumerate(lineages, 1):
                row = Provision(
                    coalition_id=here, draft_id=draft.id, lineage_id=lineage, ordinal=n, label=str(n), kind="article"
                )  # fmt: skip
                work.put(row)
            base_id = draft.id
        for n, relation in ((1, "unchanged"), (2, "changed"), (3, "unchanged")):
            work.put(
                Change(
                    coalition_id=here, draft_id=base_id or 0, old=[str(n)], new=[str(n)], relation=relation, flags=[],
                    ops=[], alarming=relation == "changed", heading="Aims",
                )
            )  # fmt: skip
        session = work.put(Session(coalition_id=here, name="Final", timezone="America/New_York"))
        starts = world.now + dt.timedelta(hours=2)
        meeting = work.put(
            Meeting(coalition_id=here, session_id=session.id, key="1", title="Plenary", starts_at=starts,
                    ends_at=starts + dt.timedelta(hours=3))
        )  # fmt: skip
        work.put(OnTable(coalition_id=here, meeting_id=meeting.id, target="article 2", lineage_id=lineages[1]))

    world.write(act)
    world.do(TABLE, "Luis", "take 2")
    world.do(TABLE, "Mei", "take 3")


def test_what_is_next_counts_down(world: World) -> None:
    """The next meeting is named with how long it takes until then, and who asks sees their own time."""
    put_step(world)
    assert words(home(world, "Luis").next).startswith(
        "In 2 hours: Plenary, article 2\nMon 29 Jan 15:00 your time (10:00"
    )


def test_what_changed_is_what_is_ones_own(world: World) -> None:
    """Of the current draft each sees what became of their provisions, with a button for each redline."""
    put_step(world)
    changed = home(world, "Luis").changes
    assert words(changed[1:]) == "- Article 2 changed: Aims\n`diff 2`"
    assert words(home(world, "Mei").changes) == "L.3/Rev.1 changed nothing that is yours."


def test_coverage_names_what_has_no_owner_or_review(world: World) -> None:
    """A coordinator sees the programme's gaps and what nobody was ever given."""
    put_step(world)
    assert words(home(world, "Ana").coverage) == (
        "0 of 1 provision on the programme has owner and review\n"
        "- Mon 29 Jan 15:00 your time (10:00 New York) Plenary; no review: article 2\n"
        "No task yet on 1 provision: article 1."
    )


def test_five_hundred_tasks_are_read_in_time(world: World) -> None:
    """The soonest are given and all are counted, well within the second in which a home is shown."""

    def act(work: Work) -> None:
        member = find_member(work, "Mei")
        for number in range(500):
            work.add(
                Task(
                    coalition_id=work.tenant, number=number + 1, words=f"task {number}", lead_id=member.id,
                    state=TaskState.OPEN, accepted_at=world.now, assigned_at=world.now,
                )
            )  # fmt: skip

    world.write(act)
    begun = time.perf_counter()
    found = home(world, "Mei")
    assert time.perf_counter() - begun < 1
    assert (len(found.tasks), found.total) == (MOST_TASKS, 500)
