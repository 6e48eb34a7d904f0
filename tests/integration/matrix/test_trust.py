"""Whom Dragoman trusts, and who may trust it: devices, identities, and rooms that stay encrypted."""

from __future__ import annotations

import asyncio

from tests.fakes.human import Human
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import Deployment, enrol
from tests.integration.matrix.test_talking import served

API = "/_matrix/client/v3"
GUARD = "only from a device that you have verified"


async def answer_in(human: Human, room: str, words: str) -> str:
    """Say something and give the body of the answer."""
    await human.say(room, words)
    [answer] = await human.hear(room)
    return answer.body


def test_strict_people_are_understood(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Who shares keys only with cross-signed devices talks with Dragoman: at first and after a restart."""

    async def scene() -> None:
        ana = await people.arrive("Ana")
        await ana.cross_sign()
        ana.strict = True
        await enrol(bot, {ana: "coordinator"})
        await bot.start()
        chat = await ana.direct_chat(bot.user_id)
        assert (await answer_in(ana, chat, "tasks")).startswith("You have nothing to do")
        await bot.stop()
        await bot.start()
        assert (await answer_in(ana, chat, "tasks")).startswith("You have nothing to do")
        assert ana.unreadable(chat) == []

    runner.run(scene())


def test_guarded_verbs_want_a_verified_device(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """`role` from a device that Ana has not verified is refused with the reason; from a verified one it is done."""

    async def scene() -> None:
        ana, luis = await people.arrive("Ana"), await people.arrive("Luis")
        await ana.cross_sign()
        await enrol(bot, {ana: "coordinator", luis: "member"})
        await bot.start()
        other = await people.add_device(ana, signed=False)
        other_chat = await other.direct_chat(bot.user_id)
        await other.until(lambda: False, 0.5)
        await other.say(other_chat, "role @Luis observer")
        # What the bot says is for verified devices only: Ana reads it there.
        heard = await ana.hear(other_chat, 2)
        assert any(GUARD in message.body for message in heard)
        assert any(message.body.startswith("@Ana uses 1 device") for message in heard)
        assert "@Luis is" in await answer_in(ana, other_chat, "role @Luis observer")

    runner.run(scene())


def test_keys_for_verified_devices_only(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A device that its owner has not signed cannot read what the bot says; one that is signed later can."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people, text=True)
        spy = await people.add_device(luis, signed=False)
        await ana.say(room, "!take 3")
        assert len(await ana.hear(room)) == 1
        await spy.hear(room, 5, timeout=3)
        assert len(spy.unreadable(room)) >= 1
        await spy.sign_device()
        await ana.until(lambda: False, 0.5)
        await ana.say(room, "!take 4")
        [mine] = await ana.hear(room)
        heard = await spy.hear(room, 5, timeout=3)
        assert mine.event_id in [message.event_id for message in heard]

    runner.run(scene())


def test_a_changed_identity_is_told(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """When a member's identity changes the coordinators hear of it; guarded verbs wait until somebody says it holds."""

    async def scene() -> None:
        ana, luis, _ = await served(bot, people)
        await luis.reset_identity()
        [told] = await ana.join_invited(15)
        [alarm] = await ana.hear(told)
        assert alarm.body.startswith("The security identity of @Luis changed.")

    runner.run(scene())


def test_a_coordinator_whose_identity_changed(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A new identity gives no rights: anybody who took the account over would have one."""

    async def scene() -> None:
        ana, _, room = await served(bot, people)
        await ana.reset_identity()
        await ana.until(lambda: False, 1)
        await ana.say(room, "!role @Luis observer")
        chats = [room, *await ana.join_invited()]
        heard = [message for chat in chats for message in await ana.hear(chat, 2, timeout=2)]
        assert any(GUARD in message.body for message in heard)

    runner.run(scene())


def test_an_encrypted_room_stays_encrypted(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Words that came in clear into an encrypted room are not obeyed, and nothing of the bot's is ever in clear."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people, text=True)
        content = {"msgtype": "m.text", "body": "!take 3", "m.mentions": {}}
        await luis.send(room, "m.room.message", content, clear=True)
        await luis.say(room, "!tasks open")
        [tasks] = await luis.hear(room)
        assert tasks.body == "No task is open."
        await bot.stop()
        await bot.start()
        await luis.say(room, "!take 4")
        assert len(await luis.hear(room)) == 1
        events = [event for event in await ana.raw_timeline(room) if event["sender"] == bot.user_id]
        assert {event["type"] for event in events if "state_key" not in event} == {"m.room.encrypted"}

    runner.run(scene())
