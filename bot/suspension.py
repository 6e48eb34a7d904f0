"""Putting somebody out at once, and taking that back.

Their accounts stop being accounts of this coalition, so whatever comes from them, or lies in the inbox already, is a
stranger's. Nothing is told to them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlmodel import col, delete, or_, select, update

from bot import linking
from bot.handover import Handover, hand_on
from bot.message import Heading, Message, message, say
from bot.notices import coordinators, member_lane, tell
from bot.people import mention
from storage.cipher import active
from storage.tables import (
    Code,
    Confirmation,
    Erasure,
    FailedTry,
    Identity,
    Label,
    Lane,
    Link,
    Member,
    Notice,
    NoticeKind,
    NoticeState,
    Parcel,
    ParcelState,
    Request,
    RequestState,
    Role,
    Standing,
    Suspension,
)  # fmt: skip
from storage.work import Work

ERASED_BACK = dt.timedelta(days=7)
"""How far back the bot's direct messages to somebody who is put out are deleted."""
CONSOLE = "console"
Account = dict[str, Any]
"""What is kept of an account that was taken away: platform, address, fingerprint, role."""


def suspend(work: Work, now: dt.datetime, member: Member, by: Member | None) -> Handover:
    """Put an active member out, hand their tasks on and tell the other coordinators; `by`: None for the host.

    What they were owed is cancelled, and what the bot wrote to them is owed to be deleted.
    """
    cause = f"suspended/{member.id}/{now:%Y%m%dT%H%M%S%f}"
    handed = hand_on(work, now, member, mention(member), cause)
    accounts = accounts_had(work, member)
    member.standing = Standing.SUSPENDED
    put_out(work, now, member)
    work.put(
        Suspension(
            coalition_id=work.tenant, member_id=member.id, by_id=by.id if by else None, since=now, accounts=accounts
        )
    )
    who = mention(by) if by else say("Whoever hosts me")
    content = message(
        Heading(say("Suspended: {who}", who=mention(member))),
        say("{by} did it. Their accounts do nothing here any more. They are not told.", by=who),
        *handed.lines(),
    )
    _tell_coordinators(work, now, by, content, cause, handed.label)
    return handed


def unsuspend(work: Work, now: dt.datetime, member: Member, by: Member | None) -> None:
    """Give a suspended member their accounts back, and tell the other coordinators. Their tasks stay where they are."""
    row = suspension_of(work, member)
    for account in row.accounts:
        _give_back(work, member, account)
    work.exec(delete(Erasure).where(col(Erasure.member_id) == member.id))
    work.delete(row)
    member.standing = Standing.ACTIVE
    work.flush()
    who = mention(by) if by else say("Whoever hosts me")
    content = message(say("{by} took back that {who} was suspended.", by=who, who=mention(member)))
    _tell_coordinators(work, now, by, content, f"unsuspended/{member.id}/{now:%Y%m%dT%H%M%S%f}")


def suspended(work: Work) -> list[Member]:
    """Give the members who are suspended."""
    return work.rows(Member, Member.standing == Standing.SUSPENDED)


def suspension_of(work: Work, member: Member) -> Suspension:
    """Give how a suspended member was put out; raises LookupError for anybody else."""
    row = work.first(Suspension, Suspension.member_id == member.id)
    if row is None:
        raise LookupError(f"member {member.id} is not suspended")
    return row


def barred(work: Work, platform: str, address: str) -> Member | None:
    """Give the suspended member whose account that was."""
    prints = active()[0].fingerprints(address)
    for row in work.rows(Suspension):
        if any(account["platform"] == platform and account["fingerprint"] in prints for account in row.accounts):
            return work.row(Member, row.member_id)
    return None


def accounts_had(work: Work, member: Member) -> list[Account]:
    """Give a member's accounts, also those that were taken away from one who is suspended."""
    row = work.first(Suspension, Suspension.member_id == member.id)
    rows = work.rows(Identity, Identity.member_id == member.id)
    return (row.accounts if row is not None else []) + [
        {"platform": row.platform, "address": row.address, "fingerprint": row.fingerprint, "role": row.role}
        for row in rows
    ]


