"""What the bot posts, on a workspace that misbehaves: everything is there once, in order, and nothing is refused."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.adapters.slack.chat import SlackChat
from bot.adapters.slack.pace import Pace
from bot.adapters.slack.web import Web
from bot.clock import SystemClock
from bot.message import File, Message, Paragraph, Text, actions, message, say
from bot.plain import Reader
from bot.ports import PACED, Destination, SendLater, SendRefused
from storage.tables import NoticeKind
from tests.fakes.slack import misbehaviour as bad
from tests.fakes.slack.bed import BOT_TOKEN, Bed
from tests.fakes.slack.misbehaviour import Fault
from tests.fakes.slack.records import Channel, Person

HELLO = message(say("Hello."))
LONG = Message(tuple(Paragraph(Text(f"Paragraph {n}. " + "word " * 300)) for n in range(6)))
KEY = "0123456789abcdef"


def destination(address: str, *, personal: bool, **origin: Any) -> Destination:
    """Give where a reply goes."""
    reader = Reader(ZoneInfo("Europe/Vienna"), personal=personal)
    return Destination("slack", address, "name", reader, NoticeKind.REPLY, SystemClock().now(), origin)


def room(place: Channel, /, **origin: Any) -> Destination:
    """Give a channel."""
    return destination(place.id, personal=False, **origin)


def aside(person: Person, channel: Channel, **origin: Any) -> Destination:
    """Give what concerns somebody alone who asked in a channel."""
    return destination(person.id, personal=True, channel=channel.id, user=person.id, ephemeral=True, **origin)


class Poster:
    """Sends as the outbox does: again after a SendLater; `restart` forgets what was known."""

    def __init__(self, bed: Bed, every: float) -> None:
        self.bed, self._every = bed, every
        self.troubles: list[str] = []
        self.restart()

    def restart(self) -> None:
        self.web = Web(BOT_TOKEN, self.bed.api_url, seconds=1)
        self.chat = SlackChat(self.web, Pace(self._every))

    async def once(self, to: Destination, words: Message, key: str = KEY) -> str | None:
        """Try once."""
        try:
            return await self.chat.send(to, words, key)
        finally:
            await self.web.close()

    async def send(
        self, to: Destination, words: Message, key: str = KEY, *, restarts: bool = False, pause: float = 0.01
    ) -> str | None:
        """Try until it is there."""
        since = to.due
        for _ in range(40):
            try:
                return await self.once(to, words, key)
            except SendLater as problem:
                self.troubles.append(problem.code)
                to = replace(to, tried_since=since)
                await asyncio.sleep(min(problem.seconds or pause, 1.5))
                if restarts and problem.code != PACED:
                    self.restart()
        raise AssertionError(self.troubles)


@asynccontextmanager
async def posting(*, every: float = 0.0, **given: Any) -> AsyncIterator[tuple[Bed, Poster]]:
    """Open a workspace; at the end nothing was done that Slack refuses."""
    async with Bed(**given) as bed:
        yield bed, Poster(bed, every)
        assert bed.violations == []


def played(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Play it on a loop of its own."""
    asyncio.run(scene())


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the silence after an answer that did not come be short."""
    monkeypatch.setattr("bot.adapters.slack.chat.UNANSWERED", 0.05)


UNCERTAIN: dict[str, Fault] = {
    "500": bad.status(500),
    "500 done": bad.status(500, done=True),
    "503": bad.status(503),
    "html": bad.html(),
    "html done": bad.html(done=True),
    "dropped before": bad.dropped_before(),
    "dropped after": bad.dropped_after(),
    "slow": bad.slow(1.5),
    "internal error": bad.unknown_outcome(),
    "fatal error": bad.unknown_outcome("fatal_error"),
}


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("fault", UNCERTAIN)
def test_once_in_a_channel(fault: str, restarts: bool) -> None:
    """Whatever goes wrong while it is posted, also twice, it is there once, for a bot that began again too."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            ana = bed.person("Ana")
            team = bed.channel("team", [ana])
            bed.misbehave("chat.postMessage", UNCERTAIN[fault], 2)
            message_id = await poster.send(room(team), HELLO, restarts=restarts)
            assert [one.text for one in bed.shown(ana, team)] == ["Hello."]
            assert message_id == f"{team.id}/{team.messages[0].ts}"
            assert [call.method for call in bed.calls[:1]] == ["chat.postMessage"]

    played(scene)


