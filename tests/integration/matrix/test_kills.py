"""Ten kills at random moments, while people talk and notices come due: nothing is lost, doubled or said in clear."""

from __future__ import annotations

import asyncio
import os
import random

from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import Deployment
from tests.integration.matrix.ordeal import prepare

KILLS = 10
COMMANDS = 40
NOTICES = 20
SEED = "KILLS_SEED"
"""The environment variable that plays a failure again."""


def test_ten_kills(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Every command is answered and done once, every notice comes once, in order, encrypted; nothing is left over."""

    async def scene() -> None:
        ordeal = await prepare(bot, people, int(os.environ.get(SEED) or random.randrange(2**32)))
        try:
            await ordeal.owe(NOTICES, seconds=25)
            await asyncio.gather(ordeal.talk(COMMANDS, pause=0.5), ordeal.kill_again_and_again(KILLS))
            await ordeal.calm_down(seconds=60)
        finally:
            ordeal.process.kill()
        assert ordeal.process.starts == KILLS + 1
        await ordeal.check()

    runner.run(scene())
