"""What the sync must tell, or take, outlives crashes, a full disk and a database that is away."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.matrix.crosssigning import Identity, device_signing_upload
from bot.adapters.matrix.devices import Devices
from bot.adapters.matrix.encryption import Clear, Encryption
from bot.adapters.matrix.homeserver import Away, Homeserver
from bot.adapters.matrix.news import News
from bot.adapters.matrix.person import Device
from bot.adapters.matrix.rooms import ALGORITHM, Room, Rooms
from bot.adapters.matrix.sealed import SealedStore, StoreProblem
from bot.adapters.matrix.sync import Sync
from bot.clock import SimulatedClock
from storage.cipher import Keyring
from storage.trouble import DatabaseTrouble
from tests.conftest import NOW

ME, ANA, EVE = "@dragoman:example.org", "@ana:example.org", "@eve:example.org"
ROOM = "!r:example.org"
OLM = "m.olm.v1.curve25519-aes-sha2"
SEEDS = Identity(*(bytes([n] * 32) for n in range(3)))
Json = dict[str, Any]


class Answering(Homeserver):
    """A homeserver that answers by path; what it has no answer for is away."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9")
        self.answers: dict[str, Json] = {"/devices": {"devices": [{"device_id": "BOT"}]}}
        self.say_identity(SEEDS)

    def say_identity(self, identity: Identity) -> None:
        """Tell of an identity of the bot's own account."""
        body = device_signing_upload(identity, ME)
        self.answers["/keys/query"] = {
            "device_keys": {},
            "master_keys": {ME: body["master_key"]},
            "self_signing_keys": {ME: body["self_signing_key"]},
        }

    async def ask(self, method: str, path: str, *_: Any, **__: Any) -> Json:
        if path not in self.answers:
            raise Away("none")
        return self.answers[path]


class Failing(SealedStore):
    """A store on a disk that fails for some kinds of values."""

    fails: tuple[str, ...] = ()

    def get(self, kind: str, name: str) -> Any | None:
        if kind in self.fails:
            raise StoreProblem("full")
        return super().get(kind, name)


class Listening:
    """Notes what it hears, or fails as when the database is away."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.fails = False
        self.somebody = True

    def _note(self, what: Any) -> None:
        if self.fails:
            raise DatabaseTrouble("away")
        self.heard.append(what)

    async def message(self, room: Room, event: Mapping[str, Any], clear: Clear) -> None:
        self._note("message")

    async def open_message(self, room: Room, event: Mapping[str, Any]) -> None:
        self._note("open")

    async def unreadable(self, room: Room, event: Mapping[str, Any]) -> None:
        self._note("unreadable")

    async def invited(self, room: Room, inviter: str) -> None:
        self._note("invited")

    async def came(self, room: Room, users: list[str]) -> None:
        if users:
            self._note(users)

    async def went(self, room: Room, users: list[str]) -> None:
        """Not of interest."""

    async def missed(self, room: Room, before: int, mark: str) -> None:
        self._note("missed")

    async def gone(self, room: Room) -> None:
        self._note("gone")

    async def moved(self, room: Room) -> None:
        self._note("moved")

    async def learnt(self, news: News) -> bool:
        if self.somebody:
            self._note((news.what, news.mark))
        return self.somebody


class Bench:
    """A sync on one store, which may crash and start anew."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.server, self.hearer = folder, Answering(), Listening()
        self.clock = SimulatedClock(NOW)
        self.start()
        self.store.put("identity", "seeds", SEEDS.to_data())

    def start(self) -> None:
        """Begin with nothing but what is on disk."""
        self.store = Failing(self.folder / "matrix" / "matrix.db", Keyring([bytes(32)]))
        self.rooms, self.devices = Rooms(ME, self.store), Devices(ME, self.store)
        self.encryption = Encryption(ME, "BOT", self.devices, self.store, "pickle")
        self.sync = Sync(self.server, self.store, self.rooms, self.devices, self.encryption, self.hearer, self.clock, 0)

    def crash(self) -> None:
        """Lose what is in memory."""
        self.store.close()
        self.hearer.fails = False
        self.start()

    def take(self, mark: str, **sections: Any) -> None:
        """Sync once, and be told this."""
        self.server.answers["/sync"] = {"next_batch": mark, **sections}
        self.clock.advance_to(self.clock.now() + dt.timedelta(minutes=10))
        asyncio.run(self.sync.once())

    @property
    def mark(self) -> str | None:
        """Give where the sync goes on."""
        return self.store.get("sync", "token")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Give a sync in a room with Ana."""
    bench = Bench(tmp_path)
    bench.take("1", rooms=timeline(member(ME), member(ANA)))
    assert (bench.hearer.heard, bench.mark) == ([], "1")
    return bench


def member(user: str, membership: str = "join") -> Json:
    """Make the state event of a membership."""
    return {"type": "m.room.member", "state_key": user, "sender": user, "content": {"membership": membership}}


def timeline(*events: Json, section: str = "join") -> Json:
    """Give the rooms of a sync in which these events happened."""
    return {section: {ROOM: {"timeline": {"events": list(events)}}}}


def sealed_event() -> Json:
    """Make an encrypted message of Ana's."""
    content = {"algorithm": ALGORITHM, "session_id": "s", "ciphertext": "c"}
    common = {"type": "m.room.encrypted", "sender": ANA, "event_id": "$1", "origin_server_ts": 10**12}
    return {**common, "content": content}


