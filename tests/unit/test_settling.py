"""Settling: what several lanes delivered goes into one transaction, and what is wrong with one is its own affair."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest

from bot import settling as module
from bot.departures import Outgoing
from bot.message import message, say
from bot.plain import Reader
from bot.ports import Destination
from bot.settling import Delivered, Settled, Settling
from storage.work import Work
from tests.conftest import NOW, World
from tests.fakes.chat import PowerCut

FINE = Settled(ours=True, late=False)


class Ledger:
    """Settles nothing, but notes what came together; fails for one parcel."""

    def __init__(self, failing: int = 0, trouble: BaseException | None = None) -> None:
        self.batches: list[list[int]] = []
        self._failing, self._trouble = failing, trouble

    def __call__(self, work: Work, batch: Sequence[Delivered], *, wait: bool) -> list[Settled | None]:
        ids = [one.outgoing.parcel_id for one in batch]
        self.batches.append(ids)
        if self._failing in ids:
            raise self._trouble or ValueError
        return [FINE] * len(batch)


def delivered(parcel: int, coalition: int = 1) -> Delivered:
    """Make a parcel that a chat has taken."""
    to = Destination("console", "ana", "Ana", Reader(ZoneInfo("UTC")), "alert", NOW)
    return Delivered(Outgoing(parcel, "key", to, message(say("Hello.")), counts=False), parcel, coalition, None, None)


def settle(world: World, ledger: Ledger, parcels: Sequence[int]) -> list[Settled | BaseException]:
    """Settle all of them side by side."""

    async def go() -> list[Settled | BaseException]:
        settling = Settling(world.store, ledger)
        return await asyncio.gather(*(settling.settle(delivered(one)) for one in parcels), return_exceptions=True)

    return world.run(go())


def test_what_comes_meanwhile_goes_together(world: World) -> None:
    """All that is there when a transaction begins is in it."""
    ledger = Ledger()
    assert settle(world, ledger, [1, 2, 3]) == [FINE] * 3
    assert ledger.batches == [[1, 2, 3]]


def test_one_that_cannot_be_settled_leaves_the_others_in_peace(world: World) -> None:
    """The others are settled all the same, each in a transaction of its own."""
    first, second, third = settle(world, Ledger(failing=2), [1, 2, 3])
    assert (first, third) == (FINE, FINE)
    assert isinstance(second, ValueError)


def test_a_power_cut_reaches_all_who_wait(world: World) -> None:
    """Nobody waits for ever for what will not be written."""

    async def go() -> None:
        settling = Settling(world.store, Ledger(failing=1, trouble=PowerCut()))
        waiting = [asyncio.ensure_future(settling.settle(delivered(one))) for one in (1, 2)]
        await asyncio.wait(waiting, timeout=10)
        for one in waiting:
            with pytest.raises(PowerCut):
                await one

    world.run(go())


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_coalition_that_is_being_written_in_holds_up_no_other(world: World) -> None:
    """What is its own waits for its turn, together, so that what is called off meanwhile is seen."""
    begun, end = threading.Event(), threading.Event()
    settled: list[list[int]] = []

    def write(work: Work) -> None:
        begun.set()
        end.wait(30)

    def settle_all(work: Work, batch: Sequence[Delivered], *, wait: bool) -> list[Settled | None]:
        done = module.settle(work, batch, "me", NOW, NOW, wait=wait)
        settled.append([one.outgoing.parcel_id for one, result in zip(batch, done, strict=True) if result is not None])
        return done

    async def go() -> None:
        writing = asyncio.create_task(world.store.write(world.coalition_id, write))
        await asyncio.to_thread(begun.wait)
        settling = Settling(world.store, settle_all)
        here, there = [delivered(one, world.coalition_id) for one in (1, 2)], delivered(3, world.coalition_id + 1)
        *wait, goes = (asyncio.ensure_future(settling.settle(one)) for one in (*here, there))
        assert await asyncio.wait_for(goes, 20) == Settled(ours=False, late=True)
        assert not any(one.done() for one in wait)
        end.set()
        assert await asyncio.gather(*wait) == [Settled(ours=False, late=True)] * 2
        assert settled == [[3], [1, 2]]
        await writing

    world.run(go())
