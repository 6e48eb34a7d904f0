"""People out on a real homeserver: what the bot wrote goes, the direct chat is left, and its store forgets them."""

from __future__ import annotations

import asyncio
import json

from bot.adapters.matrix.sealed import SealedStore
from bot.purging import purge
from storage.cipher import read_key_file
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import Deployment
from tests.integration.matrix.test_directs import direct_chats_of, rooms_of
from tests.integration.matrix.test_talking import served


def test_who_is_out_for_good_is_in_no_store(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """It is told that they left; then messages are redacted, the chat is left, and the store does not know their id."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people)
        chat = await luis.direct_chat(bot.user_id)
        await luis.say(chat, "my")
        assert (await luis.hear(chat))[0].body.startswith("You are")
        anas = await ana.direct_chat(bot.user_id)
        await ana.say(anas, "members remove @Luis")
        assert "for good" in (await ana.hear(anas))[0].body
        await luis.leave(room)
        assert (await ana.hear(anas))[0].body.startswith("@Luis is in none of my rooms on Matrix any more.")
        await ana.say(anas, "yes")
        assert "out for good" in (await ana.hear(anas))[0].body
        async with asyncio.timeout(20):
            while chat in await rooms_of(bot, ana):
                await asyncio.sleep(0.2)
        said = [event for event in await luis.raw_timeline(chat) if event["sender"] == bot.user_id]
        assert [event for event in said if event["type"] == "m.room.encrypted" and event["content"]] == []
        assert luis.user_id not in await direct_chats_of(bot, ana)
        await asyncio.sleep(1.0)
        await bot.stop()
        sealed = SealedStore(bot.folder / "matrix" / "matrix.db", read_key_file(bot.folder / "dragoman.key"))
        kinds = [kind for (kind,) in sealed._run("SELECT DISTINCT kind FROM sealed")]
        found = {kind: json.dumps(sealed.all(kind)) for kind in kinds if kind != "store"}
        sealed.close()
        assert {kind for kind, text in found.items() if luis.user_id in text} == set()

    runner.run(scene())


def test_a_purged_coalition_is_left_without_a_word(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """The host purges while the bot is down; when it is back it leaves the room and the direct chat, and is silent."""

    async def scene() -> None:
        ana, luis, room = await served(bot, people)
        chat = await luis.direct_chat(bot.user_id)
        await luis.say(chat, "my")
        await luis.hear(chat)
        before = {place: len(await luis.raw_timeline(place)) for place in (room, chat)}
        await bot.stop()
        await luis.say(room, "!next")
        await bot.store.write(1, lambda work: purge(work, bot.clock.now()))
        await bot.start()
        async with asyncio.timeout(20):
            while bot.user_id in [*await luis.members(room), *await luis.members(chat)]:
                await asyncio.sleep(0.2)
        await asyncio.sleep(1.0)
        for place in (room, chat):
            new = (await luis.raw_timeline(place))[: -before[place] or None]
            own = [event["type"] for event in new if event["sender"] == bot.user_id]
            assert [kind for kind in own if kind != "m.room.member"] == []
        await bot.stop()
        sealed = SealedStore(bot.folder / "matrix" / "matrix.db", read_key_file(bot.folder / "dragoman.key"))
        kinds = [kind for (kind,) in sealed._run("SELECT DISTINCT kind FROM sealed")]
        found = {kind: json.dumps(sealed.all(kind)) for kind in kinds if kind != "store"}
        sealed.close()
        gone = (luis.user_id, ana.user_id, room, chat)
        assert {kind for kind, text in found.items() if any(one in text for one in gone)} == set()

    runner.run(scene())
