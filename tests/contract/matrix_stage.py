"""Matrix as a stage for the contract: a real homeserver, people with clients, and Dragoman's own connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from lxml import html

from bot.adapters.matrix.connection import Matrix, connected
from bot.clock import SystemClock
from bot.invocation import Invocation
from bot.ports import Chat, Destination
from storage.cipher import read_key_file
from tests.contract.stage import PEOPLE, Can, Seen, destination
from tests.fakes.heard import Message as Heard
from tests.fakes.human import Human
from tests.fakes.synapse import Synapse
from tests.integration.matrix.deployment import Deployment, deploy, enrol


class Nobody:
    """A core that has nothing to do: nobody says anything here."""

    async def receive(self, invocation: Invocation) -> None:
        raise AssertionError("somebody spoke")

    def wake(self) -> None:
        """Nothing is due."""


class MatrixStage:
    """Made by `begin`; to be closed."""

    can: ClassVar[Can] = (
        Can.REMEMBER | Can.REFUSE | Can.BE_AWAY | Can.RING | Can.RING_ALL | Can.HUSH | Can.TAKE_BACK | Can.DRAW
    )

    def __init__(self, synapse: Synapse, folder: Path) -> None:
        self.chat: Chat
        self.accounts: Mapping[int, str] = {}
        self._synapse, self._folder = synapse, folder
        self._people: dict[str, Human] = {}
        self._rooms: dict[str, str] = {}
        self._deployed: Deployment | None = None
        self._connected: Matrix | None = None
        self._open = contextlib.AsyncExitStack()

    @property
    def _bot(self) -> Deployment:
        assert self._deployed is not None
        return self._deployed

    @property
    def _matrix(self) -> Matrix:
        assert self._connected is not None
        return self._connected

    @classmethod
    async def begin(cls, synapse: Synapse, folder: Path) -> MatrixStage:
        """Let the people arrive and the bot log in."""
        stage = cls(synapse, folder)
        stage._deployed = await deploy(synapse, folder / "bot")
        for name in PEOPLE:
            await stage._human(name)
        stage.accounts = {number: stage._people[name].user_id for name, number in PEOPLE.items()}
        await enrol(stage._bot, {stage._people["Ana"]: "coordinator"})
        await stage._connect()
        return stage

    async def close(self) -> None:
        """End the bot and send everybody home."""
        await self._open.aclose()
        await self._bot.close()
        for human in self._people.values():
            await human.close()

    async def room(self, name: str) -> Destination:
        if name not in self._rooms:
            host, *others = (self._people[each] for each in PEOPLE)
            invited = [self._bot.user_id, *(human.user_id for human in others)]
            self._rooms[name] = await host.make_room(name, invite=invited)
            for human in others:
                await human.join(self._rooms[name])
            await self._sync()
            await self._sync()
        return destination("matrix", self._rooms[name], name, personal=False, accounts=self.accounts)

    async def person(self, name: str) -> Destination:
        user_id = (await self._human(name)).user_id
        return destination("matrix", user_id, name, personal=True, accounts=self.accounts)

    async def seen(self, to: Destination) -> list[Seen]:
        room_id, readers = to.address, [self._people[name] for name in PEOPLE]
        if to.reader.personal:
            readers = [self._people[to.name]]
            room_id = await self._direct_chat(readers[0])
        views = [self._folded(await self._heard(human, room_id), human) for human in readers]
        found = [await view for view in views]
        assert all(view == found[0] for view in found), "people in one room see different things"
        return found[0]

    async def left(self, to: Destination) -> int:
        human = self._people[to.name if to.reader.personal else "Ana"]
        room_id = await self._direct_chat(human) if to.reader.personal else to.address
        said = [event for event in await human.raw_timeline(room_id) if event["sender"] == self._bot.user_id]
        return len([event for event in said if event["type"] == "m.room.encrypted" and event["content"]])

    async def restart(self) -> None:
        await self._open.aclose()
        await self._connect()

    async def shut(self, to: Destination) -> None:
        if to.reader.personal:
            human = self._people[to.name]
            await human.leave(await self._direct_chat(human))
        else:
            kick = {"user_id": self._bot.user_id}
            await self._people["Ana"].ask("POST", f"/_matrix/client/v3/rooms/{to.address}/kick", kick)
        await self._sync()

    async def go_away(self) -> None:
        await asyncio.to_thread(self._synapse.stop)

    async def come_back(self) -> None:
        await asyncio.to_thread(self._synapse.start)

    async def _human(self, name: str) -> Human:
        if name not in self._people:
            self._people[name] = await Human.arrive(self._synapse, name, self._folder)
        return self._people[name]

    async def _connect(self) -> None:
        keyring = read_key_file(self._bot.folder / "dragoman.key")
        connection = connected(self._bot.folder / "matrix", keyring, self._bot.store, SystemClock())
        self._connected = await self._open.enter_async_context(connection)
        self._open.push_async_callback(self._matrix.close)
        self.chat = self._matrix.chat
        await self._sync()

    async def _sync(self) -> None:
        await self._matrix.sync_once(Nobody(), poll=0)

    async def _direct_chat(self, human: Human) -> str:
        """Give the direct chat that the bot opened with somebody, taken when they are invited."""
        await human.sync()
        for room_id in list(human.invitations):
            self._rooms[human.user_id] = room_id
            await human.join(room_id)
        return self._rooms.get(human.user_id, "")

    async def _heard(self, human: Human, room_id: str) -> list[Heard]:
        if not room_id:
            return []
        await human.sync()
        heard = await human.hear(room_id, 100, timeout=0)
        assert not human.unreadable(room_id)
        assert all(message.encrypted for message in heard)
        return [message for message in heard if message.sender == self._bot.user_id]

    async def _folded(self, heard: list[Heard], human: Human) -> list[Seen]:
        """Put files with the message that they came with."""
        seen: list[Seen] = []
        names = {account.user_id: name for name, account in self._people.items()}
        for message in heard:
            if message.msgtype == "m.file":
                files = {message.body: (await human.fetch_file(message)).decode()}
                seen[-1] = _with_files(seen[-1], files)
                continue
            seen.append(
                Seen(
                    message.body,
                    rings=frozenset(names[user] for user in message.mentions),
                    rings_all=message.room_mention,
                    quiet=message.msgtype == "m.notice",
                    markup=drawn(message.html),
                )
            )
        return seen


def drawn(markup: str | None) -> str | None:
    """Give what HTML shows, without the marks that keep a text from another direction in its place."""
    if markup is None:
        return None
    root = html.fromstring(f"<div>{markup}</div>")
    for line_break in root.iter("br"):
        line_break.tail = f"\n{line_break.tail or ''}"
    text = "".join(str(piece) for piece in root.itertext())
    return text.translate(dict.fromkeys(range(0x2066, 0x206A)))


def _with_files(seen: Seen, files: Mapping[str, str]) -> Seen:
    return Seen(seen.text, seen.rings, seen.rings_all, seen.quiet, {**seen.files, **files}, seen.markup)
