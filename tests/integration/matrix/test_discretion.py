"""Whoever joined on Matrix is discreet: named in encrypted rooms there, and owed to Slack without a name."""

from __future__ import annotations

import asyncio

from bot.app import writers
from bot.departures import prepare
from bot.message import message, say
from bot.notices import room_lane, tell
from bot.people import mention
from bot.plain import plain
from storage.tables import Label, Member, NoticeKind, Purpose, Room, Task
from storage.work import Work
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import Deployment
from tests.integration.matrix.test_talking import served


def test_named_where_it_is_encrypted_alone(bot: Deployment, people: People, runner: asyncio.Runner) -> None:
    """The room and the direct chat on a real homeserver say who it is; what is owed to a channel says somebody."""

    def owed(work: Work) -> str:
        channel = work.put(
            Room(coalition_id=work.tenant, name="open", platform="slack", address="C0OPEN", fingerprint="C0OPEN",
                 label=Label.COALITION, purposes=[Purpose.TASKS])
        )  # fmt: skip
        [task], now = work.rows(Task), bot.clock.now()
        lane, lead = room_lane(work, channel), work.row(Member, task.lead_id)
        tell(work, lane, NoticeKind.ALERT, message(say("{who} has it.", who=mention(lead))), key="has", now=now)
        [leaving] = prepare(work, lane.id, now, writers())
        return plain(leaving.message, leaving.to.reader)

    async def scene() -> None:
        ana, luis, room = await served(bot, people, text=True)
        await luis.say(room, "!take 3")
        await luis.hear(room)
        await ana.say(room, "!tasks 3")
        answer = (await ana.hear(room, 3))[-1]
        assert answer.encrypted
        assert luis.account.name in answer.body
        chat = await luis.direct_chat(bot.user_id)
        await luis.say(chat, "my")
        [mine] = await luis.hear(chat)
        assert mine.body.startswith(f"You are @{luis.account.name}")
        assert mine.body.endswith("discreet.")
        await bot.stop()
        assert await bot.store.write(1, owed) == "Somebody has it."

    runner.run(scene())
