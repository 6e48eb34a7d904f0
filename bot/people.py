"""The members of a coalition: found by what people call them, and as the rules see them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlmodel import col

from bot.commands import Refusal, nearest
from bot.message import Mention, say
from bot.rules.waking import Sleeper
from storage.tables import Member, Standing
from storage.work import Work


def members(work: Work) -> list[Member]:
    """Give the coalition's members, in the order they came."""
    return work.rows(Member, col(Member.standing) == Standing.ACTIVE)


def sleeper(member: Member) -> Sleeper:
    """Give what decides whether a member is asleep."""
    return Sleeper(ZoneInfo(member.timezone), member.quiet, member.away_until)


def mention(member: Member) -> Mention:
    """Give the inline that names a member."""
    return Mention(member.id, member.alias)


def find_member(work: Work, name: str, among: list[Member] | None = None) -> Member:
    """Find a member by alias, with or without @, whatever the case; raises Refusal with the nearest alias."""
    known = {member.alias.casefold(): member for member in (members(work) if among is None else among)}
    wanted = name.strip().lstrip("@").casefold()
    if wanted in known:
        return known[wanted]
    near = nearest(wanted, known)
    if near:
        raise Refusal(say("I know no @{name}. Did you mean @{near}?", name=wanted, near=known[near].alias))
    raise Refusal(say("I know no @{name}. `members` lists who is here.", name=wanted))
