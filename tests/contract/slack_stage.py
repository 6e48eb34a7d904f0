"""Slack as a stage for the contract: the stand-in, people in its channels, and what posts."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from bot.adapters.slack.chat import SlackChat
from bot.adapters.slack.pace import Pace
from bot.adapters.slack.web import Web
from bot.ports import Chat, Destination
from tests.contract.stage import PEOPLE, Can, Seen, destination
from tests.fakes.slack import Bed, Channel, Person, Posted
from tests.fakes.slack.bed import BOT_TOKEN


class SlackStage:
    """Made by `begin`; to be closed."""

    can: ClassVar[Can] = Can.REMEMBER | Can.REFUSE | Can.BE_AWAY | Can.RING | Can.TAKE_BACK | Can.DRAW

    def __init__(self) -> None:
        self.chat: Chat
        self.accounts: Mapping[int, str] = {}
        self._bed = Bed()
        self._people: dict[str, Person] = {}
        self._rooms: dict[str, Channel] = {}
        self._told: dict[str, int] = {}
        self._left: set[str] = set()
        self._web: Web

    @classmethod
    async def begin(cls) -> SlackStage:
        """Let the people come."""
        stage = cls()
        await stage._bed.start()
        stage.accounts = {number: stage._person(name).id for name, number in PEOPLE.items()}
        stage._connect()
        return stage

    async def close(self) -> None:
        """End it; nothing was done that Slack refuses."""
        await self._web.close()
        await self._bed.stop()
        assert self._bed.violations == []

    async def room(self, name: str) -> Destination:
        if name not in self._rooms:
            self._rooms[name] = self._bed.channel(name, [self._people[each] for each in PEOPLE])
        return destination("slack", self._rooms[name].id, name, personal=False, accounts=self.accounts)

    async def person(self, name: str) -> Destination:
        return destination("slack", self._person(name).id, name, personal=True, accounts=self.accounts)

    async def seen(self, to: Destination) -> list[Seen]:
        readers = [self._people[to.name]] if to.reader.personal else [self._people[name] for name in PEOPLE]
        place = None if to.reader.personal else self._rooms[to.name]
        views = [self._bed.shown(reader, place) for reader in readers]
        assert all(view == views[0] for view in views), "people in one room see different things"
        new = views[0][self._told.get(to.address, 0) :]
        self._told[to.address] = len(views[0])
        return list(self._folded(new))

    async def left(self, to: Destination) -> int:
        place = None if to.reader.personal else self._rooms[to.name]
        reader = self._people[to.name if place is None else "Ana"]
        posts = [post for post in self._bed.shown(reader, place) if post.bot_id]
        self._told[to.address] = len(posts)
        return len(posts)

    async def restart(self) -> None:
        await self._web.close()
        self._connect()

    async def shut(self, to: Destination) -> None:
        if to.reader.personal:
            self._left.add(to.address)
        else:
            await self._bed.leave(self._bed.bot, self._rooms[to.name], wait=False)

    async def go_away(self) -> None:
        await self._bed.stop()

    async def come_back(self) -> None:
        await self._bed.start()

    def _person(self, name: str) -> Person:
        return self._people.setdefault(name, self._people.get(name) or self._bed.person(name))

    def _connect(self) -> None:
        self._web = Web(BOT_TOKEN, self._bed.api_url)
        self.chat = SlackChat(self._web, Pace(0.0), self._left.__contains__)

    def _folded(self, posts: list[Posted]) -> Iterator[Seen]:
        """Put files with the message that comes after them."""
        files: dict[str, str] = {}
        for post in posts:
            if post.files:
                files |= {file.title: file.content.decode() for file in post.files}
                continue
            parts = list(_parts(post.blocks))
            names = {person.id: name for name, person in self._people.items()}
            yield Seen(
                html.unescape(post.text),
                rings=frozenset(names[part["user_id"]] for part in parts if part.get("type") == "user"),
                rings_all=any(part.get("type") == "broadcast" for part in parts) or "<!" in post.text,
                files=files,
                markup="".join(_drawn(part, names) for part in parts),
            )
            files = {}


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Give the innermost parts of blocks, in order."""
    if isinstance(value, list):
        for one in value:
            yield from _parts(one)
    elif isinstance(value, dict):
        inner = value.get("elements") or (value.get("text") if isinstance(value.get("text"), dict) else None)
        yield from _parts(inner) if inner else [value]


def _drawn(part: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Give what a part shows, without the marks that keep a text from another direction in its place."""
    text = f"@{names[part['user_id']]}" if part.get("type") == "user" else str(part.get("text", ""))
    return text.translate(dict.fromkeys(range(0x2066, 0x206A)))
