"""Socket Mode: deliveries over a connection that the bot opens itself, renewed without a gap when Slack asks for it.

The SDK's client is not used: it closes the old connection before it opens the new one, waits ten seconds after a
connection broke, tries for ever where the app has Socket Mode turned off, and writes what it receives, and the secret
address, into its log.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import structlog
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.adapters.slack.web import Away, Limited, Refused, TokenRevoked, Web

HELLO_SECONDS = 15.0
"""How long Slack may take to greet on a new connection."""
HEARTBEAT = 20.0
"""How often a connection that is still is looked at, in seconds."""
GRACE = 30.0
"""How long a connection that was replaced may still deliver, in seconds."""
LONGEST_PAUSE = 60.0
LARGEST = 2 * 2**20
"""How large a delivery may be, in bytes."""
ENDING_SECONDS = 2.0
"""How long what is being taken may take when the bot ends, in seconds."""
_FOR_GOOD = {
    "link_disabled": "Socket Mode is turned off for this app: turn it on in the app's settings, or set "
    "DRAGOMAN_SLACK_TRANSPORT to http.",
    "not_allowed_token_type": "The app token is no app-level token: it begins with xapp- and is made in the app's "
    "settings, with the scope connections:write.",
    "missing_scope": "The app token lacks the scope connections:write: make a new one in the app's settings.",
    "forbidden_team": "The workspace does not let this app use Socket Mode: ask its owners, or use http.",
}
_REVOKED = "Slack does not take the app token any more: make a new one in the app's settings, under App-Level Tokens."
_log = structlog.get_logger()

Dispatch = Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]


class TransportProblem(Exception):
    """Nothing can be received, and trying again cannot help; str() says what to do."""


class SocketMode:
    """The connection, and the one that takes its place."""

    def __init__(self, web: Web, app_token: str, dispatch: Dispatch) -> None:
        """Take what asks for the address of a connection, and the app that takes deliveries."""
        self._web, self._app_token, self._dispatch = web, app_token, dispatch
        self._links: set[asyncio.Task[None]] = set()
        self._taking: set[asyncio.Task[None]] = set()
        self._latest: aiohttp.ClientWebSocketResponse | None = None
        self._problem: TransportProblem | None = None
        self._greeted = False

    @property
    def connected(self) -> bool:
        """Whether there is a connection on which Slack has greeted."""
        return self._latest is not None and not self._latest.closed

    async def run(self, stop: asyncio.Event) -> None:
        """Receive until `stop` is set. Raises TransportProblem."""
        stopping = asyncio.create_task(stop.wait())
        async with aiohttp.ClientSession() as session:
            try:
                await self._keep_open(session, stopping)
            finally:
                stopping.cancel()
                await self._end()
        if self._problem is not None:
            raise self._problem

    async def _keep_open(self, session: aiohttp.ClientSession, stopping: asyncio.Task[Any]) -> None:
        failures = 0
        while not stopping.done() and self._problem is None:
            replace, self._greeted = asyncio.Event(), False
            link = asyncio.create_task(self._link(session, replace))
            self._links.add(link)
            link.add_done_callback(self._links.discard)
            wanted = asyncio.create_task(replace.wait())
            await asyncio.wait({link, wanted, stopping}, return_when=asyncio.FIRST_COMPLETED)
            is_replaced = wanted.done() and not link.done()
            wanted.cancel()
            failures = 0 if self._greeted else failures + 1
            if not is_replaced and not stopping.done() and self._problem is None:
                await asyncio.wait({stopping}, timeout=_pause(failures))

    async def _link(self, session: aiohttp.ClientSession, replace: asyncio.Event) -> None:
        """Hold one connection until it ends; sets `replace` when Slack wants another one in its place."""
        try:
            url = await self._address()
            patience = aiohttp.ClientWSTimeout(ws_close=ENDING_SECONDS)
            async with session.ws_connect(url, heartbeat=HEARTBEAT, max_msg_size=LARGEST, timeout=patience) as socket:
                await self._receive(socket, replace)
        except (TokenRevoked, Refused) as problem:
            known = _REVOKED if isinstance(problem, TokenRevoked) else _FOR_GOOD.get(problem.code)
            self._problem = TransportProblem(known) if known else None
            _log.error("connection refused", code=str(problem))
        except Limited as problem:
            await asyncio.sleep(problem.seconds)
        except (Away, aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
            _log.warning("connection lost", code=type(problem).__name__)

    async def _address(self) -> str:
        return str((await self._web.call("apps.connections.open", app_token=self._app_token)).get("url", ""))

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse, replace: asyncio.Event) -> None:
        timeout: float | None = HELLO_SECONDS
        while True:
            message = await socket.receive(timeout)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return  # closed, or nothing that Slack sends
            delivery = _read(message.data)
            kind = delivery.get("type")
            if kind == "hello":
                self._greeted, self._latest, timeout = True, socket, None
                _log.info("connected")
            elif kind == "disconnect":
                self._is_ended(str(delivery.get("reason", "")), replace)
                if replace.is_set():
                    timeout = GRACE
            elif delivery.get("envelope_id"):
                task = asyncio.create_task(self._take(socket, delivery))
                self._taking.add(task)
                task.add_done_callback(self._taking.discard)

    def _is_ended(self, reason: str, replace: asyncio.Event) -> None:
        _log.info("connection to be replaced", code=reason[:40])
        if reason in _FOR_GOOD:
            self._problem = TransportProblem(_FOR_GOOD[reason])
        replace.set()

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, delivery: Mapping[str, Any]) -> None:
        """Hand one delivery to the app, and acknowledge it where it was taken."""
        body = delivery.get("payload")
        try:
            request = AsyncBoltRequest(mode="socket_mode", body=body if isinstance(body, dict) else {})
            answer = await self._dispatch(request)
            if answer.status == 200:
                await self._acknowledge(socket, _acknowledgement(str(delivery["envelope_id"]), answer))
        except Exception as problem:  # not acknowledged, it is delivered again
            _log.error("delivery not taken", code=type(problem).__name__)

    async def _acknowledge(self, socket: aiohttp.ClientWebSocketResponse, words: str) -> None:
        try:
            await socket.send_str(words)
        except (aiohttp.ClientError, OSError):
            if self._latest is None or self._latest is socket:
                raise
            await self._latest.send_str(words)  # the connection it came on was replaced meanwhile

    async def _end(self) -> None:
        if self._taking:
            await asyncio.wait(self._taking, timeout=ENDING_SECONDS)
        tasks = [*self._links, *self._taking]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _read(data: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _acknowledgement(envelope_id: str, answer: BoltResponse) -> str:
    """Give what is sent back for a delivery: its id, and what the app says to it."""
    body = answer.body
    if not body:
        return json.dumps({"envelope_id": envelope_id})
    is_json = answer.headers.get("content-type", [""])[0].startswith("application/json")
    return json.dumps({"envelope_id": envelope_id, "payload": json.loads(body) if is_json else {"text": body}})


def _pause(failures: int) -> float:
    """Give how many seconds to wait before the next try: little after a connection that worked, then ever more."""
    return float(min(LONGEST_PAUSE, 0.5 * 2.0 ** min(failures, 10)) * random.uniform(0.5, 1.0))
