"""Commands on people that work with every chat down: suspend and unsuspend."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from sqlmodel import select

from bot.audit import HOST, record
from bot.clock import SystemClock
from bot.commands import nearest
from bot.notices import coordinators
from bot.people import members
from bot.planning import replan
from bot.suspension import suspend, suspended, unsuspend
from bot.terminal.opening import CommandProblem, coalition_name, opened, write
from config.settings import Settings
from storage.tables import Coalition, Member, Standing
from storage.work import Work


async def suspend_member(settings: Settings, name: str, coalition: str | None) -> int:
    """Put a member out; what is owed to be deleted is deleted by `dragoman run`."""

    def act(work: Work, now: dt.datetime) -> list[str]:
        member = _found(work, name, "suspend")
        if member.standing is Standing.SUSPENDED:
            raise CommandProblem(
                f"{member.alias} is suspended already; `dragoman unsuspend {member.alias}` takes it back"
            )
        suspend(work, now, member, None)
        record(work, now, "suspend", HOST, member)
        alone = [] if coordinators(work) else ["nobody coordinates now: `dragoman setup` gives a code for `claim`"]
        return [f"suspended {member.alias}; `dragoman unsuspend {member.alias}` takes it back", *alone]

    return await _in_coalition(settings, coalition, act)


async def unsuspend_member(settings: Settings, name: str, coalition: str | None) -> int:
    """Let a member in again who was put out."""

    def act(work: Work, now: dt.datetime) -> list[str]:
        member = _found(work, name, "unsuspend")
        if member.standing is not Standing.SUSPENDED:
            raise CommandProblem(f"{member.alias} is not suspended")
        unsuspend(work, now, member, None)
        record(work, now, "unsuspend", HOST, member)
        return [f"{member.alias} is in again as before"]

    return await _in_coalition(settings, coalition, act)


def _found(work: Work, name: str, command: str) -> Member:
    """Find who is in or suspended; raises CommandProblem, with the nearest alias if one is likely meant."""
    rows = [*members(work), *suspended(work)]
    wanted = name.strip().lstrip("@").strip()
    if not wanted:
        raise CommandProblem(f"say whom: `dragoman {command} NAME`")
    found = next((row for row in rows if row.alias.casefold() == wanted.casefold()), None)
    if found is not None:
        return found
    near = nearest(wanted, [row.alias for row in rows])
    if near:
        raise CommandProblem(f"no member is called {wanted}; did you mean {near}?")
    raise CommandProblem(
        f"no member is called {wanted}; `members`, said by a coordinator in `dragoman console`, lists them"
    )


async def _in_coalition(
    settings: Settings, coalition: str | None, act: Callable[[Work, dt.datetime], list[str]]
) -> int:
    async with opened(settings) as store:
        named = await coalition_name(store, coalition)
        found = select(Coalition.id).where(Coalition.name == named)
        coalition_id = await store.read(None, lambda work: work.exec(found).first())
        if coalition_id is None:
            raise CommandProblem("there is no coalition yet: run `dragoman setup`")

        def run(work: Work) -> list[str]:
            now = SystemClock().now()
            lines = act(work, now)
            work.get_one(Coalition, work.tenant).changes += 1
            work.flush()
            replan(work, now)
            return lines

        lines = await store.write(coalition_id, run)
    for line in lines:
        write(line)
    return 0
