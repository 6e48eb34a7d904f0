"""What people do besides typing commands: mentions, reactions, edits, redactions, files, patience."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.matrix import typing_sign
from tests.fakes.censor import Censor
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import DEMO, Deployment
from tests.integration.matrix.test_directs import censored
from tests.integration.matrix.test_faults import NOTED, ask
from tests.integration.matrix.test_talking import served


def test_mentions(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A pill, a display name and a plain id name a member; the right person is notified, and nobody else."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people, text=True)
        pill = f'!assign 3 <a href="https://matrix.to/#/{luis.user_id}">Luis</a>'
        await ana.say(room, "!assign 3 Luis", pill, mentions=[luis.user_id])
        await ana.say(room, f"!assign 4 {luis.user_id}")
        await ana.say(room, "!assign 5 @luis")
        for number, answer in zip((3, 4, 5), await ana.hear(room, 3), strict=True):
            assert f"@Luis, 1 task: article {number}" in answer.body
            assert answer.mentions == (luis.user_id,)
            assert (answer.msgtype, answer.room_mention) == ("m.text", False)

    runner.run(scene())


def test_two_of_one_name(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A display name that two members share is asked back."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people, text=True)
        for human in (ana, luis):
            path = f"/_matrix/client/v3/profile/{human.user_id}/displayname"
            await human.ask("PUT", path, {"displayname": "Delegate"})
        await ana.until(lambda: False, 1)
        await ana.say(room, "!assign 3 @Delegate")
        [answer] = await ana.hear(room)
        assert answer.body.startswith("2 people may be called “@Delegate”")

    runner.run(scene())


def test_reactions_are_buttons(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """✅ on an answer does what its words say, once, for who reacted; other reactions do nothing."""

    async def scene() -> None:
        _, luis, room = await served(bot, people, text=True)
        await luis.say(room, "!take 3")
        [answer] = await luis.hear(room)
        assert "`done 3` or react ✅" in answer.body
        await luis.react(room, answer.event_id, "👍")
        await luis.react(room, answer.event_id, "✅")
        [done] = await luis.hear(room)
        assert done.body.startswith("Done: article 3")
        assert await luis.hear(room, timeout=1) == []

    runner.run(scene())


def test_a_reaction_that_a_server_moves(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """It counts in the room of the message that it is on, and in the direct chat of that message's reader, only."""
    moved: dict[str, str] = {}

    def move(answer: dict[str, Any]) -> None:
        joined = answer.get("rooms", {}).get("join", {})
        for source, target in moved.items():
            events = joined.get(source, {}).get("timeline", {}).get("events", [])
            reactions = [event for event in events if event["type"] == "m.reaction"]
            if reactions:
                events[:] = [event for event in events if event not in reactions]
                there = joined.setdefault(target, {"timeline": {"events": []}, "state": {"events": []}})
                there["timeline"]["events"] += reactions

    async def scene() -> None:
        _ana, luis, room = await served(bot, people, text=True)
        async with censored(bot, people) as censor:
            censor.edit = move
            chat = await luis.direct_chat(bot.user_id)
            for source, target, mark in ((room, chat, "!"), (chat, room, "")):
                await luis.say(source, f"{mark}take 3")
                [answer] = await luis.hear(source)
                moved[source] = target
                stray = await luis.react(source, answer.event_id, "✅")
                assert [await luis.hear(place, timeout=1) for place in (room, chat)] == [[], []]
                await luis.redact(source, stray)
                moved.clear()
                await luis.react(source, answer.event_id, "✅")
                [done] = await luis.hear(source)
                assert done.body.startswith("Done: article 3")
                await luis.say(source, f"{mark}undo")
                await luis.hear(source)
                await luis.say(source, f"{mark}release 3")
                await luis.hear(source)

    runner.run(scene())


