"""The Web API: one call each, asked once and never again by itself, and errors that say what to do next."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

SECONDS = 15.0
"""How long a call may take; with a file, four times as long."""
USUAL_PAUSE = 30.0
"""How long a pause is where Slack asks for one and does not say, in seconds."""
LONGEST_PAUSE = 600.0
"""How long a pause is kept at most, whatever the server asks for, in seconds."""
_POSTING = frozenset({"chat.postMessage", "chat.postEphemeral", "chat.update", "files.completeUploadExternal"})
"""These pause together: who posts too fast in one place is not let in at another either."""
_REVOKED = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})
_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
"""What Slack itself says may pass; whether it was done all the same is not said."""
_CHUNK = 2**16
_TOO_MANY = 429


class Limited(Exception):
    """Slack asks for a pause of `seconds`; nothing was done."""

    def __init__(self, seconds: float) -> None:
        """Take the pause that Slack asks for."""
        super().__init__("limited")
        self.seconds = seconds


class Away(Exception):
    """Slack did not answer, or not as Slack does. It may pass; `unknown`: it may have been done all the same."""

    def __init__(self, code: str, *, unknown: bool = True) -> None:
        """Take a short code without content."""
        super().__init__(code)
        self.code, self.unknown = code, unknown


class Refused(Exception):
    """Slack refused the call for good; `code` is its error."""

    def __init__(self, code: str) -> None:
        """Take Slack's error code."""
        super().__init__(code)
        self.code = code


class TokenRevoked(Exception):
    """The bot's own token is not good any more: trying again cannot help."""


class Web:
    """One workspace, asked with one token; asks nothing again by itself, as that would post twice."""

    def __init__(self, token: str, url: str = "https://slack.com/api/", *, seconds: float = SECONDS) -> None:
        """Take the token and the base URL, which ends in /api/; nothing is connected yet."""
        self._seconds = seconds
        self.client = AsyncWebClient(token, base_url=url, retry_handlers=[], logger=_quiet())
        """Slack's own client. What is asked through it directly is neither paced nor bounded in time."""
        # The environment's proxies are for other programs: a stand-in on this machine would be asked through them.
        self.client.proxy = None
        self._paused: dict[str, float] = {}

    @property
    def url(self) -> str:
        """Give the base URL, with its slash."""
        return self.client.base_url

    async def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        """Make one call, `chat.postMessage` for example, and give its answer; a None among the arguments is left out.

        Raises Limited, also at once while a pause that Slack asked for lasts, Away, Refused or TokenRevoked.
        """
        return (await self._asked(method, arguments))[0]

    async def scopes(self) -> frozenset[str]:
        """Give the scopes that the token has, as Slack names them in the head of an answer. Raises as `call`."""
        _, head = await self._asked("auth.test", {})
        return frozenset(name for part in head.get("x-oauth-scopes", "").split(",") if (name := part.strip()))

    async def upload(self, url: str, content: bytes) -> None:
        """Put bytes where Slack said that they go; the address is its own leave, so no token goes along."""
        async with _bounded(4 * self._seconds), self._open().post(url, data=content, allow_redirects=False) as got:
            if got.status != 200:
                raise _of_status(got.status, got.headers)

    async def download(self, url: str, most: int, *, page: bool = True) -> bytes | None:
        """Fetch a file that lies with Slack; None where it is no file of Slack's, or holds more than `most` bytes.

        The token goes along, so nothing is asked of other servers. Where the file is no web page (`page` false), a page
        that comes instead is Slack's login: no leave to read it. Raises Limited, Away or Refused.
        """
        if not self._is_own(url):
            return None
        async with _bounded(4 * self._seconds):
            head = {"Authorization": f"Bearer {self.client.token}"}
            # Without leave Slack sends a reader to its login page, which is no file.
            async with self._open().get(url, headers=head, allow_redirects=False) as got:
                if got.status != 200:
                    raise _of_status(got.status, got.headers)
                if not page and got.content_type == "text/html":
                    raise Refused("no-leave")
                content = b""
                async for chunk in got.content.iter_chunked(_CHUNK):
                    content += chunk
                    if len(content) > most:
                        return None
                return content

    async def close(self) -> None:
        """Close the connections."""
        if self.client.session is not None:
            await self.client.session.close()
            self.client.session = None

    async def _asked(self, method: str, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, str]]:
        group = "posting" if method in _POSTING else method
        left = self._paused.get(group, 0.0) - asyncio.get_running_loop().time()
        if left > 0:
            raise Limited(left)
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            async with _bounded(self._seconds):
                self._open()
                answer = await getattr(self.client, method.replace(".", "_"))(**given)
                return _read(answer.data), {name.casefold(): value for name, value in answer.headers.items()}
        except Limited as problem:
            self._paused[group] = asyncio.get_running_loop().time() + problem.seconds
            raise

    def _open(self) -> aiohttp.ClientSession:
        if self.client.session is None or self.client.session.closed:
            self.client.session = aiohttp.ClientSession()
        return self.client.session

    def _is_own(self, url: str) -> bool:
        try:
            asked, own = urlsplit(url), urlsplit(self.url)
            host = asked.hostname or ""
            if (asked.scheme, asked.netloc) == (own.scheme, own.netloc):
                return True
            return asked.scheme == "https" and asked.port in (None, 443) and host.endswith(".slack.com")
        except ValueError:
            return False


@asynccontextmanager
async def _bounded(seconds: float) -> AsyncIterator[None]:
    """Bound what is done in time, and turn what goes wrong into one of our errors."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except Exception as problem:
        if (ours := _ours(problem)) is None:
            raise
        raise ours from None


def _quiet() -> logging.Logger:
    """Give the logger for Slack's client, which would write content and addresses at its lower levels."""
    logger = logging.getLogger("slack_sdk.dragoman")
    logger.setLevel(logging.ERROR)
    return logger


def _ours(problem: Exception) -> Exception | None:
    """Turn what the client raises into what the adapter knows; None for what is neither."""
    if isinstance(problem, SlackApiError):
        return _of_answer(problem.response)
    if isinstance(problem, aiohttp.ClientConnectorError):
        return Away("no-connection", unknown=False)
    # The client reads what is no JSON object as if it were one (AttributeError), broken text raises ValueError.
    failures = (aiohttp.ClientError, TimeoutError, OSError, ValueError, AttributeError, RecursionError)
    if isinstance(problem, (*failures, SlackClientError)):
        return Away(type(problem).__name__)
    return None


def _of_answer(response: Any) -> Exception:
    """Tell what an answer means that is not `ok`; where it is no JSON, the client hands over the bare HTTP answer."""
    status = int(getattr(response, "status_code", None) or getattr(response, "status", None) or 0)
    data = getattr(response, "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    if status == _TOO_MANY or code in _LIMITED:
        return Limited(_pause(response.headers))
    if status >= 500 or not isinstance(code, str):
        return Away(f"http-{status}")
    if code in _REVOKED:
        return TokenRevoked(code)
    return Away(code) if code in _PASSING else Refused(code)


def _of_status(status: int, head: Mapping[str, str]) -> Exception:
    if status == _TOO_MANY:
        return Limited(_pause(head))
    return Away(f"http-{status}") if status >= 500 else Refused(f"http-{status}")


def _pause(head: Mapping[str, str]) -> float:
    given = next((value for name, value in head.items() if name.casefold() == "retry-after"), "")
    try:
        seconds = float(given)
    except ValueError:
        return USUAL_PAUSE
    return min(seconds, LONGEST_PAUSE) if seconds >= 0 else USUAL_PAUSE


def _read(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Away("no-answer")
    return data
