"""Whom Dragoman trusts, and who may trust it: devices, identities, and rooms that stay encrypted."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.adapters.matrix.crosssigning import Identity
from tests.fakes.censor import Censor
from tests.fakes.human import Human
from tests.fakes.signing import SigningIdentity, SigningKey
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import PASSWORD, Deployment, enrol
from tests.integration.matrix.test_faults import Ahead
from tests.integration.matrix.test_setup import NOTHING_TO_ACCEPT
from tests.integration.matrix.test_talking import served

API = "/_matrix/client/v3"
GUARD = "only from a device that you have verified"


async def answer_in(human: Human, room: str, words: str) -> str:
    """Say something and give the body of the answer."""
    await human.say(room, words)
    [answer] = await human.hear(room)
    return answer.body


@asynccontextmanager
async def through_a_censor(bot: Deployment) -> AsyncIterator[Censor]:
    """Let the bot reach its server through one that may hold requests up or answer them itself."""
    await bot.stop()
    censor = Censor(bot.synapse.url)
    await censor.start()
    bot.go_through(censor.url)
    try:
        await bot.start()
        yield censor
        await bot.stop()
    finally:
        await censor.stop()


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


async def dragoman(bot: Deployment, words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of `dragoman` in the bot's folder, to its end."""
    command = [sys.executable, "-m", "bot", *shlex.split(words)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3])}
    return await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=bot.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def shown(human: Human) -> str:
    """Give the fingerprint of somebody's identity as their own client shows it."""
    assert human.account.identity is not None
    public = human.account.identity.master.public
    return " ".join(public[at : at + 4] for at in range(0, len(public), 4))


