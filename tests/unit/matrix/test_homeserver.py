"""What a homeserver answers: what may pass is told from what is refused for good."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from bot.adapters.matrix.homeserver import Away, Denied, Homeserver, Limited, TokenRevoked
from tests.fakes.synapse import free_port

Asking = Callable[[Homeserver], Awaitable[object]]


def asked(status: int, answer: Any, ask: Asking) -> Exception:
    """Give what is raised when a server answers so."""

    async def respond(_: web.Request) -> web.Response:
        return web.json_response(answer, status=status)

    async def scene() -> Exception:
        application, port = web.Application(), free_port()
        application.router.add_route("*", "/{path:.*}", respond)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        server = Homeserver(f"http://127.0.0.1:{port}", "token")
        try:
            with pytest.raises((Away, Limited, Denied)) as caught:
                await ask(server)
            return caught.value
        finally:
            await server.close()
            await runner.cleanup()

    return asyncio.run(scene())


def put(server: Homeserver) -> Awaitable[object]:
    """Send a message."""
    return server.ask("PUT", "/rooms/!r:x/send/m.room.encrypted/1", {})


def fetch(server: Homeserver) -> Awaitable[object]:
    """Fetch a file."""
    return server.download("mxc://x/y", 10)


@pytest.mark.parametrize("ask", [put, fetch])
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "M_USER_LOCKED"),
        (403, "M_RESOURCE_LIMIT_EXCEEDED"),
        (408, "M_UNKNOWN"),
        (425, "M_UNKNOWN"),
        (500, "M_UNKNOWN"),
        (502, "M_FORBIDDEN"),
    ],
)
def test_what_may_pass(status: int, code: str, ask: Asking) -> None:
    """A lock, a full server, a time-out: nothing is dropped for it."""
    assert type(asked(status, {"errcode": code}, ask)) is Away


@pytest.mark.parametrize("status", [400, 403, 429])
def test_a_limit_is_one_under_any_status(status: int) -> None:
    """M_LIMIT_EXCEEDED is a pause, for as long as the server says."""
    problem = asked(status, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1500}, put)
    assert isinstance(problem, Limited)
    assert problem.seconds == 1.5


@pytest.mark.parametrize(("status", "code"), [(403, "M_FORBIDDEN"), (404, "M_NOT_FOUND"), (413, "M_TOO_LARGE")])
def test_what_is_refused_for_good(status: int, code: str) -> None:
    """Trying again cannot help."""
    problem = asked(status, {"errcode": code}, put)
    assert (type(problem), str(problem)) == (Denied, f"{status} {code}")


def test_a_revoked_token() -> None:
    """It is told from a lock, which has the same status."""
    assert type(asked(401, {"errcode": "M_UNKNOWN_TOKEN"}, put)) is TokenRevoked