def put_out(work: Work, now: dt.datetime, member: Member, *, forget: bool = False) -> None:
    """Take a member's accounts away with all that is on its way to or from them, and owe to delete what was written.

    With `forget`, what bears the ids of the accounts is owed to be deleted too.
    """
    work.exec(delete(Confirmation).where(col(Confirmation.member_id) == member.id))
    accounts = accounts_had(work, member)
    prints = [account["fingerprint"] for account in accounts]
    lanes = work.rows(Lane, or_(col(Lane.member_id) == member.id, col(Lane.fingerprint).in_(prints)))
    _cancel(work, [lane.id for lane in lanes if lane.member_id is not None])
    written = _written_to(work, lanes, now - ERASED_BACK)
    for account in accounts:
        # Of the console nothing is asked where nothing was written; what a platform has, it knows better.
        needed = account["platform"] in written or account["platform"] != CONSOLE
        if needed or forget:
            _owe_erasure(work, now, member, account, needed=needed, forget=forget)
    for identity in work.rows(Identity, Identity.member_id == member.id):
        linking.forget(work, identity)
        work.exec(
            delete(Link).where(col(Link.platform) == identity.platform, col(Link.fingerprint) == identity.fingerprint)
        )
        work.delete(identity)
    work.exec(
        delete(FailedTry).where(or_(col(FailedTry.member_id) == member.id, col(FailedTry.fingerprint).in_(prints)))
    )
    work.exec(
        update(Request)
        .where(col(Request.coalition_id) == work.tenant, col(Request.member_id) == member.id)
        .where(col(Request.state) == RequestState.OPEN)
        .values(state=RequestState.WITHDRAWN, asked=None)
    )
    # Who got a code from the host is not known: one that is still open may be theirs.
    ours = or_(col(Code.coalition_id) == work.tenant, col(Code.coalition_id).is_(None))
    work.exec(delete(Code).where(ours, col(Code.used_at).is_(None), col(Code.purpose) != linking.PURPOSE))
    work.flush()


def _owe_erasure(work: Work, now: dt.datetime, member: Member, account: Account, *, needed: bool, forget: bool) -> None:
    here = (Erasure.platform == account["platform"], Erasure.fingerprint == account["fingerprint"])
    row = work.first(Erasure, *here)
    if row is None:
        row = Erasure(
            coalition_id=work.tenant, member_id=member.id, name=member.alias, platform=account["platform"],
            address=account["address"], fingerprint=account["fingerprint"], since=now - ERASED_BACK, begun_at=now,
            next_at=now,
        )  # fmt: skip
    row.erased, row.forget, row.next_at, row.begun_at, row.failures = not needed, row.forget or forget, now, now, 0
    work.put(row)


def _cancel(work: Work, ids: Sequence[int]) -> None:
    """Cancel what was on its way, also what is being tried again."""
    open_states = (NoticeState.PLANNED, NoticeState.SENDING)
    for notice in work.rows(Notice, col(Notice.lane_id).in_(ids), col(Notice.state).in_(open_states)):
        notice.state, notice.content, notice.origin = NoticeState.CANCELLED, None, None
    for parcel in work.rows(Parcel, col(Parcel.lane_id).in_(ids), Parcel.state == ParcelState.SENDING):
        parcel.state, parcel.content = ParcelState.CANCELLED, None


def _written_to(work: Work, lanes: Iterable[Lane], since: dt.datetime) -> set[str]:
    """Give the platforms on which something was written, or may have been."""
    platforms = {lane.id: lane.platform for lane in lanes}
    rows = select(Parcel.lane_id).where(col(Parcel.lane_id).in_(platforms), Parcel.created_at >= since)
    return {platforms[lane_id] for lane_id in work.exec(rows)}


def _give_back(work: Work, member: Member, account: Account) -> None:
    """Make an account the member's again; whoever asked to join from it meanwhile was the same person."""
    known = work.first(
        Identity, Identity.platform == account["platform"], Identity.fingerprint == account["fingerprint"]
    )
    if known is not None:
        asked = work.row(Member, known.member_id)
        known.member_id, known.role = member.id, Role(account["role"]) if account["role"] else None
        work.flush()
        if asked.standing is Standing.ASKED and not work.rows(Identity, Identity.member_id == asked.id):
            work.delete(asked)
            work.flush()
        return
    role = Role(account["role"]) if account["role"] else None
    work.put(Identity(coalition_id=work.tenant, member_id=member.id, **{**account, "role": role}))


def _tell_coordinators(
    work: Work, now: dt.datetime, by: Member | None, content: Message, cause: str, label: Label = Label.COALITION
) -> None:
    for person in coordinators(work):
        if by is None or person.id != by.id:
            lane, key = member_lane(work, person.id), f"{cause}/{person.id}"
            tell(work, lane, NoticeKind.ALERT, content, key=key, now=now, label=label)
