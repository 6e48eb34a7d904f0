"""Taking somebody out for good: their rows go, and where others' words name them stands "a former member".

The member's row stays without a name, so that its number never becomes somebody else's: what others did, and reviews,
refer to it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from sqlmodel import SQLModel, col, delete, or_, select, update

from bot.handover import Handover, hand_on
from bot.message import Inline, message
from bot.notices import coordinators, tell_each
from bot.people import A_FORMER_MEMBER
from bot.suspension import Account, accounts_had, put_out
from bot.unnaming import Names, unname
from storage.cipher import active
from storage.tables import (
    Coalition,
    Confirmation,
    Correction,
    Deed,
    Draft,
    Erasure,
    Inbox,
    InboxState,
    Lane,
    Member,
    Note,
    Notice,
    NoticeKind,
    Parcel,
    Reminder,
    Review,
    Role,
    Source,
    Standing,
    Suspension,
    Task,
    WrongCodes,
)  # fmt: skip
from storage.work import Work

OWN: tuple[tuple[type[SQLModel], str], ...] = (
    (Confirmation, "member_id"), (Deed, "member_id"), (Reminder, "member_id"), (Note, "member_id"),
    (Suspension, "member_id"),
)  # fmt: skip
"""The rows that are a member's own, and go with them."""
TRACES: tuple[tuple[type[SQLModel], str], ...] = (
    (Task, "lead_id"), (Task, "backup_id"), (Source, "added_by"), (Correction, "made_by"), (Draft, "added_by"),
    (Suspension, "by_id"),
)  # fmt: skip
"""Where others' rows refer to a member, and to nobody after that."""
_WORKED_ON = (InboxState.DONE, InboxState.FAILED)


def remove(
    work: Work, now: dt.datetime, member: Member, told: Inline, by: Member | None, *, with_reviews: bool
) -> Handover:
    """Take out a member who is in or suspended, hand their tasks on, and tell the coordinators but `by` as `told` says.

    What is owed to be deleted and forgotten on the platforms follows; reviews stay without a name, or go too.
    """
    cause = f"removed/{member.id}/{now:%Y%m%dT%H%M%S%f}"
    handed = hand_on(work, now, member, A_FORMER_MEMBER, cause)
    accounts = accounts_had(work, member)
    names = Names.of(work, member, [str(account["address"]) for account in accounts], with_reviews=with_reviews)
    put_out(work, now, member, forget=True)
    _delete_rows(work, member, with_reviews=with_reviews)
    member.alias, member.organisation, member.role, member.standing = "", "", Role.OBSERVER, Standing.FORMER
    member.timezone, member.quiet, member.away_until = "UTC", True, None
    member.alias_outside = None
    _forget_loaded(work, member)
    work.flush()
    unname(work, names)
    _clear_inbox(work, names, accounts)
    content = message(told, *handed.lines())
    tell_each(work, coordinators(work, by), NoticeKind.NOTICE, content, cause, now, handed.label)
    return handed


def scrub_account(work: Work, owed: Erasure) -> None:
    """Delete what bears the id of an account that is nobody's here any more."""
    prints = active()[0].fingerprints(owed.address)
    ours = or_(col(Lane.coalition_id) == work.tenant, col(Lane.coalition_id).is_(None))
    lanes = select(Lane).where(ours, Lane.platform == owed.platform, col(Lane.fingerprint).in_(prints))
    _delete_lanes(work, list(work.exec(lanes)))
    work.exec(
        delete(WrongCodes).where(col(WrongCodes.platform) == owed.platform, col(WrongCodes.fingerprint).in_(prints))
    )
    for row in _bodies(work):
        if _sender(row) == (owed.platform, owed.address):
            work.delete(row)


def _delete_rows(work: Work, member: Member, *, with_reviews: bool) -> None:
    _delete_lanes(work, work.rows(Lane, col(Lane.member_id) == member.id))
    for table, column in OWN:
        work.exec(delete(table).where(col(getattr(table, column)) == member.id))
    if with_reviews:
        work.exec(delete(Review).where(col(Review.member_id) == member.id))
    for draft in work.rows(Draft, col(Draft.added_by) == member.id):
        draft.origin = None
    work.flush()
    for table, column in TRACES:
        work.exec(update(table).where(col(getattr(table, column)) == member.id).values({column: None}))
    work.expire_all()


def _delete_lanes(work: Work, lanes: list[Lane]) -> None:
    for lane in lanes:
        work.exec(delete(Notice).where(col(Notice.lane_id) == lane.id))
        work.exec(delete(Parcel).where(col(Parcel.lane_id) == lane.id))
        work.delete(lane)
    work.flush()


def _forget_loaded(work: Work, member: Member) -> None:
    """Keep of what a file said of a member that it is not to be loaded again, and not who that is."""
    coalition = work.get_one(Coalition, work.tenant)
    if coalition.loaded is None:
        return
    keyring, kept = active()[0], {}
    for name, note in coalition.loaded.get("members", {}).items():
        gone = note["row"] == member.id and not note.get("gone")
        kept[keyring.fingerprint(name) if gone else name] = {"row": member.id, "gone": True} if gone else note
    coalition.loaded = {**coalition.loaded, "members": kept}


def _clear_inbox(work: Work, names: Names, accounts: list[Account]) -> None:
    senders = {(account["platform"], account["address"]) for account in accounts}
    for row in _bodies(work):
        if _sender(row) in senders:
            work.delete(row)
        elif names.stand_in(row.body):
            row.body = None
    work.flush()


def _bodies(work: Work) -> Iterator[Inbox]:
    there = select(Inbox).where(col(Inbox.body).is_not(None), col(Inbox.state).in_(_WORKED_ON))
    yield from work.exec(there.where(work.reaches(Inbox)))


def _sender(row: Inbox) -> tuple[str, Any]:
    return row.platform, (row.body or {}).get("sender")
