"""A coalition at work on Slack: the whole bot in one process, on a stand-in workspace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from bot.accounts import open_account
from bot.adapters.slack.manifest import manifest
from bot.app import command_table
from bot.people import find_member
from bot.ports import Chat
from storage.tables import Draft, DraftState, Lineage, Provision, Text
from storage.work import Work
from tests.conftest import World
from tests.fakes.slack.bed import Bed
from tests.fakes.slack.records import Appearance, Channel, Person
from tests.scenarios.slack import PATIENCE, Sent, Serving, access_to
from tests.unit.slack.test_transports import free_port

Transport = Literal["socket", "http"]


@dataclass
class Scene:
    """Ana coordinates, Luis and Mei are members; #team is served, and there is a draft with articles 24 and 25."""

    world: World
    bed: Bed
    serving: Serving
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def ana(self) -> Person:
        return self.people["Ana"]

    @property
    def luis(self) -> Person:
        return self.people["Luis"]

    @property
    def mei(self) -> Person:
        return self.people["Mei"]

    async def settle(self) -> list[Appearance]:
        """Do all that is due, and give what appeared since the last time."""
        await self.bed.quiet()
        for _ in range(2):
            await self.serving.slack.settle()
            await self.serving.engine.settle()
        sent, self.serving.chat.sent = self.serving.chat.sent, []
        return [one for each in sent if isinstance(each, Sent) for one in each.appearances]

    async def ask(self, person: Person, words: str, channel: Channel | None = None) -> list[Appearance]:
        """Let somebody say something, to the bot directly or in a channel with its name before it."""
        if channel is None:
            await self.bed.direct(person, words)
        else:
            await self.bed.mention(person, channel, f"<@BOT> {words}")
        return await self.settle()


async def join(world: World, alias: str, user: str, platform: str = "slack") -> None:
    """Give a member an account on a platform."""
    account = world.saying(alias, "", platform=platform, sender=user)
    await world.store.write(1, lambda work: open_account(work, account, find_member(work, alias)))


def draft(work: Work, world: World) -> None:
    """Make the draft."""
    text = work.put(Text(coalition_id=work.tenant, name="Convention"))
    row = Draft(
        coalition_id=work.tenant, text_id=text.id, symbol="REV.1", date=world.now.date(), added_at=world.now,
        state=DraftState.PUBLISHED,
    )  # fmt: skip
    work.put(row)
    for number in (24, 25):
        lineage = work.put(Lineage(coalition_id=work.tenant, text_id=text.id))
        work.put(
            Provision(coalition_id=work.tenant, draft_id=row.id, lineage_id=lineage.id, ordinal=number,
                      label=str(number), kind="article", text=f"Each State Party shall do {number} things.")
        )  # fmt: skip


@asynccontextmanager
async def acting(
    world: World, transport: Transport, others: Mapping[str, Chat] | None = None
) -> AsyncIterator[tuple[Scene, Channel]]:
    """Serve the coalition until the end of the test; nothing was done that Slack refuses, and all was acknowledged.

    `others` are the chats of other platforms that are served, too.
    """
    listen = f"127.0.0.1:{free_port()}"
    async with Bed(transport, listen=f"http://{listen}/slack/events", manifest=manifest(command_table())) as bed:
        people = {alias: bed.person(alias, zone) for alias, zone in ZONES.items()}
        for alias, person in people.items():
            await join(world, alias, person.id)
        await world.store.write(1, lambda work: draft(work, world))
        team = bed.channel("team", people.values())
        scene = Scene(world, bed, Serving(access_to(bed, listen), bed, world.store, world.clock, others), people)
        await asyncio.wait_for(scene.serving.slack.ready.wait(), PATIENCE)
        try:
            await scene.ask(people["Ana"], "room here for tasks, alerts", team)
            yield scene, team
        finally:
            await asyncio.wait_for(scene.serving.end(), PATIENCE)
        assert bed.violations == []
        assert bed.log.late == []


ZONES = {"Ana": "Europe/Vienna", "Luis": "America/New_York", "Mei": "Asia/Singapore"}
