"""Where an invocation comes from: which coalition, which member, which room."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, select

from bot.invocation import Invocation
from storage.cipher import active
from storage.tables import Coalition, Identity, Member, Room, Standing
from storage.work import Work


@dataclass(frozen=True)
class Whence:
    """What is known of an invocation before it is read. A stranger has no member; a room may not be served."""

    coalition_id: int | None
    several: bool = False
    """The account belongs to several coalitions and did not say which one is meant."""


def find_coalition(work: Work, invocation: Invocation) -> Whence:
    """Tell which coalition is spoken to: the room's, the one the adapter names, or the speaker's only one."""
    if invocation.coalition is not None:
        return Whence(_named(work, invocation))
    if invocation.place is not None:
        prints = active()[0].fingerprints(invocation.place)
        rooms = select(Room.coalition_id).where(Room.platform == invocation.platform, col(Room.fingerprint).in_(prints))
        found = set(work.exec(rooms))
        if found:
            return Whence(min(found))
    prints = active()[0].fingerprints(invocation.sender)
    accounts = select(Identity.coalition_id).where(
        Identity.platform == invocation.platform, col(Identity.fingerprint).in_(prints)
    )
    own = set(work.exec(accounts))
    if len(own) == 1:
        return Whence(own.pop())
    everyone = list(work.exec(select(Coalition.id).limit(2))) if not own else []
    return Whence(everyone[0] if len(everyone) == 1 else None, several=len(own) > 1)


def find_member(work: Work, invocation: Invocation) -> Member | None:
    """Give the admitted member whose account spoke, or None for a stranger."""
    prints = active()[0].fingerprints(invocation.sender)
    account = work.first(Identity, Identity.platform == invocation.platform, col(Identity.fingerprint).in_(prints))
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
    prints = active()[0].fingerprints(invocation.place)
    return work.first(Room, Room.platform == invocation.platform, col(Room.fingerprint).in_(prints))


def _named(work: Work, invocation: Invocation) -> int | None:
    if invocation.coalition is None:
        return None
    names = {name.casefold(): row_id for row_id, name in work.exec(select(Coalition.id, Coalition.name))}
    return names.get(invocation.coalition.casefold())
