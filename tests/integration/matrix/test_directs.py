"""Direct chats: which rooms are any, who opens them, what keeps them from being opened, where answers go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from bot.adapters.matrix.rooms import Rooms
from storage.cipher import active
from storage.tables import Identity
from storage.work import Work
from tests.fakes.censor import Censor
from tests.fakes.human import ENCRYPTION, Human, Refused
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import Deployment, enrol
from tests.integration.matrix.test_talking import served
from tests.integration.matrix.test_trust import answer_in

API = "/_matrix/client/v3"
NOTHING_TO_DO = "You have nothing to do."


@asynccontextmanager
async def censored(bot: Deployment, people: People) -> AsyncIterator[Censor]:
    """Start the bot behind a server in the middle, and stop it before that one goes."""
    await bot.stop()
    censor = Censor(people.synapse.url)
    await censor.start()
    bot.go_through(censor.url)
    try:
        await bot.start()
        yield censor
        await bot.stop()
    finally:
        await censor.stop()


async def as_bot(bot: Deployment, human: Human, path: str) -> dict[str, Any]:
    """Ask the server something in the bot's name."""
    own, human.line.token = human.line.token, bot.account.token
    try:
        return await human.ask("GET", path)
    finally:
        human.line.token = own


async def rooms_of(bot: Deployment, human: Human) -> set[str]:
    """Give the rooms that the bot is in, as the server has it."""
    return set((await as_bot(bot, human, f"{API}/joined_rooms"))["joined_rooms"])


async def direct_chats_of(bot: Deployment, human: Human) -> dict[str, list[str]]:
    """Give the direct chats that the bot's other clients would know of, by person."""
    path = f"{API}/user/{quote(bot.user_id)}/account_data/m.direct"
    try:
        return await as_bot(bot, human, path)
    except Refused:
        return {}


def is_direct(human: Human, room: str) -> bool:
    """Tell whether an invitation says that it is to a direct chat."""
    own = [event for event in human.invitations[room] if event.get("state_key") == human.user_id]
    return own[-1]["content"].get("is_direct") is True


async def settled(human: Human, seconds: float = 1.0) -> None:
    """Let some time pass."""
    await human.until(lambda: False, seconds)


