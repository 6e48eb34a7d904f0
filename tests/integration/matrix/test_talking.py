"""People talk to Dragoman through a real homeserver: in direct chats, in rooms, in threads."""

from __future__ import annotations

import asyncio

from tests.fakes.human import Human
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import Deployment, enrol


async def served(bot: Deployment, people: People, *, text: bool = False) -> tuple[Human, Human, str]:
    """Give Ana, a coordinator, Luis, a member, and a room that is served, with Dragoman running."""
    ana, luis = await people.arrive("Ana"), await people.arrive("Luis")
    await ana.cross_sign()
    await luis.cross_sign()
    await enrol(bot, {ana: "coordinator", luis: "member"}, text=text)
    await bot.start()
    room = await ana.make_room("general", invite=[bot.user_id, luis.user_id])
    await luis.join_invited()
    await ana.until(lambda: False, 0.5)
    await ana.say(room, "!room here for tasks, alerts")
    [answer] = await ana.hear(room)
    assert answer.body.startswith("This room is served now")
    await luis.hear(room, 2)
    return ana, luis, room


def test_direct_chat(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A member asks in a direct chat and gets the answer there, encrypted, as a reply."""

    async def scene() -> None:
        ana = await people.arrive("Ana")
        await enrol(bot, {ana: "coordinator"})
        await bot.start()
        chat = await ana.direct_chat(bot.user_id)
        asked = await ana.say(chat, "tasks")
        [answer] = await ana.hear(chat)
        assert answer.body == "You have nothing to do. `coverage` shows what nobody looks at."
        assert (answer.encrypted, answer.reply_to, answer.msgtype) == (True, asked, "m.text")

    runner.run(scene())


def test_said_before_the_bot_has_joined(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """What somebody says right after they opened the direct chat is answered, though the bot joins only then."""

    async def scene() -> None:
        ana = await people.arrive("Ana")
        await enrol(bot, {ana: "coordinator"})
        chat = await ana.direct_chat(bot.user_id)
        asked = await ana.say(chat, "tasks")
        await bot.start()
        [answer] = await ana.hear(chat)
        assert answer.reply_to == asked

    runner.run(scene())


def test_replies_in_a_room(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """Without a mark, a verb counts in a room only as a reply to what the bot said, not to what people say."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people, text=True)
        await luis.say(room, "!take 3")
        [mine] = await luis.hear(room)
        asked = await ana.say(room, "Is article 3 read?")
        await luis.say(room, "done", reply_to=asked)
        counts = await luis.say(room, "done", reply_to=mine.event_id)
        question, done = await luis.hear(room, 2)
        assert (question.event_id, done.reply_to) == (asked, counts)
        assert done.body.startswith("Done: article 3")

    runner.run(scene())


def test_room_and_thread(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """What is asked in a thread of a room is answered in that thread; a personal answer goes to the direct chat."""

    async def scene() -> None:
        _ana, luis, room = await served(bot, people, text=True)
        root = await luis.say(room, "What about the preamble?")
        await luis.say(room, "!take preamble", thread=root)
        [answer] = await luis.hear(room)
        assert (answer.thread, answer.encrypted) == (root, True)
        assert answer.body.startswith("Yours: preamble")
        await luis.say(room, "!export tasks")
        [chat] = await luis.join_invited()
        csv, file = await luis.hear(chat, 2)
        assert csv.body.startswith("1 task, times in UTC.")
        assert (await luis.fetch_file(file)).decode().splitlines()[1].startswith("1,preamble")

    runner.run(scene())
