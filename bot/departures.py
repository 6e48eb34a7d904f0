"""From a lane's due notices to parcels: what each says, to whom, and under which key."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import insert
from sqlmodel import col, select

from bot.discretion import veil_on
from bot.identities import accounts_of, addresses
from bot.invocation import ASKED_BY, ASKED_ON
from bot.message import Message, mentioned, message, say
from bot.occasions.leaving import Leaving, Write
from bot.people import sleeper
from bot.plain import Reader
from bot.planning import replan
from bot.ports import Destination
from bot.programme import home_zone
from bot.rules.labels import direct_ceiling, may_show, occasion_label, room_ceiling
from bot.rules.waiting import counts_for_company, sort_out
from bot.veil import Veil
from storage.tables import (
    Coalition,
    Label,
    Lane,
    Member,
    Notice,
    NoticeKind,
    NoticeState,
    Parcel,
    ParcelState,
    Room,
    Standing,
)
from storage.work import Work

_ORDER = (NoticeKind.REPLY, NoticeKind.ALERT, NoticeKind.TASK, NoticeKind.PROGRAMME, NoticeKind.REMINDER)
_RECURRING = ("digest", "tasks.overdue-bundle")
_TOO_SENSITIVE = message(say("1 item is too sensitive to be shown here."))
MOST_AT_ONCE, MOST_IN_A_ROOM = 200, 20
"""How many notices are written in one transaction, so that it stays short after a long absence; the next ones follow.

What a person missed comes as one message, so it is written as one.
"""
_HELD = dt.timedelta(minutes=1)
"""From when on a message that was owed at once has waited, and is told anew from the facts of its departure."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class Outgoing:
    """A committed parcel, ready to be sent."""

    parcel_id: int
    key: str
    to: Destination
    message: Message
    counts: bool
    """Whether, once it left, others to the same person wait for ten minutes."""


@dataclass(frozen=True)
class _Place:
    """A lane with what all its parcels need, read once: a session reads anew what nobody holds on to."""

    lane: Lane
    coalition: Coalition | None
    """None for a stranger's lane."""
    member: Member | None
    room: Room | None
    ceiling: Label
    reader: Reader
    accounts: tuple[str, ...]
    """The addresses of a person on the lane's platform."""
    veil: Veil
    """Who is not named there."""


def prepare(work: Work, lane_id: int, now: dt.datetime, writers: Mapping[str, Write]) -> list[Outgoing]:
    """Turn a lane's due notices into parcels, let the others wait, and expire what was overtaken."""
    place = _place(work, work.get_one(Lane, lane_id), now)
    lane, reader = place.lane, place.member
    due: Sequence[Notice] = work.exec(
        select(Notice)
        .where(Notice.lane_id == lane_id, Notice.state == NoticeState.PLANNED, Notice.send_at <= now)
        .order_by(col(Notice.due), col(Notice.kind) != NoticeKind.REPLY, col(Notice.id))
        .limit(MOST_AT_ONCE if lane.member_id is not None else MOST_IN_A_ROOM)
    ).all()
    if reader is not None and reader.standing is not Standing.ACTIVE:
        due = [notice for notice in due if _cancelled_unless_reply(notice, reader)]
    departures, waits = sort_out(due, now, sleeper(reader) if reader else None, _spoken_at(work, lane))
    for wait in waits:
        wait.notice.send_at = wait.until
    written = [_written(work, place, departure.notices, now, writers) for departure in departures]
    prepared = _parcels(work, place, [one for one in written if one is not None], now)
    if work.coalition_id is not None and any(notice.occasion in _RECURRING for notice in due):
        work.flush()
        replan(work, now)
    return prepared


def unsettled(work: Work, lane_id: int) -> list[Outgoing]:
    """Give the parcels of a lane that were committed but not settled: they go out again under the same key.

    Who reads there may have been made an observer meanwhile, and the room a public one.
    """
    found = select(Parcel).where(Parcel.lane_id == lane_id, Parcel.state == ParcelState.SENDING)
    parcels = work.exec(found.order_by(col(Parcel.id))).all()
    return [_again(work, work.get_one(Lane, lane_id), parcel) for parcel in parcels]


def _again(work: Work, lane: Lane, parcel: Parcel) -> Outgoing:
    place = _place(work, lane, parcel.created_at)
    content = Message.from_data(parcel.content or {"blocks": []})
    if not may_show(parcel.label, place.ceiling):
        content = _TOO_SENSITIVE
    notices = work.exec(select(Notice).where(Notice.parcel_id == parcel.id).order_by(col(Notice.id))).all()
    outgoing = _outgoing(work, place, parcel, notices, content)
    return replace(outgoing, to=replace(outgoing.to, tried_since=parcel.created_at))


def _spoken_at(work: Work, lane: Lane) -> dt.datetime | None:
    """Give when a person was last told something, on whatever platform: it is the same phone."""
    if lane.member_id is None:
        return lane.spoken_at
    lanes = work.rows(Lane, col(Lane.member_id) == lane.member_id)
    return max((row.spoken_at for row in lanes if row.spoken_at is not None), default=None)


def _cancelled_unless_reply(notice: Notice, reader: Member) -> bool:
    """Cancel what is owed to somebody who is not in; who has only asked is answered, who was put out is not."""
    if notice.kind is NoticeKind.REPLY and reader.standing is Standing.ASKED:
        return True
    notice.state = NoticeState.CANCELLED
    return False