@pytest.mark.parametrize("fault", UNCERTAIN)
def test_all_parts_once_and_in_order(fault: str) -> None:
    """Of a long message, the parts that are there are not posted again."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            ana = bed.person("Ana")
            team = bed.channel("team", [ana])
            await poster.send(room(team), LONG, "first")
            whole = [one.text for one in bed.shown(ana, team)]
            bed.misbehave("chat.postMessage", bad.slow(0))
            bed.misbehave("chat.postMessage", UNCERTAIN[fault])
            await poster.send(room(team), LONG, "second", restarts=True)
            assert len(whole) > 1
            assert [one.text for one in bed.shown(ana, team)] == whole * 2

    played(scene)


def test_a_first_try_asks_nothing_else() -> None:
    """Nothing is looked up before there is doubt, and the metadata tells nothing of the key."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            team = bed.channel("team", [bed.person("Ana")])
            await poster.once(room(team), HELLO)
            assert [call.method for call in bed.calls] == ["chat.postMessage"]
            assert KEY not in str(team.messages[0].metadata)

    played(scene)


def test_in_the_thread_it_was_asked_in() -> None:
    """An answer in a thread is in the thread, is found there, and goes to the channel when the thread is gone."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            ana = bed.person("Ana")
            team = bed.channel("team", [ana])
            await poster.once(room(team), HELLO, "root")
            root = team.messages[0].ts
            bed.misbehave("chat.postMessage", bad.dropped_after())
            await poster.send(room(team, channel=team.id, thread=root), message(say("In it.")), "in", restarts=True)
            assert [(one.text, one.thread) for one in team.messages[1:]] == [("In it.", root)]
            await poster.send(room(team, channel=team.id, thread="1.000001"), message(say("Beside.")), "beside")
            assert [(one.text, one.thread) for one in team.messages[2:]] == [("Beside.", None)]

    played(scene)


def test_for_one_person_in_a_channel() -> None:
    """What concerns the asker alone is ephemeral; after doubt it comes in the direct chat, so twice at most."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            ana, luis = bed.person("Ana"), bed.person("Luis")
            team = bed.channel("team", [ana, luis])
            assert await poster.once(aside(ana, team), HELLO, "1") is None
            assert [one.text for one in bed.shown(ana, team)] == ["Hello."]
            assert bed.shown(luis, team) == []
            for number, fault in enumerate([bad.dropped_after(), bad.dropped_before()]):
                words = message(say("Try {n}.", n=number))
                bed.misbehave("chat.postEphemeral", fault)
                bed.misbehave("chat.postMessage", bad.dropped_after())
                await poster.send(aside(ana, team), words, f"t{number}", restarts=True)
                seen = [one.text for one in (*bed.shown(ana, team), *bed.shown(ana)) if one.text == f"Try {number}."]
                assert len(seen) == (2 if fault.done else 1)
            assert bed.shown(luis, team) == []

    played(scene)


def test_a_refusal_is_for_who_typed_the_command() -> None:
    """What others did not see being asked they do not see being refused; what was said aloud is answered aloud."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            ana, luis = bed.person("Ana"), bed.person("Luis")
            team = bed.channel("team", [ana, luis])
            note = {"channel": team.id, "user": ana.id, "ephemeral": True, "refused": True}
            await poster.once(room(team, **note, response_url="https://hooks.example/1"), HELLO, "typed")
            assert [len(bed.shown(person, team)) for person in (ana, luis)] == [1, 0]
            await poster.once(room(team, **note), HELLO, "said")
            assert [len(bed.shown(person, team)) for person in (ana, luis)] == [2, 1]

    played(scene)


def test_asked_where_the_bot_is_not() -> None:
    """A slash command works in a channel without the bot: the answer comes in the direct chat."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            ana = bed.person("Ana")
            team = bed.channel("team", [ana], bot=False)
            await poster.send(aside(ana, team), HELLO)
            assert [one.text for one in bed.shown(ana)] == ["Hello."]

    played(scene)


