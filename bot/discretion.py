"""People who are discreet: who is one, what they are called where, and whom a speaker may name."""

from __future__ import annotations

import re

from sqlmodel import col

from bot.commands import Call, NeedsYes
from bot.message import Inline, joined, say
from bot.people import find_member, members, mention
from bot.rules.discretion import is_default, names_all
from bot.unnaming import called as patterns_of
from bot.veil import Veil
from storage.tables import Identity, Label, Member, Room
from storage.work import Work


def veil_on(work: Work, platform: str) -> Veil:
    """Give what is left out of messages on a platform."""
    if work.coalition_id is None or names_all(platform):
        return Veil(names_all=names_all(platform))
    renamed = work.rows(Member, col(Member.alias_outside).is_not(None), col(Member.discreet).is_(False))
    return Veil(discreet(work), {row.id: outside(row) for row in renamed})


def discreet(work: Work) -> frozenset[int]:
    """Give the ids of those who are discreet, also of those who only asked to join or are suspended."""
    return frozenset(row.id for row in work.rows(Member, col(Member.discreet).is_(True)))


def visible(call: Call, rows: list[Member]) -> list[Member]:
    """Give those of some members whom the speaker may name where they speak, and hear of."""
    return [row for row in rows if call.names_all or not row.discreet]


def called(call: Call, member: Member) -> str:
    """Give what a member is called where the speaker speaks."""
    return member.alias if call.names_all else outside(member)


def outside(member: Member) -> str:
    """Give what a member is called where people who are discreet are not named."""
    return member.alias_outside or member.alias


def names(call: Call, hidden: str) -> dict[int, str]:
    """Give what each active member is called in a file for where the speaker speaks, by id; `hidden`: who is not."""
    return {row.id: called(call, row) if call.names_all or not row.discreet else hidden for row in members(call.work)}


def find_named(call: Call, name: str, among: list[Member] | None = None) -> Member:
    """Find whom a speaker names, as `find_member` does; who may not be named there is not known there."""
    if call.names_all:
        return find_member(call.work, name, among)
    return find_member(call.work, name, among, outside=True)


def named_in(call: Call, words: str) -> Inline | None:
    """Name those who are discreet and are named in words that may be read where they are not to be; None: nobody is.

    It is told on Matrix alone: elsewhere it would say of whoever types names which of them are somebody's.
    """
    if not call.names_all or not _read_outside(call.work):
        return None
    found = [row for row in members(call.work) if row.discreet and _names(row, words)]
    return joined([mention(row) for row in found]) if found else None


def ask_before_naming(call: Call, words: str, label: Label = Label.COALITION) -> None:
    """Raise NeedsYes where words would tell, where they are not to be named, of somebody who is discreet."""
    who = named_in(call, words) if label is not Label.CLOSED and not call.confirmed else None
    if who is not None:
        raise NeedsYes(
            say("This names {who}, who is discreet, and is read in other chats than Matrix too. Say `yes` to leave it "
                "so, or say it again without the name.", who=who)
        )  # fmt: skip


def _names(member: Member, words: str) -> bool:
    return re.search(rf"(?<!\w)(?:{'|'.join(patterns_of(member))})(?!\w)", words) is not None


def _read_outside(work: Work) -> bool:
    platforms = {row.platform for row in work.rows(Room)} | {row.platform for row in work.rows(Identity)}
    return not all(map(names_all, platforms))


def be_discreet_by_default(work: Work, member: Member) -> None:
    """Let a member be discreet who is known on Matrix alone by now; whoever else is stays as they are."""
    if is_default({row.platform for row in work.rows(Identity, Identity.member_id == member.id)}):
        member.discreet = True