def test_trust_accepts_the_identity_that_was_seen(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Its fingerprint is shown, and it alone holds: not what the server tells of next."""

    async def guarded(ana: Human, chat: str) -> str:
        """Let the bot run until it has looked at Ana's keys, and give what it answers to a guarded verb."""
        await bot.start()
        asked = await ana.say(chat, "role @Luis observer")
        heard = await ana.hear(chat)
        while heard and heard[-1].reply_to != asked:
            heard += await ana.hear(chat)
        await bot.stop()
        return heard[-1].body

    async def scene() -> None:
        ana, luis = await people.arrive("Ana"), await people.arrive("Luis")
        await ana.cross_sign()
        await enrol(bot, {ana: "coordinator", luis: "member"})
        await bot.start()
        chat = await ana.direct_chat(bot.user_id)
        assert (await answer_in(ana, chat, "tasks")).startswith("You have nothing to do")
        await bot.stop()
        trust = f"matrix trust {ana.user_id}"
        assert (await dragoman(bot, trust)).stderr == NOTHING_TO_ACCEPT
        await ana.reset_identity()
        second = shown(ana)
        assert GUARD in await guarded(ana, chat)
        assert f"identity changed: {ana.user_id} (now {second})" in (await dragoman(bot, "matrix status")).stdout
        await ana.reset_identity()
        accepted = await dragoman(bot, trust)
        assert (accepted.returncode, f"    {second}\n" in accepted.stdout, shown(ana) in accepted.stdout) == (
            0,
            True,
            False,
        )
        assert (await dragoman(bot, trust)).stderr == NOTHING_TO_ACCEPT
        await bot.start()
        await ana.say(chat, "role @Luis observer")
        await ana.until(lambda: False, 1)
        await bot.stop()
        assert f"    {shown(ana)}\n" in (await dragoman(bot, trust)).stdout
        assert "@Luis is" in await guarded(ana, chat)

    runner.run(scene())


def test_a_first_identity_of_a_thiefs(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Who has no identity and whose account is taken over: what the thief's first one signs may do nothing guarded.

    It is told after ten minutes. When the device that was there before is signed, it holds, and nobody need be asked.
    """

    async def scene() -> None:
        ana, luis = await people.arrive("Ana"), await people.arrive("Luis")
        await enrol(bot, {ana: "coordinator", luis: "coordinator"})
        await bot.start()
        chat = await ana.direct_chat(bot.user_id)
        assert GUARD in await answer_in(ana, chat, "role @Luis observer")
        thief = await people.add_device(ana, signed=False)
        await thief.cross_sign()
        await ana.until(lambda: False, 1)
        await thief.say(chat, "role @Luis observer")
        [refused] = await ana.hear(chat)
        assert GUARD in refused.body
        assert luis.invitations == {}
        await bot.stop()
        bot.clock = Ahead(dt.timedelta(minutes=11))
        await bot.start()
        [told] = await luis.join_invited()
        alarms = [message.body for message in await luis.hear(told, 2, timeout=3)]
        assert sum(body.startswith("The security identity of @Ana changed.") for body in alarms) == 1
        await thief.sign_device(ana.device_id)
        await ana.until(lambda: False, 1)
        assert GUARD not in await answer_in(ana, chat, "role @Luis observer")

    runner.run(scene())


def test_an_identity_of_ones_own_made_later(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """It is seen before it signs the device: once it does, guarded verbs are taken and nobody is alarmed."""

    async def scene() -> None:
        ana, luis = await people.arrive("Ana"), await people.arrive("Luis")
        await enrol(bot, {ana: "coordinator", luis: "coordinator"})
        await bot.start()
        chat = await ana.direct_chat(bot.user_id)
        assert GUARD in await answer_in(ana, chat, "role @Luis observer")
        await ana.cross_sign()
        await ana.until(lambda: False, 1)
        assert "@Luis is" in await answer_in(ana, chat, "role @Luis member")
        [told] = await luis.join_invited()
        assert not any("security identity" in said.body for said in await luis.hear(told, 3, timeout=1))

    runner.run(scene())


def test_a_second_device_of_the_bots(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """It reads nothing that the bot says, even signed with the bot's own identity; the coordinators hear of it once."""

    async def scene() -> None:
        ana, _, room = await served(bot, people, text=True)
        await bot.stop()
        sealed = bot.house.open()
        seeds = Identity.from_data(sealed.get("identity", "seeds"))
        sealed.close()
        await bot.start()
        intruder = people.keep(await Human.intrude(people.synapse, bot.user_id, PASSWORD, people.folder))
        keys = [SigningKey.of(seed) for seed in (seeds.master, seeds.self_signing, seeds.user_signing)]
        intruder.account.identity = SigningIdentity(bot.user_id, *keys)
        await intruder.sign_device()
        [told] = await ana.join_invited()
        [alarm] = await ana.hear(told)
        assert alarm.body.startswith("Somebody signed in to my Matrix account with another device.")
        await ana.say(room, "!take 3")
        [mine] = await ana.hear(room)
        await intruder.until(lambda: mine.event_id in intruder.unreadable(room), 5)
        assert mine.event_id in intruder.unreadable(room)
        await bot.stop()
        await bot.start()
        await ana.say(room, "!take 4")
        assert len(await ana.hear(room)) == 1
        assert await ana.hear(told, timeout=1) == []

    runner.run(scene())


def test_a_third_person_comes_while_an_answer_is_on_its_way(
    bot: Deployment, people: People, runner: asyncio.Runner
) -> None:
    """The answer does not appear where they are now, but in a direct chat with the one who asked."""

    async def scene() -> None:
        ana, eve = await people.arrive("Ana"), await people.arrive("Eve")
        await enrol(bot, {ana: "coordinator"})
        await bot.start()
        async with through_a_censor(bot) as censor:
            chat = await ana.direct_chat(bot.user_id)
            await ana.until(lambda: False, 1)
            censor.hold = "/sendToDevice/"
            await ana.say(chat, "tasks")
            await asyncio.wait_for(censor.holding.wait(), 10)
            await ana.invite(chat, eve.user_id)
            await eve.join_invited()
            await ana.until(lambda: False, 1)
            censor.hold = ""
            censor.let_go.set()
            [other] = await ana.join_invited()
            [answer] = await ana.hear(other)
            assert answer.body.startswith("You have nothing to do")
            assert await ana.hear(chat, timeout=1) == []
            said = [e for e in await eve.raw_timeline(chat) if e["sender"] == bot.user_id and "state_key" not in e]
            assert said == []

    runner.run(scene())


def test_a_server_that_gives_no_keys_does_not_silence_the_bot(
    bot: Deployment, people: People, runner: asyncio.Runner
) -> None:
    """What is known of people's devices must do for a while."""

    async def scene() -> None:
        _, luis, room = await served(bot, people)
        async with through_a_censor(bot) as censor:
            censor.fail = ["/keys/query"]
            await bot.stop()
            await bot.start()
            assert (await answer_in(luis, room, "!note one")).startswith("Noted for the next digest")

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