@pytest.mark.parametrize("restarts", [False, True])
def test_asked_in_the_direct_chat_of_two_others(restarts: bool) -> None:
    """A slash command works there too: the answer comes in the bot's own direct chat, once."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            ana = bed.person("Ana")
            if restarts:
                bed.misbehave("chat.postMessage", bad.status(500, done=True))
            to = destination(ana.id, personal=True, channel="D0OTHERS", user=ana.id)
            await poster.send(to, HELLO, restarts=restarts)
            assert [one.text for one in bed.shown(ana)] == ["Hello."]
            bed.violations.clear()  # that it was asked where the bot is not

    played(scene)


def test_a_limit_holds_all_posts_and_loses_none() -> None:
    """After a 429 nothing is posted anywhere until the time is over; nothing is looked up for it."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            team, hall = (bed.channel(name, [bed.person(name)]) for name in ("team", "hall"))
            bed.misbehave("chat.postMessage", bad.limited(1))
            with pytest.raises(SendLater) as held:
                await poster.once(room(team), HELLO)
            assert held.value.seconds == 1
            with pytest.raises(SendLater) as other:
                await poster.once(room(hall), HELLO, "other")
            assert 0 < (other.value.seconds or 0) <= 1
            assert len(bed.calls) == 1
            await poster.send(replace(room(team), tried_since=SystemClock().now()), HELLO)
            await poster.send(room(hall), HELLO, "other")
            assert [call.method for call in bed.calls] == ["chat.postMessage"] * 3

    played(scene)


def test_while_slack_is_silent_nothing_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an answer that did not come, others are told at once to come later, and nothing of theirs is in doubt."""
    monkeypatch.setattr("bot.adapters.slack.chat.UNANSWERED", 0.3)

    async def scene() -> None:
        async with posting() as (bed, poster):
            team, hall = (bed.channel(name, [bed.person(name)]) for name in ("team", "hall"))
            bed.misbehave("chat.postMessage", bad.slow(1.5))
            with pytest.raises(SendLater):
                await poster.once(room(team), HELLO)
            with pytest.raises(SendLater) as other:
                await poster.once(room(hall), HELLO, "other")
            assert 0 < (other.value.seconds or 0) <= 0.3
            await asyncio.sleep(0.3)
            await poster.once(replace(room(hall), tried_since=SystemClock().now()), HELLO, "other")
            assert [call.method for call in bed.calls] == ["chat.postMessage"] * 2

    played(scene)


def test_its_own_pace_keeps_it_within_limits() -> None:
    """A second lies between two messages in one channel; other channels do not wait for it."""

    async def scene() -> None:
        async with posting(every=1.0, rate_limits=True) as (bed, poster):
            team, hall = (bed.channel(name, [bed.person(name)]) for name in ("team", "hall"))
            await poster.once(room(team), HELLO, "1")
            await poster.once(room(hall), HELLO, "2")
            with pytest.raises(SendLater) as held:
                await poster.once(room(team), HELLO, "3")
            assert held.value.code == PACED
            await poster.send(replace(room(team), tried_since=SystemClock().now()), HELLO, "3")
            assert all(call.answer == "ok" for call in bed.calls)
            assert [call.method for call in bed.calls] == ["chat.postMessage"] * 3

    played(scene)


def test_a_restricted_history_is_looked_through_slowly() -> None:
    """With 15 messages a look, and a pause between two, a message that others buried is found and not repeated."""

    async def scene() -> None:
        async with posting(restricted=True) as (bed, poster):
            bed.api.limits.history_seconds = 0.5
            ana = bed.person("Ana")
            team = bed.channel("team", [ana])
            bed.misbehave("chat.postMessage", bad.dropped_after())
            with pytest.raises(SendLater):
                await poster.once(room(team), HELLO)
            for number in range(40):
                await bed.say(ana, team, f"talk {number}", wait=False)
            later = replace(room(team), tried_since=SystemClock().now() - dt.timedelta(seconds=30))
            poster.restart()
            await poster.send(later, HELLO)
            assert [one.text for one in bed.shown(ana, team)].count("Hello.") == 1
            looks = [call for call in bed.calls if call.method == "conversations.history"]
            assert "limited" in poster.troubles
            assert len(looks) >= 3

    played(scene)


@pytest.mark.parametrize("code", ["msg_too_long", "invalid_blocks", "msg_blocks_too_long"])
@pytest.mark.parametrize("times", [1, 2])
def test_too_much_is_said_in_plainer_words(code: str, times: int) -> None:
    """What Slack finds too long or too elaborate arrives as plain text, at last in pieces; never refused."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            ana = bed.person("Ana")
            team = bed.channel("team", [ana])
            words = Message((Paragraph(Text("a < b & c " * 150)),))
            bed.misbehave("chat.postMessage", bad.error(code), times)
            await poster.send(room(team), words)
            texts = [one.text for one in bed.shown(ana, team)]
            assert " ".join(texts).split() == ("a &lt; b &amp; c " * 150).split()
            assert not any(one.blocks for one in team.messages)
            assert (len(texts) > 1) is (times == 2)

    played(scene)


