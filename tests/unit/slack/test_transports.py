"""Both ways in which Slack delivers: nothing unsigned is taken, nothing untaken acknowledged, nothing lost between."""

from __future__ import annotations

import asyncio
import hmac
import io
import json
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web

from bot.adapters.slack.app import Me, bolt_app
from bot.adapters.slack.signed_http import ListenProblem, SignedHttp
from bot.adapters.slack.socket_mode import SocketMode, TransportProblem
from bot.adapters.slack.web import Refused, TokenRevoked
from bot.clock import SystemClock
from tests.fakes.workspace import ANA, ME, TEAM, FakeWeb, command, message, press

SECRET = "only for a test"
SOON = 5.0
Delivered = Callable[[Mapping[str, Any]], Coroutine[Any, Any, Mapping[str, Any] | None]]


class Taker:
    """Takes what comes through the door; fails while `trouble` is set."""

    def __init__(self) -> None:
        self.taken: list[Mapping[str, Any]] = []
        self.trouble: Exception | None = None
        self.answer: Mapping[str, Any] | None = None
        self.came = asyncio.Event()

    async def __call__(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        self.came.set()
        if self.trouble is not None:
            raise self.trouble
        self.taken.append(body)
        return self.answer


def app_of(taker: Taker) -> Any:
    """Build the app."""
    return bolt_app(FakeWeb().client, Me(ME, "B0BOT", TEAM), SECRET, taker)


def free_port() -> int:
    """Find a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def over_http(taker: Taker, *, opened: bool = True) -> AsyncIterator[str]:
    """Serve over HTTP, and give the address."""
    port, stop = free_port(), asyncio.Event()
    server = SignedHttp(f"127.0.0.1:{port}")
    running = asyncio.create_task(server.run(stop))
    while not server.listens:
        await asyncio.sleep(0.01)
    if opened:
        server.open(app_of(taker).async_dispatch)
    try:
        yield f"http://127.0.0.1:{port}/slack/events"
    finally:
        stop.set()
        await asyncio.wait_for(running, SOON)


async def post(url: str, body: str, *, kind: str = "application/json", age: int = 0, secret: str = SECRET) -> Any:
    """Post as Slack does, and give the status and the text of the answer."""
    stamp = str(int(SystemClock().now().timestamp()) - age)
    signature = "v0=" + hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), "sha256").hexdigest()
    head = {"Content-Type": kind, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=io.BytesIO(body.encode()), headers=head) as answer,
    ):
        return answer.status, await answer.text()


FORM = "application/x-www-form-urlencoded"


def test_what_is_signed_is_taken_over_http() -> None:
    """Events, commands and presses, all at one address; an empty acknowledgement says nothing."""

    async def scene() -> None:
        taker = Taker()
        async with over_http(taker) as url:
            assert await post(url, json.dumps(message("tasks"))) == (200, "")
            assert await post(url, urlencode(command("/tasks")), kind=FORM) == (200, "")
            assert await post(url, urlencode({"payload": json.dumps(press("take 24"))}), kind=FORM) == (200, "")
            taker.answer = {"response_action": "errors", "errors": {"b": "no"}}
            status, text = await post(url, urlencode({"payload": json.dumps({"type": "view_submission"})}), kind=FORM)
            assert (status, json.loads(text)) == (200, taker.answer)
        assert [body.get("type") or body["command"] for body in taker.taken] == [
            "event_callback", "/tasks", "block_actions", "view_submission"
        ]  # fmt: skip

    asyncio.run(scene())


def test_a_command_may_say_payload_over_http() -> None:
    """The word is no sign of another kind of form."""

    async def scene() -> None:
        taker = Taker()
        async with over_http(taker) as url:
            assert await post(url, urlencode(command("/find", "payload=1 payload")), kind=FORM) == (200, "")
            assert (await post(url, urlencode(command("/find", "payload")), kind=FORM, secret="another"))[0] == 401
        assert [body["text"] for body in taker.taken] == ["payload=1 payload"]

    asyncio.run(scene())


def test_what_is_not_signed_or_stale_is_not_taken() -> None:
    """Neither a wrong signature nor one that was overheard minutes ago lets anything in."""

    async def scene() -> None:
        taker, body = Taker(), json.dumps(message("tasks"))
        async with over_http(taker) as url:
            assert (await post(url, body, secret="another"))[0] == 401
            assert (await post(url, body, age=600))[0] == 401
            assert (await post(url, "{", secret="another"))[0] in (400, 401)
            assert (await post(url, "a" * (5 * 2**20)))[0] == 413
            async with aiohttp.ClientSession() as session, session.post(url, data=b"\xff") as answer:
                assert answer.status in (400, 401)
        assert taker.taken == []

    asyncio.run(scene())


def test_slacks_own_questions_are_answered() -> None:
    """The address is proved, and its certificate may be looked at; what the bot said itself is left out."""

    async def scene() -> None:
        taker = Taker()
        async with over_http(taker) as url:
            status, text = await post(url, json.dumps({"type": "url_verification", "challenge": "c"}))
            assert (status, "c" in text) == (200, True)
            assert (await post(url, urlencode({"ssl_check": "1"}), kind=FORM))[0] == 200
            assert (await post(url, json.dumps(message("tasks", user=ME))))[0] == 200
        assert taker.taken == []

    asyncio.run(scene())


def test_what_cannot_be_taken_is_to_be_delivered_again() -> None:
    """Before the bot is ready, and when its database fails."""

    async def scene() -> None:
        taker, body = Taker(), json.dumps(message("tasks"))
        async with over_http(taker, opened=False) as url:
            assert (await post(url, body))[0] == 503
        taker.trouble = OSError("full")
        async with over_http(taker) as url:
            assert await post(url, body) == (503, "")

    asyncio.run(scene())


def test_an_address_that_is_taken_is_told() -> None:
    """In one sentence with what to do."""

    async def scene() -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            with pytest.raises(ListenProblem, match="DRAGOMAN_SLACK_LISTEN"):
                await SignedHttp(f"127.0.0.1:{other.getsockname()[1]}").run(asyncio.Event())

    asyncio.run(scene())


class Socket:
    """Slack's end of Socket Mode: greets each connection, and keeps what is sent back."""

    def __init__(self) -> None:
        self.links: list[web.WebSocketResponse] = []
        self.back: asyncio.Queue[Any] = asyncio.Queue()
        self.linked: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        self.greets = True

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        link = web.WebSocketResponse()
        await link.prepare(request)
        self.links.append(link)
        if self.greets:
            await link.send_json({"type": "hello", "num_connections": len(self.links)})
        self.linked.put_nowait(link)
        async for said in link:
            self.back.put_nowait((self.links.index(link), json.loads(said.data)))
        return link

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Listen, and give the address."""
        app, port = web.Application(), free_port()
        app.router.add_get("/link", self.serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield f"ws://127.0.0.1:{port}/link"
        finally:
            await runner.cleanup()


@asynccontextmanager
async def over_socket(taker: Taker, far: Socket) -> AsyncIterator[asyncio.Task[None]]:
    """Serve over Socket Mode, and give what runs."""
    stop = asyncio.Event()
    async with far.served() as url:
        mode = SocketMode(
            FakeWeb({"apps.connections.open": {"ok": True, "url": url}}), "xapp", app_of(taker).async_dispatch
        )
        running = asyncio.create_task(mode.run(stop))
        try:
            yield running
        finally:
            stop.set()
            await asyncio.wait_for(asyncio.gather(running, return_exceptions=True), SOON)


async def soon(queue: asyncio.Queue[Any]) -> Any:
    """Take the next thing."""
    return await asyncio.wait_for(queue.get(), SOON)


def test_deliveries_are_acknowledged_over_a_socket() -> None:
    """Each by its envelope, with what the app says to it; garbage in between hurts nothing."""

    async def scene() -> None:
        taker, far = Taker(), Socket()
        async with over_socket(taker, far):
            link = await soon(far.linked)
            for garbage in ("{", "[1]", '{"type": "events_api"}', '{"envelope_id": "e0", "payload": 3}'):
                await link.send_str(garbage)
            await link.send_json({"type": "events_api", "envelope_id": "e1", "payload": message("tasks")})
            answers = [await soon(far.back), await soon(far.back)]
            assert (0, {"envelope_id": "e1"}) in answers
            taker.answer = {"response_action": "clear"}
            await link.send_json({"type": "interactive", "envelope_id": "e2", "payload": {"type": "view_submission"}})
            assert await soon(far.back) == (0, {"envelope_id": "e2", "payload": {"response_action": "clear"}})

    asyncio.run(scene())


def test_what_was_not_taken_is_not_acknowledged_over_a_socket() -> None:
    """It comes again, and is acknowledged when it was taken."""

    async def scene() -> None:
        taker, far = Taker(), Socket()
        async with over_socket(taker, far):
            link = await soon(far.linked)
            taker.trouble = OSError("full")
            await link.send_json({"type": "events_api", "envelope_id": "e1", "payload": message("tasks")})
            await asyncio.wait_for(taker.came.wait(), SOON)
            taker.trouble = None
            await link.send_json({"type": "events_api", "envelope_id": "e2", "payload": message("tasks")})
            assert await soon(far.back) == (0, {"envelope_id": "e2"})
            assert far.back.empty()

    asyncio.run(scene())


def test_a_connection_is_replaced_without_a_gap() -> None:
    """The new one is there while the old one still delivers; what came on the old one is acknowledged."""

    async def scene() -> None:
        taker, far = Taker(), Socket()
        async with over_socket(taker, far):
            old = await soon(far.linked)
            await old.send_json({"type": "disconnect", "reason": "warning"})
            new = await soon(far.linked)
            assert not old.closed
            await old.send_json({"type": "events_api", "envelope_id": "e1", "payload": message("tasks")})
            assert await soon(far.back) == (0, {"envelope_id": "e1"})
            await old.close()
            await new.send_json({"type": "events_api", "envelope_id": "e2", "payload": message("next")})
            assert await soon(far.back) == (1, {"envelope_id": "e2"})
            assert len(far.links) == 2

    asyncio.run(scene())


def test_whether_there_is_a_connection_is_known() -> None:
    """Once Slack has greeted, until that connection is closed: one that does not greet is none."""

    async def scene() -> None:
        far, stop = Socket(), asyncio.Event()
        async with far.served() as url:
            opening = FakeWeb({"apps.connections.open": {"ok": True, "url": url}})
            mode = SocketMode(opening, "xapp", app_of(Taker()).async_dispatch)
            assert not mode.connected
            running = asyncio.create_task(mode.run(stop))
            link = await soon(far.linked)
            await until(lambda: mode.connected)
            far.greets = False
            await link.close()
            await until(lambda: not mode.connected)
            await soon(far.linked)
            assert not mode.connected
            stop.set()
            await asyncio.wait_for(running, SOON)

    async def until(true: Callable[[], bool]) -> None:
        for _ in range(500):
            if true():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it did not come")

    asyncio.run(scene())


def test_a_broken_connection_is_opened_again_soon() -> None:
    """After one that worked, within a second or two."""

    async def scene() -> None:
        far = Socket()
        async with over_socket(Taker(), far):
            await (await soon(far.linked)).close()
            assert await soon(far.linked)

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (Refused("missing_scope"), "connections:write"),
        (Refused("not_allowed_token_type"), "xapp-"),
        (TokenRevoked("invalid_auth"), "app token"),
    ],
)
def test_what_cannot_pass_ends_it_with_a_sentence(problem: Exception, words: str) -> None:
    """It says what to do."""
    mode = SocketMode(FakeWeb({"apps.connections.open": problem}), "xapp", app_of(Taker()).async_dispatch)
    with pytest.raises(TransportProblem, match=words):
        asyncio.run(asyncio.wait_for(mode.run(asyncio.Event()), SOON))


def test_socket_mode_turned_off_ends_it_with_a_sentence() -> None:
    """Trying again could not help."""

    async def scene() -> None:
        far = Socket()
        async with over_socket(Taker(), far) as running:
            await (await soon(far.linked)).send_json({"type": "disconnect", "reason": "link_disabled"})
            with pytest.raises(TransportProblem, match="Socket Mode is turned off"):
                await asyncio.wait_for(running, SOON)

    asyncio.run(scene())


def test_events_of_guests_workspaces_pass() -> None:
    """Whose workspace an event names decides nothing: the bot is in one only."""

    async def scene() -> None:
        taker = Taker()
        body = message("tasks", user=ANA) | {"team_id": "T0GUEST", "authorizations": [{"team_id": "T0GUEST"}]}
        async with over_http(taker) as url:
            assert (await post(url, json.dumps(body)))[0] == 200
        assert len(taker.taken) == 1

    asyncio.run(scene())
