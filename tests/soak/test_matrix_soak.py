"""Two hundred commands and two hundred notices, while Dragoman is killed again and again and its server restarts."""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import time

import pytest

from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import Deployment
from tests.integration.matrix.ordeal import Ordeal, prepare
from tests.integration.matrix.test_kills import SEED

KILLS = 40
COMMANDS = 100
NOTICES = 100
SECONDS = 90.0
"""For how long people talk and notices come due; afterwards everything has this long again to come."""


@pytest.mark.soak
def test_kills_and_server_restarts(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Every command is answered and done once, every notice comes once, in order, encrypted; nothing is left over."""

    async def scene() -> None:
        began = time.monotonic()
        ordeal = await prepare(bot, people, int(os.environ.get(SEED) or random.randrange(2**32)))
        try:
            await ordeal.owe(NOTICES, SECONDS)
            await asyncio.gather(
                ordeal.talk(COMMANDS, pause=SECONDS / COMMANDS),
                ordeal.kill_again_and_again(KILLS),
                restarts(ordeal),
            )
            await ordeal.calm_down(SECONDS)
        finally:
            ordeal.process.kill()
        await ordeal.check()
        await report(ordeal, time.monotonic() - began)

    runner.run(scene())


async def restarts(ordeal: Ordeal) -> None:
    """Restart the server after a third of the time; after two thirds do it as a power cut does."""
    synapse = ordeal.bot.synapse
    await asyncio.sleep(SECONDS / 3)
    await asyncio.to_thread(synapse.restart)
    await asyncio.sleep(SECONDS / 3)
    await asyncio.to_thread(synapse.kill)
    await asyncio.to_thread(synapse.start)


async def report(ordeal: Ordeal, seconds: float) -> None:
    """Print the figures."""
    delays = [delay for place in ordeal.places for delay in await place.delays()]
    commands, notices = (sum(counts) for counts in zip(*((len(p.asked), p.owed) for p in ordeal.places), strict=True))
    print(
        f"{commands} commands, {notices} notices, {ordeal.process.starts - 1} kills, 2 restarts of the server, "
        f"{seconds:.0f} s; from command to answer {statistics.median(delays):.1f} s in the middle, {max(delays):.1f} s "
        f"at most"
    )
