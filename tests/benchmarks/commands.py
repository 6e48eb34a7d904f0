"""A command: through dispatch with many other coalitions about, and through signed HTTP against an app that echoes."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from slack_bolt.app.async_app import AsyncApp

from bot.adapters.slack.connection import connected
from bot.adapters.slack.manifest import manifest
from bot.app import build, command_table
from bot.clock import SystemClock
from bot.dispatch import Dispatch
from bot.scheduler import ScheduledAlarm
from bot.terminal.serving import LANES
from storage.cipher import active
from storage.tables import Identity, Lane, Room
from storage.work import Store, Work
from tests.benchmarks.ground import (
    ENGINES,
    Ground,
    alias,
    give_tasks,
    ground,
    make_coalitions,
    make_tables,
    opened,
    saying,
)
from tests.benchmarks.measuring import Row, alternating
from tests.fakes.slack.bed import Bed
from tests.fakes.slack.records import Channel, Person
from tests.scenarios.slack import PATIENCE, access_to
from tests.unit.slack.bolt import bolt, free_port

PEOPLE = 3
CHANNELS = 20
"""Slack takes a message a second in each: said in turn, no command waits for the one before it."""


def measure(
    coalitions: int = 1_000, tasks: int = 100, times: int = 100, over_http: int = 50, engines: Sequence[str] = ENGINES
) -> list[Row]:
    """Measure on each engine, the databases in turn for each command; all figures are medians."""
    with ground() as place:
        rows = [
            row for engine in engines for row in asyncio.run(_through_dispatch(place, engine, coalitions, tasks, times))
        ]
        return rows + asyncio.run(_through_http(place.address(ENGINES[0]), over_http))


async def _through_dispatch(place: Ground, engine: str, coalitions: int, tasks: int, times: int) -> list[Row]:
    stores = {
        "empty": await _filled(place.address(engine), 1, 0),
        "alone": await _filled(place.address(engine), 1, tasks),
        "many": await _filled(place.address(engine), coalitions, tasks),
    }
    typical = await alternating({name: partial(_assigned, store, count()) for name, store in stores.items()}, times)
    for store in stores.values():
        await store.close()
    many = f"{engine}: `assign` with {coalitions:,} coalitions of {tasks} tasks"
    return [
        Row(f"{many}, against an empty database", _ratio(typical["many"], typical["empty"]), "1.2"),
        Row(f"{many}, against the same coalition alone", _ratio(typical["many"], typical["alone"])),
    ]


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.2f} times ({ours * 1000:.1f} ms to {theirs * 1000:.1f} ms)"


async def _filled(url: str, coalitions: int, tasks: int) -> Store:
    await make_tables(url)
    store = opened(url)
    for coalition in await make_coalitions(store, coalitions, 1, PEOPLE):
        await give_tasks(store, coalition, tasks, SystemClock().now())
    return store


async def _assigned(store: Store, numbers: Iterator[int]) -> float:
    """Let the first coalition's coordinator assign something; gives the seconds until it was done and committed."""
    clock, number = SystemClock(), next(numbers)
    dispatch = Dispatch(store, clock, command_table())
    began = time.perf_counter()
    await dispatch.receive(saying(0, number, f"assign look into matter {number} @{alias(0, 1)}", clock.now()))
    assert await dispatch.drain()
    return time.perf_counter() - began


async def _through_http(url: str, times: int) -> list[Row]:
    await make_tables(url)
    async with AsyncExitStack() as house:
        ours, echo = await house.enter_async_context(_dragoman(url)), await house.enter_async_context(_echoing())
        apps = {"ours": ours, "echo": echo}
        answered = await alternating({name: partial(app.ask, count()) for name, app in apps.items()}, times)
        acknowledged = {name: statistics.median(app.bed.ack_times) for name, app in apps.items()}
    what = "signed HTTP: `assign`, against an app that only echoes,"
    return [
        Row(f"{what} until the answer appears", _ratio(answered["ours"], answered["echo"]), "3"),
        Row(f"{what} until it is acknowledged", _ratio(acknowledged["ours"], acknowledged["echo"])),
    ]


@dataclass(frozen=True)
class Asked:
    """An app in a workspace of its own, and who asks it in one channel after the other."""

    bed: Bed
    who: Person
    whom: Person
    channels: Sequence[Channel]

    async def ask(self, numbers: Iterator[int]) -> float:
        """Give how many seconds it takes until the answer is in the channel; then wait until all is calm."""
        number = next(numbers)
        channel = self.channels[number % len(self.channels)]
        words = f"<@BOT> assign look into matter {number} {self.whom.mention}"
        before, began = len(channel.messages), time.perf_counter()
        await self.bed.mention(self.who, channel, words, wait=False)
        async with asyncio.timeout(PATIENCE):
            while len(channel.messages) < before + 2:
                await asyncio.sleep(0.001)
        took = time.perf_counter() - began
        await self.bed.calm()
        return took


@asynccontextmanager
async def _workspace(**options: Any) -> AsyncIterator[tuple[Asked, str]]:
    """Give a workspace and where its app is to listen."""
    listen = f"127.0.0.1:{free_port()}"
    async with Bed("http", listen=f"http://{listen}/slack/events", **options) as bed:
        who, whom = bed.person("Ana"), bed.person("Luis")
        channels = [bed.channel(f"room-0-{number}", [who, whom]) for number in range(CHANNELS)]
        yield Asked(bed, who, whom, channels), listen


@asynccontextmanager
async def _echoing() -> AsyncIterator[Asked]:
    """Give Bolt as it comes, with nothing in it but an echo."""

    async def echo(event: Mapping[str, Any], say: Callable[[str], Awaitable[Any]]) -> None:
        await say(event["text"])

    async def ignore() -> None:
        pass

    def wire(app: AsyncApp) -> None:
        app.event("app_mention")(echo)
        app.event("message")(ignore)

    async with _workspace() as (asked, _):
        asked.bed.api.tolerant = True
        async with bolt(asked.bed, wire):
            yield asked


@asynccontextmanager
async def _dragoman(url: str) -> AsyncIterator[Asked]:
    """Give Dragoman as `run` puts it together, with one coalition."""
    async with _workspace(manifest=manifest(command_table())) as (asked, listen):
        store, clock, stop = opened(url), SystemClock(), asyncio.Event()
        [coalition] = await make_coalitions(store, 1, CHANNELS, 2)
        await store.write(coalition, lambda work: _on_slack(work, asked))
        async with connected(access_to(asked.bed, listen), store, clock) as slack:
            engine = build(store, clock, {"slack": slack.chat}, {"slack"}, files=True, lanes=LANES)
            engine.heeding.append(slack.changed)
            alarm = ScheduledAlarm()
            running = [asyncio.create_task(engine.run(alarm, stop)), asyncio.create_task(slack.run(engine, stop))]
            await asyncio.wait_for(slack.ready.wait(), PATIENCE)
            try:
                yield asked
            finally:
                stop.set()
                await asyncio.gather(*running)
                alarm.close()
        await store.close()


def _on_slack(work: Work, asked: Asked) -> None:
    """Have people, rooms and their lanes where the workspace has them."""
    keyring = active()[0]
    for row, there in zip(work.rows(Identity), (asked.who, asked.whom), strict=True):
        row.platform, row.address, row.fingerprint = "slack", there.id, keyring.fingerprint(there.id)
    for room, channel in zip(work.rows(Room), asked.channels, strict=True):
        room.platform, room.address, room.fingerprint = "slack", channel.id, keyring.fingerprint(channel.id)
    for lane in work.rows(Lane):
        lane.platform = "slack"
