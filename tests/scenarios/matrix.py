"""Scenarios on Matrix: each speaker is a person with a client of their own, on a real homeserver.

What a line says is said in the speaker's encrypted direct chat with Dragoman or in an encrypted room; what appears is
what the clients of those it is for received and decrypted, in the order in which it was sent. Dragoman runs in this
process and takes one step after each line. Its clock is the scenario's, while the server's runs on, so the time at
which something was said is taken from the scenario.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.adapters.console import ConsoleChat
from bot.adapters.matrix.connection import Matrix, connected
from bot.adapters.matrix.login import Credentials, House, log_in
from bot.app import build
from bot.clock import SimulatedClock, SystemClock
from bot.engine import Engine
from bot.invocation import Invocation
from bot.message import Message
from bot.ports import Chat, Destination
from storage.cipher import read_key_file
from storage.work import Store
from tests.fakes.heard import Message as Heard
from tests.fakes.human import Human
from tests.fakes.synapse import Synapse
from tests.scenarios.transports import member_account, turned_to

PASSWORD = "only for a test"
PATIENCE = 10.0
"""How many seconds a message may take from one client to the other."""
A_WEEK = dt.timedelta(days=7)
"""How long clients use a key."""
MARKS = ("!", "/")


@dataclass
class Cast:
    """The people of all scenarios, by name; each has an account from their first line on, and a signed device."""

    synapse: Synapse
    folder: Path
    people: dict[str, Human] = field(default_factory=dict)

    async def person(self, name: str) -> Human:
        """Give somebody, whatever the case of their name."""
        if name.casefold() not in self.people:
            human = self.people[name.casefold()] = await Human.arrive(self.synapse, name, self.folder)
            await human.cross_sign()
        return self.people[name.casefold()]

    def name(self, user_id: str) -> str:
        """Give the name of somebody's account, in small letters."""
        return next(name for name, human in self.people.items() if human.user_id == user_id)

    async def go_home(self) -> None:
        """Close every session."""
        for human in self.people.values():
            await human.close()


@dataclass(frozen=True)
class Sent:
    """A message that left: whom for, and which event it became."""

    to: Destination
    event_id: str


@dataclass(frozen=True)
class Erased:
    """What was said to somebody was taken back; the line says so as the console does."""

    to: Destination
    line: str


@dataclass
class NotingChat:
    """Sends as the chat beneath, and notes what became of it."""

    chat: Chat
    sent: list[Sent | Erased] = field(default_factory=list)

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        event_id = await self.chat.send(to, message, key)
        self.sent.append(Sent(to, str(event_id)))
        return event_id

    async def erase(self, to: Destination, since: dt.datetime) -> None:
        await self.chat.erase(to, since)
        self.sent.append(Erased(to, await erased_line(to, since)))

    async def forget(self, account: str) -> None:
        await self.chat.forget(account)

    async def leave(self, room: str) -> None:
        await self.chat.leave(room)

    async def fetch(self, where: str, most: int) -> bytes | None:
        return await self.chat.fetch(where, most)


async def erased_line(to: Destination, since: dt.datetime) -> str:
    """Give the line by which the console says that messages were taken back."""
    lines: list[str] = []
    await ConsoleChat(lines.append).erase(to, since)
    return lines[0]


class Serving:
    """A Dragoman at work; for the console that steers a scenario it is the core, for Matrix what hears."""

    def __init__(self, matrix: Matrix, store: Store, clock: SimulatedClock) -> None:
        self.matrix, self.store, self.clock = matrix, store, clock
        self.chat = NotingChat(matrix.chat)
        self.engine: Engine = build(store, clock, {"matrix": self.chat})
        self.heard: set[str] = set()

    async def receive(self, invocation: Invocation) -> None:
        """Take what came over Matrix, said when the scenario says it."""
        self.heard.add(invocation.event_id)
        await self.engine.receive(replace(invocation, said_at=self.clock.now()))

    def wake(self) -> None:
        self.engine.wake()

    async def sync(self) -> None:
        """Take in what the homeserver has now."""
        await self.matrix.sync_once(self, poll=0)

    async def hear(self, event_id: str) -> None:
        """Sync until something that was said is there."""
        async with asyncio.timeout(PATIENCE):
            while event_id not in self.heard:
                await self.sync()

    async def enter(self) -> None:
        """Take an invitation, then the state of the room."""
        await self.sync()
        await self.sync()


