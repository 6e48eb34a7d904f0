"""What a thief of the Matrix store, and a server that kept everything, have of what was said a week ago: nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from bot.clock import SystemClock
from tests.fakes.censor import Censor
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import Deployment
from tests.integration.matrix.test_faults import NOTED, Ahead, ask, noted
from tests.integration.matrix.test_talking import served


def kept(bot: Deployment, *kinds: str) -> list[int]:
    """Give how many rows of each kind the Matrix store has."""
    sealed = bot.house.open()
    try:
        return [len(sealed.all(kind)) for kind in kinds]
    finally:
        sealed.close()


async def a_week_later(bot: Deployment) -> None:
    """Let it serve a week later, until it has erased what is old."""
    bot.clock = Ahead(dt.timedelta(days=7, minutes=1))
    await bot.start()
    for _ in range(100):
        if not any(kept(bot, "index", "file", "latest")):
            break
        await asyncio.sleep(0.1)
    await bot.stop()
    bot.clock = SystemClock()


def test_keys_of_a_week_ago(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """They are erased, a server that replays what they opened gets nothing done, and what comes anew is read."""
    replayed: list[dict[str, Any]] = []

    def replay(answer: dict[str, Any]) -> None:
        now = int(SystemClock().now().timestamp() * 1000)
        for content in answer.get("rooms", {}).get("join", {}).values():
            again = [event | {"event_id": f"$again{n}", "origin_server_ts": now} for n, event in enumerate(replayed)]
            content["timeline"]["events"] = again + content["timeline"]["events"]

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        await luis.send_file(room, "draft.txt", b"Article 1")
        assert (await ask(luis, room, "!note one"))[-1].body.startswith(NOTED)
        await bot.stop()
        assert 0 not in kept(bot, "inbound", "index", "used", "file", "latest")
        await a_week_later(bot)
        assert kept(bot, "index", "file", "latest") == [0, 0, 0]
        # Those that never opened anything, the bot's own among them, are left for another week.
        assert kept(bot, "inbound") == kept(bot, "used")
        said = [event for event in await luis.raw_timeline(room) if event["type"] == "m.room.encrypted"]
        replayed.extend(event for event in said if event["sender"] == luis.user_id)
        assert len(replayed) == 2
        censor = Censor(people.synapse.url, replay)
        await censor.start()
        bot.go_through(censor.url)
        try:
            await bot.start()
            phone = await people.add_device(luis, signed=True)
            assert (await ask(phone, room, "!note two"))[-1].body.startswith(NOTED)
            assert await noted(bot) == ["one", "two"]
            await bot.stop()
        finally:
            await censor.stop()

    runner.run(scene())