def test_a_newcomer_is_told_after_a_crash(bench: Bench) -> None:
    """Also when the room was saved with them before anybody had been told."""
    bench.hearer.fails = True
    with pytest.raises(DatabaseTrouble):
        bench.take("2", rooms=timeline(member(EVE)))
    room = bench.rooms.get(ROOM)
    assert room is not None
    bench.rooms.save(room)
    bench.crash()
    bench.take("2", rooms=timeline(member(EVE)))
    assert (bench.hearer.heard, bench.mark) == ([[EVE]], "2")
    bench.crash()
    bench.take("3", rooms=timeline(member(EVE)))
    assert bench.hearer.heard == [[EVE]]


def test_those_who_were_there_first_are_not_newcomers(tmp_path: Path) -> None:
    """A crash before the first sync of a room was taken in to its end changes nothing in that."""
    bench = Bench(tmp_path)
    first = timeline(member(ME), member(ANA), {**sealed_event(), "type": "m.room.message"})
    bench.hearer.fails = True
    with pytest.raises(DatabaseTrouble):
        bench.take("1", rooms=first)
    room = bench.rooms.open(ROOM)
    bench.rooms.save(room)
    bench.crash()
    bench.take("1", rooms=first)
    assert bench.hearer.heard == ["open"]


def test_put_out_of_a_room_is_told_after_a_crash(bench: Bench) -> None:
    """That the bot left is kept once it was told, not before."""
    bench.hearer.fails = True
    with pytest.raises(DatabaseTrouble):
        bench.take("2", rooms=timeline(member(ME, "leave"), section="leave"))
    bench.crash()
    bench.take("2", rooms=timeline(member(ME, "leave"), section="leave"))
    assert bench.hearer.heard == ["gone"]
    assert bench.rooms.get(ROOM) is None


def test_news_are_told_until_somebody_heard(bench: Bench) -> None:
    """Another device on the account: told after a crash, and once there is somebody to tell; then never again."""
    bench.server.answers["/devices"] = {"devices": [{"device_id": "BOT"}, {"device_id": "SPY"}]}
    bench.hearer.somebody = False
    bench.take("2", device_lists={"changed": [ME]})
    assert bench.hearer.heard == []
    bench.hearer.somebody = bench.hearer.fails = True
    with pytest.raises(DatabaseTrouble):
        bench.take("3")
    bench.crash()
    for mark in ("4", "5"):
        bench.take(mark, device_lists={"changed": [ME]})
    assert bench.hearer.heard == [("own-device", "SPY")]


def test_news_are_told_while_keys_cannot_be_had(bench: Bench) -> None:
    """A server that answers no questions about keys keeps nothing from being told that is known already."""
    bench.server.answers["/devices"] = {"devices": [{"device_id": "SPY"}]}
    bench.hearer.somebody = False
    bench.take("2", device_lists={"changed": [ME]})
    bench.hearer.somebody = True
    del bench.server.answers["/keys/query"]
    bench.take("3", device_lists={"changed": [ME, ANA]})
    assert bench.hearer.heard == [("own-device", "SPY")]


