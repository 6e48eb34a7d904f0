"""The Web API under /api/METHOD: who calls, with what, whether they may, and what comes of it."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from aiohttp import web

from tests.fakes.slack import contract
from tests.fakes.slack.limits import Limits
from tests.fakes.slack.misbehaviour import Fault, Misbehaviour
from tests.fakes.slack.records import Channel, Json, Person
from tests.fakes.slack.workspace import Workspace

PAGE = "<!DOCTYPE html><html><head><title>Server Error | Slack</title></head><body><h1>Server Error</h1></body></html>"
APP_METHODS = {"apps.connections.open"}
BY_TYPES = {"conversations.list", "users.conversations"}
KIND_OF_TYPE = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


class RefusedCall(Exception):
    """What Slack answers with `ok: false`."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more


@dataclass
class Call:
    """One call of the app: names of its arguments, and (for tests that need to look) what they were."""

    method: str
    names: tuple[str, ...]
    at: float
    arguments: Mapping[str, Any] = field(repr=False, default_factory=dict)
    answer: str = ""
    """`ok`, or the error code, or the fault that was played."""


@dataclass
class Tokens:
    """What opens the API; `revoked` is the error that it gives instead, if any."""

    bot: str
    app: str
    revoked: str = ""


Method = Callable[["WebApi", Json], Json]


