"""`/healthz` for a supervisor on the same machine: 200 or 503, with codes and counts and nothing else."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.health import Health
from bot.terminal.opening import CommandProblem

PATH = "/healthz"
_ENDING_SECONDS = 0.5


async def serve_health(health: Health, host: str, port: int, stop: asyncio.Event) -> None:
    """Answer until `stop` is set; raises CommandProblem where the address cannot be listened on."""

    async def answer(_request: web.Request) -> web.Response:
        codes = health.report().codes
        body = {"status": "wrong" if codes else "well", "codes": codes, "loops": health.loops}
        return web.json_response(body, status=503 if codes else 200, headers={"Cache-Control": "no-store"})

    app = web.Application()
    app.router.add_get(PATH, answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_ENDING_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise CommandProblem(f"health_listen: port {port} cannot be listened on, another program may have it") from None
    try:
        await stop.wait()
    finally:
        await runner.cleanup()
