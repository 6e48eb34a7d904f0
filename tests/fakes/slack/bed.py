"""The stand-in as a test uses it: a server on a loopback port, and people who do things.

async with Bed() as bed:                      # or Bed(transport="http", listen="http://127.0.0.1:PORT/slack/events")
    ana = bed.person("Ana")
    team = bed.channel("team", [ana])
    await bed.mention(ana, team, "<@BOT> next")
    [answer] = bed.appeared()
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Literal

from aiohttp import web

from tests.fakes.slack import methods_chat, methods_conversations, methods_files, methods_people, methods_views, reading
from tests.fakes.slack.delivery import AckLog, Pace
from tests.fakes.slack.http_events import HttpEvents
from tests.fakes.slack.installed import Installed
from tests.fakes.slack.limits import Limits
from tests.fakes.slack.misbehaviour import Fault
from tests.fakes.slack.moving import Moving
from tests.fakes.slack.pressing import Pressing
from tests.fakes.slack.records import Appearance, Channel, Json, Person, Posted, View
from tests.fakes.slack.responses import Responses
from tests.fakes.slack.socket_mode import SocketMode
from tests.fakes.slack.speaking import Speaking
from tests.fakes.slack.web_api import Call, Tokens, WebApi
from tests.fakes.slack.workspace import Workspace, system_seconds

BOT_TOKEN = "xoxb-1111-2222-stand-in"
APP_TOKEN = "xapp-1-A0DRAGOMAN1-3333-stand-in"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
PARTS = (methods_chat, methods_conversations, methods_files, methods_people, methods_views)
METHODS = {name: method for part in PARTS for name, method in part.METHODS.items()}


class Bed(Speaking, Pressing, Moving):
    """Slack, as far as an app can tell."""

    def __init__(
        self,
        transport: Literal["socket", "http"] = "socket",
        *,
        listen: str = "http://127.0.0.1:3000/slack/events",
        manifest: Mapping[str, Any] | None = None,
        rate_limits: bool = False,
        restricted: bool = False,
        now: Callable[[], float] = system_seconds,
        port: int = 0,
    ) -> None:
        super().__init__()
        self.space = Workspace(now)
        self.installed = Installed.from_manifest(manifest) if manifest is not None else Installed()
        self.pace, self.log = Pace(), AckLog()
        self.tokens = Tokens(BOT_TOKEN, APP_TOKEN)
        self.signing_secret = SIGNING_SECRET
        self.api = WebApi(self.space, self.tokens, self.installed.scopes, self.happen, METHODS)
        self.api.limits = Limits(on=rate_limits, restricted=restricted)
        self.responses = Responses(self.api)
        self.socket = SocketMode(lambda: f"127.0.0.1:{self.port}", self.space.app_id, self.pace, self.log)
        self.http = HttpEvents(listen, self.signing_secret, self.pace, self.log)
        self.transport = self.socket if transport == "socket" else self.http
        self.api.link = self.socket.link
        self.port = port
        self._runner: web.AppRunner | None = None
        self._seen = 0

    @property
    def api_url(self) -> str:
        """Give the base address of the Web API, ending in /api/."""
        return f"{self.space.url}/api/"

    @property
    def environment(self) -> dict[str, str]:
        """Give the settings of a Dragoman that speaks to this stand-in."""
        return {
            "DRAGOMAN_SLACK_API_URL": self.api_url,
            "DRAGOMAN_SLACK_BOT_TOKEN": self.tokens.bot,
            "DRAGOMAN_SLACK_APP_TOKEN": self.tokens.app,
            "DRAGOMAN_SLACK_SIGNING_SECRET": self.signing_secret,
            "DRAGOMAN_SLACK_TRANSPORT": "socket" if self.transport is self.socket else "http",
        }

    async def start(self) -> None:
        """Listen, on the same port as before if it ran before."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/api/{method}", self.api.handle)
        app.router.add_get("/link/", self.socket.handle)
        app.router.add_post("/upload/v1/{file}", partial(methods_files.take, self.api))
        app.router.add_get("/files-pri/{file}/{name:.*}", partial(methods_files.give, self.api))
        app.router.add_post("/response/{team}/{key}", self.responses.handle)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        self.space.url = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        """Be gone: every connection is cut, nothing answers. What is on its way waits for `start`."""
        self.socket.drop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Bed:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in list(self._carrying):
            task.cancel()
        await self.stop()
        await self.http.close()

    @property
    def bot(self) -> Person:
        """Give the app's own account."""
        return self.space.bot

    def person(self, name: str, tz: str = "Europe/Vienna", locale: str = "en-US") -> Person:
        """Let somebody be in our team."""
        return self.space.add_person(name, tz, self.space.team, locale)

    def guest(self, name: str, tz: str = "Europe/Vienna", locale: str = "en-US") -> Person:
        """Let somebody be in the other team, for channels that are shared (Slack Connect)."""
        return self.space.add_person(name, tz, self.space.guests, locale)

    def robot(self, name: str) -> Person:
        """Let another app's bot be in our team; what it says comes as bot_message."""
        robot = self.space.add_person(name, "Etc/UTC", self.space.team)
        robot.bot = True
        return robot

    def channel(
        self,
        name: str,
        members: Iterable[Person] = (),
        *,
        shared: bool = False,
        private: bool = False,
        bot: bool = True,
    ) -> Channel:
        """Let there be a channel, with the bot in it unless told otherwise."""
        inside = [*members, *([self.space.bot] if bot else [])]
        return self.space.add_channel(name, "group" if private else "channel", inside, shared)

    def appeared(self) -> list[Appearance]:
        """Give what the bot brought onto people's screens since the last call, in order."""
        new = self.space.appearances[self._seen :]
        self._seen = len(self.space.appearances)
        return new

    def read(self, shown: Appearance | Posted | View, person: Person) -> str:
        """Give what a person reads there: blocks as their client shows them, moments in their own zone."""
        return reading.read(self.space, shown, person)

    def spoken(self, shown: Appearance | Posted, person: Person) -> str:
        """Give what a notification or a screen reader says of a message."""
        return reading.spoken(self.space, shown, person)

    def notified(self, shown: Appearance | Posted) -> set[str]:
        """Give whom a message calls out to: display names, and channel, here or everyone."""
        return reading.notified(self.space, shown)

    async def revoke(self, code: str = "token_revoked") -> None:
        """Let the app be taken out of the workspace: it is told, and its tokens give `code` (or account_inactive)."""
        tokens: Json = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.bot.id]}}
        told = self.happen(tokens | {"event_ts": self.space.new_ts()}, None)
        told += self.happen({"type": "app_uninstalled", "event_ts": self.space.new_ts()}, None)
        self.tokens.revoked = code
        await self.settled(told)

    def shown(self, person: Person, channel: Channel | None = None) -> list[Posted]:
        """Give what a person sees in a channel, or (None) in the direct chat with the bot, oldest first."""
        place = channel or self.space.direct(person)
        return [one for one in place.messages if not one.deleted and one.only_for in (None, person)]

    def misbehave(self, method: str, fault: Fault, times: int = 1) -> None:
        """Let the next calls of a method (`*`: any; `response_url`, `upload`, `files-pri`) go wrong."""
        self.api.faults.add(method, fault, times)

    @property
    def calls(self) -> Sequence[Call]:
        """Give every call the app made, in order."""
        return self.api.calls

    @property
    def violations(self) -> list[str]:
        """Give what the app did that Slack refuses; empty at the end of a good test."""
        return self.api.violations

    @property
    def ack_times(self) -> list[float]:
        """Give how long each acknowledgement took, in seconds."""
        return self.log.times
