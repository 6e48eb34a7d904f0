"""Fetching from the web: politely, within bounds, and never from inside anybody's network."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.adapters import fetch as module
from bot.adapters.fetch import WebFetcher
from bot.clock import SystemClock
from bot.ports import Fetched, FetchLater, FetchRefused, Remembered
from bot.rules.addresses import is_public

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    """A server on loopback that answers with the handler, by its address."""
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def fetched(
    url: str, known: Remembered | None = None, *, anywhere: bool = True, hosts: tuple[str, ...] = ("127.0.0.1",)
) -> Fetched | None:
    """What a fetcher gives, which may connect to this machine where `anywhere` says so."""
    fetcher = WebFetcher(SystemClock(), may_reach=(lambda _: True) if anywhere else is_public)
    try:
        return await fetcher.fetch(url, hosts.__contains__, known)
    finally:
        await fetcher.close()


def asked(handler: Handler, path: str = "/draft.pdf", known: Remembered | None = None) -> Fetched | None:
    """What is fetched from a server with this handler."""

    async def scene() -> Fetched | None:
        async with served(handler) as url:
            return await fetched(url + path, known)

    return asyncio.run(scene())


def test_a_document_and_then_nothing_new() -> None:
    """What a server tells of a document is told to it the next time, and then nothing is carried."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        assert request.headers["User-Agent"] == "Mozilla/5.0"
        if request.headers.get("If-None-Match") == '"one"':
            return web.Response(status=304)
        return web.Response(body=b"%PDF-", content_type="application/pdf", headers={"ETag": '"one"'})

    first = asked(answer)
    assert first is not None
    assert (first.content, first.kind, first.remembered.etag) == (b"%PDF-", "application/pdf", '"one"')
    assert asked(answer, known=first.remembered) is None


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [(503, {"Retry-After": "120"}, 120.0), (429, {}, None), (500, {"Retry-After": "soon"}, None),
     (503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0), (429, {"Retry-After": "9" * 30}, 86400.0)],
)  # fmt: skip
def test_a_server_that_asks_for_a_pause(status: int, headers: dict[str, str], seconds: float | None) -> None:
    """Its wish is kept in seconds or as a date, up to a day; what is no wish is none."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, headers=headers)

    with pytest.raises(FetchLater) as problem:
        asked(answer)
    assert (problem.value.code, problem.value.seconds) == (f"http-{status}", seconds)


def test_too_large_and_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document beyond the bound is given up while it comes; one that is packed is not unpacked."""
    monkeypatch.setattr(module, "LARGEST", 1000)

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b"x" * 100)
        return response

    async def packed(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=b"x", headers={"Content-Encoding": "gzip"})

    for handler, code in ((endless, "too-large"), (packed, "packed")):
        with pytest.raises(FetchRefused) as problem:
            asked(handler)
        assert problem.value.code == code


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow answers end in time, and it is tried again later."""
    monkeypatch.setattr(module, "SECONDS", 0.2)

    async def slow(_: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(1)
        return web.Response()

    with pytest.raises(FetchLater, match="timed-out"):
        asked(slow)


def test_redirects_are_followed_to_allowed_hosts_only() -> None:
    """A move on the same host is followed; one to another host, to a file, or for ever is not."""
    targets = {"/a": "/b", "/other": "http://example.org/", "/file": "file:///etc/passwd", "/round": "/round"}

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        target = targets.get(request.path)
        return web.Response(status=302, headers={"Location": target}) if target else web.Response(body=b"here")

    found = asked(answer, "/a")
    assert found is not None
    assert (found.content, found.url.endswith("/b")) == (b"here", True)
    refusals = {}
    for path in ("/other", "/file", "/round"):
        with pytest.raises(FetchRefused) as problem:
            asked(answer, path)
        refusals[path] = problem.value.code
    assert refusals == {"/other": "leads-elsewhere", "/file": "no-address", "/round": "too-many-redirects"}


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]",
     "169.254.169.254", "10.0.0.1", "[fd00::1]", "0.0.0.0"],
)  # fmt: skip
def test_what_is_inside_is_not_connected_to(host: str) -> None:
    """Loopback, private and link-local addresses in any spelling, and names that lead there, get no connection."""
    heard = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        heard.append(request.path)
        return web.Response()

    async def scene() -> None:
        async with served(answer) as url:
            port = url.rpartition(":")[2]
            with pytest.raises(FetchRefused) as problem:
                await fetched(f"http://{host}:{port}/", anywhere=False, hosts=(host.strip("[]"),))
            assert problem.value.code == "address-not-public"

    asyncio.run(scene())
    assert heard == []


@pytest.mark.parametrize("url", ["ftp://example.org/", "file:///etc/passwd", "http://", "http://u:p@example.org/", "x"])
def test_what_is_no_address(url: str) -> None:
    """Only http and https, with a host and without a password."""
    with pytest.raises(FetchRefused, match="no-address"):
        asyncio.run(fetched(url, hosts=("example.org",)))


@pytest.mark.parametrize(
    ("address", "public"),
    [("93.184.216.34", True), ("2606:2800:220:1::1", True), ("127.0.0.1", False), ("10.1.2.3", False),
     ("172.16.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False),
     ("224.0.0.1", False), ("0.0.0.0", False), ("255.255.255.255", False), ("198.18.0.1", False), ("::1", False),
     ("::", False), ("fe80::1", False), ("fd00::1", False), ("ff02::1", False), ("fec0::1", False),
     ("::ffff:10.0.0.1", False), ("::ffff:93.184.216.34", True), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False),
     ("2001:0:1::1", False), ("::7f00:1", False), ("240.0.0.1", False), ("192.0.0.8", False)],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    """Only what anybody reaches on the internet is; what stands for another address is judged by that or refused."""
    assert is_public(ipaddress.ip_address(address)) is public


def test_a_proxy_is_the_only_address_connected_to() -> None:
    """With a proxy everything is asked of it, which may stand inside; an inner address as such is still refused."""
    seen = []

    async def proxy(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(str(request.url))
        return web.Response(body=b"by proxy")

    async def scene() -> None:
        async with served(proxy) as url:
            fetcher = WebFetcher(SystemClock(), proxy=url)
            try:
                found = await fetcher.fetch("http://example.org/draft", {"example.org"}.__contains__)
                assert found is not None
                assert found.content == b"by proxy"
                with pytest.raises(FetchRefused, match="address-not-public"):
                    await fetcher.fetch("http://10.0.0.1/", {"10.0.0.1"}.__contains__)
            finally:
                await fetcher.close()

    asyncio.run(scene())
    assert len(seen) == 1
