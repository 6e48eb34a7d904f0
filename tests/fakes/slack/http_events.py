"""Signed HTTP: Slack's requests to the app's one address, with its retries."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from time import monotonic
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.fakes.slack.delivery import COMMAND, EVENT, INTERACTION, AckLog, Delivery, Pace
from tests.fakes.slack.records import Json
from tests.fakes.slack.workspace import system_seconds

TYPES = {EVENT: "application/json", COMMAND: "application/x-www-form-urlencoded"}
FORM = "application/x-www-form-urlencoded"


def signature(secret: str, moment: int, body: str) -> str:
    """Sign a body as Slack does (version 0: HMAC-SHA256 of `v0:moment:body`)."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{moment}:{body}".encode(), hashlib.sha256).hexdigest()


def encoded(kind: str, payload: Json) -> str:
    """Give the body that carries a payload."""
    if kind == EVENT:
        return json.dumps(payload)
    return urlencode({"payload": json.dumps(payload)} if kind == INTERACTION else payload)


class HttpEvents:
    """The end of Slack over HTTP. `url` is where the app listens."""

    def __init__(self, url: str, secret: str, pace: Pace, log: AckLog) -> None:
        self.url, self.secret, self.pace, self.log = url, secret, pace, log
        self._session: aiohttp.ClientSession | None = None

    async def knock(
        self, kind: str, payload: Json, *, secret: str | None = None, age: int = 0, retry: tuple[int, str] | None = None
    ) -> tuple[int, str, Any]:
        """Send one request, signed with another secret or an old moment if asked to; give status, body, headers."""
        body = encoded(kind, payload)
        moment = int(system_seconds()) - age
        headers = {
            "Content-Type": TYPES.get(kind, FORM),
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": str(moment),
            "X-Slack-Signature": signature(secret or self.secret, moment, body),
        }
        if retry is not None:
            headers |= {"X-Slack-Retry-Num": str(retry[0]), "X-Slack-Retry-Reason": retry[1]}
        timeout = aiohttp.ClientTimeout(total=self.pace.acknowledge)
        async with self._client().post(self.url, data=body.encode(), headers=headers, timeout=timeout) as answer:
            return answer.status, await answer.text(), answer.headers

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            # Each request on a connection of its own, as from Slack's many machines; none is left to break unseen.
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        return self._session

    async def verify(self, challenge: str = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P") -> bool:
        """Ask the app whether the address is its own (url_verification)."""
        status, body, headers = await self.knock(
            EVENT, {"token": "verification", "challenge": challenge, "type": "url_verification"}
        )
        said = json.loads(body).get("challenge") if "json" in headers.get("Content-Type", "") else body
        return status == 200 and bool(said == challenge)

    async def carry(self, delivery: Delivery) -> None:
        """Bring one thing to the app; an event again up to three times, all else once, as Slack does.

        An event waits while nobody listens: that stands for the later ones of Slack's retries.
        """
        retry: tuple[int, str] | None = None
        for pause in (0.0, *self.pace.retries) if delivery.kind == EVENT else (0.0,):
            await asyncio.sleep(pause)
            reason, enough = await self._patiently(delivery, retry)
            if not reason:
                return
            if enough:
                break
            retry = ((retry[0] if retry else 0) + 1, reason)
        delivery.settle(failed="operation_timeout" if reason == "http_timeout" else "dispatch_failed")

    async def _patiently(self, delivery: Delivery, retry: tuple[int, str] | None) -> tuple[str, bool]:
        began = monotonic()
        while True:
            reason, enough = await self._try(delivery, retry)
            waited = monotonic() - began
            if reason != "connection_failed" or delivery.kind != EVENT or waited > self.pace.patience:
                return reason, enough
            await asyncio.sleep(0.05)

    async def _try(self, delivery: Delivery, retry: tuple[int, str] | None) -> tuple[str, bool]:
        began = monotonic()
        delivery.attempts += 1
        try:
            status, body, headers = await self.knock(delivery.kind, delivery.payload, retry=retry)
        except TimeoutError:
            self.log.late.append(delivery.event_id or delivery.kind)
            return "http_timeout", False
        except aiohttp.ClientConnectorError:
            return "connection_failed", False
        except aiohttp.ClientError:
            return "http_error", False
        if not 200 <= status < 300:
            return "http_error", headers.get("X-Slack-No-Retry") == "1"
        took = monotonic() - began
        self.log.times.append(took)
        delivery.settle(took, _answer(body, headers.get("Content-Type", "")))
        return "", True

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()


def _answer(body: str, kind: str) -> Any:
    if not body:
        return None
    return json.loads(body) if kind.startswith("application/json") else {"text": body}
