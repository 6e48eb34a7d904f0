"""Socket Mode: envelopes over WebSockets, one connection for each, again when it is lost."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from uuid import uuid4

from aiohttp import WSMsgType, web

from tests.fakes.slack.delivery import EVENT, AckLog, Attempt, Delivery, Pace, first_of
from tests.fakes.slack.records import Json

MOST_CONNECTIONS = 10
TICKET_SECONDS = 30.0


@dataclass(eq=False)
class Connection:
    """One WebSocket of the app."""

    socket: web.WebSocketResponse
    request: web.Request
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    leaving: bool = False
    """It was told to go: nothing new is sent on it."""

    def abort(self) -> None:
        """Cut it without a word."""
        self.gone.set()
        if self.request.transport is not None:
            self.request.transport.abort()


class SocketMode:
    """The end of Slack in Socket Mode. `address` gives the server's host and port."""

    def __init__(self, address: Callable[[], str], app_id: str, pace: Pace, log: AckLog) -> None:
        self.pace, self.log = pace, log
        self.enabled = True
        self.mute = False
        """Answer no pings and hear nothing, as a connection that died unnoticed."""
        self.connections: list[Connection] = []
        self.opened = 0
        """How many connections there were, all told."""
        self._address, self._app_id = address, app_id
        self._tickets: dict[str, float] = {}
        self._attempts: dict[str, Attempt] = {}
        self._turn = itertools.count()
        self._arrived = asyncio.Event()
        self._pings = itertools.count(1)

    def link(self) -> str:
        """Give the address for one connection; empty when Socket Mode is off."""
        if not self.enabled:
            return ""
        ticket = uuid4().hex
        self._tickets[ticket] = monotonic()
        return f"ws://{self._address()}/link/?ticket={ticket}&app_id={self._app_id}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends."""
        issued = self._tickets.pop(request.query.get("ticket", ""), None)
        if issued is None or monotonic() - issued > TICKET_SECONDS:
            return web.Response(status=401, text="invalid ticket")
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        connection = Connection(socket, request)
        if len(self.connections) >= MOST_CONNECTIONS:
            await self._send(connection, {"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self.connections.append(connection)
        self.opened += 1
        try:
            await self._send(connection, self._hello())
            self._arrived.set()
            await self._hear(connection)
        finally:
            self._lost(connection)
        return socket

    def _lost(self, connection: Connection) -> None:
        connection.gone.set()
        if connection in self.connections:
            self.connections.remove(connection)
        if not self.ready:
            self._arrived.clear()

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._app_id},
        }

    async def _hear(self, connection: Connection) -> None:
        async for message in connection.socket:
            if self.mute:
                continue
            if message.type is WSMsgType.PING:
                await connection.socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._acknowledged(json.loads(message.data))

    def _acknowledged(self, answer: Json) -> None:
        attempt = self._attempts.get(str(answer.get("envelope_id")))
        if attempt is not None:
            attempt.acknowledge(answer.get("payload"))

    @property
    def ready(self) -> list[Connection]:
        """Give the connections that take envelopes."""
        return [one for one in self.connections if not one.leaving and not one.gone.is_set()]

    async def connected(self, number: int = 1, seconds: float = 20.0) -> None:
        """Wait until the app has so many connections; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while len(self.ready) < number:
                await asyncio.sleep(0.01)

    async def carry(self, delivery: Delivery) -> None:
        """Bring one envelope to one connection; to another one when that is lost, and again when it is late.

        What is no event is not repeated for lateness: the person sees that it failed, as in Slack.
        """
        late, reason = 0, ""
        while True:
            if (connection := await self._somebody()) is None:
                delivery.settle(failed="dispatch_failed")
                return
            outcome = await self._try(connection, delivery, reason)
            if outcome == "acknowledged":
                return
            reason = outcome
            if outcome == "timeout":
                self.log.late.append(delivery.event_id or delivery.kind)
                late += 1
                if delivery.kind != EVENT or late > len(self.pace.retries):
                    delivery.settle(failed="operation_timeout")
                    return
                await asyncio.sleep(self.pace.retries[late - 1])

    async def _somebody(self) -> Connection | None:
        try:
            async with asyncio.timeout(self.pace.patience):
                while not (ready := self.ready):
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            return None
        return ready[next(self._turn) % len(ready)]

    async def _try(self, connection: Connection, delivery: Delivery, reason: str) -> str:
        envelope_id, attempt = str(uuid4()), Attempt(delivery)
        self._attempts[envelope_id] = attempt
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": delivery.kind,
            "accepts_response_payload": delivery.accepts,
            "payload": delivery.payload,
        }
        if delivery.kind == EVENT:
            envelope |= {"retry_attempt": delivery.attempts, "retry_reason": reason}
        delivery.attempts += 1
        try:
            await self._send(connection, envelope)
        except ConnectionError:
            connection.gone.set()
        first = await first_of(attempt.heard.wait(), connection.gone.wait(), seconds=self.pace.acknowledge)
        if attempt.heard.is_set():
            took = monotonic() - attempt.at
            self.log.times.append(took)
            delivery.settle(took, attempt.answer)
            return "acknowledged"
        return "connection_lost" if first == 1 else "timeout"

    async def _send(self, connection: Connection, message: Json) -> None:
        await connection.socket.send_str(json.dumps(message))

    async def ping(self) -> None:
        """Ping every connection, as Slack does every few seconds."""
        for connection in self.ready:
            await connection.socket.ping(f"Ping from applink-{next(self._pings)}".encode())

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell every connection to go (warning, refresh_requested, link_disabled), and end it soon after."""
        leaving = self.ready
        if reason == "link_disabled":
            self.enabled = False
        for connection in leaving:
            connection.leaving = True
            message = {"type": "disconnect", "reason": reason, "debug_info": {"host": "wss-111.slack.com"}}
            await self._send(connection, message)
        await asyncio.sleep(0 if reason == "link_disabled" else self.pace.farewell)
        await asyncio.gather(*(one.socket.close() for one in leaving))

    def drop(self) -> None:
        """Cut every connection without a word."""
        for connection in list(self.connections):
            connection.abort()

    async def close(self) -> None:
        """End every connection."""
        self.drop()
