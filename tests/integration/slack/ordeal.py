"""What must survive anything on Slack: commands and notices without number, while Dragoman is killed.

Ana talks in #team, where alerts come due; Luis talks in the direct chat, where his reminders do, and types commands in
#team that concern him alone, whose answers cannot be looked up.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from sqlmodel import select

from bot.clock import SystemClock
from storage.tables import Coalition, Note
from tests.fakes.slack import misbehaviour as bad
from tests.fakes.slack.delivery import Delivery
from tests.fakes.slack.misbehaviour import Fault
from tests.integration.matrix.ordeal import left, owe
from tests.integration.slack.deployment import Deployed

NOTED = "Noted for the next digest"
ERRAND, ALERT = "You asked me to remind you: errand", "Alert"
QUIET_SECONDS = 2.0
"""How long nothing may come once everything has, so that nothing comes twice."""
FAULTS: tuple[Fault, ...] = (
    bad.limited(1),
    bad.status(500),
    bad.status(503, done=True),
    bad.html(done=True),
    bad.dropped_before(),
    bad.dropped_after(),
    bad.unknown_outcome(),
)


@dataclass
class Ordeal:
    """One deployment under fire."""

    at: Deployed
    dice: random.Random
    said: dict[str, Delivery | None] = field(default_factory=dict)
    """What was typed that is answered in the open, with its delivery where that may be given up."""
    aside: dict[str, Delivery] = field(default_factory=dict)
    """The commands whose answers one person sees, by what only their answer says."""
    owed: int = 0

    async def owe(self, number: int, seconds: float, start: float = 1.0) -> None:
        """Owe so many notices in #team and to Luis, due one after the other from `start` to `seconds` from now."""
        now = SystemClock().now()
        steps = [dt.timedelta(seconds=start + (seconds - start) * step / number) for step in range(number)]
        await self.at.store.write(await self._coalition(), lambda work: owe(work, now, steps))
        self.owed = number

    async def talk(self, number: int, pause: float) -> None:
        """Say so many commands in each place, with pauses of about so many seconds."""
        at = self.at
        for count in range(number):
            room, direct, own = f"r{count}", f"d{count}", f"zyx{count:03}"
            await at.bed.say(at.ana, at.team, f"<@BOT> note {room}", wait=False)
            await at.bed.direct(at.luis, f"note {direct}", wait=False)
            self.said |= {room: None, direct: None}
            # What it does not know it repeats, to the asker alone: each of these answers is like no other.
            self.aside[own] = await at.bed.command(at.luis, "/dragoman", f"help {own}", at.team, wait=False)
            await asyncio.sleep(2 * pause * self.dice.random())

    async def kill_again_and_again(self, times: int) -> None:
        """Start it and kill it at a random moment, so many times."""
        for _ in range(times):
            await self.at.process.start()
            await asyncio.sleep(self.dice.choice((0.05, 0.3, 1.0, 3.0)) * self.dice.random())
            self.at.process.kill()

    async def misbehave(self, times: int, pause: float) -> None:
        """Let what is posted go wrong, so many times."""
        for _ in range(times):
            await asyncio.sleep(pause)
            method = self.dice.choice(("chat.postMessage", "chat.postEphemeral"))
            self.at.bed.misbehave(method, self.dice.choice(FAULTS))

    async def calm_down(self, seconds: float) -> None:
        """Run until everything has come, but no longer than so many seconds; then a moment more."""
        await self.at.process.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end and not await self._is_over():
            await asyncio.sleep(0.2)
        await asyncio.sleep(QUIET_SECONDS)
        await self.at.process.stop()

    async def check(self) -> None:
        """What was acknowledged was done and answered once, every notice came once, in order; nothing is left to do."""
        at = self.at
        shown = (*at.bed.shown(at.ana, at.team), *at.bed.shown(at.luis))
        notices = [one.text.partition("\n")[0] for one in shown if one.user == at.bed.bot.id]
        expected = [f"{number:03}" for number in range(self.owed)]
        for begin in (ALERT, ERRAND):
            assert [text.removeprefix(begin).strip(" .") for text in notices if text.startswith(begin)] == expected
        coalition = await self._coalition()
        noted = Counter(await at.store.read(coalition, lambda work: [row.words for row in work.rows(Note)]))
        assert set(noted.values()) == {1}
        assert set(noted) == set(self.said)
        assert sum(text.startswith(NOTED) for text in notices) == len(self.said)
        for own, delivery in self.aside.items():
            seen = sum(own in one.text for one in (*at.bed.shown(at.luis, at.team), *at.bed.shown(at.luis)))
            assert seen <= 2
            assert seen >= 1 or not delivery.acknowledged
        assert await at.store.read(coalition, left) == (0, 0, 0)
        assert at.bed.log.late == [] or max(at.bed.ack_times) < 3

    async def _is_over(self) -> bool:
        coalition = await self._coalition()
        notes = await self.at.store.read(coalition, lambda work: len(work.rows(Note)))
        return notes >= len(self.said) and await self.at.store.read(coalition, left) == (0, 0, 0)

    async def _coalition(self) -> int:
        return await self.at.store.read(None, lambda work: work.exec(select(Coalition.id)).one())