@pytest.mark.parametrize("code", ["channel_not_found", "is_archived", "not_in_channel"])
def test_what_is_gone_is_refused(code: str) -> None:
    """A channel that is gone takes nothing any more."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            team = bed.channel("team", [bed.person("Ana")])
            bed.misbehave("chat.postMessage", bad.error(code))
            with pytest.raises(SendRefused) as refused:
                await poster.once(room(team), HELLO)
            assert refused.value.code == code

    played(scene)


def test_what_can_be_mended_waits() -> None:
    """A scope that is missing, or a revoked token, is for whoever looks after the app: nothing is given up."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            team = bed.channel("team", [bed.person("Ana")])
            for code in ("missing_scope", "token_revoked"):
                bed.misbehave("chat.postMessage", bad.error(code))
                with pytest.raises(SendLater):
                    await poster.once(room(team), HELLO, code)

    played(scene)


def test_a_file_is_there_once() -> None:
    """A file comes before its message, under its own title; it is found again, and shared once."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            ana = bed.person("Ana")
            team = bed.channel("team", [ana])
            words = Message((*HELLO.blocks, File("all.csv", "a,b\n1,2\n")))
            for number, (method, fault) in enumerate(FILE_FAULTS):
                bed.misbehave(method, fault)
                await poster.send(room(team), words, f"key {number}", restarts=True)
                shown = bed.shown(ana, team)[2 * number :]
                assert [[(file.title, file.content) for file in one.files] for one in shown] == [
                    [("all.csv", b"a,b\n1,2\n")],
                    [],
                ]

    played(scene)


FILE_FAULTS = [
    ("files.getUploadURLExternal", bad.dropped_after()),
    ("upload", bad.dropped_before()),
    ("upload", bad.status(503)),
    ("files.completeUploadExternal", bad.dropped_before()),
    ("files.completeUploadExternal", bad.dropped_after()),
    ("chat.postMessage", bad.dropped_after()),
]


def test_a_workspace_without_files_gets_the_message() -> None:
    """Where files are not allowed, the message comes all the same."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            ana = bed.person("Ana")
            team = bed.channel("team", [ana])
            bed.misbehave("files.getUploadURLExternal", bad.error("file_uploads_disabled"))
            await poster.send(room(team), Message((*HELLO.blocks, File("all.csv", "a"))))
            assert len(bed.shown(ana, team)) == 1

    played(scene)


def test_a_message_that_was_pressed_says_so_to_everybody() -> None:
    """What was done cannot be pressed again, the rest can; nobody is named; without a deed nothing changes."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            ana = bed.person("Ana")
            team = bed.channel("team", [ana])
            card = Message(
                (
                    *HELLO.blocks,
                    actions((say("Accept"), "accept 24"), (say("Decline"), "decline 24"), (say("Take"), "take 27")),
                )
            )
            await poster.once(room(team), card, "card")
            posted = team.messages[0]
            pressed = {"text": posted.text, "blocks": posted.blocks, "command": "accept 24"}
            note = {"channel": team.id, "message": posted.ts, "pressed": pressed}
            await poster.once(room(team, **note), message(say("No.")), "no")
            assert posted.edited is None
            bed.misbehave("chat.update", bad.status(503))
            await poster.send(room(team, done=True, **note), message(say("Yes.")), "yes")
            values = [one["value"] for block in posted.blocks for one in block.get("elements", ()) if "value" in one]
            assert values == ["take 27"]
            assert posted.text.endswith("Done: `accept 24`")
            assert [one.text for one in bed.shown(ana, team)[1:]] == ["No.", "Yes."]

    played(scene)


def test_a_file_is_fetched() -> None:
    """A draft that somebody uploaded is fetched by its id; what is gone or too large is not."""

    async def scene() -> None:
        async with posting() as (bed, poster):
            ana = bed.person("Ana")
            team = bed.channel("team", [ana])
            await poster.once(room(team), Message((*HELLO.blocks, File("a.txt", "12345"))))
            [file_id] = bed.space.files
            assert await poster.chat.fetch(file_id, 5) == b"12345"
            assert await poster.chat.fetch(file_id, 4) is None
            with pytest.raises(SendRefused):
                await poster.chat.fetch("F0NONE", 5)
            bed.misbehave("files.info", bad.limited(7))
            with pytest.raises(SendLater) as held:
                await poster.chat.fetch(file_id, 5)
            assert held.value.seconds == 7
            await poster.web.close()

    played(scene)
