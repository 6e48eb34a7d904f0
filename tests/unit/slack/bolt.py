"""A minimal real Bolt app on the test bed, over either transport."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import Bed

Wiring = Callable[[AsyncApp], None]
Scene = Callable[[Bed, AsyncApp], Awaitable[None]]
SILENT = logging.getLogger("bolt.silent")
SILENT.setLevel(logging.CRITICAL)


def free_port() -> int:
    """Give a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def client(bed: Bed, token: str | None = None, **options: Any) -> AsyncWebClient:
    """Give the SDK's client on the bed, without its own retries."""
    options = {"retry_handlers": [], "timeout": 5, **options}
    return AsyncWebClient(token or bed.tokens.bot, base_url=bed.api_url, logger=SILENT, **options)


@asynccontextmanager
async def bolt(bed: Bed, wire: Wiring) -> AsyncIterator[AsyncApp]:
    """Run a Bolt app on a bed that has started, over the bed's transport."""
    app = AsyncApp(client=client(bed), signing_secret=bed.signing_secret, logger=SILENT)
    wire(app)
    if bed.transport is bed.socket:
        handler = AsyncSocketModeHandler(app, bed.tokens.app, logger=SILENT, ping_interval=0.2)
        await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt's own
        await bed.socket.connected()
        try:
            yield app
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt's own
            await asyncio.sleep(0)
        return
    runner = web.AppRunner(app.server(port=0, path="/slack/events").web_app, shutdown_timeout=1)
    await runner.setup()
    url = bed.http.url.split("/")[2]
    await web.TCPSite(runner, "127.0.0.1", int(url.split(":")[1])).start()
    try:
        yield app
    finally:
        await runner.cleanup()


def play(scene: Scene, wire: Wiring, transport: str = "socket", **options: Any) -> Bed:
    """Play a scene with a bed and a Bolt app, and give the bed."""
    listen = f"http://127.0.0.1:{free_port()}/slack/events"
    bed = Bed("http" if transport == "http" else "socket", listen=listen, **options)
    bed.api.tolerant = True  # this app is Bolt as it comes

    async def run() -> None:
        async with bed, bolt(bed, wire) as app:
            await scene(bed, app)
            await bed.calm()

    asyncio.run(run())
    return bed
