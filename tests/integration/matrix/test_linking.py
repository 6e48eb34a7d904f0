"""Two Matrix accounts of one person: joined by a code, told apart by their rights."""

from __future__ import annotations

import asyncio
import re

from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import Deployment, enrol
from tests.integration.matrix.test_trust import answer_in


def test_link(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """A code said from the other account and confirmed on the first joins both; answers go where they were asked."""

    async def scene() -> None:
        ana, luis, other = [await people.arrive(name) for name in ("Ana", "Luis", "Phone")]
        await enrol(bot, {ana: "coordinator", luis: "member"}, text=True)
        await bot.start()
        chat = await luis.direct_chat(bot.user_id)
        assert (await answer_in(luis, chat, "take 3")).startswith("Yours: article 3")
        code = re.search(r"[A-Z]{4}-[A-Z]{4}", await answer_in(luis, chat, "link"))
        assert code is not None
        other_chat = await other.direct_chat(bot.user_id)
        said = await answer_in(other, other_chat, f"link {code[0]}")
        [asked] = await luis.hear(chat)
        for text in (said, asked.body):
            assert not re.search(r"luis|phone|Safeguards|coalition\.test", text, re.IGNORECASE)
        await luis.say(chat, "link yes")
        assert len(await luis.hear(chat)) == 1
        await other.hear(other_chat, timeout=2)
        assert "article 3" in await answer_in(other, other_chat, "tasks")
        assert await luis.hear(chat, timeout=1) == []
        assert "yes" in await answer_in(other, other_chat, "unlink")
        await other.say(other_chat, "yes")
        assert len(await other.hear(other_chat)) == 1
        assert "answer its members" in await answer_in(other, other_chat, "tasks")

    runner.run(scene())
