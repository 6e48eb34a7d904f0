"""The gap in a timeline: what happened in a room while the bot was away, more than a sync tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from bot.adapters.matrix.homeserver import Denied, Homeserver, part

LONGEST = 500
"""How many events of a gap are fetched, about."""
PAGE = 100
_log = structlog.get_logger()


async def left_out(server: Homeserver, room_id: str, start: Any, stop: str) -> tuple[list[Mapping[str, Any]], bool]:
    """Fetch what a limited timeline left out between two tokens, oldest first, and tell whether that is all of it.

    Raises what asking the homeserver raises, but Denied.
    """
    found: list[Mapping[str, Any]] = []
    while isinstance(start, str) and len(found) < LONGEST:
        query = {"dir": "b", "from": start, "to": stop, "limit": str(PAGE)}
        try:
            page = await server.ask("GET", f"/rooms/{part(room_id)}/messages", query=query)
        except Denied as problem:
            _log.warning("gap not filled", code=problem.code)
            return found[::-1], False
        chunk = [event for event in page.get("chunk", ()) if isinstance(event, Mapping)]
        found += chunk
        start = page.get("end") if chunk else None
    whole = not isinstance(start, str)
    if not whole:
        _log.warning("gap too long", events=len(found))
    return found[::-1], whole
