"""The accounts that members have on platforms: whose they are, what they may do, and which of them is told first."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import col

from bot.invocation import Invocation
from storage.cipher import active
from storage.tables import Identity, Member, Role
from storage.work import Work

_PREFERENCE = ("matrix", "slack", "console")
"""Where a person with several accounts is told: where it is encrypted, first."""


def account_at(work: Work, platform: str, address: str) -> Identity | None:
    """Give the account of this coalition with that id on a platform."""
    prints = active()[0].fingerprints(address)
    return work.first(Identity, Identity.platform == platform, col(Identity.fingerprint).in_(prints))


def account_of(work: Work, invocation: Invocation) -> Identity | None:
    """Give the account that spoke; None for a stranger's."""
    return account_at(work, invocation.platform, invocation.sender)


def most_of(account: Identity | None) -> Role:
    """Give the most that an account may act as, whatever its member may."""
    return account.role if account is not None and account.role is not None else Role.COORDINATOR


def acting(role: Role, most: Role | None) -> Role:
    """Give what an account may act as whose member has that role, and which may do so much at most; None: all of it."""
    return role if most is None else min(role, most, key=lambda each: each.rank)


def accounts_of(work: Work, member_id: int) -> list[Identity]:
    """Give a member's accounts, the one that is told first at the front.

    Those that may do all that the member may come first, since the member's messages are for such; then preferred
    platforms, then older accounts.
    """
    rows = work.rows(Identity, Identity.member_id == member_id)
    rank = work.row(Member, member_id).role.rank
    return sorted(rows, key=lambda row: (most_of(row).rank < rank, _preference(row.platform)))


def addresses(work: Work, platform: str, member_ids: Collection[int]) -> dict[int, str]:
    """Give the first account of each of these members on a platform, by the member's id; who has none is left out."""
    found: dict[int, str] = {}
    for member_id in member_ids:
        for account in accounts_of(work, member_id):
            if account.platform == platform:
                found.setdefault(member_id, account.address)
    return found


def _preference(platform: str) -> int:
    return _PREFERENCE.index(platform) if platform in _PREFERENCE else len(_PREFERENCE)
