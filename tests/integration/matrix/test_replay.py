"""Every scenario that the console plays, played through Matrix: the same lines, the same messages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.synapse import Synapse
from tests.scenarios.matrix import Cast, OnMatrix
from tests.scenarios.play import FOLDER, play_file

UNLIKE = {
    "two-coalitions": "on the console one says for whom one speaks (`:coalition`); on Matrix the account tells",
    "discreet": "its rooms are on two platforms, and what may be named differs between them",
}
"""Scenarios that cannot be the same on Matrix, and why."""
PLAYED = [
    pytest.param(path, id=path.stem, marks=[pytest.mark.soak] if number % 2 else [])
    for number, path in enumerate(sorted(FOLDER.glob("*.txt")))
]
"""Each second one is played by the soak alone: on a real homeserver one takes ten seconds."""


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Give the event loop of the people of all scenarios."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def cast(homeserver: Synapse, runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """Give the people of all scenarios."""
    cast = Cast(homeserver, tmp_path_factory.mktemp("cast"))
    yield cast
    runner.run(cast.go_home())


@pytest.mark.parametrize("path", PLAYED)
def test_scenario(path: Path, tmp_path: Path, synapse: Synapse, cast: Cast, runner: asyncio.Runner) -> None:
    """What people's clients receive and decrypt is exactly what the scenario says."""
    if path.stem in UNLIKE:
        pytest.skip(UNLIKE[path.stem])
    script, played = play_file(path, tmp_path, OnMatrix(cast), runner=runner)
    assert played == script
