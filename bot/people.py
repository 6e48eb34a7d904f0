"""The members of a coalition: found by what people call them, and as the rules see them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from sqlmodel import col

from bot.commands import Refusal, nearest
from bot.message import Inline, Mention, Moment, Phrase, joined, say
from bot.rules.waking import Sleeper
from storage.tables import Member, Role, Standing
from storage.work import Work

ROLES = {Role.OBSERVER: say("observer"), Role.MEMBER: say("member"), Role.COORDINATOR: say("coordinator")}
"""What people call each role."""
A_FORMER_MEMBER = say("a former member")
"""What stands where the name of somebody stood who is gone for good."""


def members(work: Work) -> list[Member]:
    """Give the coalition's members, in the order they came."""
    return work.rows(Member, col(Member.standing) == Standing.ACTIVE)


def sleeper(member: Member) -> Sleeper:
    """Give what decides whether a member is asleep."""
    return Sleeper(ZoneInfo(member.timezone), member.quiet, member.away_until)


def mention(member: Member) -> Inline:
    """Give the inline that names a member; of one who is gone for good nobody's name is left."""
    return A_FORMER_MEMBER if member.standing is Standing.FORMER else Mention(member.id, member.alias)


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


def settings_of(member: Member, now: dt.datetime) -> Phrase:
    """Say how a member is known and wants to be spoken to, in one line."""
    quiet = say("quiet from 22:00 to 07:00") if member.quiet else say("written to at any hour")
    parts: list[Inline | str] = [mention(member), member.organisation, ROLES[member.role], member.timezone, quiet]
    if member.away_until is not None and member.away_until > now:
        parts.append(say("away until {until}", until=Moment(member.away_until)))
    return say("You are {settings}.", settings=joined([part for part in parts if part]))
