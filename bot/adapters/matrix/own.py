"""The bot's own messages, found again by their event ids: in which coalition, where they went, and what they say."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from bot.adapters.matrix.invitations import PLATFORM
from bot.adapters.matrix.rooms import Room
from bot.identities import account_at
from storage.cipher import active
from storage.tables import Lane, Parcel
from storage.tables import Room as Served
from storage.work import Store, Work


async def said_in(store: Store, event_id: str, room: Room, me: str) -> bool:
    """Tell whether a message is the bot's (whose user id is `me`), and went to this room or this person.

    Anybody can react or reply to an event of another room, and a server can say that somebody did.
    """
    coalition_id = await store.read(None, lambda work: _coalition_of(work, event_id))
    partner = room.partner(me)
    return coalition_id is not None and await store.read(
        coalition_id, lambda work: _went_to(work, event_id, room.room_id, partner)
    )


async def content_of(store: Store, event_id: str) -> dict[str, Any] | None:
    """Give what a message of the bot's says, while that is kept; None for anybody else's."""
    coalition_id = await store.read(None, lambda work: _coalition_of(work, event_id))
    if coalition_id is None:
        return None
    return await store.read(coalition_id, lambda work: _content(work, event_id))


def _coalition_of(work: Work, event_id: str) -> int | None:
    prints = active()[0].fingerprints(event_id)
    return work.exec(select(Parcel.coalition_id).where(col(Parcel.fingerprint).in_(prints))).first()


def _went_to(work: Work, event_id: str, room_id: str, partner: str | None) -> bool:
    parcel = _parcel(work, event_id)
    lane = work.get_one(Lane, parcel.lane_id) if parcel is not None else None
    if lane is None or lane.platform != PLATFORM:
        return False
    if lane.room_id is not None:
        return work.row(Served, lane.room_id).address == room_id
    if partner is None:
        return False
    if lane.member_id is None:
        return lane.fingerprint in active()[0].fingerprints(partner)
    account = account_at(work, PLATFORM, partner)
    return account is not None and account.member_id == lane.member_id


def _content(work: Work, event_id: str) -> dict[str, Any] | None:
    parcel = _parcel(work, event_id)
    return parcel.content if parcel is not None else None


def _parcel(work: Work, event_id: str) -> Parcel | None:
    return work.first(Parcel, col(Parcel.fingerprint).in_(active()[0].fingerprints(event_id)))
