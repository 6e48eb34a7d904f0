"""Several outboxes on one database: each parcel once, in lane order, coalitions in turn, slow lanes on their own."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections import defaultdict
from dataclasses import dataclass, field

import pytest

from bot.message import Message, message, say
from bot.notices import room_lane, tell
from bot.outbox import LEASE, Outbox
from bot.plain import plain
from bot.ports import Destination, SendRefused
from storage.cipher import Keyring
from storage.listening import listen
from storage.tables import Label, Lane, Notice, NoticeKind, NoticeState, Parcel, ParcelState, Purpose, Room
from storage.work import Store, Work
from tests.conftest import KEY, World, both

ROOMS = {f"room-{number}": (Label.COALITION, [Purpose.TASKS]) for number in range(12)}


@dataclass
class SlowChat:
    """Takes a while over each message, and remembers in which order they came, and how many at once."""

    seconds: float = 0.002
    slow: str = ""
    """A room that takes nothing until `free` is set."""
    free: asyncio.Event = field(default_factory=asyncio.Event)
    shown: list[tuple[str, str, str]] = field(default_factory=list)
    """Room, text and key."""
    most: int = 0
    _now: int = 0

    async def fetch(self, where: str, most: int) -> bytes | None:
        raise SendRefused("no-files")

    async def erase(self, to: Destination, since: dt.datetime) -> None:
        raise SendRefused("no-history")

    async def forget(self, account: str) -> None:
        raise SendRefused("no-history")

    async def leave(self, room: str) -> None:
        raise SendRefused("no-history")

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        self._now += 1
        self.most = max(self.most, self._now)
        if to.name == self.slow:
            await asyncio.wait_for(self.free.wait(), 30)
        await asyncio.sleep(self.seconds)
        self.shown.append((to.name, plain(message, to.reader), key))
        self._now -= 1
        return key

    def by_room(self) -> dict[str, list[str]]:
        """Give what came to each room, in order."""
        found = defaultdict(list)
        for room, text, _ in self.shown:
            found[room].append(text)
        return dict(found)


def owe(world: World, coalition_id: int, rooms: list[str], each: int) -> None:
    """Owe so many messages to each room, due one after the other."""
    world.write(lambda work: owed(work, world, rooms, each), coalition_id)


def owed(work: Work, world: World, rooms: list[str], each: int) -> None:
    """Owe them in a transaction of their coalition."""
    for room in [row for row in work.rows(Room) if row.name in rooms]:
        lane = room_lane(work, room)
        for number in range(each):
            due = world.now - dt.timedelta(seconds=each - number)
            work.add(
                Notice(
                    coalition_id=work.tenant, key=f"{room.name}/{number}", lane_id=lane.id, kind=NoticeKind.ALERT,
                    due=due, send_at=due, content=message(say("{n}", n=f"{number:03}")).to_data(), created_at=due,
                )
            )  # fmt: skip


@both
def test_several_outboxes_send_each_parcel_once_and_in_order(world: World, address: str) -> None:
    """Three processes on one database: they share the lanes, and nothing comes twice or out of order."""
    here = world.found("Busy", {}, ROOMS)
    owe(world, here, list(ROOMS), 6)
    chat = SlowChat(seconds=0.03)

    async def race() -> None:
        stores = [Store(address, Keyring([KEY])) for _ in range(3)]
        outboxes = [Outbox(store, world.clock, {"console": chat}, {}, lanes=3) for store in stores]
        await asyncio.gather(*(outbox.drain() for outbox in outboxes))
        for store in stores:
            await store.close()

    world.run(race())
    assert chat.by_room() == {room: [f"{number:03}" for number in range(6)] for room in ROOMS}
    assert chat.most > 1
    left = world.read(lambda work: {row.state for row in work.rows(Notice)}, here)
    assert left == {NoticeState.SENT}
    assert world.read(lambda work: {row.leased_until for row in work.rows(Lane)}, here) == {None}


@both
def test_one_coalitions_flood_delays_another_little(world: World) -> None:
    """Both have their turns, lane by lane, though the flood was due long before."""
    flooded = world.found("Flood", {}, ROOMS)
    calm = world.found("Calm", {}, {"quiet": (Label.COALITION, [Purpose.TASKS])})
    owe(world, flooded, list(ROOMS), 10)
    owe(world, calm, ["quiet"], 1)
    chat = SlowChat(seconds=0)
    world.run(Outbox(world.store, world.clock, {"console": chat}, {}).drain())
    rooms = list(dict.fromkeys(room for room, _, _ in chat.shown))
    assert rooms.index("quiet") == 1


@both
def test_what_comes_due_in_a_flood_of_ten_thousand_is_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever it comes, it waits for the lanes that are on their way and for no other: not for the flood."""
    monkeypatch.setattr("bot.outbox.ROUND_SECONDS", 0)  # the list of due lanes is looked up anew each time
    lanes, each = 500, 20
    rooms = {f"r{number:03}": (Label.COALITION, [Purpose.TASKS]) for number in range(lanes)}
    flooded = world.found("Flood", {}, rooms)
    calm = world.found("Calm", {}, {"quiet": (Label.COALITION, [Purpose.TASKS])})
    owe(world, flooded, list(rooms), each)
    chat = SlowChat(seconds=0)
    outbox = Outbox(world.store, world.clock, {"console": chat}, {}, lanes=8)

    async def go() -> int:
        draining = asyncio.create_task(outbox.drain())
        while len(chat.shown) < 100:
            await asyncio.sleep(0.001)
        await world.store.write(calm, lambda work: owed(work, world, ["quiet"], 1))
        before = len({room for room, _, _ in chat.shown})
        outbox.wake()
        while "quiet" not in {room for room, _, _ in chat.shown}:
            await asyncio.sleep(0.001)
        outbox.stopping = True
        await draining
        served = list(dict.fromkeys(room for room, _, _ in chat.shown))
        return served.index("quiet") - before

    assert world.run(go()) <= 8
    left = world.read(lambda work: len(work.rows(Notice, Notice.state == NoticeState.PLANNED)), flooded)
    assert left > lanes * each - 1000


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_coalition_that_is_being_written_in_keeps_no_other_waiting(world: World) -> None:
    """Its own messages are written when that has ended; those of others leave meanwhile."""
    busy, calm = (world.found(name, {}, {name: (Label.COALITION, [Purpose.TASKS])}) for name in ("Busy", "Calm"))
    owe(world, busy, ["Busy"], 1)
    owe(world, calm, ["Calm"], 1)
    begun, end, chat = threading.Event(), threading.Event(), SlowChat()

    def write(work: Work) -> None:
        begun.set()
        end.wait(30)

    async def go() -> None:
        writing = asyncio.create_task(world.store.write(busy, write))
        await asyncio.to_thread(begun.wait)
        draining = asyncio.create_task(Outbox(world.store, world.clock, {"console": chat}, {}, lanes=2).drain())
        async with asyncio.timeout(20):
            while not chat.shown:
                await asyncio.sleep(0.01)
        assert set(chat.by_room()) == {"Calm"}
        end.set()
        await writing
        await draining

    world.run(go())
    assert set(chat.by_room()) == {"Calm", "Busy"}


