"""The test bed's transports: what is not acknowledged comes again, connections come and go, signatures are checked."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp

from tests.fakes.slack import Bed
from tests.fakes.slack.delivery import EVENT
from tests.unit.slack.bolt import bolt, free_port, play

ROOT = Path(__file__).parents[3]


class Ear:
    """Hears messages, and is deaf to the first few: then it does not acknowledge in time."""

    def __init__(self, deaf: int = 0, seconds: float = 0.8) -> None:
        self.deaf, self.seconds = deaf, seconds
        self.ids: list[str] = []
        self.retries: list[tuple[str, str]] = []

    def wire(self, app: AsyncApp) -> None:
        """Let a middleware wait before anything is acknowledged."""

        @app.middleware
        async def slow(req: Any, next: Any) -> None:  # noqa: A002 - Bolt's own name
            number = (req.headers.get("x-slack-retry-num") or [""])[0]
            reason = (req.headers.get("x-slack-retry-reason") or [""])[0]
            self.retries.append((str(number), str(reason)))
            if len(self.retries) <= self.deaf:
                await asyncio.sleep(self.seconds)
            await next()

        @app.event("message")
        async def message(body: dict[str, Any]) -> None:
            self.ids.append(body["event_id"])

        @app.command("/dragoman")
        async def command(ack: Any) -> None:
            await ack()


@pytest.mark.parametrize(("transport", "reason"), [("socket", "timeout"), ("http", "http_timeout")])
def test_an_event_that_is_late_comes_again_under_its_id(transport: str, reason: str) -> None:
    """It is tried again with its number and the reason, and the lateness is kept."""
    ear = Ear(deaf=2)

    async def scene(bed: Bed, app: AsyncApp) -> None:
        bed.pace.acknowledge = 0.5
        await bed.direct(bed.person("Ana"), "tasks")
        await bed.until(lambda: len(ear.ids) == 3)

    bed = play(scene, ear.wire, transport)
    first = "0" if transport == "socket" else ""
    assert ear.retries[:3] == [(first, ""), ("1", reason), ("2", reason)]
    assert len(ear.ids) == 3
    assert len(set(ear.ids)) == 1
    assert len(bed.log.late) == 2
    assert len(bed.ack_times) == 1


@pytest.mark.parametrize("transport", ["socket", "http"])
def test_a_command_that_is_late_fails_before_its_sender(transport: str) -> None:
    """Commands are not repeated: the person sees operation_timeout."""
    ear = Ear(deaf=1)

    async def scene(bed: Bed, app: AsyncApp) -> None:
        bed.pace.acknowledge = 0.5
        delivery = await bed.command(bed.person("Ana"), "/dragoman", "next")
        assert (delivery.acknowledged, delivery.failed, delivery.attempts) == (False, "operation_timeout", 1)
        await asyncio.sleep(0.5)  # the app wakes up before it ends

    play(scene, ear.wire, transport)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_a_refreshed_connection_loses_nothing(reason: str) -> None:
    """The app connects anew when told to, and what happens meanwhile arrives once."""
    ear = Ear()

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        going = asyncio.ensure_future(bed.socket.disconnect(reason))
        await asyncio.sleep(0)
        await asyncio.gather(*(bed.direct(ana, f"word {number}") for number in range(5)))
        await going
        assert bed.socket.opened == 2

    play(scene, ear.wire)
    assert len(ear.ids) == len(set(ear.ids)) == 5


def test_what_a_lost_connection_carried_comes_on_the_next() -> None:
    """A connection that is cut before the acknowledgement gives its envelope to the next one."""
    ear = Ear(deaf=1, seconds=0.3)

    async def scene(bed: Bed, app: AsyncApp) -> None:
        ana = bed.person("Ana")
        saying = asyncio.ensure_future(bed.direct(ana, "tasks"))
        await bed.until(lambda: ear.retries)
        bed.socket.drop()
        await saying
        assert bed.deliveries[0].attempts == 2
        assert bed.deliveries[0].acknowledged

    play(scene, ear.wire)
    assert ear.retries[1] == ("1", "connection_lost")
    assert len(set(ear.ids)) == 1


def test_several_connections_share_the_envelopes() -> None:
    """With two connections each envelope comes on one of them."""
    one, two = Ear(), Ear()
    bed = Bed()
    bed.api.tolerant = True

    async def run() -> None:
        async with bed, bolt(bed, one.wire), bolt(bed, two.wire):
            await bed.socket.connected(2)
            ana = bed.person("Ana")
            for number in range(6):
                await bed.direct(ana, str(number))
            await bed.calm()

    asyncio.run(run())
    assert (len(one.ids), len(two.ids)) == (3, 3)
    assert not set(one.ids) & set(two.ids)


def test_a_dead_connection_is_noticed_by_the_app() -> None:
    """When pings stay unanswered the app connects anew."""

    async def scene(bed: Bed, app: AsyncApp) -> None:
        bed.socket.mute = True
        await bed.until(lambda: not bed.socket.ready or bed.socket.opened > 1)
        bed.socket.mute = False
        await bed.until(lambda: bed.socket.opened > 1)
        await bed.socket.connected()
        await bed.socket.ping()
        assert (await bed.command(bed.person("Ana"), "/dragoman", "next")).acknowledged

    play(scene, Ear().wire)


def test_a_disabled_link_is_not_opened_again() -> None:
    """After link_disabled apps.connections.open is refused until Socket Mode is on again."""

    async def scene(bed: Bed, app: AsyncApp) -> None:
        await bed.socket.disconnect("link_disabled")
        await bed.until(lambda: any(one.answer == "link_disabled" for one in bed.calls))
        assert bed.socket.ready == []
        bed.socket.enabled = True
        await bed.socket.connected()

    play(scene, Ear().wire)


def test_a_ticket_is_good_for_one_connection() -> None:
    """An address that was used, or made up, gives 401."""

    async def run() -> None:
        async with Bed() as bed, aiohttp.ClientSession() as session:
            link = bed.socket.link()
            async with session.ws_connect(link) as socket:
                assert (await socket.receive_json())["type"] == "hello"
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(link)

    asyncio.run(run())


def test_only_ten_connections_are_kept() -> None:
    """The eleventh is told too_many_websockets."""

    async def run() -> None:
        async with Bed() as bed, aiohttp.ClientSession() as session:
            sockets = [await session.ws_connect(bed.socket.link()) for _ in range(11)]
            said = [await socket.receive_json() for socket in sockets]
            assert [one["type"] for one in said] == ["hello"] * 10 + ["disconnect"]
            assert said[-1]["reason"] == "too_many_websockets"
            for socket in sockets:
                await socket.close()

    asyncio.run(run())


def test_only_what_slack_signed_is_taken() -> None:
    """url_verification is answered; a wrong secret and an old moment are refused with 401."""

    async def scene(bed: Bed, app: AsyncApp) -> None:
        assert await bed.http.verify()
        body = {"type": "event_callback", "team_id": bed.space.team.id, "event": {"type": "message", "ts": "1.0"}}
        assert (await bed.http.knock(EVENT, body, secret="another"))[0] == 401
        assert (await bed.http.knock(EVENT, body, age=600))[0] == 401
        assert (await bed.http.knock(EVENT, body))[0] == 200

    play(scene, Ear().wire, "http")


def test_an_event_waits_for_an_app_that_is_away() -> None:
    """Over HTTP, too, what happens while nobody listens comes when somebody does; a command fails at once."""
    ear = Ear()
    bed = Bed("http", listen=f"http://127.0.0.1:{free_port()}/slack/events")
    bed.api.tolerant = True

    async def run() -> None:
        async with bed:
            ana = bed.person("Ana")
            assert (await bed.command(ana, "/dragoman", "next")).failed == "dispatch_failed"
            await bed.direct(ana, "tasks", wait=False)
            await asyncio.sleep(0.2)
            async with bolt(bed, ear.wire):
                await bed.calm()

    asyncio.run(run())
    assert len(ear.ids) == 1


APP = """
import asyncio, os
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

