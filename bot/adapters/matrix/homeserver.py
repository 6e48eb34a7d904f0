"""The homeserver's client API over HTTP: one request each, no state, and errors that say what to do next."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp

CLIENT = "/_matrix/client/v3"
MEDIA = "/_matrix/media/v3"
SECONDS = 30.0
"""How long an ordinary request may take."""
LONGEST_WAIT = 600.0
"""How long a pause is kept at most, whatever the server asks for, in seconds."""
_CHUNK = 2**16
_TOO_MANY = 429
_IN_A_WHILE = (408, 425)
"""Statuses below 500 that say only that it took too long, or came too early."""
_MAY_PASS = ("M_USER_LOCKED", "M_RESOURCE_LIMIT_EXCEEDED")
"""Errcodes of what an administrator sets and takes back: what is owed meanwhile is sent afterwards."""


class Away(Exception):
    """The homeserver did not answer, or not as a homeserver does; str() is a short code. It may pass."""


class Limited(Exception):
    """The homeserver asks for a pause of `seconds`."""

    def __init__(self, seconds: float) -> None:
        """Take the pause that the server asks for."""
        super().__init__("limited")
        self.seconds = seconds


class Denied(Exception):
    """The homeserver refused the request for good; `code` is its errcode, `answer` what else it said."""

    def __init__(self, status: int, code: str, answer: Mapping[str, Any]) -> None:
        """Take the HTTP status, the errcode and the whole answer."""
        super().__init__(f"{status} {code}")
        self.status, self.code, self.answer = status, code, answer


class TokenRevoked(Denied):
    """The access token is not good any more: somebody logged the bot out. Trying again cannot help."""


class Homeserver:
    """One homeserver, asked as one device."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Take the base URL and, once logged in, the access token; nothing is connected yet."""
        self.url, self.token = url.rstrip("/"), token
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        *,
        seconds: float = SECONDS,
        base: str = CLIENT,
    ) -> dict[str, Any]:
        """Make one request and give its JSON answer. Raises Away, Limited, Denied or TokenRevoked."""
        content = json.dumps(body).encode() if body is not None else None
        status, raw = await self._exchange(method, base + path, content, "application/json", query, seconds)
        return _answer(status, raw)

    async def upload(self, content: bytes) -> str:
        """Keep encrypted bytes on the server and give their mxc address."""
        kind = "application/octet-stream"
        status, raw = await self._exchange("POST", f"{MEDIA}/upload", content, kind, None, 4 * SECONDS)
        return str(_answer(status, raw).get("content_uri", ""))

    async def download(self, address: str, most: int) -> bytes | None:
        """Fetch the bytes of an mxc address; None when it is no such address or holds more than `most` bytes."""
        server, _, name = address.removeprefix("mxc://").partition("/")
        if not address.startswith("mxc://") or not server or not name or "/" in name:
            return None
        path = f"/_matrix/client/v1/media/download/{quote(server, safe='')}/{quote(name, safe='')}"
        try:
            async with asyncio.timeout(4 * SECONDS), self._open().get(self.url + path, headers=self._headers()) as got:
                if got.status != 200:
                    _answer(got.status, await got.content.read(_CHUNK))
                content = b""
                async for chunk in got.content.iter_chunked(_CHUNK):
                    content += chunk
                    if len(content) > most:
                        return None
                return content
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise Away(type(problem).__name__) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _exchange(
        self,
        method: str,
        path: str,
        content: bytes | None,
        kind: str,
        query: Mapping[str, str] | None,
        seconds: float,
    ) -> tuple[int, bytes]:
        address = self.url + path + (f"?{urlencode(query)}" if query else "")
        headers = self._headers() | ({"Content-Type": kind} if content is not None else {})
        try:
            async with (
                asyncio.timeout(seconds),
                self._open().request(method, address, data=_body(content), headers=headers) as got,
            ):
                return got.status, await got.read()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
            raise Away(type(problem).__name__) from None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers={"User-Agent": "Dragoman"})
        return self._session


def part(name: str) -> str:
    """Give an id as one part of a path."""
    return quote(name, safe="")


def _body(content: bytes | None) -> io.BytesIO | None:
    # aiohttp warns of large plain bytes: they would be written in one go.
    return None if content is None else io.BytesIO(content)


def _answer(status: int, raw: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(raw)
    except ValueError:
        raise Away(f"http-{status}") from None
    if not isinstance(answer, dict) or status >= 500 or status in _IN_A_WHILE:
        raise Away(f"http-{status}")
    if status == 200:
        return answer
    code = str(answer.get("errcode", "M_UNKNOWN"))
    if status == _TOO_MANY or code == "M_LIMIT_EXCEEDED":
        wait = answer.get("retry_after_ms")
        raise Limited(min(wait / 1000, LONGEST_WAIT) if isinstance(wait, int | float) and wait >= 0 else 5.0)
    if code in _MAY_PASS:
        raise Away(code)
    if code == "M_UNKNOWN_TOKEN":
        raise TokenRevoked(status, code, answer)
    raise Denied(status, code, answer)
