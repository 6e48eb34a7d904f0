"""What must survive anything: commands and notices without number, while Dragoman is killed, and what is then checked.

Luis talks in a direct chat, where his reminders come due; Ana talks in a room, where alerts do.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from sqlmodel import col, func, select

from bot.clock import SystemClock
from bot.message import message, say
from bot.notices import room_lane, tell
from bot.planning import replan
from storage.tables import (
    Coalition,
    Inbox,
    InboxState,
    Note,
    Notice,
    NoticeKind,
    NoticeState,
    Parcel,
    ParcelState,
    Reminder,
    Room,
)
from storage.tables import Member as MemberRow
from storage.work import Work
from tests.fakes.human import Human, Message
from tests.integration.matrix.conftest import People
from tests.integration.matrix.deployment import Deployment
from tests.integration.matrix.process import Process
from tests.integration.matrix.test_talking import served

NOTED = "Noted for the next digest"
QUIET_SECONDS = 1.5
"""How long nothing may come once everything has, so that nothing comes twice."""


@dataclass
class Place:
    """A room or a direct chat, who talks there, and what is to be seen there."""

    human: Human
    room_id: str
    words: str
    """How the notices that come there begin."""
    prefix: str
    asked: list[str] = field(default_factory=list)
    """The commands' event ids, in order."""
    owed: int = 0
    seen: list[Message] = field(default_factory=list)

    @property
    def missing(self) -> int:
        """Give how many messages have not come yet."""
        return len(self.asked) + self.owed - len(self.seen)

    def answered(self) -> list[str | None]:
        """Give what was answered, in the order of the answers."""
        return [said.reply_to for said in self.seen if said.reply_to is not None]

    def told(self) -> list[str]:
        """Give the notices that came, in order."""
        return [said.body for said in self.seen if said.reply_to is None]

    async def delays(self) -> list[float]:
        """Give the seconds from each command to its answer, as the server saw them."""
        events = await self.human.raw_timeline(self.room_id, 1000)
        moments = {event["event_id"]: event["origin_server_ts"] for event in events}
        answers = {said.reply_to: said.event_id for said in self.seen if said.reply_to is not None}
        return [(moments[answers[asked]] - moments[asked]) / 1000 for asked in self.asked]

    def expected(self) -> list[str]:
        """Give the notices that should."""
        return [f"{self.words} {number:03}" for number in range(self.owed)]


