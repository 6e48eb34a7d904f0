"""The incoming half of the adapter on a small coalition, with a core that keeps what it hears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.adapters.slack.channels import Channels
from bot.adapters.slack.commands import Commands
from bot.adapters.slack.forms import Forms
from bot.adapters.slack.hearing import Hearing
from bot.adapters.slack.intake import Intake
from bot.adapters.slack.people import People
from bot.adapters.slack.pressing import Pressing
from bot.invocation import Invocation
from tests.conftest import World
from tests.fakes.workspace import CHANNEL, ME, FakeWeb, HeardCore


@dataclass
class Ears:
    """All that takes in, and what became of it."""

    world: World
    web: FakeWeb
    intake: Intake
    core: HeardCore
    opened: list[str] = field(default_factory=list)
    revoked: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hearing = Hearing(self.intake, ME, self._open, lambda: self.revoked.append(True))
        self.commands = Commands(self.intake, ME)
        self.forms = Forms(self.intake, self.web, ME)
        self.pressing = Pressing(self.intake, self.forms.pressed)

    def hear(self, body: Mapping[str, Any]) -> list[Invocation]:
        """Deliver an event; gives what was received because of it."""
        return self._received(self.hearing.event(body))

    def slash(self, body: Mapping[str, Any]) -> list[Invocation]:
        """Deliver a slash command, likewise."""
        return self._received(self.commands.command(body))

    def press(self, body: Mapping[str, Any]) -> list[Invocation]:
        """Deliver the press of a button, likewise."""
        return self._received(self.pressing.actions(body))

    def take(self, body: Mapping[str, Any]) -> list[Invocation]:
        """Deliver a shortcut, likewise."""
        return self._received(self.forms.shortcut(body))

    def send(self, body: Mapping[str, Any]) -> list[Invocation]:
        """Deliver what was filled into a form, likewise."""
        return self._received(self.forms.submitted(body))

    def answer(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Deliver what was filled into a form; gives what is shown in it."""
        return self.world.run(self.forms.submitted(body))

    def _received(self, work: Any) -> list[Invocation]:
        before = len(self.core.heard)

        async def all_of_it() -> None:
            await work
            await self.intake.settle()

        self.world.run(all_of_it())
        return self.core.heard[before:]

    async def _open(self, user: str) -> None:
        self.opened.append(user)


@pytest.fixture
def ears(world: World) -> Ears:
    """Give a workspace in which the bot is in #team."""
    person = {"user": {"id": "", "real_name": "Somebody", "tz": "America/Bogota"}}
    web = FakeWeb(
        {
            "users.conversations": {"channels": [{"id": CHANNEL, "name": "team"}]},
            "users.info": lambda user: {"user": {**person["user"], "id": user}},
        }
    )
    channels = Channels(web)
    world.run(channels.load())
    intake, core = Intake(world.store, world.clock, People(web), channels), HeardCore()
    intake.core = core
    return Ears(world, web, intake, core)