@both
def test_a_slow_chat_holds_up_no_other_lane(world: World) -> None:
    """Other rooms go on beside it, also what became due in the meantime; no more at once than it may."""
    here = world.found("Busy", {}, ROOMS)
    owe(world, here, ["room-0", "room-1", "room-2", "room-3", "room-4"], 2)
    chat = SlowChat(slow="room-0")
    outbox = Outbox(world.store, world.clock, {"console": chat}, {}, lanes=3)

    async def go() -> None:
        draining = asyncio.create_task(outbox.drain())
        while len(chat.shown) < 8:
            await asyncio.sleep(0.01)
        await world.store.write(here, lambda work: tell_late(work, world.now))
        outbox.wake()
        while len(chat.shown) < 9:
            await asyncio.sleep(0.01)
        chat.free.set()
        await draining

    def tell_late(work: Work, now: dt.datetime) -> None:
        room = next(row for row in work.rows(Room) if row.name == "room-9")
        tell(work, room_lane(work, room), NoticeKind.ALERT, message(say("late")), key="late", now=now)

    world.run(go())
    rooms = [room for room, _, _ in chat.shown]
    assert rooms[8:] == ["room-9", "room-0", "room-0"]
    assert 1 < chat.most <= 3
    assert chat.by_room()["room-0"] == ["000", "001"]


