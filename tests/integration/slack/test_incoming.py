"""What a workspace delivers, over both transports, to the incoming half of the adapter: all once, and at once."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from bot.adapters.slack.connection import Access, Slack, TakenOut, connected
from bot.adapters.slack.manifest import manifest
from bot.app import command_table
from bot.invocation import Invocation
from storage.trouble import DatabaseTrouble
from tests.conftest import World
from tests.fakes.slack import misbehaviour as bad
from tests.fakes.slack.bed import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, Bed
from tests.fakes.workspace import HeardCore
from tests.unit.slack.test_transports import free_port

SOON = 5.0
Transport = Literal["socket", "http"]
both = pytest.mark.parametrize("transport", ["socket", "http"])


@dataclass
class Scene:
    """A workspace, and the bot in it."""

    bed: Bed
    slack: Slack
    core: HeardCore
    running: asyncio.Task[None]

    @property
    def heard(self) -> list[Invocation]:
        """Give what was heard, each once, as the inbox would keep it."""
        return list({said.event_id: said for said in reversed(self.core.heard)}.values())[::-1]

    def words(self) -> list[str]:
        """Give the words of what was heard."""
        return [said.words for said in self.heard]


@asynccontextmanager
async def serving(
    world: World, transport: Transport, faults: Sequence[tuple[str, bad.Fault]] = (), **given: Any
) -> AsyncIterator[Scene]:
    """Serve a workspace until the end of the test; it ends within seconds, and did nothing that Slack refuses.

    `faults` are what goes wrong from the beginning on, by method.
    """
    port, stop, core = free_port(), asyncio.Event(), HeardCore()
    listen = f"http://127.0.0.1:{port}/slack/events"
    async with Bed(transport, listen=listen, manifest=manifest(command_table()), **given) as bed:
        for method, fault in faults:
            bed.misbehave(method, fault, 20)
        access = Access(BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, transport, f"127.0.0.1:{port}", bed.api_url)
        slack = Slack(access, world.store, world.clock)
        running = asyncio.create_task(slack.run(core, stop))
        ready = asyncio.create_task(slack.ready.wait())
        try:
            await asyncio.wait_for(asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED), SOON)
            yield Scene(bed, slack, core, running)
        finally:
            ready.cancel()
            stop.set()
            async with asyncio.timeout(SOON):
                await asyncio.gather(running, return_exceptions=True)
            await slack.close()
        assert bed.violations == []


@both
def test_all_that_people_say_is_heard_once_and_acknowledged_at_once(world: World, transport: Transport) -> None:
    """Direct chats, mentions, commands; a mention that is told of as two events has one id."""

    async def scene() -> None:
        async with serving(world, transport) as at:
            ana = at.bed.person("Ana")
            team = at.bed.channel("team", [ana])
            await at.bed.direct(ana, "tasks & more")
            await at.bed.mention(ana, team, "<@BOT> assign 24 " + ana.mention)
            await at.bed.command(ana, "/tasks", "", team)
            await at.bed.command(ana, "/dragoman", "help <b>")
            await at.bed.say(ana, team, "assign 24 to me, please")
            assert at.words() == ["tasks & more", f"assign 24 @{ana.id}", "tasks", "help <b>"]
            assert max(at.bed.ack_times) < 3
            assert statistics.median(at.bed.ack_times) < 0.05
            assert at.bed.calls[0].method == "auth.test"

    world.run(scene())


@both
def test_what_could_not_be_kept_comes_again(world: World, transport: Transport) -> None:
    """Events are delivered again; whoever typed a command is told to say it again."""

    async def scene() -> None:
        async with serving(world, transport) as at:
            ana = at.bed.person("Ana")
            at.core.trouble = DatabaseTrouble("The disk is full.", "SQLITE_FULL")
            answer = await at.bed.command(ana, "/tasks")
            assert answer.acknowledged
            assert "say it again" in at.bed.appeared()[0].text
            at.bed.pace.acknowledge = 0.3
            said = asyncio.create_task(at.bed.direct(ana, "next"))
            await asyncio.sleep(0.1)
            at.core.trouble = None
            await asyncio.wait_for(said, SOON)
            assert at.words() == ["next"]

    world.run(scene())


@both
def test_edits_and_what_is_taken_back(world: World, transport: Transport) -> None:
    """Both are about the message that was said."""

    async def scene() -> None:
        async with serving(world, transport) as at:
            ana = at.bed.person("Ana")
            said = await at.bed.direct(ana, "assign 24")
            await at.bed.edit(ana, said, "assign 25")
            await at.bed.delete(ana, said)
            first, edit, gone = at.heard
            assert (edit.words, edit.corrects) == ("assign 25", first.event_id)
            assert (gone.words, gone.corrects) == ("", first.event_id)

    world.run(scene())


@both
def test_the_bot_taken_out_of_the_workspace_ends(world: World, transport: Transport) -> None:
    """With a sentence that says what to do: also where its token was no good from the start."""

    async def scene() -> None:
        async with serving(world, transport) as at:
            at.bed.happen({"type": "app_uninstalled"}, None)
            with pytest.raises(TakenOut, match="Install it again"):
                await asyncio.wait_for(at.running, SOON)

    world.run(scene())


@both
def test_a_token_that_is_no_good_ends_it(world: World, transport: Transport) -> None:
    """Before anything is taken."""

    async def scene() -> None:
        port = free_port()
        async with Bed(transport, listen=f"http://127.0.0.1:{port}/slack/events") as bed:
            access = Access("xoxb-another", APP_TOKEN, SIGNING_SECRET, transport, f"127.0.0.1:{port}", bed.api_url)
            async with connected(access, world.store, world.clock) as slack:
                with pytest.raises(TakenOut, match="Install it again"):
                    await asyncio.wait_for(slack.run(HeardCore(), asyncio.Event()), SOON)

    world.run(scene())


@both
def test_it_ends_within_seconds_while_slack_is_away(world: World, transport: Transport) -> None:
    """Also where it never came to know who it is."""

    async def scene() -> None:
        stop, port = asyncio.Event(), free_port()
        access = Access(
            BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, transport, f"127.0.0.1:{port}", f"http://127.0.0.1:{free_port()}/api/"
        )
        async with connected(access, world.store, world.clock) as slack:
            running = asyncio.create_task(slack.run(HeardCore(), stop))
            await asyncio.sleep(0.2)
            stop.set()
            await asyncio.wait_for(running, SOON)

    world.run(scene())


@both
def test_somebody_from_another_workspace(world: World, transport: Transport) -> None:
    """Heard by mention and in the direct chat; the channel is known to be shared."""

    async def scene() -> None:
        async with serving(world, transport) as at:
            guest = at.bed.guest("Gro", "America/Bogota")
            shared = at.bed.channel("bridge", [guest], shared=True)
            await at.bed.mention(guest, shared, "<@BOT> next")
            await at.bed.direct(guest, "next")
            await at.slack.settle()
            await at.bed.direct(guest, "tasks")
            mentioned, first, second = at.heard
            assert (mentioned.shared, mentioned.servable, first.place) == (True, True, None)
            assert (second.sender_name, second.sender_zone) == ("Gro", "America/Bogota")

    world.run(scene())


def test_a_refreshed_connection_loses_nothing(world: World) -> None:
    """What is said meanwhile is heard once."""

    async def scene() -> None:
        async with serving(world, "socket") as at:
            ana = at.bed.person("Ana")
            for n in range(20):
                if n % 5 == 0:
                    await at.bed.socket.disconnect()
                await at.bed.direct(ana, f"note {n}", wait=False)
            await asyncio.wait_for(at.bed.quiet(), 2 * SOON)
            assert sorted(at.words()) == sorted(f"note {n}" for n in range(20))

    world.run(scene())


LISTLESS = {"500": bad.status(500), "limited": bad.limited(60), "html": bad.html(), "slow": bad.slow(30)}


@both
@pytest.mark.parametrize("fault", LISTLESS)
def test_it_takes_what_is_said_while_the_channels_cannot_be_listed(
    world: World, transport: Transport, fault: str
) -> None:
    """A channel of which nothing is known counts as shared until then, unless the event says that it is not."""

    async def scene() -> None:
        faults = [("users.conversations", LISTLESS[fault]), ("users.info", bad.status(500))]
        async with serving(world, transport, faults) as at:
            ana = at.bed.person("Ana")
            team = at.bed.channel("team", [ana])
            await at.bed.command(ana, "/dragoman", "room here for tasks", team)
            await at.bed.direct(ana, "next")
            assert at.words() == ["room here for tasks", "next"]
            assert at.heard[0].shared

    world.run(scene())
