"""What the bot owes: lanes, and notices put into them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col

from bot.identities import accounts_of
from bot.message import Message
from storage.tables import (
    Label,
    Lane,
    Member,
    Notice,
    NoticeKind,
    NoticeState,
    Purpose,
    Role,
    Room,
    Standing,
)  # fmt: skip
from storage.work import Work

TOLD = "told."
"""How the occasions of messages begin that are owed at once and written anew only where they were held."""


@dataclass(frozen=True)
class About:
    """What a message that is owed at once is about, so that it is true when it leaves, however long it was held."""

    occasion: str
    """Which writer tells it anew; begins with TOLD."""
    subject_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the writer needs beside the rows of that moment; JSON values, kept sealed with the content."""


def member_lane(work: Work, member_id: int, platform: str | None = None) -> Lane:
    """Give the lane of a member's direct chat, made when it is first needed.

    It is the one on `platform`, for an answer to what was asked there; else, and where the member has no account on
    it, the one on the platform where they are told first.
    """
    platforms = [account.platform for account in accounts_of(work, member_id)]
    where = platform if platform in platforms else next(iter(platforms), "console")
    lane = work.first(Lane, col(Lane.member_id) == member_id, Lane.platform == where)
    if lane is None:
        lane = work.put(Lane(coalition_id=work.tenant, platform=where, member_id=member_id))
    return lane


def room_lane(work: Work, room: Room) -> Lane:
    """Give the lane of a room, made when it is first needed."""
    lane = work.first(Lane, col(Lane.room_id) == room.id)
    if lane is None:
        lane = work.put(Lane(coalition_id=work.tenant, platform=room.platform, room_id=room.id))
    return lane


def purpose_lanes(work: Work, purpose: Purpose) -> list[Lane]:
    """Give the lanes of the rooms that are served for a purpose."""
    return [room_lane(work, room) for room in work.rows(Room) if room.serves(purpose)]


def coordinator_lanes(work: Work) -> list[Lane]:
    """Give the direct chats of the coordinators."""
    return [member_lane(work, member.id) for member in coordinators(work)]


def coordinators(work: Work, but: Member | None = None) -> list[Member]:
    """Give the members who coordinate, `but` one."""
    found = work.rows(Member, col(Member.role) == Role.COORDINATOR, col(Member.standing) == Standing.ACTIVE)
    return [member for member in found if but is None or member.id != but.id]


def tell(  # noqa: PLR0913 - each says one thing about the notice
    work: Work,
    lane: Lane,
    kind: NoticeKind,
    content: Message,
    *,
    key: str,
    now: dt.datetime,
    label: Label = Label.COALITION,
    origin: Mapping[str, Any] | None = None,
    about: About | None = None,
) -> None:
    """Owe a message to a lane from now on. The key makes it one: owing it again changes nothing."""
    if work.coalition_id is not None and work.first(Notice, col(Notice.key) == key):
        return
    work.put(
        Notice(
            coalition_id=work.coalition_id, key=key, lane_id=lane.id, kind=kind, due=now, send_at=now, label=label,
            content={**content.to_data(), "facts": dict(about.facts)} if about else content.to_data(),
            occasion=about.occasion if about else "", subject_id=about.subject_id if about else None,
            origin=dict(origin) if origin else None, created_at=now,
        )
    )  # fmt: skip


def tell_each(
    work: Work,
    people: Iterable[Member],
    kind: NoticeKind,
    content: Message,
    key: str,
    now: dt.datetime,
    label: Label = Label.COALITION,
) -> None:
    """Owe a message to each of some members in the direct chat; the key with their number makes it one each."""
    for person in people:
        tell(work, member_lane(work, person.id), kind, content, key=f"{key}/{person.id}", now=now, label=label)


def cancel(notices: Iterable[Notice]) -> list[Notice]:
    """Cancel those that have not left yet; give the others."""
    left = []
    for notice in notices:
        if notice.state is NoticeState.PLANNED:
            notice.state = NoticeState.CANCELLED
        else:
            left.append(notice)
    return left
