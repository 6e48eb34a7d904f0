"""Clocks that jump: forward and back an hour, and a machine that slept for a day. Nothing twice, nothing lost."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable

import pytest
from sqlmodel import col

from bot.app import build
from bot.engine import Engine
from bot.planning import replan
from storage.tables import Meeting, Notice, NoticeState, Purpose, Reminder, Room, Session
from storage.work import Work
from tests.conftest import World, both

pytestmark = both

HOUR = dt.timedelta(hours=1)


class NoAlarm:
    """Wakes nobody: the engine sweeps."""

    def at(self, moment: object, wake: Callable[[], None]) -> None:
        pass


def plan(world: World) -> None:
    """Plan a reminder every ten minutes for each person, a meeting with a countdown, and a digest each evening."""

    def act(work: Work) -> None:
        for member_id in (1, 2, 3):
            for number in range(12):
                due = world.now + dt.timedelta(minutes=10 * number + 5)
                words = f"errand {member_id}.{number:02}"
                work.put(Reminder(coalition_id=work.tenant, member_id=member_id, words=words, due=due))
        session = work.put(Session(coalition_id=work.tenant, name="S", timezone="Europe/Vienna"))
        start = world.now + dt.timedelta(minutes=50)
        work.put(
            Meeting(
                coalition_id=work.tenant, session_id=session.id, key="m", title="Plenary", starts_at=start,
                ends_at=start + HOUR,
            )
        )  # fmt: skip
        team = next(room for room in work.rows(Room) if room.name == "team")
        team.purposes = [*team.purposes, Purpose.DIGEST]
        replan(work, world.now)

    world.write(act)


def jump(world: World, by: dt.timedelta) -> None:
    """Let the clock say something else all of a sudden."""
    world.clock._now += by


def pass_hours(world: World, engine: Engine, hours: float) -> None:
    """Let time go by, a sweep at a time."""
    for _ in range(int(hours * 6)):
        world.pass_time(minutes=10)
        world.run(engine.settle())


def errands(world: World) -> Counter[str]:
    """Count how often each errand was shown."""
    words = [
        word
        for sent in world.chat.shown
        for line in sent.text.splitlines()
        for word in [line.partition("errand ")[2][:4]]
    ]
    return Counter(word for word in words if word)


@pytest.fixture
def engine(world: World) -> Engine:
    """Give an engine with everything planned."""
    plan(world)
    return build(world.store, world.clock, {"console": world.chat})


@pytest.mark.parametrize("jumps", [[HOUR], [-HOUR], [HOUR, -HOUR], [-HOUR, HOUR], [-HOUR, -HOUR, 2 * HOUR]])
def test_a_clock_that_jumps_says_everything_once(world: World, engine: Engine, jumps: list[dt.timedelta]) -> None:
    """Each errand comes once to each person, whatever the clock does in between, and so does each evening's digest."""
    pass_hours(world, engine, 0.5)
    for by in jumps:
        jump(world, by)
        pass_hours(world, engine, 0.5)
    pass_hours(world, engine, 30)
    assert errands(world) == {f"{who}.{number:02}": 1 for who in (1, 2, 3) for number in range(12)}
    countdowns = [sent.text for sent in world.chat.shown if sent.name == "hall" and "Plenary" in sent.text]
    assert len(countdowns) == len(set(countdowns)) <= 1
    keys = [sent.key for sent in world.chat.tried]
    assert len(keys) == len(set(keys))
    late = world.read(
        lambda work: work.rows(Notice, col(Notice.state) == NoticeState.PLANNED, col(Notice.send_at) <= world.now)
    )
    assert late == []
    digests = world.read(lambda work: [row.key for row in work.rows(Notice) if row.occasion == "digest"])
    assert len(digests) == len(set(digests))


def test_a_machine_asleep_for_a_day_says_it_in_one_message_each(world: World, engine: Engine) -> None:
    """Everybody gets what they missed together, not in a burst; nothing is lost; the countdown that is over expires."""
    world.pass_time(hours=24)
    world.run(engine.settle())
    for name in ("Ana", "Luis", "Mei"):
        assert len([sent for sent in world.chat.shown if sent.name == name]) <= 1
    pass_hours(world, engine, 14)
    assert errands(world) == {f"{who}.{number:02}": 1 for who in (1, 2, 3) for number in range(12)}
    for name in ("Ana", "Luis", "Mei"):
        with_errands = [sent for sent in world.chat.shown if sent.name == name and "errand" in sent.text]
        assert len(with_errands) == 1
    assert [sent for sent in world.chat.shown if sent.name == "hall" and "In 30 minutes" in sent.text] == []


def test_run_notices_a_jump_by_itself(world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """No alarm rings for it: the sweep finds what became due."""
    monkeypatch.setattr("bot.engine.SWEEP_SECONDS", 0.02)

    async def go() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(engine.run(NoAlarm(), stop))
        await asyncio.sleep(0.1)
        assert errands(world) == {}
        jump(world, dt.timedelta(minutes=6))
        for _ in range(500):
            if len(errands(world)) == 3:
                break
            await asyncio.sleep(0.01)
        stop.set()
        await running

    world.run(go())
    assert len(errands(world)) == 3
