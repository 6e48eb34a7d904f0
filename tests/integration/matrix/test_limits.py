"""A homeserver with the limits it has when nobody changed them: ten messages at once, then one in five seconds."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from sqlmodel import select

from bot.clock import SystemClock
from bot.message import message, say
from bot.notices import room_lane, tell
from storage.tables import Coalition, Lane, Notice, NoticeKind, NoticeState, Parcel, ParcelState, Room
from storage.work import Work
from tests.fakes.synapse import Synapse
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import Deployment, deploy
from tests.integration.matrix.test_talking import served

MESSAGES = 20
BURST, PAUSE = 10, 5.0
"""What Synapse allows one account by default: so many messages at once, then one in so many seconds."""
ALLOWANCE = 25.0
"""How much longer than the limits allow it may take on a busy machine, in seconds."""


def test_twenty_messages_arrive_in_order(runner: asyncio.Runner, tmp_path: Path) -> None:
    """Twenty messages owed to one room at once all arrive, once and in order, as fast as the server lets them."""
    synapse = Synapse(tmp_path / "synapse", default_limits=True)
    people = People(synapse, tmp_path)
    try:
        synapse.start()
        runner.run(scene(people, runner.run(deploy(synapse, tmp_path / "bot"))))
    finally:
        runner.run(people.go_home())
        synapse.stop()


async def scene(people: People, bot: Deployment) -> None:
    """Owe the messages and hear them."""
    try:
        _ana, luis, room = await served(bot, people)
        await bot.stop()
        coalition = await bot.store.read(None, lambda work: work.exec(select(Coalition.id)).one())
        await bot.store.write(coalition, _owe)
        began = time.monotonic()
        await bot.start()
        least = (MESSAGES - BURST) * PAUSE
        heard = await luis.hear(room, MESSAGES, least + ALLOWANCE)
        took = time.monotonic() - began
        assert [said.body for said in heard] == [f"Alert {number}" for number in range(MESSAGES)]
        assert all(said.encrypted for said in heard)
        assert took > least - 2 * PAUSE, "the limits were not in force"
        assert await luis.hear(room, 1, 1.0) == []
        assert await bot.store.read(coalition, _settled) == ({NoticeState.SENT}, {ParcelState.SENT}, {None})
    finally:
        await bot.close()


def _owe(work: Work) -> None:
    [room] = work.rows(Room)
    lane, now = room_lane(work, room), SystemClock().now()
    for number in range(MESSAGES):
        tell(work, lane, NoticeKind.ALERT, message(say("Alert {n}", n=str(number))), key=f"limits/{number}", now=now)


def _settled(work: Work) -> tuple[set[NoticeState], set[ParcelState], set[object]]:
    """Give the states there are, and until when lanes are held."""
    return (
        {row.state for row in work.rows(Notice)},
        {row.state for row in work.rows(Parcel)},
        {row.held_until for row in work.rows(Lane)},
    )
