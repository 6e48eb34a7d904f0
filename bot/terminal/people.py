"""Commands on people that work with every chat down: suspend and unsuspend."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlmodel import select

from bot.clock import SystemClock
from bot.commands import Refusal
from bot.notices import coordinators
from bot.people import find_member, members
from bot.plain import Reader, plain_inline
from bot.planning import replan
from bot.suspension import suspend, suspended, unsuspend
from bot.terminal.opening import CommandProblem, coalition_name, opened, write
from config.settings import Settings
from storage.tables import Coalition
from storage.work import Work


async def suspend_member(settings: Settings, name: str, coalition: str | None) -> int:
    """Put a member out; what is owed to be deleted is deleted by `dragoman run`."""

    def act(work: Work) -> list[str]:
        member = find_member(work, name, members(work))
        suspend(work, SystemClock().now(), member, None)
        alone = [] if coordinators(work) else ["nobody coordinates now: `dragoman setup` gives a code for `claim`"]
        return [f"suspended {member.alias}; `dragoman unsuspend {member.alias}` takes it back", *alone]

    return await _in_coalition(settings, coalition, act)


async def unsuspend_member(settings: Settings, name: str, coalition: str | None) -> int:
    """Let a member in again who was put out."""

    def act(work: Work) -> list[str]:
        member = find_member(work, name, suspended(work))
        unsuspend(work, SystemClock().now(), member, None)
        return [f"{member.alias} is in again as before"]

    return await _in_coalition(settings, coalition, act)


async def _in_coalition(settings: Settings, coalition: str | None, act: Callable[[Work], list[str]]) -> int:
    async with opened(settings) as store:
        named = await coalition_name(store, coalition)
        found = select(Coalition.id).where(Coalition.name == named)
        coalition_id = await store.read(None, lambda work: work.exec(found).first())
        if coalition_id is None:
            raise CommandProblem("there is no coalition yet: run `dragoman setup`")

        def run(work: Work) -> list[str]:
            lines = act(work)
            work.get_one(Coalition, work.tenant).changes += 1
            work.flush()
            replan(work, SystemClock().now())
            return lines

        try:
            lines = await store.write(coalition_id, run)
        except Refusal as problem:
            raise CommandProblem(plain_inline(problem.phrase, Reader(ZoneInfo("UTC"))).rstrip(".")) from None
    for line in lines:
        write(line)
    return 0