@dataclass
class Ordeal:
    """One deployment under fire. Made by `prepare`."""

    bot: Deployment
    process: Process
    dice: random.Random
    room: Place
    chat: Place

    @property
    def places(self) -> tuple[Place, Place]:
        """Give both places."""
        return self.room, self.chat

    async def owe(self, number: int, seconds: float, start: float = 1.0) -> None:
        """Owe so many notices in each place, due one after the other from `start` to `seconds` from now."""
        now = SystemClock().now()
        steps = [dt.timedelta(seconds=start + (seconds - start) * step / number) for step in range(number)]
        coalition = await self.bot.store.read(None, lambda work: work.exec(select(Coalition.id)).one())
        await self.bot.store.write(coalition, lambda work: owe(work, now, steps))
        for place in self.places:
            place.owed = number

    async def talk(self, number: int, pause: float) -> None:
        """Say so many commands in each place, with pauses of about so many seconds."""
        await asyncio.gather(*(self._talk(place, number, pause) for place in self.places))

    async def kill_again_and_again(self, times: int, others: Callable[[int], Awaitable[None]] | None = None) -> None:
        """Start it and kill it at a random moment, so many times; `others` is told each time, before the start."""
        for number in range(times):
            if others is not None:
                await others(number)
            await self.process.start()
            await asyncio.sleep(self.dice.choice((0.05, 0.2, 0.5, 1.5)) * self.dice.random())
            self.process.kill()

    async def calm_down(self, seconds: float) -> None:
        """Run until everything has come, but no longer than so many seconds; then a moment more."""
        await self.process.start()
        end = time.monotonic() + seconds
        await asyncio.gather(*(self._listen(place, end) for place in self.places))
        for place in self.places:
            place.seen += await place.human.hear(place.room_id, 50, QUIET_SECONDS)
        await self.process.stop()

    async def check(self) -> None:
        """Every command was answered once, every notice came once, in order, in cipher; nothing is left to do."""
        for place in self.places:
            assert place.answered() == place.asked
            assert [words.partition("\n")[0] for words in place.told()] == place.expected()
            assert all(said.body.startswith(NOTED) for said in place.seen if said.reply_to is not None)
            assert place.human.unreadable(place.room_id) == []
            await self._check_timeline(place)
        asked = [f"{place.prefix}{number}" for place in self.places for number in range(len(place.asked))]
        coalition = await self.bot.store.read(None, lambda work: work.exec(select(Coalition.id)).one())
        noted = await self.bot.store.read(coalition, lambda work: [row.words for row in work.rows(Note)])
        assert sorted(noted) == sorted(asked)
        assert await self.bot.store.read(coalition, left) == (0, 0, 0)

    async def _talk(self, place: Place, number: int, pause: float) -> None:
        mark = "!" if place is self.room else ""
        for _ in range(number):
            words = f"{mark}note {place.prefix}{len(place.asked)}"
            place.asked.append(await place.human.say(place.room_id, words))
            await asyncio.sleep(2 * pause * self.dice.random())

    async def _listen(self, place: Place, end: float) -> None:
        while place.missing > 0 and (left := end - time.monotonic()) > 0:
            place.seen += await place.human.hear(place.room_id, place.missing, min(left, 5))

    async def _check_timeline(self, place: Place) -> None:
        """See with the server's eyes that nothing was said in clear, and nothing that nobody heard."""
        said = [event for event in await place.human.raw_timeline(place.room_id, 1000) if "state_key" not in event]
        own = [event for event in said if event["sender"] == self.bot.user_id]
        assert {event["type"] for event in own} == {"m.room.encrypted"}
        heard = {message.event_id for message in place.seen}
        assert len(heard) == len(place.seen)
        assert heard <= {event["event_id"] for event in own}
        first = min(index for index, event in enumerate(own) if event["event_id"] in heard)
        assert len(own) - first == len(heard)


async def prepare(bot: Deployment, people: People, seed: int) -> Ordeal:
    """Set the stage: a room that is served, a direct chat, and Dragoman not running."""
    print(f"seed {seed}")
    ana, luis, room = await served(bot, people)
    chat = await luis.direct_chat(bot.user_id)
    await luis.say(chat, "tasks")
    await luis.hear(chat)
    await bot.stop()
    await asyncio.gather(ana.sync(), luis.sync())
    places = Place(ana, room, "Alert", "r"), Place(luis, chat, "You asked me to remind you: errand", "d")
    return Ordeal(bot, Process(bot.folder), random.Random(seed), *places)


def owe(work: Work, now: dt.datetime, steps: Sequence[dt.timedelta]) -> None:
    """Owe Luis a reminder and the one room an alert at each of these times from now."""
    [room] = work.rows(Room)
    luis = next(row for row in work.rows(MemberRow) if row.alias == "Luis")
    lane = room_lane(work, room)
    for number, step in enumerate(steps):
        work.put(Reminder(coalition_id=work.tenant, member_id=luis.id, words=f"errand {number:03}", due=now + step))
        words = message(say("Alert {n}", n=f"{number:03}"))
        tell(work, lane, NoticeKind.ALERT, words, key=f"ordeal/{number}", now=now + step)
    replan(work, now)


def left(work: Work) -> tuple[int, int, int]:
    """Count what is not settled: notices that are due or on their way, parcels, invocations."""
    open_states = (NoticeState.PLANNED, NoticeState.SENDING)
    notices = work.exec(select(func.count()).select_from(Notice).where(col(Notice.state).in_(open_states))).one()
    parcels = work.exec(select(func.count()).select_from(Parcel).where(Parcel.state == ParcelState.SENDING)).one()
    waiting = work.exec(select(func.count()).select_from(Inbox).where(Inbox.state == InboxState.WAITING)).one()
    return notices, parcels, waiting