def _parcels(
    work: Work, place: _Place, written: Sequence[tuple[list[Notice], Message]], now: dt.datetime
) -> list[Outgoing]:
    """Make a parcel of each."""
    rows: list[dict[str, Any]] = [
        {
            "coalition_id": place.lane.coalition_id,
            "key": secrets.token_hex(16),
            "lane_id": place.lane.id,
            "kind": min((notice.kind for notice in notices), key=_rank),
            "state": ParcelState.SENDING,
            "label": max(map(_label, notices), key=lambda label: label.rank),
            "content": content.to_data(),
            "created_at": now,
        }
        for notices, content in written
    ]
    if not rows:
        return []
    # As rows: the objects' own making took longer than all else here.
    parcels = work.scalars(insert(Parcel).returning(Parcel, sort_by_parameter_order=True), rows).all()
    for parcel, (notices, _) in zip(parcels, written, strict=True):
        for notice in notices:
            notice.state, notice.parcel_id = NoticeState.SENDING, parcel.id
    return [
        _outgoing(work, place, parcel, notices, content)
        for parcel, (notices, content) in zip(parcels, written, strict=True)
    ]


def _written(
    work: Work, place: _Place, notices: Sequence[Notice], now: dt.datetime, writers: Mapping[str, Write]
) -> tuple[list[Notice], Message] | None:
    """Write the notices that still have something to say, and expire the others."""
    spoken: list[Notice] = []
    blocks: list[Message] = []
    for group in _together(notices):
        try:
            content = _content(work, place, group, now, writers)
            unsaid = NoticeState.EXPIRED
        except Exception as problem:
            _log.error("notice cannot be written", notice=group[0].id, code=type(problem).__name__)
            content, unsaid = None, NoticeState.FAILED
            for notice in group:
                notice.failed_at, notice.code = now, type(problem).__name__
        if content is None:
            for notice in group:
                notice.state = unsaid
        else:
            spoken += group
            blocks.append(content)
    return (spoken, Message(tuple(block for part in blocks for block in part.blocks))) if spoken else None


def _together(notices: Sequence[Notice]) -> list[list[Notice]]:
    """Put the planned notices of one occasion together, in the order of their first; all else stays alone."""
    groups: dict[str | int, list[Notice]] = {}
    for notice in notices:
        groups.setdefault(notice.occasion if _is_planned(notice) else notice.id, []).append(notice)
    return list(groups.values())


def _content(
    work: Work, place: _Place, group: list[Notice], now: dt.datetime, writers: Mapping[str, Write]
) -> Message | None:
    first = group[0]
    if not may_show(_label(first), place.ceiling):
        return None if _is_planned(first) else _TOO_SENSITIVE
    if _is_planned(first) or (first.occasion and now - first.due >= _HELD):
        coalition = work.get_one(Coalition, work.tenant)
        leaving = Leaving(work, now, coalition, group, place.ceiling, place.member, place.room)
        return writers[first.occasion](leaving)
    return Message.from_data(first.content or {"blocks": []})


def _is_planned(notice: Notice) -> bool:
    """Tell whether a notice is yet to be written, from its occasion alone."""
    return bool(notice.occasion) and notice.content is None


def _label(notice: Notice) -> Label:
    return occasion_label(notice.occasion) if _is_planned(notice) else notice.label


def _place(work: Work, lane: Lane, now: dt.datetime) -> _Place:
    member = work.row(Member, lane.member_id) if lane.member_id is not None else None
    room = work.row(Room, lane.room_id) if lane.room_id is not None else None
    veil = veil_on(work, lane.platform)
    if member is None and room is None:
        return _Place(lane, None, None, None, Label.PUBLIC, Reader(ZoneInfo("UTC"), personal=True), (), veil)
    coalition = work.get_one(Coalition, work.tenant)
    if room is not None:
        zone = ZoneInfo(room.timezone) if room.timezone else home_zone(work, coalition, now)
        reader = Reader(zone, room.language or coalition.language)
        return _Place(lane, coalition, None, room, room_ceiling(room.label, room.platform), reader, (), veil)
    assert member is not None
    reader = Reader(ZoneInfo(member.timezone), coalition.language, personal=True)
    accounts = tuple(row.address for row in accounts_of(work, member.id) if row.platform == lane.platform)
    return _Place(lane, coalition, member, None, direct_ceiling(member.role, lane.platform), reader, accounts, veil)


def _outgoing(work: Work, place: _Place, parcel: Parcel, notices: Sequence[Notice], content: Message) -> Outgoing:
    origin = (notices[0].origin if notices else None) or {}
    # Here and nowhere else: whatever wrote it, and whenever, it is known only now where it goes.
    content = place.veil.over(content)
    to = replace(
        _destination(place, parcel.kind, parcel.created_at, origin),
        accounts=addresses(work, place.lane.platform, mentioned(content)),
        label=parcel.label,
        loud=parcel.kind is NoticeKind.ANNOUNCEMENT and may_show(parcel.label, place.ceiling),
    )
    return Outgoing(parcel.id, parcel.key, to, content, any(map(counts_for_company, notices)))


def _destination(place: _Place, kind: NoticeKind, now: dt.datetime, origin: Mapping[str, object]) -> Destination:
    lane, room, member = place.lane, place.room, place.member
    note = {name: value for name, value in origin.items() if name not in (ASKED_ON, ASKED_BY)}
    if room is not None:
        return Destination(lane.platform, room.address, room.name, place.reader, kind, now, note)
    if member is not None:
        asked_by = origin.get(ASKED_BY)
        # On the console an alias will do; elsewhere it would tell the platform how somebody is called here.
        nobody = member.alias if lane.platform == "console" else ""
        address = str(asked_by) if asked_by in place.accounts else next(iter(place.accounts), nobody)
        return Destination(lane.platform, address, member.alias, place.reader, kind, now, note)
    address = lane.address or ""
    return Destination(lane.platform, address, address, place.reader, kind, now, note)


def _rank(kind: NoticeKind) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
