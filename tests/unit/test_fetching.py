"""Files that still lie with the platform: fetched before the command is worked on, and nobody else waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlmodel import select

from bot.app import build
from bot.engine import Engine
from bot.fetching import AT_ONCE, MOST_FETCHED, takes_file
from bot.invocation import Enclosed, Invocation
from bot.ports import SendLater, SendRefused
from storage.tables import Draft, Inbox, InboxState
from tests.conftest import PLATFORM, World
from tests.fakes.chat import RecordingChat

ADD = "draft add A/1"
TREATY = b"Article 1\n\nStates shall do this.\n\nArticle 2\n\nStates shall do that.\n"
NO_FILE = "I could not fetch the file: it is gone, or larger than 20 MB. Attach it again."


@pytest.fixture
def engine(world: World) -> Engine:
    """Give an engine with a chat that files can be fetched from."""
    return build(world.store, world.clock, {PLATFORM: world.chat})


def adding(world: World, words: str = ADD, where: str = "file") -> Invocation:
    """Make a command with a file that is still elsewhere."""
    return world.saying("Ana", words, enclosed=(Enclosed("treaty.txt", where),))


def states(world: World) -> list[InboxState]:
    """Give the states of all that came in."""
    return world.read(lambda work: [row.state for row in work.exec(select(Inbox))])


def drafts(world: World) -> int:
    """Count the drafts that were received."""
    return world.read(lambda work: len(work.rows(Draft)))


def test_an_invocation_keeps_what_is_enclosed(world: World) -> None:
    """What is kept in the inbox comes back as it was."""
    said = adding(world)
    assert Invocation.from_data(said.to_data()) == said


def test_the_file_is_fetched_and_read(world: World, engine: Engine) -> None:
    """The draft is previewed as if the file had come with the words."""
    world.chat.files["file"] = TREATY
    world.run(engine.receive(adding(world)))
    assert states(world) == [InboxState.FETCHING]
    world.run(engine.settle())
    assert states(world) == [InboxState.DONE]
    assert drafts(world) == 1
    assert "A/1" in world.chat.texts()[0]


@pytest.mark.parametrize("found", [None, SendRefused("gone"), b"x" * (MOST_FETCHED + 1)])
def test_a_file_that_cannot_be_had_is_told(world: World, engine: Engine, found: bytes | BaseException | None) -> None:
    """The command goes on without it, and says so."""
    if found is not None:
        world.chat.files["file"] = found
    world.run(engine.receive(adding(world)))
    world.run(engine.settle())
    assert world.chat.texts() == [NO_FILE]
    assert states(world) == [InboxState.DONE]


@pytest.mark.parametrize("trouble", [SendLater("away"), TimeoutError(), OSError()])
def test_what_may_pass_is_tried_again_for_ten_minutes(world: World, engine: Engine, trouble: Exception) -> None:
    """A server that is away for a while costs nothing; one that stays away is told."""
    world.chat.files["file"] = trouble
    world.run(engine.receive(adding(world)))
    world.run(engine.settle())
    world.pass_time(minutes=9)
    world.run(engine.settle())
    assert states(world) == [InboxState.FETCHING]
    world.pass_time(minutes=1)
    world.run(engine.settle())
    assert world.chat.texts() == [NO_FILE]


def test_a_file_that_comes_back_is_taken(world: World, engine: Engine) -> None:
    """After a trouble the next try counts."""
    world.chat.files["file"] = SendLater("limited", 5)
    world.run(engine.receive(adding(world)))
    world.run(engine.settle())
    world.chat.files["file"] = TREATY
    world.run(engine.settle())
    assert drafts(world) == 0
    world.pass_time(seconds=5)
    world.run(engine.settle())
    assert drafts(world) == 1


def test_other_commands_fetch_nothing(world: World, engine: Engine) -> None:
    """A file beside words that take none is let be."""
    world.chat.files["file"] = AssertionError("fetched")
    world.run(engine.receive(adding(world, "my quiet off")))
    assert states(world) == [InboxState.WAITING]
    world.run(engine.settle())
    assert world.chat.texts() == ["I write to you at any hour now. `my quiet on` changes it back."]


@pytest.mark.parametrize(
    ("words", "takes"),
    [("draft add X", True), ("/Draft Add X", True), ("!draft add", True), ("drafts", False), ("add draft", False)],
)
def test_which_words_take_a_file(words: str, takes: bool) -> None:
    """Only `draft add` does, however it is written."""
    assert takes_file(words) is takes


@dataclass
class Reluctant(RecordingChat):
    """Gives files when it is let."""

    may: asyncio.Event = field(default_factory=asyncio.Event)
    begun: int = 0
    most: int = 0

    async def fetch(self, where: str, most: int) -> bytes | None:
        self.begun += 1
        self.most = max(self.most, self.begun)
        await self.may.wait()
        self.begun -= 1
        return None


class NoAlarm:
    """Wakes nobody."""

    def at(self, moment: object, wake: Callable[[], None]) -> None:
        pass


def test_a_slow_file_keeps_no_command_waiting(world: World) -> None:
    """While files are on their way, four at once, other commands are answered; then each has its answer once."""

    async def scene() -> Reluctant:
        chat, stop = Reluctant(), asyncio.Event()
        engine = build(world.store, world.clock, {PLATFORM: chat})
        running = asyncio.create_task(engine.run(NoAlarm(), stop))
        for _ in range(AT_ONCE + 2):
            await engine.receive(adding(world))
        await engine.receive(world.saying("Ana", "my quiet off"))
        await until(lambda: len(chat.shown) == 1 and chat.begun == AT_ONCE)
        chat.may.set()
        await until(lambda: len(chat.shown) == AT_ONCE + 3)
        stop.set()
        await running
        return chat

    chat = world.run(scene())
    assert chat.most == AT_ONCE
    assert chat.texts()[0].startswith("I write to you")
    assert chat.texts()[1:] == [NO_FILE] * (AT_ONCE + 2)


async def until(done: Callable[[], bool]) -> None:
    """Wait until something is so, for five seconds at most."""
    async with asyncio.timeout(5):
        while not done():
            await asyncio.sleep(0.01)


def test_a_console_fetches_nothing_of_other_platforms(world: World, engine: Engine) -> None:
    """What came from a platform that another process serves waits for it."""
    engine.serve_only(1, "console")
    said = world.saying("Ana", ADD, platform="slack", enclosed=(Enclosed("treaty.txt", "file"),))
    world.run(engine.receive(said))
    world.run(engine.settle())
    assert states(world) == [InboxState.FETCHING]
