"""A server in the middle: passes on what Dragoman and its homeserver say, and lets a test change or lose answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web

from tests.fakes.synapse import free_port

PASSED_ON = ("Authorization", "Content-Type")


def _nothing(answer: dict[str, Any]) -> None:
    """Change nothing."""


class Censor:
    """Listens on a loopback port between `start` and `stop`."""

    def __init__(self, upstream: str, edit: Callable[[dict[str, Any]], None] = _nothing) -> None:
        self.upstream, self.edit = upstream, edit
        self.lose: list[str] = []
        """Parts of paths: once for each, a request has its effect and its answer is lost."""
        self.refuse: dict[str, tuple[int, dict[str, Any]]] = {}
        """Parts of paths: such requests have no effect, and this status and answer."""
        self.left: int | None = None
        """How many more requests are answered; None: all."""
        self.heard = False
        """Whether the first one that is not answered has its effect."""
        self.held = ""
        """Part of a path: requests with it wait until it is another."""
        self.fail: list[str] = []
        """Parts of paths: requests are answered with 502, and nothing happens."""
        self.hold: str = ""
        """Part of a path: requests wait before they are passed on, until `let_go` is set."""
        self.holding, self.let_go = asyncio.Event(), asyncio.Event()
        self.url = f"http://127.0.0.1:{free_port()}"
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Begin to listen."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120))
        application = web.Application(client_max_size=2**26)
        application.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        host, _, port = self.url.removeprefix("http://").partition(":")
        await web.TCPSite(self._runner, host, int(port)).start()

    async def stop(self) -> None:
        """Close everything."""
        if self._runner is not None and self._session is not None:
            await self._runner.cleanup()
            await self._session.close()
            self._runner = self._session = None

    async def _pass_on(self, request: web.Request) -> web.Response:
        assert self._session is not None
        while self.held and self.held in request.path:
            await asyncio.sleep(0.05)
        cut = self._is_cut()
        if cut and not (self.heard and self.left == -1):
            return _aborted(request)
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        body = await request.read()
        for part, (status, said) in self.refuse.items():
            if part in request.path:
                return web.json_response(said, status=status)
        if any(part in request.path for part in self.fail):
            return web.json_response({"errcode": "M_UNKNOWN"}, status=502)
        if self.hold and self.hold in request.path:
            self.holding.set()
            await self.let_go.wait()
        async with self._session.request(
            request.method, self.upstream + request.raw_path, data=body or None, headers=headers
        ) as answer:
            content = await answer.read()
            if request.path.endswith("/sync") and answer.status == 200:
                said = json.loads(content)
                self.edit(said)
                content = json.dumps(said).encode()
            if cut:
                return _aborted(request)
            lost = next((part for part in self.lose if part in request.path), None)
            if lost is not None:
                self.lose.remove(lost)
                return _aborted(request)
            return web.Response(status=answer.status, body=content, content_type="application/json")

    def _is_cut(self) -> bool:
        if self.left is not None:
            self.left -= 1
        return self.left is not None and self.left < 0


def _aborted(request: web.Request) -> web.Response:
    """Break the connection off; the answer goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
