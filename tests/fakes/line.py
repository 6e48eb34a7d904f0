"""A person's line to the homeserver: plain HTTP with their token, patient while the server is away."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import aiohttp

API = "/_matrix/client/v3"
PATIENCE = 30.0
"""Seconds for which a server that is away or too busy is tried again."""
PAUSE = 0.1
BUSY = (429, 502, 503, 504)
REPEATABLE = ("/keys/query", "/keys/claim", "/keys/upload", "/keys/signatures/upload", "/join/", "/login")
"""POST requests that may be made twice."""


class Refused(Exception):
    """The server answered with an error: its status, its code (M_FORBIDDEN) and the whole answer."""

    def __init__(self, method: str, path: str, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.body = body
        self.code = str(body.get("errcode", ""))
        super().__init__(f"{method} {path}: {status} {self.code} {body.get('error', '')}")


class Line:
    """Requests to one homeserver. A connection serves one request, so a restart between two is not noticed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token: str | None = None
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        seconds: float = 0.0,
    ) -> dict[str, Any]:
        """Send JSON, give the JSON that comes back. Raises Refused; `seconds` is how long the answer may be held back.

        While the server is away or too busy, a request that had no effect, or has one only once, is sent again.
        """
        data = None if body is None else json.dumps(body).encode()
        raw = await self.carry(method, path, data, "application/json", query=query, seconds=seconds)
        return dict(json.loads(raw))

    async def carry(
        self,
        method: str,
        path: str,
        data: bytes | None = None,
        content_type: str = "application/octet-stream",
        *,
        query: Mapping[str, str] | None = None,
        seconds: float = 0.0,
    ) -> bytes:
        """Send bytes and give the bytes that come back, otherwise as `ask`."""
        loop = asyncio.get_running_loop()
        end = None
        while True:
            try:
                return await self._once(method, path, data, content_type, query, seconds)
            except (Refused, aiohttp.ClientError, TimeoutError) as failure:
                end = end or loop.time() + PATIENCE
                pause = _pause(failure, may_repeat=method != "POST" or any(part in path for part in REPEATABLE))
                if pause is None or loop.time() + pause > end:
                    raise
            await asyncio.sleep(pause)

    async def close(self) -> None:
        """Close what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _once(
        self,
        method: str,
        path: str,
        data: bytes | None,
        content_type: str,
        query: Mapping[str, str] | None,
        seconds: float,
    ) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        headers = {"Content-Type": content_type} if data is not None else {}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        timeout = aiohttp.ClientTimeout(total=PATIENCE + seconds)
        async with self._session.request(
            method, self.url + path, data=data and io.BytesIO(data), params=query, headers=headers, timeout=timeout
        ) as response:
            raw = await response.read()
            if response.status >= 400:
                raise Refused(method, path, response.status, _json(raw))
            return raw


def _pause(failure: Exception, *, may_repeat: bool) -> float | None:
    """Give the seconds after which to try again; None if that would be wrong or useless."""
    if isinstance(failure, Refused):
        asked = failure.body.get("retry_after_ms", 0) / 1000
        return (asked or PAUSE) if failure.status in BUSY else None
    # Without a connection there was no request.
    return PAUSE if may_repeat or isinstance(failure, aiohttp.ClientConnectorError) else None


def room_path(room_id: str) -> str:
    """Give the path under which a room is found."""
    return f"{API}/rooms/{quote(room_id)}"


def _json(raw: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(raw))
    except ValueError:
        return {}
