"""Duties: one holder at a time, another within 15 seconds of its death, and a holder that slept cannot act."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from bot.duty import RENEW_SECONDS, TERM, Duty, DutyLost
from storage.tables import Note
from storage.work import Work
from tests.conftest import World, both

pytestmark = both


def note(work: Work) -> None:
    """Keep a note."""
    work.add(Note(coalition_id=work.tenant, member_id=1, words="x", noted_at=dt.datetime(2024, 1, 29, tzinfo=dt.UTC)))


def duty(world: World, holder: str) -> Duty:
    """Give the duty as one process sees it."""
    return Duty(world.store, world.clock, "digest", holder)


def test_one_of_many_gets_it(world: World) -> None:
    """All ask at once; whoever has it keeps it by renewing, in the same epoch."""
    processes = [duty(world, f"process {number}") for number in range(6)]

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*(one.hold() for one in processes))

    won = world.run(all_at_once())
    assert sorted(won) == [False] * 5 + [True]
    for _ in range(5):
        world.pass_time(seconds=RENEW_SECONDS)
        assert world.run(all_at_once()) == won
    assert [one.epoch for one in processes if one.held] == [1]


def test_a_dead_holder_is_replaced_within_15_seconds(world: World) -> None:
    """Its term ends, and the others look often enough."""
    assert world.run(duty(world, "dead").hold())
    heir = duty(world, "heir")
    waited = 0.0
    while not world.run(heir.hold()):
        world.pass_time(seconds=RENEW_SECONDS)
        waited += RENEW_SECONDS
    assert waited <= 15
    assert dt.timedelta(seconds=RENEW_SECONDS) + TERM < dt.timedelta(seconds=15)
    assert heir.epoch == 2


def test_a_holder_that_slept_cannot_act(world: World) -> None:
    """While it slept another took over: its write changes nothing, and it has to ask anew."""
    sleeper, heir = duty(world, "sleeper"), duty(world, "heir")
    world.run(sleeper.hold())
    world.pass_time(seconds=60)
    assert not sleeper.held
    world.run(heir.hold())
    with pytest.raises(DutyLost):
        world.run(sleeper.write(1, note))
    assert world.read(lambda work: work.rows(Note)) == []
    world.run(heir.write(1, note))
    assert not world.run(sleeper.hold())
    assert len(world.read(lambda work: work.rows(Note))) == 1


def test_a_holder_that_slept_alone_goes_on(world: World) -> None:
    """Nobody took over: the epoch is the same, and nobody can take over before its write is done."""
    sleeper = duty(world, "sleeper")
    world.run(sleeper.hold())
    world.pass_time(seconds=60)
    world.run(sleeper.write(1, note))
    assert world.run(sleeper.hold())
    assert sleeper.epoch == 1


def test_whoever_never_had_it_cannot_act(world: World) -> None:
    """Nor whoever has laid it down, which another may take at once."""
    one, other = duty(world, "one"), duty(world, "other")
    with pytest.raises(DutyLost):
        world.run(one.write(1, note))
    world.run(one.hold())
    world.run(one.lay_down())
    with pytest.raises(DutyLost):
        world.run(one.write(1, note))
    assert world.run(other.hold())


def test_a_process_that_is_restarted_under_its_name_takes_a_new_epoch(world: World) -> None:
    """It does not know the epoch of its former self, so it waits for the term to end like everybody else."""
    world.run(duty(world, "same").hold())
    again = duty(world, "same")
    assert not world.run(again.hold())
    world.pass_time(seconds=11)
    assert world.run(again.hold())
    assert again.epoch == 2


def test_a_term_from_a_clock_that_was_set_back_binds_nobody(world: World) -> None:
    """A holder that took it an hour ahead does not keep it for an hour."""
    ahead = duty(world, "ahead")
    world.pass_time(hours=1)
    world.run(ahead.hold())
    world.clock._now -= dt.timedelta(hours=1)
    heir = duty(world, "heir")
    assert world.run(heir.hold())
    with pytest.raises(DutyLost):
        world.run(ahead.write(1, note))
