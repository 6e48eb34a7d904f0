"""What tests against a real homeserver stand on: one server a test process, an event loop and people with clients."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fakes.human import Human
from tests.fakes.synapse import Synapse
from tests.integration.matrix.deployment import Deployment, deploy


@dataclass
class People:
    """Whoever takes part in a test; all go home when it ends."""

    synapse: Synapse
    folder: Path
    present: list[Human] = field(default_factory=list)

    async def arrive(self, name: str) -> Human:
        """Make an account with one device."""
        return self.keep(await Human.arrive(self.synapse, name, self.folder))

    async def add_device(self, human: Human, *, signed: bool) -> Human:
        """Log a person in once more."""
        return self.keep(await human.add_device(signed=signed))

    def keep(self, human: Human) -> Human:
        """Close this session, too, when the test ends."""
        self.present.append(human)
        return human

    async def go_home(self) -> None:
        """Close every session."""
        for human in self.present:
            await human.close()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """Give the test's event loop."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def people(synapse: Synapse, runner: asyncio.Runner, tmp_path: Path) -> Iterator[People]:
    """Give those who take part; nobody is there at first."""
    people = People(synapse, tmp_path)
    yield people
    runner.run(people.go_home())


@pytest.fixture
def bot(synapse: Synapse, runner: asyncio.Runner, tmp_path: Path, people: People) -> Iterator[Deployment]:
    """Give a Dragoman that is set up and logged in; it stops with the test."""
    deployment = runner.run(deploy(synapse, tmp_path / "bot"))
    yield deployment
    runner.run(deployment.close())
