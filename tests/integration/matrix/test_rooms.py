"""Where Dragoman comes, stays and speaks: invitations, encryption, upgrades, people who leave."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import select

from bot.adapters.matrix import sync
from storage.cipher import active
from storage.tables import Label, Note, Notice, Room
from storage.work import Work
from tests.fakes.human import Human
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import Deployment, enrol
from tests.integration.matrix.test_talking import served

API = "/_matrix/client/v3"
ROOMS_ONLY = "I talk in encrypted rooms only. Please turn on encryption in this room's settings, then say it again."


async def membership(human: Human, room: str, user: str) -> str:
    """Give somebody's membership as the server has it."""
    events = await human.raw_timeline(room)
    found: list[str] = [
        e["content"]["membership"] for e in events if e["type"] == "m.room.member" and e["state_key"] == user
    ]
    return found[-1]


def test_invitations(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A coordinator's invitation to a room and a member's to a direct chat are taken, anybody else's declined."""

    async def scene() -> None:
        ana, luis, eve = [await people.arrive(name) for name in ("Ana", "Luis", "Eve")]
        await enrol(bot, {ana: "coordinator", luis: "member"})
        await bot.start()
        rooms = [
            (ana, await ana.make_room("team", invite=[bot.user_id]), "join"),
            (luis, await luis.make_room("mine", invite=[bot.user_id]), "leave"),
            (luis, await luis.direct_chat(bot.user_id), "join"),
            (eve, await eve.direct_chat(bot.user_id), "leave"),
            (eve, await eve.make_room("trap", invite=[bot.user_id]), "leave"),
        ]
        for human, room, expected in rooms:
            for _ in range(50):
                if (found := await membership(human, room, bot.user_id)) != "invite":
                    break
                await asyncio.sleep(0.1)
            assert (room, found) == (room, expected)

    runner.run(scene())


def test_allowed_server(people: People, runner: asyncio.Runner, bot: Deployment) -> None:
    """A stranger of an allowed server may open a direct chat and ask to join."""

    async def scene() -> None:
        ana, eve = await people.arrive("Ana"), await people.arrive("Eve")
        await enrol(bot, {ana: "coordinator"})
        bot.servers = (people.synapse.server_name,)
        await bot.start()
        chat = await eve.direct_chat(bot.user_id)
        await eve.say(chat, "tasks")
        [answer] = await eve.hear(chat)
        assert answer.body == "I work for a coalition and answer its members. To ask to join, say `hello`."
        await eve.say(chat, "hello Eve, Open Labs, Bogota")
        [answer] = await eve.hear(chat)
        assert answer.body == "Thank you. A coordinator looks at it, and I will tell you here."
        [told] = await ana.join_invited()
        [asks] = await ana.hear(told)
        assert asks.body.startswith("Eve of Open Labs (Bogota) asks to join.")

    runner.run(scene())


def test_only_encrypted_rooms(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """In a room without encryption it says one sentence, once, and serves it only when it is encrypted."""

    async def scene() -> None:
        ana = await people.arrive("Ana")
        await ana.cross_sign()
        await enrol(bot, {ana: "coordinator"})
        await bot.start()
        room = await ana.make_room("open", encrypted=False, invite=[bot.user_id])
        await ana.until(lambda: False, 0.5)
        for _ in range(2):
            await ana.say(room, "!room here for tasks")
        assert [message.body for message in await ana.hear(room, 2, timeout=3)] == [ROOMS_ONLY]
        content = {"algorithm": "m.megolm.v1.aes-sha2"}
        await ana.ask("PUT", f"{API}/rooms/{room}/state/m.room.encryption", content)
        await ana.sync()
        await ana.say(room, "!room here for tasks")
        [answer] = await ana.hear(room)
        assert (answer.encrypted, answer.body[:23]) == (True, "This room is served now")

    runner.run(scene())


def test_only_invited_rooms(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A room that anybody may enter is not served."""

    async def scene() -> None:
        ana = await people.arrive("Ana")
        await ana.cross_sign()
        await enrol(bot, {ana: "coordinator"})
        await bot.start()
        room = await ana.make_room("market", public=True, invite=[bot.user_id])
        await ana.until(lambda: False, 0.5)
        await ana.say(room, "!room here for tasks")
        [chat] = await ana.join_invited()
        [answer] = await ana.hear(chat)
        assert answer.body.startswith("I serve only rooms that are encrypted and that people come into by invitation.")

    runner.run(scene())


def test_upgrade(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A room that is upgraded is followed: what was served there is served in its successor."""

    async def scene() -> None:
        ana, _, room = await served(bot, people)
        answer = await ana.ask("POST", f"{API}/rooms/{room}/upgrade", {"new_version": "11"})
        new = str(answer["replacement_room"])
        assert "m.room.encryption" in [event["type"] for event in await ana.raw_timeline(new)]
        await ana.ask("POST", f"{API}/rooms/{new}/invite", {"user_id": bot.user_id})
        await ana.until(lambda: False, 1)
        await ana.say(new, "!take write a letter")
        found = await bot.store.read(1, lambda work: [row.address for row in work.exec(select(Room))])
        assert found == [new]

    runner.run(scene())


def test_who_left_is_told_nothing_there(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A person who left the direct chat gets nothing there, and the coordinators learn that they cannot be reached."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people)
        await ana.say(room, "!assign write a letter @Luis")
        await ana.hear(room)
        [chat] = await luis.join_invited()
        assert len(await luis.hear(chat)) == 1
        await luis.leave(chat)
        await ana.until(lambda: False, 0.5)
        await luis.say(room, "!export tasks")
        [told] = await ana.join_invited()
        [alarm] = await ana.hear(told)
        assert "@Luis" in alarm.body
        said = [e for e in await luis.raw_timeline(chat) if e["sender"] == bot.user_id and "state_key" not in e]
        assert len(said) == 1

    runner.run(scene())


def test_put_out_of_a_room(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Coordinators hear that what is owed to a served room does not arrive there any more."""

    async def scene() -> None:
        ana, _, room = await served(bot, people)
        await ana.ask("POST", f"{API}/rooms/{room}/kick", {"user_id": bot.user_id})
        [told] = await ana.join_invited()
        [alarm] = await ana.hear(told)
        assert alarm.body.startswith("What I owe to #general does not arrive.")

    runner.run(scene())


def test_a_room_that_opens_is_not_served_any_more(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Once anybody may come in, nothing goes there, and the coordinators hear why."""

    async def scene() -> None:
        ana, _, room = await served(bot, people, text=True)
        await ana.ask("PUT", f"{API}/rooms/{room}/state/m.room.join_rules", {"join_rule": "public"})
        await ana.until(lambda: False, 0.5)
        await ana.say(room, "!take 3")
        [told] = await ana.join_invited()
        [alarm] = await ana.hear(told)
        assert alarm.body.startswith("What I owe to #general does not arrive.")
        assert await ana.hear(room, timeout=0.5) == []

    runner.run(scene())


def test_a_successor_with_strangers_is_not_followed(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A tombstone may name any room: one with somebody who was not in the first is served by `room here` only."""

    async def scene() -> None:
        ana, _, room = await served(bot, people)
        eve = await people.arrive("Eve")
        new = await ana.make_room("other", invite=[bot.user_id, eve.user_id])
        await ana.until(lambda: False, 1)
        content = {"body": "moved", "replacement_room": new}
        await ana.ask("PUT", f"{API}/rooms/{room}/state/m.room.tombstone", content)
        await ana.until(lambda: False, 1)
        assert await bot.store.read(1, lambda work: [row.address for row in work.rows(Room)]) == [room]

    runner.run(scene())


def close_all(work: Work) -> None:
    """Let all rooms be closed ones."""
    for room in work.rows(Room):
        room.label = Label.CLOSED


def test_newcomers_in_a_closed_room(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Coordinators hear who is invited to a closed room, who joins it, and who leaves; of each person once."""

    def reports(work: Work) -> list[str]:
        return [key for row in work.rows(Notice) if (key := row.key.partition("/")[0]) in ("invited", "joined", "left")]

    async def scene() -> None:
        ana, luis, room = await served(bot, people)
        await bot.store.write(1, close_all)
        eve = await people.arrive("Eve")
        await ana.invite(room, eve.user_id)
        [told] = await ana.join_invited()
        [alarm] = await ana.hear(told)
        assert alarm.body.startswith(f"Invited to #general: {eve.user_id}.")
        await eve.join_invited()
        await luis.leave(room)
        await ana.until(lambda: False, 1)
        await ana.say(room, "!rooms")
        await ana.hear(room)
        assert await bot.store.read(1, reports) == ["invited", "left"]

    runner.run(scene())


def test_it_joins_an_active_room_without_noise(
    bot: Deployment, people: People, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said before is not answered, readable or not, and who was there before is no newcomer."""
    monkeypatch.setattr(sync, "PATIENCE", 500)

    async def scene() -> None:
        ana, luis = await people.arrive("Ana"), await people.arrive("Luis")
        await enrol(bot, {ana: "coordinator", luis: "member"})
        await bot.start()
        room = await ana.make_room("old", invite=[luis.user_id])
        await luis.join_invited()
        await bot.store.write(1, lambda work: work.put(closed_room(room)))
        await luis.say(room, "!note one")
        await luis.send(room, "m.room.message", {"msgtype": "m.text", "body": "!note two"}, clear=True)
        await ana.invite(room, bot.user_id)
        assert await ana.until(lambda: False, 1) is False
        asked = await luis.say(room, "!note three")
        assert [said.reply_to for said in await luis.hear(room)] == [asked]
        assert await luis.hear(room, timeout=2) == []
        assert (await ana.join_invited(0.5), await luis.join_invited(0.5)) == ([], [])
        assert await bot.store.read(1, lambda work: [row.words for row in work.rows(Note)]) == ["three"]

    runner.run(scene())


def closed_room(address: str) -> Room:
    """Make the row of a closed room that is served."""
    print_ = active()[0].fingerprint(address)
    return Room(coalition_id=1, name="old", platform="matrix", address=address, fingerprint=print_, label=Label.CLOSED)