client = AsyncWebClient(os.environ["DRAGOMAN_SLACK_BOT_TOKEN"], base_url=os.environ["DRAGOMAN_SLACK_API_URL"])
app = AsyncApp(client=client)

@app.command("/dragoman")
async def command(ack, body):
    if os.environ["HANGS"]:
        await asyncio.sleep(60)
    await ack()
    await client.chat_postMessage(channel=body["channel_id"], text="done")

async def main():
    await AsyncSocketModeHandler(app, os.environ["DRAGOMAN_SLACK_APP_TOKEN"]).start_async()

asyncio.run(main())
"""


def test_what_a_killed_app_had_not_acknowledged_comes_to_the_next() -> None:
    """An app in another process is killed with a command in its hands; the next process gets that command."""
    bed = Bed()
    bed.api.tolerant = True

    @asynccontextmanager
    async def process(hangs: str) -> AsyncIterator[None]:
        environment = {**bed.environment, "HANGS": hangs}
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", APP, cwd=ROOT, env=environment, stdout=DEVNULL, stderr=DEVNULL
        )
        try:
            await bed.socket.connected()
            yield
        finally:
            child.kill()
            await child.wait()

    async def run() -> None:
        async with bed:
            ana = bed.person("Ana")
            async with process(hangs="yes"):
                asking = asyncio.ensure_future(bed.command(ana, "/dragoman", "next"))
                await bed.until(lambda: bed.deliveries and bed.deliveries[0].attempts)
            await bed.until(lambda: not bed.socket.ready)
            async with process(hangs=""):
                delivery = await asking
                await bed.until(lambda: bed.space.appearances)
            assert (delivery.acknowledged, delivery.attempts) == (True, 2)
            assert [one.text for one in bed.appeared()] == ["done"]

    asyncio.run(run())
    assert bed.violations == []


def test_slack_itself_may_be_away() -> None:
    """The bed stops and starts on the same port, and the app finds it again."""

    async def scene(bed: Bed, app: AsyncApp) -> None:
        port = bed.port
        await bed.stop()
        with pytest.raises(aiohttp.ClientError):
            await app.client.auth_test()
        await bed.start()
        assert bed.port == port
        await app.client.auth_test()
        await bed.socket.connected()

    play(scene, Ear().wire)
