"""Fetching from the web: one document at a time, politely, and never from inside anybody's network."""

from __future__ import annotations

import asyncio
import email.utils
import socket
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from bot.clock import Clock
from bot.ports import Fetched, FetchLater, FetchRefused, Remembered
from bot.rules.addresses import Address, address_of, is_public

LARGEST = 50 * 2**20
"""How large a document may be, in bytes."""
SECONDS = 60.0
"""How long fetching one may take, redirects included."""
REDIRECTS = 5
LONGEST_WAIT = 24 * 3600.0
"""How long a server's wish for a pause is kept at most, in seconds."""
_AGENT = "Mozilla/5.0"
"""Says nothing of who asks: some of those who ask are watched."""
_CHUNK = 2**16
_LATER = (408, 425, 429)


class WebFetcher:
    """Fetches with a client of its own; to be closed."""

    def __init__(
        self, clock: Clock, proxy: str | None = None, may_reach: Callable[[Address], bool] = is_public
    ) -> None:
        """Take the clock, and a proxy that all goes through: then it is the only address that is connected to.

        `may_reach` judges every address that is really connected to, whatever name or redirect led there.
        """
        self._clock, self._proxy, self._may_reach = clock, proxy, may_reach
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, url: str, allowed: Callable[[str], bool], known: Remembered | None = None) -> Fetched | None:
        """Give what stands at an address; None when it is still what `known` tells. Raises FetchLater, FetchRefused.

        Redirects are followed to hosts that are `allowed`, never from https to http.
        """
        try:
            async with asyncio.timeout(SECONDS):
                return await self._follow(url, allowed, known)
        except TimeoutError:
            raise FetchLater("timed-out") from None
        except _Barred:
            raise FetchRefused("address-not-public") from None
        except aiohttp.InvalidURL:
            raise FetchRefused("no-address") from None
        except (aiohttp.ClientError, OSError) as problem:
            if _barred(problem):
                raise FetchRefused("address-not-public") from None
            raise FetchLater(type(problem).__name__) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _follow(self, url: str, allowed: Callable[[str], bool], known: Remembered | None) -> Fetched | None:
        for _ in range(REDIRECTS + 1):
            self._check(url, allowed)
            headers = _conditions(known)
            async with self._open().get(url, headers=headers, allow_redirects=False, proxy=self._proxy) as got:
                if got.status in (301, 302, 303, 307, 308):
                    target = urljoin(url, got.headers.get("Location", ""))
                    if urlsplit(url).scheme == "https" and urlsplit(target).scheme == "http":
                        raise FetchRefused("leads-to-http")
                    url = target
                    continue
                return await self._taken(url, got)
        raise FetchRefused("too-many-redirects")

    def _check(self, url: str, allowed: Callable[[str], bool]) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise FetchRefused("no-address") from None
        if parts.scheme not in ("http", "https") or not host or port == 0 or parts.username or parts.password:
            raise FetchRefused("no-address")
        if not allowed(host):
            raise FetchRefused("leads-elsewhere")
        literal = _literal(host)
        if literal is not None and not self._may_reach(literal):
            raise FetchRefused("address-not-public")  # a proxy would go there for us

    async def _taken(self, url: str, got: aiohttp.ClientResponse) -> Fetched | None:
        if got.status == 304:
            return None
        if got.status in _LATER or got.status >= 500:
            raise FetchLater(f"http-{got.status}", self._pause(got.headers.get("Retry-After")))
        if got.status != 200:
            raise FetchRefused(f"http-{got.status}")
        if got.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise FetchRefused("packed")  # it was asked for plain; what it unpacks to has no bound
        content = bytearray()
        async for chunk in got.content.iter_chunked(_CHUNK):
            content += chunk
            if len(content) > LARGEST:
                raise FetchRefused("too-large")
        remembered = Remembered(got.headers.get("ETag"), got.headers.get("Last-Modified"))
        return Fetched(url, bytes(content), got.content_type, remembered)

    def _pause(self, wish: str | None) -> float | None:
        """Read Retry-After: seconds, or a date."""
        if wish is None:
            return None
        try:
            seconds = float(wish) if wish.strip().isdigit() else self._until(wish)
        except (TypeError, ValueError, OverflowError):
            return None
        return min(max(seconds, 0.0), LONGEST_WAIT)

    def _until(self, date: str) -> float:
        moment = email.utils.parsedate_to_datetime(date)
        return (moment - self._clock.now()).total_seconds()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(socket_factory=self._socket, force_close=True, use_dns_cache=False)
            headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
            self._session = aiohttp.ClientSession(
                connector=connector, headers=headers, auto_decompress=False, trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )  # fmt: skip
        return self._session

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Make the socket for one connection, unless its address is nobody's business.

        Here alone the address is known that is really connected to, after names, redirects and whatever spelling.
        """
        family, kind, protocol, _, target = info
        address = address_of(str(target[0]))
        if self._proxy is None and (address is None or not self._may_reach(address)):
            raise _Barred
        return socket.socket(family, kind, protocol)


class _Barred(OSError):
    """An address that is not to be connected to."""


def _barred(problem: BaseException) -> bool:
    """Tell whether that is what a connection failed of: aiohttp hands it on inside its own errors."""
    waiting, seen = [problem], set[int]()
    while waiting:
        one = waiting.pop()
        if isinstance(one, _Barred):
            return True
        seen.add(id(one))
        inner = (one.__cause__, one.__context__, getattr(one, "os_error", None), *getattr(one, "exceptions", ()))
        waiting += [each for each in inner if each is not None and id(each) not in seen]
    return False


def _literal(host: str) -> Address | None:
    """Read a host that is an address in any spelling that a system takes for one: 127.1, 0x7f000001, 2130706433."""
    if (address := address_of(host)) is not None:
        return address
    try:
        return address_of(socket.inet_ntoa(socket.inet_aton(host)))
    except OSError:
        return None


def _conditions(known: Remembered | None) -> Mapping[str, str]:
    found = {"If-None-Match": known.etag, "If-Modified-Since": known.modified} if known else {}
    return {name: value for name, value in found.items() if value}