def test_an_identity_of_the_bots_that_it_did_not_make(bench: Bench) -> None:
    """Replaced or gone is told, at the start or when it happens; its own again is not."""
    other = Identity(*(bytes([n + 9] * 32) for n in range(3)))
    bench.server.say_identity(other)
    bench.crash()
    bench.take("2")
    bench.take("3", device_lists={"changed": [ME]})
    bench.server.say_identity(SEEDS)
    bench.take("4", device_lists={"changed": [ME]})
    bench.server.answers["/keys/query"] = {"device_keys": {}}
    bench.take("5", device_lists={"changed": [ME]})
    assert bench.hearer.heard == [("own-identity", other.public(ME).master), ("own-identity", "gone")]


@pytest.mark.parametrize(
    "devices", [5, None, [5, {}, {"device_id": 5}, {"device_id": "\ud800"}], [{"device_id": "BOT"}]]
)
def test_a_list_of_devices_that_is_none(bench: Bench, devices: Any) -> None:
    """Whatever a server answers, the bot goes on hearing."""
    bench.server.answers["/devices"] = {"devices": devices}
    bench.server.answers["/keys/query"]["device_keys"] = {ME: {"\ud801": 5}} if devices else 5
    bench.take("2", device_lists={"changed": [ME]})
    bench.take("3", device_lists={"changed": [ME]})
    assert bench.mark == "3"


def test_a_server_that_makes_devices_up(bench: Bench) -> None:
    """It cannot drown the coordinators in alarms."""
    bench.server.answers["/devices"] = {"devices": [{"device_id": f"D{n}"} for n in range(1000)]}
    bench.take("2", device_lists={"changed": [ME]})
    assert len(bench.hearer.heard) == 5


def test_a_strangers_devices_are_told_once_they_are_a_members(bench: Bench) -> None:
    """Nobody is concerned with a stranger; what is true when somebody is, is told."""
    spy = asdict(Device("SPY", "e", "c"))
    bench.store.put("person", ANA, {"master": "m", "changed": False, "devices": {"SPY": spy}})
    bench.crash()
    news = bench.devices.news
    news.add(News(ANA, "unsigned", "old", 2))
    news.add(News(ANA, "unsigned", "e", 1))
    news.add(News(ANA, "identity", "taken back"))
    bench.hearer.somebody = False
    bench.take("2")
    assert news.pending() == [News(ANA, "unsigned", "e", 1)]
    bench.hearer.somebody = True
    bench.take("3")
    assert (bench.hearer.heard, news.pending()) == ([("unsigned", "e")], [])


def test_a_device_that_only_others_are_shown(bench: Bench) -> None:
    """What the server lists with the account's keys counts, also where it does not list it to the account."""
    bench.server.answers["/keys/query"]["device_keys"] = {ME: {"BOT": {}, "SPY": {}}}
    bench.take("2", device_lists={"changed": [ME]})
    assert bench.hearer.heard == [("own-device", "SPY")]


class FullDisk:
    """nio's machine when nothing can be kept."""

    def handle_to_device_event(self, event: object) -> None:
        raise StoreProblem("full")


def test_a_full_disk_loses_no_room_key(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be kept is not skipped: the mark stays, and the server sends it again."""
    body = {"algorithm": OLM, "sender_key": "A" * 43, "ciphertext": {"B" * 43: {"type": 0, "body": "AwogAAAA"}}}
    event = {"type": "m.room.encrypted", "sender": ANA, "content": body}
    monkeypatch.setattr(bench.encryption, "olm", FullDisk())
    with pytest.raises(StoreProblem):
        bench.take("2", to_device={"events": [event]})
    assert bench.mark == "1"


def test_a_damaged_store_loses_no_message(bench: Bench) -> None:
    """A message whose key cannot be read from disk is not skipped, nor is one that waits for its key."""
    bench.store.fails = ("inbound",)
    with pytest.raises(StoreProblem):
        bench.take("2", rooms=timeline(sealed_event()))
    assert bench.mark == "1"
    bench.store.put("waiting", "$1", {"room": ROOM, "event": sealed_event(), "told": True})
    bench.crash()
    bench.store.fails = ("inbound",)
    with pytest.raises(StoreProblem):
        bench.take("2")
    assert list(bench.store.all("waiting")) == ["$1"]
