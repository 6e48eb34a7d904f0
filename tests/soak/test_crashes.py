"""Kills at every named point, and three hundred at random moments, on each engine; the figures are printed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.integration.crashes import Kills, at_every_point, at_random
from tests.integration.test_crashes import on, survive


@pytest.mark.soak
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_killed_at_every_point(
    database: str, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first, the second and the fifth time that a process comes to it: nothing lost, nothing twice, in order."""

    async def ordeal(kills: Kills) -> None:
        await at_every_point(kills, (1, 2, 5))
        with capsys.disabled():
            print(kills.figures(f"\n{database}, every point"))

    survive(on(database, tmp_path, request), ordeal)


@pytest.mark.soak
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_killed_three_hundred_times(
    database: str, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """At random moments: nothing lost, nothing twice, in order."""
    seed = random.randrange(1_000_000)

    async def ordeal(kills: Kills) -> None:
        with capsys.disabled():
            print(f"\nseed {seed}")
        await at_random(kills, 300, seed)
        with capsys.disabled():
            print(kills.figures(f"{database}, random moments"))

    survive(on(database, tmp_path, request), ordeal)
