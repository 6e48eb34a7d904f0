"""Scenarios on Slack: each speaker is a person in a workspace, on a stand-in that drives the real app from outside.

What a line says is said in the speaker's direct chat with Dragoman, by mention in a channel, or as a slash command;
what appears is what was posted, or shown to one person, in the order in which it came. Its clock is the scenario's,
while Slack's runs on, so the time at which something was said is taken from the scenario.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import html
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.adapters.slack.connection import Access, Slack
from bot.adapters.slack.pace import Pace
from bot.app import build
from bot.clock import SimulatedClock
from bot.invocation import Invocation
from bot.message import Message
from bot.ports import Chat, Destination
from storage.work import Store
from tests.fakes.slack.bed import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, Bed
from tests.fakes.slack.records import Appearance, Channel, Person
from tests.scenarios.matrix import Erased, erased_line, with_accounts
from tests.scenarios.transports import member_account, turned_to

PATIENCE = 10.0


@dataclass(frozen=True)
class Sent:
    """A message that left: whom for, and what appeared because of it."""

    to: Destination
    appearances: tuple[Appearance, ...]


@dataclass
class NotingChat:
    """Sends as the chat beneath, and notes what became of it."""

    chat: Chat
    bed: Bed
    sent: list[Sent | Erased] = field(default_factory=list)

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        self.bed.appeared()
        message_id = await self.chat.send(to, message, key)
        self.sent.append(Sent(to, tuple(self.bed.appeared())))
        return message_id

    async def erase(self, to: Destination, since: dt.datetime) -> None:
        await self.chat.erase(to, since)
        person = self.bed.space.people[to.address]
        assert [post for post in self.bed.shown(person, None) if post.bot_id] == []
        self.sent.append(Erased(to, await erased_line(to, since)))

    async def forget(self, account: str) -> None:
        await self.chat.forget(account)

    async def leave(self, room: str) -> None:
        await self.chat.leave(room)

    async def fetch(self, where: str, most: int) -> bytes | None:
        return await self.chat.fetch(where, most)


class Serving:
    """A Dragoman at work; for the console that steers a scenario it is the core, for Slack what hears."""

    def __init__(
        self, access: Access, bed: Bed, store: Store, clock: SimulatedClock, others: Mapping[str, Chat] | None = None
    ) -> None:
        self.store, self.clock, self.stop = store, clock, asyncio.Event()
        self.slack = Slack(access, store, clock, Pace(0.0))
        self.chat = NotingChat(self.slack.chat, bed)
        self.engine = build(store, clock, {"slack": self.chat, **(others or {})})
        self.running = asyncio.create_task(self.slack.run(self, self.stop))

    async def receive(self, invocation: Invocation) -> None:
        """Take what came over Slack, said when the scenario says it."""
        await self.engine.receive(replace(invocation, said_at=self.clock.now()))

    def wake(self) -> None:
        self.engine.wake()

    async def end(self) -> None:
        self.stop.set()
        await self.running
        await self.slack.close()


class OnSlack:
    """One scenario on Slack."""

    def __init__(self, bed: Bed, access: Access) -> None:
        self._bed, self._access = bed, access
        self._people: dict[str, Person] = {}
        self._rooms: dict[str, Channel] = {}
        self._serving: Serving | None = None
        self._answered = False

    async def set_up(self, folder: Path, coalition: Path) -> Path:
        written = coalition.read_text("utf-8")
        tables = tomllib.loads(written)
        accounts = {row["name"]: self._person(row["name"]).id for row in tables["members"]}
        rooms = {row["name"]: (await self._room(row["name"])).id for row in tables["rooms"]}
        copy = folder / coalition.name
        copy.write_text(with_accounts(written, coalition.parent, accounts, rooms, "slack"), "utf-8")
        return copy

    async def open(self, store: Store, clock: SimulatedClock) -> OnSlack:
        self._serving = Serving(self._access, self._bed, store, clock)
        await asyncio.wait_for(self._serving.slack.ready.wait(), PATIENCE)
        return self

    async def turn_to(self, coalition: str) -> str | None:
        turned = await turned_to(self._at_work.store, self._at_work.clock, coalition)
        if turned is not None:
            await self.settle()
        return turned

    async def account_of(self, coalition: str | None, alias: str) -> str | None:
        """Give the account of the member of that alias, whatever they were called before."""
        return await member_account(self._at_work.store, "slack", coalition, alias)

    def expect(self, *, answered: bool) -> None:
        self._answered = answered

    async def receive(self, invocation: Invocation) -> None:
        """Have somebody say what the console would take from them."""
        known = self._bed.space.people.get(invocation.sender)
        person = known or self._person(invocation.sender_name)
        channel, words = await self._room(invocation.place) if invocation.place else None, invocation.words
        if channel is not None and person.id not in channel.members:
            channel.members.append(person.id)
        if words.startswith("/"):
            await self._bed.command(person, "/dragoman", words[1:], channel)
            return
        if channel is not None and self._answered and not words.startswith("!"):
            words = f"<@BOT> {words}"  # in a room, the console alone takes a command for one without its mark
        if invocation.attachments:
            for file in invocation.attachments:
                await self._bed.upload(person, channel, file.name, file.content, words)
        elif channel is None:
            await self._bed.direct(person, words)
        else:
            await self._bed.say(person, channel, words)

    async def settle(self) -> None:
        """Do everything that is due now."""
        await self._at_work.engine.settle()
        await self._at_work.slack.settle()

    async def advance(self, clock: SimulatedClock, moment: dt.datetime) -> None:
        """Move the clock, doing what is due on the way."""
        await self._at_work.engine.advance(clock, moment)

    async def appeared(self) -> list[str]:
        if self._serving is None:
            return []
        sent, self._serving.chat.sent = self._serving.chat.sent, []
        return [self._read(each) for each in sent]

    async def close(self) -> None:
        if self._serving is not None:
            await self._serving.end()
        self._serving = None

    @property
    def _at_work(self) -> Serving:
        assert self._serving is not None
        return self._serving

    def _person(self, name: str) -> Person:
        if name.casefold() not in self._people:
            self._people[name.casefold()] = self._bed.person(name)
        return self._people[name.casefold()]

    async def _room(self, name: str) -> Channel:
        """Give a channel; the bot is in it, or is invited to it now."""
        if name not in self._rooms:
            channel = self._rooms[name] = self._bed.channel(name, bot=self._serving is None)
            if self._serving is not None:
                await self._bed.join(self._bed.space.bot, channel)
                await self._serving.slack.settle()
        return self._rooms[name]

    def _read(self, sent: Sent | Erased) -> str:
        """Give a message as the console shows it, with the name of whom it is for."""
        if isinstance(sent, Erased):
            return sent.line
        shown = [one for one in sent.appearances if one.what in ("message", "ephemeral")]
        text = "\n".join(html.unescape(one.text) for one in shown if one.text)
        for one in sent.appearances:
            for file in one.message.files if one.message is not None else ():
                title = file.title or file.name
                text = text.replace(f"File: {title}", f"{title}:\n{file.content.decode()}".rstrip("\n"))
        text = text.replace("\n", "\n    ")
        if not sent.to.reader.personal:
            assert {one.channel for one in shown} == {sent.to.address}
            return f"[#{sent.to.name}] {text}"
        person = self._bed.space.people[sent.to.address]
        assert {one.readers for one in shown} == {(person.name,)}
        known = sent.to.name != sent.to.address
        return f"[@{sent.to.name if known else person.name.casefold()}] {text}"


def access_to(bed: Bed, listen: str) -> Access:
    """Give what lets Dragoman into the stand-in's workspace; `listen` is where it hears over HTTP."""
    transport = "socket" if bed.transport is bed.socket else "http"
    return Access(BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, transport, listen, bed.api_url)  # type: ignore[arg-type]
