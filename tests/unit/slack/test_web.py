"""The Web API client: what Slack's own client raises becomes what the adapter acts on, and nothing is asked twice."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web as http

from bot.adapters.slack.web import Away, Limited, Refused, TokenRevoked, Web

Answer = Callable[[http.Request], Awaitable[http.StreamResponse]]
TOKEN = "xoxb-1"


class Asked(list[tuple[str, str | None]]):
    """What was asked: method and authorization."""


@asynccontextmanager
async def served(answer: Answer, *, seconds: float = 5.0) -> AsyncIterator[tuple[Web, Asked]]:
    """Serve one answer to everything."""
    asked = Asked()

    async def handle(request: http.Request) -> http.StreamResponse:
        asked.append((request.path, request.headers.get("Authorization")))
        return await answer(request)

    app = http.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    runner = http.AppRunner(app)
    await runner.setup()
    site = http.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    web = Web(TOKEN, f"http://127.0.0.1:{port}/api", seconds=seconds)
    try:
        yield web, asked
    finally:
        await web.close()
        await runner.cleanup()


def said(status: int = 200, *, head: dict[str, str] | None = None, **body: Any) -> Answer:
    """Answer with JSON."""

    async def answer(_: http.Request) -> http.StreamResponse:
        return http.json_response(body, status=status, headers=head)

    return answer


def raw(body: bytes, kind: str, status: int = 200, head: dict[str, str] | None = None) -> Answer:
    """Answer with bytes."""

    async def answer(_: http.Request) -> http.StreamResponse:
        return http.Response(body=body, status=status, content_type=kind, headers=head)

    return answer


async def dropped(request: http.Request) -> http.StreamResponse:
    """Cut the connection instead of answering."""
    assert request.transport is not None
    request.transport.abort()
    return http.Response()


async def slow(_: http.Request) -> http.StreamResponse:
    """Answer too late."""
    await asyncio.sleep(2)
    return http.json_response({"ok": True})


async def posted(web: Web) -> Any:
    """Post something harmless."""
    return await web.call("chat.postMessage", channel="C1", text="hello", thread_ts=None)


def raised(answer: Answer, *, seconds: float = 5.0) -> tuple[BaseException, Asked]:
    """Give what a post raises, and what was asked for it."""

    async def main() -> tuple[BaseException, Asked]:
        async with served(answer, seconds=seconds) as (web, asked):
            try:
                await posted(web)
            except Exception as problem:
                return problem, asked
            raise AssertionError("nothing was raised")

    return asyncio.run(main())


def test_an_answer_is_given_and_the_slash_added() -> None:
    """A call goes below the base URL with the token, and its answer comes back."""

    async def main() -> None:
        async with served(said(ok=True, ts="1.2")) as (web, asked):
            assert (await posted(web))["ts"] == "1.2"
            assert asked == [("/api/chat.postMessage", f"Bearer {TOKEN}")]
            assert web.url.endswith("/api/")

    asyncio.run(main())


@pytest.mark.parametrize(
    "answer",
    [
        said(500, ok=False, error="internal_error"),
        said(503, ok=False, error="service_unavailable"),
        said(ok=False, error="internal_error"),
        said(ok=False, error="fatal_error"),
        said(ok=False),
        raw(b"<html>sorry</html>", "text/html"),
        raw(b"<html>sorry</html>", "text/html", 503),
        raw(b"<html>sorry</html>", "application/json"),
        raw(b"\xff\xfe{", "application/json"),
        raw(b"sorry", "text/plain"),
        raw(b"sorry", "text/plain", 500),
        raw(b"[1]", "application/json"),
        raw(b"null", "application/json"),
        raw(b"\x00", "application/gzip"),
        raw(b"", "application/json"),
        dropped,
    ],
)
def test_what_may_have_been_done_is_told_so(answer: Answer) -> None:
    """Whatever is no clear answer leaves open whether it was done, and is asked once only."""
    problem, asked = raised(answer)
    assert isinstance(problem, Away)
    assert problem.unknown
    assert len(asked) == 1


def test_a_late_answer_leaves_it_open() -> None:
    """A call that takes too long may have been done."""
    problem, asked = raised(slow, seconds=0.2)
    assert isinstance(problem, Away)
    assert problem.unknown
    assert len(asked) == 1


def test_without_a_connection_nothing_was_done() -> None:
    """Where nobody listens, nothing can have been done."""

    async def main() -> Away:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            web = Web(TOKEN, f"http://127.0.0.1:{taken.getsockname()[1]}/api/")
            try:
                with pytest.raises(Away) as caught:
                    await posted(web)
            finally:
                await web.close()
            return caught.value

    assert not asyncio.run(main()).unknown


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (said(429, ok=False, error="ratelimited", head={"Retry-After": "7"}), 7),
        (said(429, ok=False, error="ratelimited"), 30),
        (said(200, ok=False, error="ratelimited", head={"retry-after": "soon"}), 30),
        (raw(b"<html>", "text/html", 429, {"Retry-After": "3"}), 3),
        (raw(b"<html>", "application/json", 429, {"Retry-After": "3"}), 3),
        (raw(b"slow down", "text/plain", 429, {"Retry-After": "999999"}), 600),
    ],
)
def test_a_limit_is_told_with_its_pause(answer: Answer, seconds: float) -> None:
    """Each form of 429 says how long to pause."""
    problem, _ = raised(answer)
    assert isinstance(problem, Limited)
    assert problem.seconds == seconds


def test_one_limit_holds_all_posting_and_nothing_else() -> None:
    """After a 429 no other post is tried until the pause is over; reading goes on."""

    async def main() -> None:
        async with served(said(429, ok=False, error="ratelimited", head={"Retry-After": "0.3"})) as (web, asked):
            with pytest.raises(Limited):
                await posted(web)
            with pytest.raises(Limited) as caught:
                await web.call("chat.postEphemeral", channel="C2", user="U1", text="x")
            assert 0 < caught.value.seconds <= 0.3
            with pytest.raises(Limited):
                await web.call("conversations.history", channel="C1")
            assert [path for path, _ in asked] == ["/api/chat.postMessage", "/api/conversations.history"]
            await asyncio.sleep(0.35)
            with pytest.raises(Limited):
                await posted(web)
            assert len(asked) == 3

    asyncio.run(main())


@pytest.mark.parametrize(
    "code", ["channel_not_found", "is_archived", "not_in_channel", "msg_too_long", "missing_scope"]
)
def test_a_refusal_has_its_code(code: str) -> None:
    """What Slack refuses for good is told by its code."""
    problem, _ = raised(said(ok=False, error=code))
    assert isinstance(problem, Refused)
    assert problem.code == code


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive", "not_authed"])
def test_a_bad_token_is_told_apart(code: str) -> None:
    """A token that is good no more is no refusal of one message."""
    assert isinstance(raised(said(ok=False, error=code))[0], TokenRevoked)


def test_scopes_come_from_the_head() -> None:
    """The scopes of the token are those that an answer names."""

    async def main() -> frozenset[str]:
        async with served(said(ok=True, head={"X-OAuth-Scopes": "chat:write, users:read,"})) as (web, _):
            return await web.scopes()

    assert asyncio.run(main()) == {"chat:write", "users:read"}


def test_a_file_is_fetched_from_slack_only() -> None:
    """The token goes to Slack's own servers and to no other; what is too long is not taken."""

    async def main() -> None:
        async with served(raw(b"12345", "application/octet-stream")) as (web, asked):
            here = web.url.removesuffix("/api/")
            assert await web.download(f"{here}/files/1", 5) == b"12345"
            assert await web.download(f"{here}/files/1", 4) is None
            assert len(asked) == 2
            for url in (
                "http://files.slack.com/1",
                "https://slack.com.example/1",
                "https://[",
                "https://x@example.org/",
            ):
                assert await web.download(url, 5) is None
            assert len(asked) == 2

    asyncio.run(main())


def test_a_login_page_is_no_file() -> None:
    """Without leave to read a file Slack answers with a way to its login: that is a refusal."""

    async def main() -> None:
        async with served(raw(b"", "text/html", 302, {"Location": "/login"})) as (web, _):
            with pytest.raises(Refused):
                await web.download(web.url, 5)

    asyncio.run(main())


def test_an_upload_goes_without_the_token() -> None:
    """The address that Slack gives for an upload is its own leave."""

    async def main() -> None:
        async with served(raw(b"OK - 5", "text/plain")) as (web, asked):
            await web.upload(web.url + "upload", b"12345")
            assert asked == [("/api/upload", None)]

    asyncio.run(main())
