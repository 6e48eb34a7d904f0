"""One connection to Slack: its parts put together, what is delivered handed to each, and the loops around them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog

from bot.adapters.slack.app import Me, bolt_app
from bot.adapters.slack.channels import Channels
from bot.adapters.slack.chat import SlackChat
from bot.adapters.slack.commands import Commands
from bot.adapters.slack.drawing import drawn
from bot.adapters.slack.forms import Forms
from bot.adapters.slack.hearing import Hearing
from bot.adapters.slack.homes import Homes
from bot.adapters.slack.intake import Intake
from bot.adapters.slack.pace import Pace
from bot.adapters.slack.people import People
from bot.adapters.slack.pressing import Pressing
from bot.adapters.slack.signed_http import SignedHttp
from bot.adapters.slack.socket_mode import SocketMode
from bot.adapters.slack.standing import look_at_people, look_at_rooms
from bot.adapters.slack.web import Away, Limited, Refused, TokenRevoked, Web
from bot.clock import Clock
from bot.ports import Core
from storage.trouble import DatabaseTrouble
from storage.work import Store

LONGEST_PAUSE = 60.0
"""How long is waited at most before Slack is asked again who the bot is, in seconds."""
LOOK_EVERY = 3600.0
"""How often the channels are listed anew, in seconds: an event may have been lost."""
LOOK_SECONDS = 2.0
"""How long the list of channels is waited for before deliveries are taken without it, in seconds."""
ENDING_SECONDS = 3.0
"""How long what was begun may take when the bot ends, in seconds."""
_REVOKED = (
    "Slack does not take the bot's token any more: the app was taken out of the workspace, or its token was revoked. "
    "Install it again, and give DRAGOMAN_SLACK_BOT_TOKEN the new token"
)
_log = structlog.get_logger()


class TakenOut(Exception):
    """The bot was taken out of its workspace: the process cannot go on. str() says what to do."""


@dataclass(frozen=True)
class Access:
    """What lets the bot into one workspace. `url` is the base of the Web API and ends in /api/."""

    bot_token: str = field(repr=False)
    app_token: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)
    transport: Literal["socket", "http"] = "socket"
    listen: str = "127.0.0.1:3000"
    url: str = "https://slack.com/api/"


class Slack:
    """The workspace at work; made by `connected`."""

    def __init__(self, access: Access, store: Store, clock: Clock, pace: Pace | None = None) -> None:
        """Put the parts together; nothing is asked of Slack yet. `pace` is another one than Slack's for posting."""
        self._access = access
        self._web = Web(access.bot_token, access.url)
        self._channels, self._people = Channels(self._web), People(self._web)
        self._intake = Intake(store, clock, self._people, self._channels)
        self._revoked = self._intake.revoked
        self._looking: asyncio.Task[None] | None = None
        self.homes = Homes(self._web, self._draw)
        self.chat = SlackChat(self._web, pace, self._people.has_left, self._forget)
        self._mode: SocketMode | None = None
        self.ready = asyncio.Event()
        """Set once what Slack delivers is taken."""

    @property
    def connected(self) -> bool:
        """Whether Slack can deliver: over a connection that is open, or over HTTP since it said who the bot is."""
        return self._mode.connected if self._mode is not None else self.ready.is_set()

    def changed(self) -> None:
        """Facts may have changed: what is shown of them is brought up to date."""
        self.homes.changed()

    async def run(self, core: Core, stop: asyncio.Event) -> None:
        """Take what Slack delivers, on behalf of the core, until `stop` is set.

        Raises TakenOut, or TransportProblem or ListenProblem where nothing can be received.
        """
        self._intake.core = core
        ending, stopping = asyncio.Event(), asyncio.create_task(stop.wait())
        serving = asyncio.create_task(self._serve(ending))
        beside = [asyncio.create_task(part) for part in (self.homes.run(), self._look(), self._revoked.wait())]
        try:
            await asyncio.wait({stopping, serving, *beside}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.set()
            for task in (stopping, *beside, *([self._looking] if self._looking is not None else ())):
                task.cancel()
            ended = await asyncio.gather(serving, *beside, return_exceptions=True)
            await self._intake.close(ENDING_SECONDS)
        self._raise(ended)

    async def settle(self) -> None:
        """Wait until what was delivered has been followed up: people looked up, forms opened, homes shown."""
        await self._intake.settle()

    async def close(self) -> None:
        """Let go of Slack: not before all who send through it have ended."""
        await self._web.close()

    def _raise(self, ended: list[Any]) -> None:
        problems = [one for one in ended if isinstance(one, Exception)]
        if self._revoked.is_set() or any(isinstance(problem, TokenRevoked) for problem in problems):
            raise TakenOut(_REVOKED) from None
        for problem in problems:
            raise problem

    async def _serve(self, ending: asyncio.Event) -> None:
        """Receive by the transport that is chosen; what is delivered before all is ready is to be delivered again."""
        if self._access.transport == "http":
            await self._serve_http(ending)
        else:
            await self._serve_socket(ending)

    async def _serve_http(self, ending: asyncio.Event) -> None:
        server = SignedHttp(self._access.listen)
        receiving, opening = asyncio.create_task(server.run(ending)), asyncio.create_task(self._opened(server))
        await asyncio.wait({receiving, opening}, return_when=asyncio.FIRST_COMPLETED)
        if opening.done() and opening.exception() is None:
            await asyncio.wait({receiving})
        opening.cancel()
        ending.set()
        for problem in await asyncio.gather(receiving, opening, return_exceptions=True):
            if isinstance(problem, Exception):
                raise problem

    async def _serve_socket(self, ending: asyncio.Event) -> None:
        coming, stopped = asyncio.create_task(self._come()), asyncio.create_task(ending.wait())
        await asyncio.wait({coming, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not coming.done():
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
            return
        mode = self._mode = SocketMode(self._web, self._access.app_token, coming.result())
        self.ready.set()
        await mode.run(ending)

    async def _opened(self, server: SignedHttp) -> None:
        server.open(await self._come())
        self.ready.set()

    async def _come(self) -> Any:
        """Find out who the bot is and where, and give what takes deliveries."""
        me = Me.from_answer(await self._patiently(lambda: self._web.call("auth.test")))
        self._looking = asyncio.create_task(self._patiently(self._look_once))
        await asyncio.wait({self._looking}, timeout=LOOK_SECONDS)
        return bolt_app(self._web.client, me, self._access.signing_secret, self._door(me)).async_dispatch

    def _door(self, me: Me) -> Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]:
        hearing = Hearing(self._intake, me.user, self.homes.opened, self._revoked.set)
        commands, forms = Commands(self._intake, me.user), Forms(self._intake, self._web, me.user)
        pressing = Pressing(self._intake, forms.pressed)
        doors: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]] = {
            "event_callback": hearing.event,
            "block_actions": pressing.actions,
            "message_action": forms.shortcut,
            "view_submission": forms.submitted,
        }

        async def door(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
            taken = commands.command if "command" in body else doors.get(str(body.get("type", "")))
            return await taken(body) if taken is not None else None

        return door

    async def _look(self) -> None:
        await self.ready.wait()
        if self._looking is not None:
            await self._looking
        await self._patiently(lambda: look_at_people(self._intake, self._people))
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self._patiently(self._look_once)

    async def _look_once(self) -> None:
        if await self._channels.load():
            await look_at_rooms(self._intake, self._channels)

    async def _patiently(self, ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Ask until it is answered, pausing longer each time. Raises TokenRevoked."""
        failures = 0
        while True:
            try:
                return await ask()
            except Limited as problem:
                await asyncio.sleep(problem.seconds)
            except (Away, Refused, DatabaseTrouble) as problem:
                failures += 1
                _log.warning("slack asked again", code=problem.code, failures=failures)
                await asyncio.sleep(min(LONGEST_PAUSE, 2.0 ** min(failures, 10)) * random.uniform(0.5, 1.0))

    def _forget(self, user: str) -> None:
        self._people.forget(user)
        self.homes.forget(user)

    async def _draw(self, user: str) -> Mapping[str, Any]:
        return await drawn(self._intake.store, self._intake.clock, user)


@asynccontextmanager
async def connected(access: Access, store: Store, clock: Clock) -> AsyncIterator[Slack]:
    """Give the connection to a workspace; all is closed at the end. Nothing is asked of Slack before `run`."""
    slack = Slack(access, store, clock)
    try:
        yield slack
    finally:
        await slack.close()
