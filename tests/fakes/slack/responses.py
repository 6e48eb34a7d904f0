"""`response_url`s: at most five answers within half an hour, ephemeral unless they say otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from uuid import uuid4

from aiohttp import web

from tests.fakes.slack import messages
from tests.fakes.slack.methods_chat import announce_message, remove
from tests.fakes.slack.records import Channel, Json, Person, Posted
from tests.fakes.slack.web_api import Call, RefusedCall, WebApi, flag, json_object

USES = 5
SECONDS = 30 * 60.0
METHOD = "response_url"
"""Its name in `calls` and for misbehaviour."""
KNOWN = {
    "text", "blocks", "attachments", "response_type", "replace_original", "delete_original", "thread_ts", "metadata",
    "mrkdwn", "unfurl_links", "unfurl_media",
}  # fmt: skip


@dataclass
class Answerable:
    """What one response_url belongs to; `original` is the message that was pressed, if any."""

    person: Person
    channel: Channel
    original: Posted | None = None
    uses: int = USES
    at: float = field(default_factory=monotonic)


class Responses:
    """All response_urls there are. `seconds` may be shortened."""

    def __init__(self, api: WebApi) -> None:
        self.api = api
        self.seconds = SECONDS
        self._open: dict[str, Answerable] = {}

    def make(self, person: Person, channel: Channel, original: Posted | None = None) -> str:
        """Give a new address to answer at."""
        key = uuid4().hex
        self._open[key] = Answerable(person, channel, original)
        return f"{self.api.space.url}/response/{self.api.space.team.id}/{key}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Take one answer."""
        body = json_object(await request.read())
        call = Call(METHOD, tuple(sorted(body)), monotonic(), body)
        self.api.calls.append(call)
        fault = self.api.faults.next(METHOD)
        if fault is not None and not fault.done:
            return await self.api.play(fault, request, call)
        try:
            self._take(request.match_info["key"], body)
            call.answer, status = "ok", 200
        except RefusedCall as refused:
            call.answer, status = refused.code, 404 if refused.code.endswith("_url") else 400
        if fault is not None:
            return await self.api.play(fault, request, call, {"ok": status == 200})
        return web.Response(text=call.answer, status=status)

    def _take(self, key: str, body: Json) -> None:
        found = self._open.get(key)
        if found is None or monotonic() - found.at > self.seconds:
            raise RefusedCall("expired_url")
        if found.uses < 1:
            raise RefusedCall("used_url")
        if unknown := set(body) - KNOWN:
            raise messages.refusal(self.api, METHOD, "invalid_arguments", sorted(unknown))
        self.answer(found, body)
        found.uses -= 1

    def answer(self, found: Answerable, body: Json) -> None:
        """Do what an answer says: a new message, or another one in the place of the original."""
        if flag(body, "delete_original"):
            self._replace(found, None)
            return
        text, parts, attachments = messages.content(self.api, METHOD, body)
        metadata = messages.metadata(self.api, METHOD, body)
        public = body.get("response_type", "ephemeral") == "in_channel"
        posted = Posted(
            found.channel, self.api.space.new_ts(), self.api.space.bot.id, text, parts, attachments,
            body.get("thread_ts"), metadata=metadata, bot_id=self.api.space.bot_id,
            only_for=None if public else found.person,
        )  # fmt: skip
        if found.original is not None and body.get("replace_original", not body.get("response_type")):
            self._replace(found, posted)
            return
        self.api.space.post(posted, "message" if public else "ephemeral")
        if public:
            announce_message(self.api, posted)

    def _replace(self, found: Answerable, new: Posted | None) -> None:
        original = found.original
        if original is None or original.deleted or original.bot_id != self.api.space.bot_id:
            raise RefusedCall("message_not_found")
        if new is None:
            remove(self.api, original) if original.only_for is None else self._hide(original)
            return
        original.text, original.attachments = new.text, new.attachments
        original.blocks = self.api.space.with_ids(new.blocks)
        original.edited = {"user": self.api.space.bot.id, "ts": new.ts} if original.only_for is None else None
        self.api.space.show("update", original)

    def _hide(self, original: Posted) -> None:
        original.deleted = True
        self.api.space.show("delete", original)
