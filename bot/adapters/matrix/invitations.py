"""Whose invitations are taken: to rooms, coordinators'; to a direct chat, members', and a few others' for a while."""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, select

from bot.identities import acting
from storage.cipher import active
from storage.tables import Code, Identity, Member, Role, Standing
from storage.work import Store, Work

PLATFORM = "matrix"


async def is_welcome(store: Store, inviter: str, now: dt.datetime, *, direct: bool, servers: tuple[str, ...]) -> bool:
    """Tell whether to follow an invitation.

    To a room only a coordinator's. To a direct chat also a member's, one of somebody on a server that was allowed, and
    anybody's while nobody coordinates here yet (the code of `dragoman setup` is to be said), or while a code to link an
    account waits to be said.
    """
    roles = await store.read(None, lambda work: _roles(work, inviter))
    if Role.COORDINATOR in roles:
        return True
    if not direct:
        return False
    if roles or inviter.partition(":")[2] in servers:
        return True
    return await store.read(None, lambda work: _expects_somebody(work, now))


def _roles(work: Work, inviter: str) -> list[Role]:
    """Give what the account may act as, in each coalition: a linked one perhaps as less than its member."""
    prints = active()[0].fingerprints(inviter)
    found = (
        select(Member.role, Identity.role)
        .join(Identity, col(Identity.member_id) == col(Member.id))
        .where(Identity.platform == PLATFORM, col(Identity.fingerprint).in_(prints), Member.standing == Standing.ACTIVE)
    )
    return [acting(Role(role), Role(most) if most else None) for role, most in work.exec(found)]


def _expects_somebody(work: Work, now: dt.datetime) -> bool:
    coordinating = (
        select(Member.id)
        .join(Identity, col(Identity.member_id) == col(Member.id))
        .where(Identity.platform == PLATFORM, Member.role == Role.COORDINATOR, Member.standing == Standing.ACTIVE)
    )
    codes = list(work.exec(select(Code).where(col(Code.used_at).is_(None), Code.expires_at > now)))
    purposes = {code.purpose for code in codes}
    return "link" in purposes or ("claim" in purposes and work.exec(coordinating).first() is None)