@both
def test_a_process_that_slept_longer_than_its_lease_lets_go(world: World, address: str) -> None:
    """Another has taken the lane and sent both under the same keys; the sleeper settles what it sent, and stops."""
    here = world.found("Busy", {}, ROOMS)
    owe(world, here, ["room-0"], 3)
    second: list[Outbox] = []

    class Sleepy(SlowChat):
        async def send(self, to: Destination, message: Message, key: str) -> str | None:
            if not self.shown:
                world.clock.advance_to(world.now + LEASE)
                self.shown.append((to.name, "asleep", key))
                await second[0].drain()
            return await super().send(to, message, key)

    chat, awake = Sleepy(), SlowChat()

    async def go() -> None:
        store = Store(address, Keyring([KEY]))
        second.append(Outbox(store, world.clock, {"console": awake}, {}))
        await Outbox(world.store, world.clock, {"console": chat}, {}).drain()
        await store.close()

    world.run(go())
    assert awake.by_room() == {"room-0": ["000", "001", "002"]}
    assert [text for _, text, _ in chat.shown] == ["asleep", "000"]
    assert chat.shown[1][2] == awake.shown[0][2]
    assert world.read(lambda work: {row.state for row in work.rows(Parcel)}, here) == {ParcelState.SENT}


@both
def test_a_lease_from_a_clock_that_was_set_back_binds_nobody(world: World) -> None:
    """Nor does a hold: a lane is not stuck for the hour by which a clock was ahead."""
    here = world.found("Busy", {}, ROOMS)
    owe(world, here, ["room-0", "room-1"], 1)

    def ahead(work: Work) -> None:
        first, second = work.rows(Lane)
        first.leased_by, first.leased_until = "dead", world.now + dt.timedelta(hours=1)
        second.held_until = world.now + dt.timedelta(hours=1)

    world.write(ahead, here)
    chat = SlowChat()
    world.run(Outbox(world.store, world.clock, {"console": chat}, {}).drain())
    assert sorted(chat.by_room()) == ["room-0", "room-1"]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_processes_wake_each_other(world: World, address: str) -> None:
    """What one adds wakes the others within moments, not itself; the line is mended after a break."""
    here = world.found("Busy", {}, ROOMS)
    heard = {"self": 0, "other": 0}

    async def until(what: str, least: int) -> None:
        for _ in range(3000):
            if heard[what] >= least:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{what} heard {heard[what]}")

    def count(what: str) -> None:
        heard[what] += 1

    async def add(number: int) -> None:
        def act(work: Work) -> None:
            room = work.rows(Room)[0]
            tell(work, room_lane(work, room), NoticeKind.ALERT, message(say("x")), key=f"{number}", now=world.now)

        await world.store.write(here, act)

    async def go() -> None:
        other = Store(address, Keyring([KEY]))
        lines = [
            asyncio.create_task(listen(world.store, lambda: count("self"))),
            asyncio.create_task(listen(other, lambda: count("other"))),
        ]
        await until("self", 1)
        await until("other", 1)
        await add(1)
        await until("other", 2)
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN dragoman'"
        await other.read(None, lambda work: work.connection().exec_driver_sql(cut).all())
        await until("other", 3)
        await add(2)
        await until("other", 4)
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
        await other.close()

    world.run(go())
    assert heard["self"] == 2  # when it connected, and when it connected anew
