"""Ten kills at random moments, while people talk, notices come due and Slack misbehaves: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.integration.slack.deployment import deployed
from tests.integration.slack.ordeal import Ordeal

KILLS = 10
COMMANDS = 10
NOTICES = 10
SEED = "KILLS_SEED"
"""The environment variable that plays a failure again."""


@pytest.mark.parametrize("transport", ["socket", pytest.param("http", marks=pytest.mark.soak)])
def test_ten_kills(tmp_path: Path, transport: str) -> None:
    """Every command is done and answered once, every notice comes once, in order; what cannot be looked up, twice."""

    async def scene() -> None:
        seed = int(os.environ.get(SEED) or random.randrange(2**32))
        print(f"seed {seed}")
        async with deployed(tmp_path / "bot", transport) as at:
            at.bed.pace.patience, at.bed.pace.retries = 120.0, (0.0,) + (0.5,) * 200
            ordeal = Ordeal(at, random.Random(seed))
            await ordeal.owe(NOTICES, seconds=25)
            await asyncio.gather(
                ordeal.talk(COMMANDS, pause=2.0), ordeal.kill_again_and_again(KILLS), ordeal.misbehave(8, 3.0)
            )
            await ordeal.calm_down(seconds=90)
            assert at.process.starts == KILLS + 1
            await ordeal.check()

    asyncio.run(scene())
