"""`dragoman run` that kills itself at a named point, with a chat that speaks to `tests.fakes.wire`.

Run as `python -m tests.fakes.crashing`: everything is imported once, then each line on standard input, `{"config": …,
"port": …, "point": …, "hits": …, "hurry": …}`, forks one process and prints its id. All end with this one.
"""

from __future__ import annotations

import asyncio
import ctypes
import datetime as dt
import json
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bot import app, dispatch, duty, engine, outbox
from bot.adapters.matrix.lock import hold
from bot.clock import SystemClock
from bot.engine import Engine
from bot.invocation import Enclosed, Invocation
from bot.message import Message
from bot.plain import plain
from bot.ports import Destination, SendLater
from bot.terminal import serving, standby
from config.settings import load_settings

POINTS = (
    "receive.before", "receive.kept", "handle.inside", "handle.done", "plan.inside",
    "send.before", "send.after", "settle.inside", "settle.done",
)  # fmt: skip
"""Where a process can be killed: `inside` is within a transaction, before its commit. After that of `plan`, the next
thing is `send.before`."""
PR_SET_PDEATHSIG = 1


class Fuse:
    """Kills the process the so-maniest time that it comes to a point."""

    def __init__(self, point: str, hits: int) -> None:
        self._point, self._left = point, hits

    def at(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def after(self, point: str, act: Callable[..., Any]) -> Callable[..., Any]:
        """Give `act` with the point behind it."""

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            result = act(*args, **kwargs)
            self.at(point)
            return result

        return wrapped

    def after_awaiting(self, point: str, act: Callable[..., Any]) -> Callable[..., Any]:
        """Give `act`, which is awaited, with the point behind it."""

        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            result = await act(*args, **kwargs)
            self.at(point)
            return result

        return wrapped


class Wire:
    """The chat, and the ear, of one process."""

    def __init__(self, port: int, fuse: Fuse) -> None:
        self._address, self._fuse = f"http://127.0.0.1:{port}", fuse
        self._session: aiohttp.ClientSession | None = None

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        self._fuse.at("send.before")
        asked = to.origin.get("event")
        content = {"to": to.address, "text": plain(message, to.reader), "key": key, "asked": asked, "pid": os.getpid()}
        try:
            async with self._open().post(f"{self._address}/send", json=content) as answer:
                shown = str((await answer.json())["id"])
        except aiohttp.ClientError:
            raise SendLater("away") from None
        self._fuse.at("send.after")
        return shown

    async def fetch(self, where: str, most: int) -> bytes | None:
        async with self._open().get(f"{self._address}/file", params={"name": where, "pid": os.getpid()}) as answer:
            return await answer.read()

    async def hear(self, engine: Engine) -> None:
        """Hand on what people said, again and again."""
        while True:
            async with self._open().get(f"{self._address}/said", params={"pid": os.getpid()}) as answer:
                said = await answer.json()
            for one in said:
                self._fuse.at("receive.before")
                try:
                    await engine.receive(_invocation(one))
                except Exception as problem:
                    print(type(problem).__name__, file=sys.stderr)
                    break
                self._fuse.at("receive.kept")
                await self._open().post(f"{self._address}/said", json={"event": one["event"]})
            await asyncio.sleep(0.02)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session


class Line:
    """A connection to Matrix that says nothing of its own accord: one process at a time has its store."""

    connected = True

    def __init__(self, wire: Wire) -> None:
        self.chat = wire

    async def run(self, _core: Engine, stop: asyncio.Event) -> None:
        await stop.wait()


def _invocation(one: dict[str, Any]) -> Invocation:
    enclosed = (Enclosed(one["file"], one["file"]),) if "file" in one else ()
    return Invocation(
        event_id=one["event"], platform="console", sender=one["who"].casefold(), sender_name=one["who"],
        words=one["words"], said_at=SystemClock().now(), place=None, addressed=True, origin={"event": one["event"]},
        enclosed=enclosed,
    )  # fmt: skip


def hurry() -> None:
    """Take over what a process that was killed had within a moment, not within 15 seconds."""
    outbox.LEASE, outbox.RENEW_SECONDS = dt.timedelta(seconds=1.2), 0.3
    duty.TERM = dt.timedelta(seconds=1.2)
    engine.RENEW_SECONDS = standby.RENEW_SECONDS = 0.3  # type: ignore[attr-defined]
    engine.SWEEP_SECONDS = 0.5


def run(config: Path, port: int, fuse: Fuse) -> None:
    """Be one process until it is stopped or killed."""
    wire, build = Wire(port, fuse), app.build
    outbox.prepare = fuse.after("plan.inside", outbox.prepare)  # type: ignore[attr-defined]
    outbox.Outbox._settle = fuse.after("settle.inside", outbox.Outbox._settle)  # type: ignore[method-assign]
    outbox.Outbox._send = fuse.after_awaiting("settle.done", outbox.Outbox._send)  # type: ignore[method-assign]
    dispatch.Dispatch._perform = fuse.after("handle.inside", dispatch.Dispatch._perform)  # type: ignore[method-assign]
    dispatch.Dispatch._handle = fuse.after_awaiting("handle.done", dispatch.Dispatch._handle)  # type: ignore[method-assign]
    hearing: list[asyncio.Task[None]] = []

    def wired(store: Any, clock: Any, chats: Any, *args: Any, **kwargs: Any) -> Engine:
        chats["console"] = wire
        built = build(store, clock, chats, *args, **kwargs)
        hearing.append(asyncio.get_running_loop().create_task(wire.hear(built)))
        return built

    @asynccontextmanager
    async def connected(folder: Path, *_: Any) -> AsyncIterator[Line]:
        with hold(folder, SystemClock().now()):
            yield Line(wire)

    serving.build = wired  # type: ignore[attr-defined]
    serving.matrix_connected = connected  # type: ignore[assignment, attr-defined]
    asyncio.run(serving.serve(load_settings(config)))


def main() -> None:
    """Fork a process for each line."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            code = 1
            try:
                errors = os.open(asked["errors"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                os.dup2(errors, 2)
                os.dup2(errors, 1)
                if asked["hurry"]:
                    hurry()
                run(Path(asked["config"]), asked["port"], Fuse(asked["point"], asked["hits"]))
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