def test_what_is_said_before_the_bot_comes(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """People invite and write at once: the first words in a direct chat count, however long the bot takes to join."""

    async def scene() -> None:
        _ana, luis, _room = await served(bot, people)
        await bot.stop()
        chat = await luis.direct_chat(bot.user_id)
        asked = await luis.say(chat, "tasks")
        await bot.start()
        [answer] = await luis.hear(chat)
        assert (answer.reply_to, answer.body.startswith(NOTHING_TO_DO)) == (asked, True)
        assert await luis.hear(chat, timeout=0.5) == []

    runner.run(scene())


def test_memberships_that_a_server_tells_again(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Where a message crosses a membership, servers tell the state before it: who came is in, who left is out."""
    seen: dict[str, list[dict[str, Any]]] = {}
    last: dict[tuple[str, str], dict[str, Any]] = {}

    def tell_again(answer: dict[str, Any]) -> None:
        for room_id, content in answer.get("rooms", {}).get("join", {}).items():
            before = seen.setdefault(room_id, [])
            content["state"]["events"] += [event for event in before if event is not last[room_id, event["state_key"]]]
            before += [event for event in content["timeline"]["events"] if event["type"] == "m.room.member"]
            last.update({(room_id, event["state_key"]): event for event in before})

    def here(room: str) -> set[str]:
        sealed = bot.house.open()
        try:
            return set(Rooms(bot.user_id, sealed).open(room).here())
        finally:
            sealed.close()

    async def scene() -> None:
        ana, luis, room = await served(bot, people)
        eve = await people.arrive("Eve")
        async with censored(bot, people) as censor:
            censor.edit = tell_again
            chat = await luis.direct_chat(bot.user_id)
            for _ in range(2):
                assert (await answer_in(luis, chat, "tasks")).startswith(NOTHING_TO_DO)
                await bot.stop()
                await bot.start()
            assert (await answer_in(luis, chat, "tasks")).startswith(NOTHING_TO_DO)
            await ana.invite(room, eve.user_id)
            await eve.join_invited()
            await settled(ana, 0.5)
            await eve.leave(room)
            await settled(ana, 0.5)
            await luis.say(room, "!note one")
            assert len(await luis.hear(room)) == 1
            assert await luis.join_invited(0.5) == []
            await bot.stop()
            assert here(room) == {bot.user_id, ana.user_id, luis.user_id}

    runner.run(scene())


def test_somebody_out_of_reach(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Each message to somebody who cannot be invited tries to invite them again, to the one room that there is."""

    def move_away(work: Work) -> None:
        for account in work.rows(Identity):
            if account.address.startswith("@luis"):
                account.address, account.fingerprint = "@luis:far.test", active()[0].fingerprint("@luis:far.test")

    async def scene() -> None:
        ana, _luis, room = await served(bot, people)
        await bot.store.write(1, move_away)
        for number in range(3):
            await ana.say(room, f"!assign write letter {number} @Luis")
            await ana.hear(room)
        [told] = await ana.join_invited()
        assert "@Luis" in (await ana.hear(told))[0].body
        await settled(ana)
        assert len(await rooms_of(bot, ana) - {room, told}) == 1

    runner.run(scene())


def test_a_room_that_was_made_unnoticed(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """When the bot does not learn that its room was made, that room is the next direct chat, and there is no other."""

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        async with censored(bot, people) as censor:
            censor.lose = ["/createRoom", "/createRoom"]
            await luis.say(room, "!export tasks")
            assert await luis.until(lambda: bool(luis.invitations), 30)
            [chat] = luis.invitations
            assert is_direct(luis, chat)
            await luis.join(chat)
            assert len(await luis.hear(chat, 2)) == 2
            assert (await rooms_of(bot, luis), censor.lose) == ({room, chat}, ["/createRoom"])

    runner.run(scene())


def test_the_bots_other_clients_learn_of_a_direct_chat(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """What keeps the bot from noting it keeps no message back; the next one notes it, also after a restart."""

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        async with censored(bot, people) as censor:
            censor.refuse = {"/account_data/m.direct": (500, {"errcode": "M_UNKNOWN"})}
            await luis.say(room, "!export tasks")
            [chat] = await luis.join_invited()
            assert len(await luis.hear(chat, 2)) == 2
            assert await direct_chats_of(bot, luis) == {}
            censor.refuse = {}
            await bot.stop()
            await bot.start()
            await answer_in(luis, chat, "tasks")
            assert await direct_chats_of(bot, luis) == {luis.user_id: [chat]}

    runner.run(scene())


def test_a_server_that_keeps_no_account_data(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """It refuses for good what only the bot's other clients would want: the message goes out, and no more is asked."""

    async def scene() -> None:
        _ana, luis, room = await served(bot, people)
        async with censored(bot, people) as censor:
            censor.refuse = {"/account_data/m.direct": (403, {"errcode": "M_FORBIDDEN"})}
            await luis.say(room, "!export tasks")
            [chat] = await luis.join_invited()
            assert len(await luis.hear(chat, 2)) == 2

    runner.run(scene())


def test_who_put_the_bot_out_of_a_direct_chat(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """They are not invited to another one, before they invite the bot again: to a new one, or back to the old one."""

    async def is_told(luis: Human, room: str) -> bool:
        await luis.say(room, "!export tasks")
        return await luis.join_invited(2) != []

    async def scene() -> None:
        ana, luis, room = await served(bot, people)
        body = {"preset": "private_chat", "is_direct": True, "invite": [bot.user_id], "initial_state": [ENCRYPTION]}
        chat = str((await luis.ask("POST", f"{API}/createRoom", body))["room_id"])
        assert (await answer_in(luis, chat, "tasks")).startswith(NOTHING_TO_DO)
        for again in ("old", "new"):
            await luis.ask("POST", f"{API}/rooms/{chat}/kick", {"user_id": bot.user_id})
            await settled(luis)
            assert not await is_told(luis, room)
            if again == "old":
                await luis.invite(chat, bot.user_id)
            else:
                chat = await luis.direct_chat(bot.user_id)
            assert (await answer_in(luis, chat, "tasks")).startswith(NOTHING_TO_DO)
        await luis.say(room, "!export tasks")
        assert len(await luis.hear(chat, 2)) == 2
        await luis.invite(chat, ana.user_id)
        await settled(luis)
        assert await is_told(luis, room)

    runner.run(scene())


def test_two_direct_chats(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """An answer goes to the one it was asked in."""

    async def scene() -> None:
        ana = await people.arrive("Ana")
        await enrol(bot, {ana: "coordinator"})
        await bot.start()
        chats = [await ana.direct_chat(bot.user_id) for _ in range(2)]
        for chat in (*chats, *chats):
            assert (await answer_in(ana, chat, "tasks")).startswith(NOTHING_TO_DO)
        for chat in chats:
            assert await ana.hear(chat, timeout=0.5) == []

    runner.run(scene())


def test_an_unnamed_room_of_two(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A coordinator's serves as a direct chat, until a third person comes: then it is a room, also when they left."""

    async def scene() -> None:
        ana, luis = await people.arrive("Ana"), await people.arrive("Luis")
        await enrol(bot, {ana: "coordinator", luis: "member"})
        await bot.start()
        body = {"preset": "private_chat", "invite": [bot.user_id], "initial_state": [ENCRYPTION]}
        room = str((await ana.ask("POST", f"{API}/createRoom", body))["room_id"])
        assert (await answer_in(ana, room, "tasks")).startswith(NOTHING_TO_DO)
        await ana.invite(room, luis.user_id)
        await luis.join_invited()
        await settled(ana, 0.5)
        await ana.say(room, "tasks")
        assert await ana.hear(room, timeout=1) == []
        await luis.leave(room)
        await settled(ana, 0.5)
        await ana.say(room, "tasks")
        assert await ana.hear(room, timeout=1) == []
        await bot.stop()
        await bot.start()
        await ana.say(room, "tasks")
        assert await ana.hear(room, timeout=1) == []

    runner.run(scene())
