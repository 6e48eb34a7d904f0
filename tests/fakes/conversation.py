"""People talking to the bot, from what they type to what they see."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from bot.app import PLATFORMS
from bot.commands import CommandTable
from bot.dispatch import Dispatch
from bot.occasions.leaving import Write
from bot.outbox import Outbox
from bot.requests import confirm_on_host
from bot.rules.limits import USUAL, Limits
from tests.conftest import World
from tests.fakes.chat import Sent


class Conversation:
    """Dispatch and outbox over a World, worked on until nothing is due."""

    def __init__(self, world: World, table: CommandTable, writers: Mapping[str, Write], limits: Limits = USUAL) -> None:
        self.world, self._table = world, table
        self._dispatch = Dispatch(world.store, world.clock, table, limits)
        self._outbox = Outbox(world.store, world.clock, dict.fromkeys(PLATFORMS, world.chat), writers)

    def say(self, alias: str, words: str, room: str | None = None, **others: Any) -> list[str]:
        """Let somebody say something; gives what appears then, each as "#room: text" or "@Name: text"."""
        before = len(self.world.chat.shown)
        invocation = self.world.saying(alias, words, room, **others)
        self.world.run(self._dispatch.receive(invocation))
        self.settle()
        return [_line(sent) for sent in self.world.chat.shown[before:]]

    def seconded(self, alias: str, words: str, room: str | None = None, **others: Any) -> list[str]:
        """Let the only coordinator say what waits for a second person, and the host confirm it; gives what appears."""
        (waits,) = self.say(alias, words, room, **others)
        asked = re.search(r"as request (\d+)", waits)
        assert asked is not None, waits
        return self.host(asked[1])

    def host(self, number: str) -> list[str]:
        """Let the host confirm a request; gives what appears then. Raises Refusal."""
        before = len(self.world.chat.shown)
        self.world.write(lambda work: confirm_on_host(work, self.world.now, self._table, number))
        self.settle()
        return [_line(sent) for sent in self.world.chat.shown[before:]]

    def wait(self, **duration: float) -> list[str]:
        """Let time pass; gives what appears meanwhile."""
        before = len(self.world.chat.shown)
        end = self.world.now + dt.timedelta(**duration)
        while (soonest := self.world.run(self._outbox.next_moment())) is not None and soonest <= end:
            self.world.clock.advance_to(max(soonest, self.world.now))
            self.settle()
        self.world.clock.advance_to(end)
        return [_line(sent) for sent in self.world.chat.shown[before:]]

    def settle(self) -> None:
        """Do everything that is due now."""
        busy = True
        while busy:
            busy = self.world.run(self._dispatch.drain())
            busy = self.world.run(self._outbox.drain()) or busy


def _line(sent: Sent) -> str:
    return f"{'@' if sent.to.reader.personal else '#'}{sent.name}: {sent.text}"
