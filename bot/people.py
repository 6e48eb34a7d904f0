"""The members of a coalition: found by what people call them, and as the rules see them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlmodel import col

from bot.commands import Refusal, nearest
from bot.message import Inline, Mention, Moment, Veiled, joined, say
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


def owner(member: Member) -> Inline:
    """Name the member who has something; where they are not to be named, it is owned."""
    named = mention(member)
    return replace(named, instead="owned") if isinstance(named, Mention) else named


def find_member(work: Work, name: str, among: list[Member] | None = None, *, outside: bool = False) -> Member:
    """Find a member by alias, with or without @, whatever the case; raises Refusal with the nearest alias.

    `outside`: by what people are called where those who are discreet are not named, and these are not known at all.
    """
    rows = members(work) if among is None else among
    if outside:
        rows = [row for row in rows if not row.discreet]
    shown = {row.id: (row.alias_outside if outside else None) or row.alias for row in rows}
    known = {shown[row.id].casefold(): row for row in rows}
    wanted = name.strip().lstrip("@").casefold()
    if wanted in known:
        return known[wanted]
    near = nearest(wanted, known)
    if near:
        raise Refusal(say("I know no @{name}. Did you mean @{near}?", name=wanted, near=shown[known[near].id]))
    raise Refusal(say("I know no @{name}. `members` lists who is here.", name=wanted))


def about(member: Member, line: Inline, instead: Inline | None = None) -> Inline:
    """Give a line that says of a member what tells who they are; `instead` stands where they are not to be named."""
    return Veiled(member.id, line, instead)


def settings_of(member: Member, now: dt.datetime) -> Inline:
    """Say how a member is known and wants to be spoken to, in one line."""
    quiet = say("quiet from 22:00 to 07:00") if member.quiet else say("written to at any hour")
    known: list[Inline | str] = [mention(member), member.organisation, ROLES[member.role], member.timezone]
    wants: list[Inline | str] = [quiet]
    if member.away_until is not None and member.away_until > now:
        wants.append(say("away until {until}", until=Moment(member.away_until)))
    if member.discreet:
        wants.append(say("discreet"))
    return about(
        member,
        say("You are {settings}.", settings=joined([part for part in known + wants if part])),
        say("You are not named here. Yours: {settings}.", settings=joined([ROLES[member.role], *wants])),
    )
