"""Where an invocation comes from: which coalition, which member, which room."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlmodel import col, select

from bot.codes import code_that_fits
from bot.identities import account_of
from bot.invocation import Invocation
from bot.linking import PURPOSE, code_said
from storage.cipher import active
from storage.tables import Coalition, Identity, Member, Room, Standing
from storage.work import Work


@dataclass(frozen=True)
class Whence:
    """What is known of an invocation before it is read. A stranger has no member; a room may not be served."""

    coalition_id: int | None
    several: bool = False
    """The account belongs to several coalitions and did not say which one is meant."""


def find_coalition(work: Work, invocation: Invocation, now: dt.datetime) -> Whence:
    """Tell which coalition is spoken to: the one the adapter names, the room's, or the speaker's only one.

    For a stranger who says a code to link an account, it is the code's.
    """
    if invocation.coalition is not None:
        return Whence(_named(work, invocation))
    if invocation.place is not None:
        found = coalitions_of_room(work, invocation.platform, invocation.place)
        if found:
            return Whence(min(found))
    own = coalitions_of_account(work, invocation.platform, invocation.sender)
    if len(own) == 1:
        return Whence(own.pop())
    if not own and (typed := code_said(invocation)) and (code := code_that_fits(work, now, PURPOSE, typed)):
        return Whence(code.coalition_id)
    everyone = list(work.exec(select(Coalition.id).limit(2))) if not own else []
    return Whence(everyone[0] if len(everyone) == 1 else None, several=len(own) > 1)


def coalitions_of_room(work: Work, platform: str, address: str) -> set[int]:
    """Give the coalitions that are served in a room."""
    prints = active()[0].fingerprints(address)
    rooms = select(Room.coalition_id).where(Room.platform == platform, col(Room.fingerprint).in_(prints))
    return set(work.exec(rooms))


def coalitions_of_account(work: Work, platform: str, address: str) -> set[int]:
    """Give the coalitions that an account belongs to, or has asked to join."""
    prints = active()[0].fingerprints(address)
    accounts = select(Identity.coalition_id).where(Identity.platform == platform, col(Identity.fingerprint).in_(prints))
    return set(work.exec(accounts))


def coalitions_on(work: Work, platform: str) -> set[int]:
    """Give the coalitions that have a room or a member's account on a platform."""
    rooms = select(Room.coalition_id).where(Room.platform == platform)
    accounts = select(Identity.coalition_id).where(Identity.platform == platform)
    return {*work.exec(rooms), *work.exec(accounts)}


def find_member(work: Work, invocation: Invocation) -> Member | None:
    """Give the admitted member whose account spoke, or None for a stranger."""
    account = account_of(work, invocation)
    member = work.row(Member, account.member_id) if account else None
    return member if member is not None and member.standing is Standing.ACTIVE else None


def find_room(work: Work, invocation: Invocation) -> Room | None:
    """Give the served room it was said in; None in a direct chat or an unserved room.

    An adapter that names the coalition (the console) names the room too, whatever platform the room is on.
    """
    if invocation.place is None:
        return None
    if invocation.coalition is not None:
        rooms = work.rows(Room)
        return next((room for room in rooms if room.name.casefold() == invocation.place.casefold()), None)
    return room_at(work, invocation.platform, invocation.place)


def room_at(work: Work, platform: str, address: str) -> Room | None:
    """Give the room of this coalition that is served at a platform's address."""
    prints = active()[0].fingerprints(address)
    return work.first(Room, Room.platform == platform, col(Room.fingerprint).in_(prints))


def _named(work: Work, invocation: Invocation) -> int | None:
    if invocation.coalition is None:
        return None
    names = {name.casefold(): row_id for row_id, name in work.exec(select(Coalition.id, Coalition.name))}
    return names.get(invocation.coalition.casefold())
