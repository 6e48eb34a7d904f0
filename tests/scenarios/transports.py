"""How the lines of a scenario reach Dragoman and how its messages come back: one transport for each platform."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from sqlmodel import col, select

from bot.adapters.console import ConsoleChat, Core
from bot.app import PLATFORMS, build
from bot.clock import SimulatedClock
from bot.engine import Engine
from bot.planning import replan
from bot.terminal.talk import console_account, turn_to
from storage.tables import Coalition, Identity, Member
from storage.work import Store, Work


async def turned_to(store: Store, clock: SimulatedClock, coalition: str) -> str | None:
    """Plan what a coalition is owed, as serving it does, and give its name; None when there is none of that name."""
    coalition_id = await _id_of(store, coalition)
    if coalition_id is None:
        return None
    await store.write(coalition_id, lambda work: replan(work, clock.now()))
    return coalition


async def member_account(store: Store, platform: str, coalition: str | None, alias: str) -> str | None:
    """Give the account on a platform of the member of that alias, whatever they were called before."""

    def ask(work: Work) -> str | None:
        aliases = {row.id: row.alias.casefold() for row in work.rows(Member)}
        accounts = work.rows(Identity, col(Identity.platform) == platform)
        return next((row.address for row in accounts if aliases.get(row.member_id) == alias.casefold()), None)

    coalition_id = await _id_of(store, coalition)
    return await store.read(coalition_id, ask) if coalition_id is not None else None


async def _id_of(store: Store, coalition: str | None) -> int | None:
    found = select(Coalition.id).where(col(Coalition.name) == coalition)
    return await store.read(None, lambda work: work.exec(found).first())


class Transport(Protocol):
    """A platform on which a scenario is played. What is said in a line is said on it; the console steers."""

    async def set_up(self, folder: Path, coalition: Path) -> Path:
        """Make what the platform needs in a scenario's folder for a coalition's file, and give the file to load."""

    async def open(self, store: Store, clock: SimulatedClock) -> Core:
        """Begin to serve."""

    async def turn_to(self, coalition: str) -> str | None:
        """Serve a coalition as of now, and give its name as it is written; None when there is none of that name."""

    async def account_of(self, coalition: str | None, alias: str) -> str | None:
        """Give the account of a member, where the platform finds it by their alias."""

    def expect(self, *, answered: bool) -> None:
        """Hear whether the scenario shows something after the next line."""

    async def appeared(self) -> list[str]:
        """Give the messages that appeared since the last time, in the order in which they were sent."""

    async def close(self) -> None:
        """Stop serving, as when the process ends."""


class OnConsole:
    """The console, with the code that `dragoman console` uses."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._store: Store | None = None
        self._engine: Engine | None = None

    async def set_up(self, folder: Path, coalition: Path) -> Path:
        return coalition

    async def open(self, store: Store, clock: SimulatedClock) -> Core:
        self._store = store
        self._engine = build(store, clock, dict.fromkeys(PLATFORMS, ConsoleChat(self._lines.append)))
        return self._engine

    async def turn_to(self, coalition: str) -> str | None:
        assert self._store is not None
        assert self._engine is not None
        return await turn_to(self._store, self._engine, coalition)

    async def account_of(self, coalition: str | None, alias: str) -> str | None:
        assert self._store is not None
        return await console_account(self._store, coalition, alias)

    def expect(self, *, answered: bool) -> None:
        """Nothing is said otherwise for that."""

    async def appeared(self) -> list[str]:
        lines, self._lines[:] = list(self._lines), []
        return lines

    async def close(self) -> None:
        self._store = self._engine = None
