"""Accounts and aliases: which member an account is, whatever their standing, and which names are free."""

from __future__ import annotations

import re

from bot.commands import Refusal
from bot.identities import account_of
from bot.invocation import Invocation
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
    return member


def free_alias(work: Work, typed: str, own: Member | None = None) -> str:
    """Give the alias as it will be kept; raises Refusal for one that cannot be typed behind an @, or is taken.

    `own` is the member who wants it: their present alias is not taken.
    """
    alias = typed.strip().removeprefix("@")
    if not _ALIAS.fullmatch(alias) or len(alias) > LONGEST_ALIAS:
        raise Refusal(
            say("An alias is one word of at most {longest} letters, digits, `.`, `-` or `_`.", longest=LONGEST_ALIAS)
        )
    others = {row.alias.casefold() for row in work.rows(Member) if own is None or row.id != own.id}
    if alias.casefold() in others:
        raise Refusal(say("That alias cannot be had here. Please choose another one."))
    return alias
