"""A chat platform on loopback: hands out what people said until it is acknowledged, and shows each key once."""

from __future__ import annotations

import asyncio
import socket
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Platform:
    """Serves `dragoman` processes of a test; made with `start`."""

    said: list[dict[str, Any]] = field(default_factory=list)
    """What people said, each with its event id, in order."""
    acknowledged: set[str] = field(default_factory=set)
    shown: list[dict[str, Any]] = field(default_factory=list)
    """What appeared, in order."""
    repeated: int = 0
    """How many sends the platform knew for a repetition, by their key."""
    hangs: bool = False
    """Whether it answers to no send for now."""
    hanging: int = 0
    """How many sends were left without an answer."""
    heard_by: set[int] = field(default_factory=set)
    """The processes that asked what people said."""
    ignored: set[int] = field(default_factory=set)
    """Processes that get no answer when they send or fetch."""
    files: dict[str, bytes] = field(default_factory=dict)
    port: int = 0
    _keys: set[str] = field(default_factory=set)
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/said", self._hand_out),
                web.post("/said", self._acknowledge),
                web.post("/send", self._show),
                web.get("/file", self._give),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Listen no more."""
        self.ignored.clear()
        if self._runner is not None:
            await self._runner.cleanup()

    def texts(self) -> dict[str, list[str]]:
        """Give the first line of what appeared that was no answer, by destination, in order."""
        found = defaultdict(list)
        for message in self.shown:
            if message["asked"] is None:
                found[message["to"]].append(message["text"].partition("\n")[0])
        return dict(found)

    def answers(self) -> dict[str, list[str]]:
        """Give the events that were answered, by destination, in order."""
        found = defaultdict(list)
        for message in self.shown:
            if message["asked"] is not None:
                found[message["to"]].append(message["asked"])
        return dict(found)

    async def _hand_out(self, request: web.Request) -> web.Response:
        self.heard_by.add(int(request.query["pid"]))
        return web.json_response([one for one in self.said if one["event"] not in self.acknowledged][:5])

    async def _acknowledge(self, request: web.Request) -> web.Response:
        self.acknowledged.add((await request.json())["event"])
        return web.Response()

    async def _show(self, request: web.Request) -> web.Response:
        message = await request.json()
        if self.hangs:
            self.hanging += 1
            await asyncio.sleep(60)
            raise web.HTTPGatewayTimeout
        if await self._ignores(message["pid"]):
            return web.Response(status=503)
        if message["key"] in self._keys:
            self.repeated += 1
        else:
            self._keys.add(message["key"])
            self.shown.append(message)
        return web.json_response({"id": f"m/{message['key']}"})

    async def _give(self, request: web.Request) -> web.Response:
        if await self._ignores(int(request.query["pid"])):
            return web.Response(status=503)
        return web.Response(body=self.files[request.query["name"]])

    async def _ignores(self, pid: int) -> bool:
        """Let a process that is ignored wait; tells whether it was."""
        ignored = pid in self.ignored
        while pid in self.ignored:
            await asyncio.sleep(0.02)
        return ignored
