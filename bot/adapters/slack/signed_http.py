"""Signed HTTP: Slack delivers to an address that somebody made known to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

PATH = "/slack/events"
LARGEST = 2 * 2**20
"""How large a delivery may be, in bytes."""
ENDING_SECONDS = 2.0
"""How long what is being taken may take when the bot ends, in seconds."""
Dispatch = Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]
_log = structlog.get_logger()


class ListenProblem(Exception):
    """The address cannot be listened on; str() says what to do."""


class SignedHttp:
    """A server for Slack's deliveries; it answers 503, so that Slack tries again, until it is opened."""

    def __init__(self, listen: str) -> None:
        """Take the address to listen on: "127.0.0.1:3000"."""
        self._host, _, port = listen.rpartition(":")
        self._port = int(port)
        self._dispatch: Dispatch | None = None
        self.listens = False

    def open(self, dispatch: Dispatch) -> None:
        """Take deliveries from now on."""
        self._dispatch = dispatch

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; what is being taken is finished. Raises ListenProblem."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_post(PATH, self._take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=ENDING_SECONDS)
        await runner.setup()
        try:
            await self._listen(runner)
            self.listens = True
            await stop.wait()
        finally:
            self._dispatch, self.listens = None, False
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> None:
        try:
            await web.TCPSite(runner, self._host.strip("[]") or None, self._port).start()
        except OSError as problem:
            raise ListenProblem(
                "DRAGOMAN_SLACK_LISTEN cannot be listened on: another program may have it, or it is not this machine's."
            ) from problem
        _log.info("listening")

    async def _take(self, request: web.Request) -> web.Response:
        if self._dispatch is None:
            return web.Response(status=503)
        try:
            given = _given(await request.text(), request)
        except web.HTTPException:
            raise  # too large
        except Exception:  # whoever sent it has not been verified yet
            return web.Response(status=400)
        try:
            return await to_aiohttp_response(await self._dispatch(given))
        except Exception as problem:
            _log.error("delivery not taken", code=type(problem).__name__)
            return web.Response(status=503)


def _given(body: str, request: web.Request) -> AsyncBoltRequest:
    given = AsyncBoltRequest(body=body, query=request.query_string, headers={**request.headers})
    if not given.body and body:  # Bolt takes a command in which the word "payload" stands for a broken form
        given.body = dict(parse_qsl(body, keep_blank_values=True))
    return given
