"""Commands that wait for their files: a few fetched at once, none lost, nobody kept waiting by somebody else."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nio.crypto.attachments import encrypt_attachment

from bot.adapters.matrix import fetching
from bot.adapters.matrix.fetching import AT_ONCE, PER_SENDER, Fetching
from bot.adapters.matrix.homeserver import Away, Homeserver, TokenRevoked
from bot.adapters.matrix.sealed import SealedStore
from bot.invocation import Attachment, Invocation
from storage.cipher import Keyring
from storage.trouble import DatabaseTrouble

ANA, LUIS = "@ana:example.org", "@luis:example.org"
NOON = dt.datetime(2024, 2, 6, 12, tzinfo=dt.UTC)
CONTENT = b"Article 1"
SEALED, _KEYS = encrypt_attachment(CONTENT)
FILE = {"name": "a.txt", "url": "mxc://x/a", "key": _KEYS["key"]["k"], "hash": _KEYS["hashes"]["sha256"],
        "iv": _KEYS["iv"]}  # fmt: skip


class Shelf(Homeserver):
    """A server whose files come when a test says so, or not."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9")
        self.open, self.at_once, self.most, self.asked = asyncio.Event(), 0, 0, 0
        self.problem: Exception | None = None

    async def download(self, address: str, most: int) -> bytes | None:
        self.asked += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await self.open.wait()
        finally:
            self.at_once -= 1
        if self.problem is not None:
            raise self.problem
        return bytes(SEALED)


class Core:
    """Takes commands, or has trouble as often as a test says."""

    def __init__(self) -> None:
        self.taken: list[Invocation] = []
        self.troubles = 0

    async def receive(self, invocation: Invocation) -> None:
        if self.troubles:
            self.troubles -= 1
            raise DatabaseTrouble("full", "FULL")
        self.taken.append(invocation)

    @property
    def names(self) -> list[str]:
        return [invocation.event_id for invocation in self.taken]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SealedStore]:
    """Give an empty store, and patience of a moment."""
    monkeypatch.setattr(fetching, "FETCH_AGAIN", (0, 0))
    monkeypatch.setattr(fetching, "RECEIVE_AGAIN", 0.0)
    store = SealedStore(tmp_path / "matrix" / "matrix.db", Keyring([bytes(32)]))
    yield store
    store.close()


def added(name: str, sender: str = ANA) -> Invocation:
    """Make a `draft add` whose file is not there yet."""
    return Invocation(name, "matrix", sender, "draft add", NOON, origin={"room": "!r:x"}, vouched=False)


def play(store: SealedStore, scene: Callable[[Fetching, Shelf, Core], Awaitable[None]]) -> Core:
    """Play a scene with what is in the store, then close as a stop does, and give what the core took."""

    async def run() -> Core:
        shelf, core = Shelf(), Core()
        files = Fetching(shelf, store, core.receive)
        await scene(files, shelf, core)
        await files.close()
        return core

    return asyncio.run(run())


async def until(happened: Callable[[], bool]) -> None:
    """Wait for something, not for long."""
    async with asyncio.timeout(5):
        while not happened():
            await asyncio.sleep(0.01)


def test_a_command_arrives_with_its_file_and_as_it_was(store: SealedStore) -> None:
    """Taking it does not wait for the file; nothing of it is left in the store."""

    async def scene(files: Fetching, shelf: Shelf, core: Core) -> None:
        await files.take(added("$1"), FILE)
        assert core.taken == []
        shelf.open.set()
        await until(lambda: bool(core.taken))

    expected = replace(added("$1"), attachments=(Attachment("a.txt", CONTENT),))
    assert play(store, scene).taken == [expected]
    assert store.all("pending") == {}


def test_a_few_at_once(store: SealedStore) -> None:
    """The others wait for their turn, and get it."""
    names = [f"${n}" for n in range(2 * AT_ONCE)]

    async def scene(files: Fetching, shelf: Shelf, core: Core) -> None:
        for name in names:
            await files.take(added(name), FILE)
        await until(lambda: shelf.at_once == AT_ONCE)
        shelf.open.set()
        await until(lambda: len(core.taken) == len(names))
        assert shelf.most == AT_ONCE

    assert sorted(play(store, scene).names) == names


def test_one_sender_does_not_fill_the_queue(store: SealedStore) -> None:
    """Beyond a bound their commands arrive without files; another's is fetched."""

    async def scene(files: Fetching, shelf: Shelf, core: Core) -> None:
        for n in range(PER_SENDER + 1):
            await files.take(added(f"${n}"), FILE)
        assert [(row.event_id, row.attachments) for row in core.taken] == [(f"${PER_SENDER}", ())]
        await files.take(added("$luis", LUIS), FILE)
        shelf.open.set()
        await until(lambda: "$luis" in core.names)

    assert all(row.attachments for row in play(store, scene).taken[1:])


def test_what_a_stop_left_is_fetched_after_the_next_start(store: SealedStore) -> None:
    """In the order it was said; and heard again, because the mark had not moved, it is still one."""

    async def cut_off(files: Fetching, shelf: Shelf, _: Core) -> None:
        for n, name in enumerate(("$b", "$a")):
            await files.take(replace(added(name), said_at=NOON + dt.timedelta(seconds=n)), FILE)
        await until(lambda: shelf.at_once == 2)

    async def go_on(files: Fetching, shelf: Shelf, core: Core) -> None:
        await files.take(added("$a"), FILE)
        files.go_on()
        shelf.open.set()
        await until(lambda: len(core.taken) == 2)

    assert play(store, cut_off).taken == []
    assert list(store.all("pending")) != []
    assert sorted(play(store, go_on).names) == ["$a", "$b"]
    assert store.all("pending") == {}


@pytest.mark.parametrize(
    ("problem", "file", "tries"),
    [(Away("http-502"), FILE, 3), (ValueError("no file"), FILE, 1), (None, {**FILE, "hash": "A" * 43}, 1)],
)
def test_what_cannot_be_had(store: SealedStore, problem: Exception | None, file: dict[str, Any], tries: int) -> None:
    """The command arrives without it, and is answered; a server that is away is asked a few times."""

    async def scene(files: Fetching, shelf: Shelf, core: Core) -> None:
        shelf.problem = problem
        shelf.open.set()
        await files.take(added("$1"), file)
        await until(lambda: bool(core.taken))
        assert shelf.asked == tries

    assert play(store, scene).taken == [added("$1")]


def test_a_database_in_trouble(store: SealedStore) -> None:
    """The command is given again until it is taken, the file fetched once."""

    async def scene(files: Fetching, shelf: Shelf, core: Core) -> None:
        core.troubles = 3
        shelf.open.set()
        await files.take(added("$1"), FILE)
        await until(lambda: bool(core.taken))
        assert shelf.asked == 1

    assert play(store, scene).names == ["$1"]


def test_a_device_that_was_logged_out(store: SealedStore) -> None:
    """The command stays for the next start, is not asked for again and again, and others go on."""

    async def scene(files: Fetching, shelf: Shelf, core: Core) -> None:
        shelf.problem = TokenRevoked(401, "M_UNKNOWN_TOKEN", {})
        shelf.open.set()
        await files.take(added("$1"), FILE)
        await asyncio.sleep(0.1)
        assert shelf.asked == 1
        shelf.problem = None
        await files.take(added("$2"), FILE)
        await until(lambda: bool(core.taken))

    assert play(store, scene).names == ["$2"]
    assert list(store.all("pending")) == ["$1"]
