"""The command by which the host is the second person, where there is only one coordinator."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlmodel import select

from bot.app import command_table
from bot.clock import SystemClock
from bot.commands import Refusal
from bot.leftovers import Leftovers
from bot.message import Moment, Phrase, say
from bot.plain import Reader, plain_inline
from bot.requests import asker_of, confirm_on_host, name_of, open_requests, what_of
from bot.terminal.opening import CommandProblem, coalition_name, opened, write
from bot.veil import Veil
from config.settings import Settings
from storage.tables import Coalition
from storage.work import Work

_READER = Reader(ZoneInfo("UTC"))
_ALL = Veil(names_all=True)


async def confirm_request(settings: Settings, number: str | None, coalition: str | None) -> int:
    """Confirm a request that waits for a second person; without a number, list those that do."""
    now = SystemClock().now()

    def act(work: Work) -> list[Phrase]:
        if number is None:
            return [
                say("{n}: {who} asks to {what}, until {moment}", n=row.number, who=name_of(asker_of(work, row)),
                    what=what_of(row) or "", moment=Moment(row.expires_at))
                for row in open_requests(work, now)
            ] or [say("No request waits for a second person.")]  # fmt: skip
        return [say("Confirmed and done: request {n}.", n=confirm_on_host(work, now, command_table(), number).number)]

    async with opened(settings) as store:
        name = await coalition_name(store, coalition)
        found = select(Coalition.id).where(Coalition.name == name)
        coalition_id = await store.read(None, lambda work: work.exec(found).first())
        if coalition_id is None:
            raise CommandProblem("there is no coalition yet: run `dragoman init`")
        try:
            lines = await store.write(coalition_id, act)
        except Refusal as refusal:
            raise CommandProblem(plain_inline(_ALL.over_parts(refusal.phrase), _READER)) from None
        await Leftovers(store, SystemClock(), {}).drain()  # it may have been a purge, and nobody else may be running
    for line in lines:
        write(plain_inline(_ALL.over_parts(line), _READER))
    return 0
