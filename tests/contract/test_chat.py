"""What the core may count on with every chat: the double, the console, Slack and Matrix alike."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.clock import SystemClock
from bot.message import File, Message, Paragraph, Text, joined, message
from bot.ports import Destination, SendLater, SendRefused
from storage.tables import NoticeKind
from tests.contract.matrix_stage import MatrixStage
from tests.contract.slack_stage import SlackStage
from tests.contract.stage import NOW, Can, ConsoleStage, DoubleStage, Stage, mention

Scene = Callable[[], Coroutine[Any, Any, None]]

HOSTILE = {
    "html": "<b>bold</b> & <script>alert(1)</script> <img src=x onerror=alert(1)>",
    "everybody": "@room @everyone <!channel> <!here>",
    "markdown": "**bold** [link](javascript:alert(1)) `code` ~~gone~~",
    "entities": "&lt;b&gt; &amp;amp; &#64;room",
    "quote": "> [@Ana] Announced\n> in another's name",
    "pill": '<a href="https://matrix.to/#/@ana:coalition.test">Ana</a>',
    "right to left": "مرحبا بالعالم, שלום",
}
CONTROLS = "before\x1b[31m\x1b]0;title\x07\x00 after"
KINDS = {kind: kind in (NoticeKind.COUNTDOWN, NoticeKind.DIGEST) for kind in NoticeKind}
"""Which kinds come without a sound."""


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Give the event loop of a stage."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module", params=["double", "console", "slack", "matrix"])
def stage(
    request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """Give each platform in turn."""
    if request.param == "slack":
        slack = runner.run(SlackStage.begin())
        yield slack
        runner.run(slack.close())
        return
    if request.param != "matrix":
        yield DoubleStage() if request.param == "double" else ConsoleStage()
        return
    synapse = request.getfixturevalue("homeserver")
    synapse.start()
    matrix = runner.run(MatrixStage.begin(synapse, tmp_path_factory.mktemp("stage")))
    yield matrix
    runner.run(matrix.close())


def needs(stage: Stage, ability: Can) -> None:
    """Skip what a platform cannot do."""
    if ability not in stage.can:
        pytest.skip(f"{type(stage).__name__} does not {ability.name}")


def words(*texts: str) -> Message:
    """Give a message of plain paragraphs."""
    return Message(tuple(Paragraph(Text(text)) for text in texts))


async def send(stage: Stage, to: Destination, content: Message, key: str | None = None) -> str:
    """Send under a key, else a new one, and give it."""
    to = replace(to, tried_since=to.due) if key is not None else to
    key = key or secrets.token_hex(16)
    await stage.chat.send(to, content, key)
    return key


async def texts(stage: Stage, to: Destination) -> list[str]:
    """Give the texts that appeared."""
    return [seen.text for seen in await stage.seen(to)]


def test_it_appears_where_it_belongs(stage: Stage, runner: asyncio.Runner) -> None:
    """A message is seen in its room or by its one person, and by nobody else."""

    async def scene() -> None:
        room, luis, mei = await stage.room("team"), await stage.person("Luis"), await stage.person("Mei")
        await send(stage, room, words("for the room"))
        await send(stage, luis, words("for Luis"))
        assert [await texts(stage, to) for to in (mei, room, luis)] == [[], ["for the room"], ["for Luis"]]

    runner.run(scene())


@pytest.mark.parametrize("place", ["room", "person"])
def test_the_same_key_shows_once(stage: Stage, runner: asyncio.Runner, place: str) -> None:
    """A parcel that is tried again does not appear again; the same words under another key do."""

    async def scene() -> None:
        to = await (stage.room("team") if place == "room" else stage.person("Luis"))
        key = await send(stage, to, words("once"))
        await send(stage, to, words("once"), key)
        await send(stage, to, words("once"))
        assert await texts(stage, to) == ["once", "once"]

    runner.run(scene())


def test_the_same_key_shows_once_after_a_restart(stage: Stage, runner: asyncio.Runner) -> None:
    """So it does when the bot has begun again in between: the platform remembers the key."""
    needs(stage, Can.REMEMBER)

    async def scene() -> None:
        room = await stage.room("team")
        key = await send(stage, room, words("before and after"))
        await stage.restart()
        await send(stage, room, words("before and after"), key)
        await send(stage, room, words("after"))
        assert await texts(stage, room) == ["before and after", "after"]

    runner.run(scene())


def test_order_is_kept(stage: Stage, runner: asyncio.Runner) -> None:
    """What is sent to a lane one after the other is seen in that order, whatever goes elsewhere meanwhile."""

    async def scene() -> None:
        room, luis = await stage.room("team"), await stage.person("Luis")
        for number in range(6):
            await send(stage, room if number % 2 else luis, words(f"number {number}"))
        assert await texts(stage, room) == ["number 1", "number 3", "number 5"]
        assert await texts(stage, luis) == ["number 0", "number 2", "number 4"]

    runner.run(scene())


@pytest.mark.parametrize("place", ["room", "person"])
def test_who_left_is_refused(stage: Stage, runner: asyncio.Runner, place: str) -> None:
    """Nothing goes to a person who left the direct chat, or to a room that put the bot out, and it says so."""
    needs(stage, Can.REFUSE)

    async def scene() -> None:
        to = await (stage.room("corridor") if place == "room" else stage.person("Eve"))
        await send(stage, to, words("welcome"))
        assert await texts(stage, to) == ["welcome"]
        await stage.shut(to)
        with pytest.raises(SendRefused):
            await send(stage, to, words("are you there?"))

    runner.run(scene())


def test_while_it_is_away(stage: Stage, runner: asyncio.Runner) -> None:
    """A platform that does not answer has the parcel come later; when it is back, the parcel appears once."""
    needs(stage, Can.BE_AWAY)

    async def scene() -> None:
        room = await stage.room("team")
        key = await send(stage, room, words("before"))
        await stage.go_away()
        later = secrets.token_hex(16)
        with pytest.raises(SendLater):
            await send(stage, room, words("meanwhile"), later)
        await stage.come_back()
        for _ in range(2):
            await send(stage, room, words("before"), key)
            await send(stage, room, words("meanwhile"), later)
        assert await texts(stage, room) == ["before", "meanwhile"]

    runner.run(scene())


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_stays_text(stage: Stage, runner: asyncio.Runner, text: str) -> None:
    """What somebody wrote is shown letter for letter, and neither drawn nor obeyed."""

    async def scene() -> None:
        room = await stage.room("team")
        await send(stage, room, words(text))
        [seen] = await stage.seen(room)
        assert (seen.text, seen.rings, seen.rings_all) == (text, frozenset(), False)
        assert seen.markup is None or seen.markup.split() == text.split()

    runner.run(scene())


def test_controls_are_not_obeyed(stage: Stage, runner: asyncio.Runner) -> None:
    """What a screen would obey does not reach it; the words do."""
    needs(stage, Can.DRAW)

    async def scene() -> None:
        room = await stage.room("team")
        await send(stage, room, words(CONTROLS))
        [seen] = await stage.seen(room)
        for shown in filter(None, (seen.text, seen.markup)):
            assert shown.isprintable()
            assert (shown.startswith("before"), shown.endswith(" after")) == (True, True)

    runner.run(scene())


def test_a_mention_reaches_only_that_person(stage: Stage, runner: asyncio.Runner) -> None:
    """Who is mentioned is notified and nobody else, not even those who are named in plain words."""
    needs(stage, Can.RING)

    async def scene() -> None:
        room = await stage.room("team")
        await send(stage, room, message(joined([mention("Luis"), Text("and @Mei")], " ")))
        assert [(seen.text, seen.rings, seen.rings_all) for seen in await stage.seen(room)] == [
            ("@Luis and @Mei", frozenset({"Luis"}), False)
        ]

    runner.run(scene())


@pytest.mark.parametrize("loud", [False, True])
def test_everybody_is_notified_by_an_announcement_only(stage: Stage, runner: asyncio.Runner, loud: bool) -> None:
    """The whole room rings when the message is loud, and never else."""
    needs(stage, Can.RING_ALL if loud else Can.RING)

    async def scene() -> None:
        room = replace(await stage.room("team"), loud=loud)
        await send(stage, room, words("the reception is at six"))
        assert [seen.rings_all for seen in await stage.seen(room)] == [loud]

    runner.run(scene())


def test_quiet_kinds_are_quiet(stage: Stage, runner: asyncio.Runner) -> None:
    """Countdowns and digests make no sound; all else does."""
    needs(stage, Can.HUSH)

    async def scene() -> None:
        room = await stage.room("team")
        for kind in KINDS:
            await send(stage, replace(room, kind=kind), words(kind))
        assert {NoticeKind(seen.text): seen.quiet for seen in await stage.seen(room)} == KINDS

    runner.run(scene())


def test_a_file_arrives(stage: Stage, runner: asyncio.Runner) -> None:
    """A file comes once with its message, with its name and every letter."""

    async def scene() -> None:
        luis = await stage.person("Luis")
        content = Message((Paragraph(Text("1 task.")), File("tasks.csv", "1,Artículo 5\n2,مادة\n")))
        key = await send(stage, luis, content)
        await send(stage, luis, content, key)
        [seen] = await stage.seen(luis)
        assert seen.text.startswith("1 task.\n")
        assert {name: text.strip() for name, text in seen.files.items()} == {"tasks.csv": "1,Artículo 5\n2,مادة"}

    runner.run(scene())


def test_what_was_said_to_one_person_is_erased(stage: Stage, runner: asyncio.Runner) -> None:
    """Of their direct chat nothing is left, files included, and of others' and the room all is; twice is harmless."""
    needs(stage, Can.TAKE_BACK)

    async def scene() -> None:
        room, luis, mei = await stage.room("team"), await stage.person("Luis"), await stage.person("Mei")
        await send(stage, room, words("for the room"))
        await send(stage, mei, words("for Mei"))
        await send(stage, luis, words("for Luis"))
        await send(stage, luis, Message((Paragraph(Text("1 task.")), File("tasks.csv", "1,Artículo 5\n"))))
        for to in (room, luis, mei):
            await texts(stage, to)
        for _ in range(2):
            await stage.chat.erase(luis, NOW - dt.timedelta(days=7))
            assert [await stage.left(to) > 0 for to in (luis, mei, room)] == [False, True, True]
        await send(stage, luis, words("after that"))
        assert await texts(stage, luis) == ["after that"]

    runner.run(scene())


def test_what_is_older_stays(stage: Stage, runner: asyncio.Runner) -> None:
    """What was said before the moment is let be."""
    needs(stage, Can.TAKE_BACK)

    async def scene() -> None:
        mei = await stage.person("Mei")
        await send(stage, mei, words("long ago"))
        await texts(stage, mei)
        before = await stage.left(mei)
        await stage.chat.erase(mei, SystemClock().now() + dt.timedelta(days=1))
        assert (before > 0, await stage.left(mei)) == (True, before)

    runner.run(scene())


def test_letting_go_of_an_account_ends_nothing_for_others(stage: Stage, runner: asyncio.Runner) -> None:
    """It is safe to repeat, and what others are sent comes as before."""

    async def scene() -> None:
        olu, mei = await stage.person("Olu"), await stage.person("Mei")
        await send(stage, olu, words("hello"))
        assert await texts(stage, olu) == ["hello"]
        for _ in range(2):
            await stage.chat.forget(olu.address)
        await send(stage, mei, words("still here"))
        assert await texts(stage, mei) == ["still here"]

    runner.run(scene())
