"""Two hundred commands and two hundred notices on Slack, while Dragoman is killed and Slack misbehaves."""

from __future__ import annotations

import asyncio
import os
import random
import statistics
from pathlib import Path

import pytest

from tests.integration.slack.deployment import deployed
from tests.integration.slack.ordeal import Ordeal
from tests.integration.slack.test_kills import SEED

KILLS = 40
COMMANDS = 70
"""In each of three places: in #team, in the direct chat, and what is answered to the asker alone."""
NOTICES = 100
SECONDS = 200.0
"""For how long people talk and notices come due: a channel takes one message a second."""
FAULTS = 40


@pytest.mark.soak
@pytest.mark.parametrize("transport", ["socket", "http"])
def test_kills_and_misbehaviour(tmp_path: Path, transport: str) -> None:
    """Every command is done and answered once, every notice comes once, in order; what cannot be looked up, twice."""

    async def scene() -> None:
        seed = int(os.environ.get(SEED) or random.randrange(2**32))
        print(f"seed {seed}")
        async with deployed(tmp_path / "bot", transport) as at:
            at.bed.pace.patience, at.bed.pace.retries = 600.0, (0.0,) + (0.5,) * 1000
            ordeal = Ordeal(at, random.Random(seed))
            await ordeal.owe(NOTICES, SECONDS)
            await asyncio.gather(
                ordeal.talk(COMMANDS, pause=SECONDS / COMMANDS),
                ordeal.kill_again_and_again(KILLS),
                ordeal.misbehave(FAULTS, SECONDS / FAULTS),
                outages(ordeal),
            )
            await ordeal.calm_down(2 * SECONDS)
            await ordeal.check()
            acks = at.bed.ack_times
            print(f"{3 * COMMANDS} commands, {2 * NOTICES} notices, {KILLS} kills; acknowledged in "
                  f"{statistics.median(acks):.3f} s in the middle, {max(acks):.3f} s at most")  # fmt: skip

    asyncio.run(scene())


async def outages(ordeal: Ordeal) -> None:
    """Let Slack go away twice, for some seconds."""
    for _ in range(2):
        await asyncio.sleep(SECONDS / 3)
        await ordeal.at.bed.stop()
        await asyncio.sleep(3)
        await ordeal.at.bed.start()