class OnMatrix:
    """One scenario on Matrix."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._me = ""
        self._folder = Path()
        self._rooms: dict[str, str] = {}
        """The ids of rooms, by name."""
        self._inside: dict[str, list[tuple[Human, int]]] = {}
        """Who is in a room besides Dragoman, and after how many messages they began to read; its maker is the first."""
        self._shown: dict[str, list[str]] = {}
        """What was shown in a room, as whoever made it read it."""
        self._direct: dict[str, str] = {}
        """The room of somebody's direct chat, by user id."""
        self._host: Human | None = None
        self._answered = False
        self._keys_since: dt.datetime | None = None
        """Since when, by the scenario's clock, people's clients use the keys that they use."""
        self._serving: Serving | None = None
        self._later: list[Sent] = []
        """What was sent since the last line."""
        self._open = contextlib.AsyncExitStack()

    async def set_up(self, folder: Path, coalition: Path) -> Path:
        self._folder = folder
        if not self._me:
            self._me = await self._log_in(folder)
        written = coalition.read_text("utf-8")
        tables = tomllib.loads(written)
        accounts = {row["name"]: (await self._cast.person(row["name"])).user_id for row in tables["members"]}
        people = [self._cast.people[name.casefold()] for name in accounts]
        self._host = people[next(n for n, row in enumerate(tables["members"]) if row["role"] == "coordinator")]
        for row in tables["rooms"]:
            # The others come when they speak: with all of them in it from the start, a scenario takes long.
            await self._make_room(self._host, row["name"], [human for human in people if human is not self._host][:1])
        copy = folder / coalition.name
        copy.write_text(with_accounts(written, coalition.parent, accounts, self._rooms), "utf-8")
        return copy

    async def open(self, store: Store, clock: SimulatedClock) -> OnMatrix:
        self._renew_keys(clock.now())
        keyring = read_key_file(self._folder / "dragoman.key")
        servers = (self._cast.synapse.server_name,)
        matrix = await self._open.enter_async_context(
            connected(self._folder / "matrix", keyring, store, clock, servers)
        )
        self._open.push_async_callback(matrix.close)
        matrix.chat.buttons = False
        self._serving = Serving(matrix, store, clock)
        for room_id, [(host, _), *_] in self._inside.items():
            if self._me not in await host.members(room_id):
                await host.invite(room_id, self._me)
        await self._serving.enter()
        return self

    async def turn_to(self, coalition: str) -> str | None:
        turned = await turned_to(self._at_work.store, self._at_work.clock, coalition)
        if turned is not None:
            await self.settle()
        return turned

    async def account_of(self, coalition: str | None, alias: str) -> str | None:
        """Give the account of the member of that alias, whatever they were called before."""
        return await member_account(self._at_work.store, "matrix", coalition, alias)

    def expect(self, *, answered: bool) -> None:
        self._answered = answered

    async def receive(self, invocation: Invocation) -> None:
        """Have somebody say what the console would take from them."""
        known = invocation.sender.startswith("@")
        human = await self._cast.person(self._cast.name(invocation.sender) if known else invocation.sender_name)
        room_id = await self._room(human, invocation.place) if invocation.place else await self._direct_chat(human)
        words = invocation.words
        if invocation.place and self._answered and not words.startswith(MARKS):
            words = f"!{words}"  # in a room, the console alone takes a command for one without its mark
        for file in invocation.attachments:
            await human.send_file(room_id, file.name, file.content)
        said = await human.say(room_id, words)
        if not invocation.place or words.startswith(MARKS):
            await self._at_work.hear(said)
        else:
            await self._at_work.sync()

    async def settle(self) -> None:
        """Do everything that is due now."""
        await self._at_work.engine.settle()

    async def advance(self, clock: SimulatedClock, moment: dt.datetime) -> None:
        """Move the clock, doing what is due on the way."""
        await self._at_work.engine.advance(clock, moment)
        self._renew_keys(moment)

    def _renew_keys(self, now: dt.datetime) -> None:
        """Let people's clients use new keys after a week by the scenario's clock, as they do by their own."""
        self._keys_since = self._keys_since or now
        if now - self._keys_since >= A_WEEK:
            self._keys_since = now
            for human in self._cast.people.values():
                human.vault.begin_anew()

    async def appeared(self) -> list[str]:
        if self._serving is None:
            return []
        sent, self._serving.chat.sent = self._serving.chat.sent, []
        self._later = [each for each in sent if isinstance(each, Sent)]
        return [await self._read(each) for each in sent]

    async def close(self) -> None:
        self._serving = None
        await self._open.aclose()
        for user_id, room_id in self._direct.items():
            await self._all_taken(self._cast.people[self._cast.name(user_id)], room_id)
        for room_id, people in self._inside.items():
            for human, before in people:
                await self._same(human, room_id, self._shown[room_id][before:])
            self._inside[room_id] = [(human, len(self._shown[room_id])) for human, _ in people]

    @property
    def _at_work(self) -> Serving:
        assert self._serving is not None
        return self._serving

    async def _log_in(self, folder: Path) -> str:
        synapse = self._cast.synapse
        user_id = await asyncio.to_thread(
            synapse.register, synapse.unused("dragoman"), PASSWORD, display_name="Dragoman"
        )
        now = int(SystemClock().now().timestamp() * 1000)
        house = House(folder / "matrix", read_key_file(folder / "dragoman.key"), now)
        await log_in(house, Credentials(synapse.url, user_id, PASSWORD), lambda _: None)
        return user_id

    async def _make_room(self, host: Human, name: str, others: list[Human]) -> str:
        room_id = await host.make_room(name, invite=[human.user_id for human in others])
        for human in others:
            await human.join(room_id)
        self._rooms[name], self._shown[room_id] = room_id, []
        self._inside[room_id] = [(human, 0) for human in (host, *others)]
        return room_id

    async def _room(self, human: Human, name: str) -> str:
        """Give a room by its name, made and entered where need be."""
        if name not in self._rooms:
            assert self._host is not None
            room_id = await self._make_room(self._host, name, [human] if human is not self._host else [])
            await self._host.invite(room_id, self._me)
            await self._at_work.enter()
        room_id = self._rooms[name]
        inside = self._inside[room_id]
        if human not in [one for one, _ in inside]:
            await inside[0][0].invite(room_id, human.user_id)
            await human.join(room_id)
            inside.append((human, len(self._shown[room_id])))
        return room_id

    async def _direct_chat(self, human: Human) -> str:
        """Give somebody's direct chat with Dragoman: the one it opened, or else one of their own."""
        await self._accept(human)
        known = self._direct.get(human.user_id)
        if known is None or self._me not in await human.members(known):  # it leaves those whom it forgets
            self._direct[human.user_id] = await human.direct_chat(self._me)
            await self._at_work.enter()
        return self._direct[human.user_id]

    async def _accept(self, human: Human) -> None:
        if human.user_id not in self._direct:
            await human.sync()
            for room_id in list(human.invitations):
                await human.join(room_id)
                self._direct[human.user_id] = room_id

    async def _read(self, sent: Sent | Erased) -> str:
        """Give a message as the console shows it, with the name of whom it is for."""
        if isinstance(sent, Erased):
            await self._see_erased(self._cast.people[self._cast.name(sent.to.address)])
            return sent.line
        if not sent.to.reader.personal:
            room_id = sent.to.address
            text = await self._text(self._inside[room_id][0][0], room_id, sent)
            self._shown[room_id].append(text)
            return f"[#{sent.to.name}] {text}"
        human = self._cast.people[self._cast.name(sent.to.address)]
        await self._accept(human)
        known = sent.to.name != sent.to.address
        name = sent.to.name if known else self._cast.name(sent.to.address)
        return f"[@{name}] {await self._text(human, self._direct[human.user_id], sent)}"

    async def _see_erased(self, human: Human) -> None:
        """See that somebody's direct chat has nothing of Dragoman's any more, but what was said after that."""
        room_id = self._direct.get(human.user_id)
        later = {each.event_id for each in self._later}
        for event in await human.raw_timeline(room_id) if room_id is not None else ():
            said = event["sender"] == self._me and event["type"] == "m.room.encrypted"
            assert not said or not event["content"] or event["event_id"] in later, "it was not taken back"

    async def _text(self, human: Human, room_id: str, sent: Sent | None = None) -> str:
        """Give the next message of a room as one of its people reads it, with the files that come with it."""
        heard = await self._next(human, room_id)
        assert sent is None or heard.event_id == sent.event_id, "it came twice, or not in the order it was sent in"
        assert heard.encrypted
        text = heard.body
        for name in [line.removeprefix("File: ") for line in text.split("\n") if line.startswith("File: ")]:
            file = await self._next(human, room_id)
            assert (file.msgtype, file.body) == ("m.file", name)
            content = (await human.fetch_file(file)).decode()
            text = text.replace(f"File: {name}", f"{name}:\n{content}".rstrip("\n"))
        # Whoever is known on Matrix alone is discreet, which a console does not know of.
        return text.replace(", discreet", "").replace("\n", "\n    ")

    async def _next(self, human: Human, room_id: str) -> Heard:
        """Give Dragoman's next message in a room; what people say there among themselves is passed over."""
        while True:
            [heard] = await human.hear(room_id, timeout=PATIENCE)
            if heard.sender == self._me:
                return heard

    async def _same(self, human: Human, room_id: str, shown: list[str]) -> None:
        """See that one of a room's people read there what was shown, and no more; its first has read it already."""
        if human is not self._inside[room_id][0][0]:
            assert [await self._text(human, room_id) for _ in shown] == shown
        await self._all_taken(human, room_id)

    async def _all_taken(self, human: Human, room_id: str) -> None:
        more = [heard for heard in await human.hear(room_id, 100, timeout=0) if heard.sender == self._me]
        assert not more, "more appeared than was sent"


def with_accounts(
    file: str, folder: Path, accounts: Mapping[str, str], rooms: Mapping[str, str], platform: str = "matrix"
) -> str:
    """Give the text of a coalition's file with a platform's ids of its people and rooms; `folder` is where it stood."""
    ids: Mapping[str, str] = {}
    lines: list[str] = []
    for line in file.split("\n"):
        if line.startswith("["):
            ids = {"[[members]]": accounts, "[[rooms]]": rooms}.get(line.strip(), {})
        key, _, value = line.partition(" = ")
        value = value.strip().strip('"')
        lines.append(f'{key} = "{(folder / value).resolve()}"' if key == "file" else line)
        if key == "name" and value in ids:
            lines.append(f'{platform} = "{ids[value]}"')
    return "\n".join(lines)