def test_edit_within_a_minute(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A corrected command counts instead of the first one."""

    async def scene() -> None:
        _, luis, room = await served(bot, people, text=True)
        typed = await luis.say(room, "!take 3")
        [first] = await luis.hear(room)
        assert first.body.startswith("Yours: article 3")
        await luis.edit(room, typed, "!take 4")
        [second] = await luis.hear(room)
        assert second.body.startswith("Yours: article 4")
        await luis.say(room, "!tasks @luis")
        [tasks] = await luis.hear(room)
        assert tasks.body.startswith("@Luis has 1 task\n- article 4")
        slip = await luis.say(room, "!tkae 5")
        await luis.hear(room)
        await luis.edit(room, slip, "!take 5")
        [third] = await luis.hear(room)
        assert third.body.startswith("Yours: article 5")

    runner.run(scene())


def test_redaction_cancels_a_reminder(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Who takes back the message that asked for a reminder is not reminded; other commands stay done."""

    async def scene() -> None:
        _, luis, _room = await served(bot, people, text=True)
        chat = await luis.direct_chat(bot.user_id)
        asked = await luis.say(chat, "remind me to call the chair in 2h")
        [answer] = await luis.hear(chat)
        assert answer.body.startswith("I will remind you")
        await luis.redact(chat, asked)
        [gone] = await luis.hear(chat)
        assert gone.body == "Cancelled: I will not remind you of that."
        taken = await luis.say(chat, "take 3")
        await luis.hear(chat)
        await luis.redact(chat, taken)
        await luis.say(chat, "tasks")
        [tasks] = await luis.hear(chat)
        assert "article 3" in tasks.body

    runner.run(scene())


def test_a_draft_dropped_in_the_room(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A file sent encrypted, then `draft add`: the preview comes to the direct chat, publishing alerts the owner."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people, text=True)
        await luis.say(room, "!take 3")
        await luis.hear(room)
        await ana.hear(room, 2)
        await ana.send_file(room, "rev2.txt", (DEMO / "convention-rev2.txt").read_bytes())
        await ana.say(room, "!draft add DEM/CONF.7/L.3/Rev.2")
        [chat] = await ana.join_invited(20)
        [preview] = await ana.hear(chat)
        assert preview.body.startswith("Read: DEM/CONF.7/L.3/Rev.2")
        await ana.say(chat, "draft publish")
        await ana.say(chat, "yes")
        asks, *_, done = await ana.hear(chat, 3)
        assert asks.body.startswith("Publishing DEM/CONF.7/L.3/Rev.2")
        assert done.body.startswith("DEM/CONF.7/L.3/Rev.2 is the current draft.")
        [told] = await luis.join_invited()
        [alert] = await luis.hear(told)
        assert "<del>" in str(alert.html)
        assert alert.encrypted

    runner.run(scene())


def test_a_file_of_another_room(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A reply reaches no file that was sent elsewhere: who is in this room need not be in that one."""

    async def scene() -> None:
        ana, _luis, room = await served(bot, people)
        chat = await ana.direct_chat(bot.user_id)
        file = await ana.send_file(chat, "rev1.txt", (DEMO / "convention-rev1.txt").read_bytes())
        await ana.say(room, "!draft add DEM/1", reply_to=file)
        [refused] = await ana.hear(chat)
        assert refused.body.startswith("Attach")
        await ana.say(chat, "draft add DEM/1", reply_to=file)
        [read] = await ana.hear(chat)
        assert read.body.startswith("Read: DEM/1")

    runner.run(scene())


def test_a_file_that_cannot_be_had_holds_nobody_up(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """While the server gives no files, the command about one waits and nobody else does."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people)
        async with censored(bot, people) as censor:
            limited = {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 600_000}
            censor.refuse = {"/media/download/": (429, limited)}
            await ana.send_file(room, "rev1.txt", (DEMO / "convention-rev1.txt").read_bytes())
            await ana.say(room, "!draft add DEM/1")
            await luis.say(room, "!note one")
            assert (await luis.hear(room, 3))[-1].body.startswith("Noted")

    runner.run(scene())


def test_no_typing_sign_for_words_that_need_no_answer(
    bot: Deployment, people: People, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A yes among people in a room is heard, as it may be meant for the bot; it is no reason to show the sign."""

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        monkeypatch.setattr(typing_sign, "PATIENCE", 0.0)
        luis.typed(room).clear()
        await luis.say(room, "Yes!")
        await luis.until(lambda: False, 1.5)
        assert luis.typed(room) == set()

    runner.run(scene())


def test_a_file_that_does_not_come(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Nobody waits for it but who sent it; stopped meanwhile, the bot fetches it after the next start, once."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people, text=True)
        await bot.stop()
        censor = Censor(people.synapse.url)
        await censor.start()
        bot.go_through(censor.url)
        try:
            await bot.start()
            censor.held = "/media/download/"
            await ana.send_file(room, "rev2.txt", (DEMO / "convention-rev2.txt").read_bytes())
            await ana.say(room, "!draft add DEM/CONF.7/L.3/Rev.2")
            for number in range(2):
                assert (await ask(luis, room, f"!note {number}"))[-1].body.startswith(NOTED)
                await bot.stop()
                await bot.start()
            censor.held = ""
            [chat] = await ana.join_invited(20)
            [preview] = await ana.hear(chat)
            assert preview.body.startswith("Read: DEM/CONF.7/L.3/Rev.2")
            assert await ana.hear(chat, 1, 1.0) == []
            await bot.stop()
        finally:
            await censor.stop()

    runner.run(scene())


def test_typing_while_it_takes_long(
    bot: Deployment, people: People, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that takes longer than people's patience is announced by the typing sign, which goes with it."""
    monkeypatch.setattr(typing_sign, "PATIENCE", 0.05)

    async def scene() -> None:
        ana, _, room = await served(bot, people)
        await ana.send_file(room, "long.txt", _long_draft())
        await ana.say(room, "!draft add DEM/LONG")
        await ana.until(lambda: bot.user_id in ana.typing(room), 10)
        assert bot.user_id in ana.typed(room)
        [chat] = await ana.join_invited(30)
        assert len(await ana.hear(chat)) == 1
        assert await ana.until(lambda: bot.user_id not in ana.typing(room), 10)

    runner.run(scene())


def _long_draft() -> bytes:
    words = Path(DEMO / "convention-rev1.txt").read_text("utf-8").split()
    return "\n".join(
        f"Article {n}\nHeading {n}\n\n1. {' '.join(words[n : n + 400])}.\n" for n in range(1, 400)
    ).encode()


def test_quiet_and_loud(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A digest is a notice, which rings nowhere; only an announcement of a coordinator notifies the room."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people, text=True)
        await ana.say(room, "!room here for digest, alerts")
        await ana.say(room, "!note Meet at nine")
        await ana.say(room, "!digest now")
        digest = (await ana.hear(room, 3))[-1]
        assert (digest.msgtype, digest.mentions, digest.room_mention) == ("m.notice", (), False)
        await luis.say(room, "!note @room hello <b>all</b>")
        await ana.say(room, "!announce The plenary begins at 11.")
        await ana.say(room, "!yes")
        heard = await ana.hear(room, 5)
        loud = [message for message in heard if message.room_mention]
        assert [message.body.splitlines()[0] for message in loud] == ["Announcement"]

    runner.run(scene())