@dataclass
class WebApi:
    """All calls go through here. `announce` tells the transports of an event that a call brings about."""

    space: Workspace
    tokens: Tokens
    scopes: set[str]
    announce: Callable[[Json, Channel | None], object]
    methods: Mapping[str, Method]
    reference: Mapping[str, Json] | None = field(default_factory=contract.reference)
    limits: Limits = field(default_factory=Limits)
    faults: Misbehaviour = field(default_factory=Misbehaviour)
    calls: list[Call] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    scopes_used: set[str] = field(default_factory=set)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    trigger_seconds: float = 3.0
    link: Callable[[], str] = lambda: ""
    tolerant: bool = False
    """Do not note the `team_id` that Bolt adds to calls of its own."""
    most_block_text: int | None = None
    """Characters in all blocks of a message before msg_blocks_too_long. Slack publishes none; people report 13,200."""
    answering: int = 0
    """How many calls are being answered."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        self.answering += 1
        try:
            return await self._handle(request)
        finally:
            self.answering -= 1

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        token, arguments = await read(request)
        call = Call(method, tuple(sorted(arguments)), monotonic(), arguments)
        self.calls.append(call)
        fault = self.faults.next(method)
        if fault is not None and not fault.done:
            return await self.play(fault, request, call)
        answer, headers = self._answered(method, token, arguments, request.content_type)
        call.answer = "ok" if answer["ok"] else str(answer["error"])
        if fault is not None:
            return await self.play(fault, request, call, answer)
        return web.json_response(answer, status=429 if "Retry-After" in headers else 200, headers=headers)

    async def play(
        self, fault: Fault, request: web.Request, call: Call, answer: Json | None = None
    ) -> web.StreamResponse:
        """Go wrong in one way."""
        call.answer = f"{fault.kind}{'' if answer is None else ' after ' + call.answer}"
        if fault.kind == "limited":
            headers = {"Retry-After": str(math.ceil(fault.seconds))}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
        if fault.kind == "dropped":
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            return web.json_response(answer)
        if fault.kind == "error":
            return web.json_response({"ok": False, "error": fault.code})
        body = PAGE if fault.kind == "html" else ""
        return web.Response(text=body, status=fault.status, content_type="text/html")

    def _answered(self, method: str, token: str, arguments: Json, form: str) -> tuple[Json, dict[str, str]]:
        headers = {"X-OAuth-Scopes": ",".join(sorted(self.scopes))}
        try:
            self._admit(method, token)
            entry = (self.reference or {}).get(method, {})
            if wait := self.limits.wait(method, str(arguments.get("channel", "")), str(entry.get("tier"))):
                headers["Retry-After"] = str(wait)
                raise RefusedCall("ratelimited")
            self._check(method, arguments, form)
            return {"ok": True, **self.methods[method](self, arguments)}, headers
        except RefusedCall as refused:
            return {"ok": False, "error": refused.code, **refused.more}, headers
        except KeyError as missing:  # without the reference nothing has looked whether all is there
            self.violate(f"{method}: missing required field: {missing}")
            return {"ok": False, "error": "invalid_arguments"}, headers

    def _admit(self, method: str, token: str) -> None:
        known = self.methods if self.reference is None else self.reference
        if method not in known:
            self.violate(f"{method}: no such method")
            raise RefusedCall("unknown_method", req_method=method)
        if not token:
            raise RefusedCall("not_authed")
        if token not in (self.tokens.bot, self.tokens.app):
            raise RefusedCall("invalid_auth")
        if self.tokens.revoked:
            raise RefusedCall(self.tokens.revoked)
        if (token == self.tokens.app) != (method in APP_METHODS):
            self.violate(f"{method}: the wrong kind of token")
            raise RefusedCall("not_allowed_token_type")

    def _check(self, method: str, arguments: Json, form: str) -> None:
        if self.reference is not None:
            entry = self.reference[method]
            if form == "application/json" and not entry["json_ok"]:
                self.violate(f"{method}: takes no JSON, only a form")
                raise RefusedCall("invalid_arguments", response_metadata={"messages": ["[ERROR] takes no JSON"]})
            for group in contract.needed(entry["scope_bot"], self._kinds(method, arguments)):
                self._need(method, group)
            arguments = self._without_team(method, arguments, entry)
            if troubles := contract.problems(self.reference, method, arguments):
                self.violate(f"{method}: {'; '.join(troubles)}")
                raise RefusedCall("invalid_arguments", response_metadata={"messages": troubles})
        if method not in self.methods:
            self.violate(f"{method}: not part of this stand-in")
            raise RefusedCall("method_not_supported_here")

    def _without_team(self, method: str, arguments: Json, entry: Json) -> Json:
        """Let `team_id` pass as Slack does, but note it where the reference has none: Bolt adds it by itself."""
        if "team_id" not in arguments or "team_id" in entry["args"]:
            return arguments
        if not self.tolerant:
            self.violate(f"{method}: team_id is no argument of it (give Bolt an `authorize` of your own)")
        return {name: value for name, value in arguments.items() if name != "team_id"}

    def _need(self, method: str, group: list[str]) -> None:
        held = [scope for scope in group if scope in self.scopes]
        if not held:
            self.violate(f"{method}: scope {' or '.join(group)} is missing")
            provided = ",".join(sorted(self.scopes))
            raise RefusedCall("missing_scope", needed=",".join(group), provided=provided)
        self.scopes_used.update(held[:1])

    def _kinds(self, method: str, arguments: Json) -> Iterable[str] | None:
        if method in BY_TYPES:
            types = str(arguments.get("types") or "public_channel").split(",")
            return [KIND_OF_TYPE.get(one.strip(), "channel") for one in types]
        if method == "conversations.open":
            return ["mpim" if "," in str(arguments.get("users", "")) else "im"]
        place = self.space.channels.get(str(arguments.get("channel", "")))
        return None if place is None else [place.kind]

    def violate(self, what: str) -> None:
        """Note that the app did what Slack refuses."""
        self.violations.append(what)

    def channel(self, arguments: Json, name: str = "channel", *, inside: bool = True) -> Channel:
        """Give the conversation that a call names; the bot must be inside it (or, if not, able to see it)."""
        place = self.space.channels.get(str(arguments.get(name, "")))
        member = place is not None and self.space.bot.id in place.members
        if place is None or (place.private and not member):
            raise RefusedCall("channel_not_found")
        if inside and not member:
            raise RefusedCall("not_in_channel")
        return place

    def person(self, person_id: Any) -> Person:
        """Give the person that a call names."""
        person = self.space.people.get(str(person_id))
        if person is None:
            raise RefusedCall("user_not_found")
        return person


@dataclass
class Trigger:
    """What lets a view be opened: once, and within three seconds."""

    person: Person
    at: float = field(default_factory=monotonic)
    used: bool = False
    view: str | None = None
    """The id of the view it comes from."""


async def read(request: web.Request) -> tuple[str, Json]:
    """Give the token and the arguments of a call, whether they come as JSON, as a form or in the address."""
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        arguments |= json_object(await request.read())
    elif request.can_read_body:
        arguments |= {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
    bearer = request.headers.get("Authorization", "")
    token = bearer.removeprefix("Bearer ").strip() or str(arguments.get("token", ""))
    arguments.pop("token", None)
    return token, arguments


def json_object(body: bytes) -> Json:
    """Give the object in a body; nothing for a body that holds none, so that what is required is missing."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def decoded(arguments: Json, name: str, default: Any = None) -> Any:
    """Give an argument that may come as JSON in a string; raises RefusedCall for one that is none."""
    value = arguments.get(name)
    if value in (None, ""):
        return default
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise RefusedCall(f"invalid_{name}" if name != "blocks" else "invalid_blocks_format") from None


def flag(arguments: Json, name: str) -> bool:
    """Say whether a boolean argument is set."""
    return str(arguments.get(name, "")).lower() in ("true", "1")


def page(arguments: Json, items: list[Any], default: int, most: int) -> tuple[list[Any], str]:
    """Give one page of a list, and the cursor of the next or an empty string."""
    size = min(int(float(arguments.get("limit") or default)), most)
    cursor = str(arguments.get("cursor") or "")
    start = int(cursor.removeprefix("next:")) if cursor.startswith("next:") else 0
    if cursor and not cursor.startswith("next:"):
        raise RefusedCall("invalid_cursor")
    following = f"next:{start + size}" if start + size < len(items) else ""
    return items[start : start + size], following
