"""Accounts and aliases: which member an account is, whatever their standing, and which names are free."""

from __future__ import annotations

import itertools
import re

from bot.commands import Refusal
from bot.discretion import be_discreet_by_default, outside
from bot.identities import account_of
from bot.invocation import Invocation
from bot.lookalikes import skeleton
from bot.message import say
from storage.cipher import active
from storage.tables import Identity, Member
from storage.work import Work

LONGEST_ALIAS = 30  # characters
LONGEST_ORGANISATION = 100  # characters

_ALIAS = re.compile(r"[\w.\-']+")
"""What can be typed behind an @."""


def account_holder(work: Work, invocation: Invocation) -> Member | None:
    """Give the member whose account spoke, also one who has only asked to join; None for a stranger."""
    account = account_of(work, invocation)
    return work.row(Member, account.member_id) if account else None


def open_account(work: Work, invocation: Invocation, member: Member) -> Member:
    """Add a member together with the account that spoke."""
    work.put(member)
    work.put(
        Identity(
            coalition_id=work.tenant, member_id=member.id, platform=invocation.platform, address=invocation.sender,
            fingerprint=active()[0].fingerprint(invocation.sender),
        )
    )  # fmt: skip
    be_discreet_by_default(work, member)
    return member


def typed_alias(typed: str) -> str:
    """Give the alias that was typed; raises Refusal for one that cannot be typed behind an @."""
    alias = typed.strip().removeprefix("@")
    if not _ALIAS.fullmatch(alias) or len(alias) > LONGEST_ALIAS:
        raise Refusal(
            say("An alias is one word of at most {longest} letters, digits, `.`, `-` or `_`.", longest=LONGEST_ALIAS)
        )
    return alias


def taken_by(work: Work, alias: str, own: Member | None = None, *, openly: bool = False) -> Member | None:
    """Give the member whose alias this is, or looks like; `own` is who wants it, whose present one is not taken.

    `openly`: as it seems where people who are discreet are not named.
    """
    look = skeleton(alias)
    others = [row for row in work.rows(Member) if own is None or row.id != own.id]
    if openly:
        return next((row for row in others if not row.discreet and skeleton(outside(row)) == look), None)
    return next((row for row in others if look in (skeleton(row.alias), skeleton(outside(row)))), None)


def free_alias(work: Work, alias: str, own: Member | None = None, *, openly: bool = False) -> str:
    """Give the alias, or where it is taken the same with a number: whoever is no member learns of nobody's."""
    counted = (f"{alias[: LONGEST_ALIAS - 4]}-{n}" for n in itertools.count(2))
    tries = itertools.chain([alias] if alias else [], counted)
    return next(each for each in tries if taken_by(work, each, own, openly=openly) is None)


def take_alias(work: Work, member: Member, alias: str, *, names_all: bool) -> None:
    """Let a member, new or not, be called as they wish, or the same with a number where that is taken.

    Where people who are discreet are not named, they are called so all the same: else whoever asks for the alias of
    one of them would learn that there is somebody of that name. Elsewhere they have the number.
    """
    own = member if member.id else None
    shown = free_alias(work, alias, own, openly=True) if not names_all else None
    member.alias = free_alias(work, alias, own)
    member.alias_outside = shown if shown != member.alias else None


def likeness(work: Work, newcomer: Member) -> Member | None:
    """Give the member for whom somebody may be taken by their alias, with or without its number."""
    return taken_by(work, re.sub(r"-\d+$", "", newcomer.alias), newcomer)
