"""Purging a coalition: with its transaction all its rows go, its data key and whatever it still owed among them.

What is to be done outside the database then is left as rows of nobody's (`bot/leftovers.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlmodel import col, delete, select, update

from bot.invocation import Invocation
from bot.whence import coalitions_of_account, coalitions_of_room, find_coalition
from storage.cipher import DEPLOYMENT, KeyProblem, active, sealing
from storage.coalitions import line_of
from storage.purging import count_rows
from storage.tables import (
    PURGED,
    Erasure,
    Identity,
    Inbox,
    InboxState,
    Lane,
    Leftover,
    LeftoverKind,
    Notice,
    Parcel,
    Pulse,
    Room,
    Suspension,
    WrongCodes,
)
from storage.work import Work

Account = tuple[str, str]
"""Its platform and its address there."""
_WAITING = (InboxState.WAITING, InboxState.FETCHING)


def purge(work: Work, now: dt.datetime) -> None:
    """Let the coalition end with this transaction: nothing that is written in it, before or after, remains or leaves.

    The other processes go on: what they are at for this coalition ends in CoalitionGone.
    """
    accounts = own_accounts(work)
    work.alone()  # strangers' rows are changed too
    _clear_inbox(work, now)
    for account in accounts:
        _forget_stranger(work, *account)
    with sealing(active()[0], DEPLOYMENT):  # the coalition's own key will be gone
        for kind, places in ((LeftoverKind.ROOM, own_rooms(work)), (LeftoverKind.ACCOUNT, accounts)):
            for platform, address in places:
                work.add(Leftover(kind=kind, platform=platform, address=address, next_at=now))
        work.add(Leftover(kind=LeftoverKind.FILES, next_at=now))
        work.add(Pulse(name=f"{PURGED}{work.tenant}", at=now, facts={"line": line_of(work)}))
        work.flush()
    work.ends = True


def own_rooms(work: Work) -> list[Account]:
    """Give the rooms that are served for this coalition and for no other."""
    return [
        (room.platform, room.address)
        for room in work.rows(Room)
        if coalitions_of_room(work, room.platform, room.address) <= {work.tenant}
    ]


def own_accounts(work: Work) -> list[Account]:
    """Give the accounts of people who are, were or asked to be in this coalition, and in no other."""
    return [
        account for account in dict.fromkeys(_accounts(work)) if coalitions_of_account(work, *account) <= {work.tenant}
    ]


def inventory(work: Work) -> dict[str, int]:
    """Give what a purge would delete: how many rows of which table."""
    return count_rows(work, work.tenant)


def lines_of_purged(work: Work) -> dict[int, str]:
    """Give the ids of the lines of purged coalitions, which should be in no key file, by the coalition's id."""
    rows = work.exec(select(Pulse).where(col(Pulse.name).startswith(PURGED, autoescape=True)))
    return {int(row.name.removeprefix(PURGED)): line for row in rows if (line := row.facts.get("line"))}


def _accounts(work: Work) -> Iterator[Account]:
    for identity in work.rows(Identity):
        yield identity.platform, identity.address
    for suspension in work.rows(Suspension):
        for account in suspension.accounts:
            yield account["platform"], account["address"]
    for owed in work.rows(Erasure):
        yield owed.platform, owed.address
    for lane in work.rows(Lane, col(Lane.address).is_not(None)):
        yield lane.platform, lane.address or ""


def _clear_inbox(work: Work, now: dt.datetime) -> None:
    """Give up what was said in this coalition and waits: its people are strangers from now on, and are not answered."""
    for row_id in work.exec(select(Inbox.id).where(col(Inbox.state).in_(_WAITING))).all():
        if _coalition_of(work, row_id, now) == work.tenant:
            given_up = update(Inbox).where(col(Inbox.id) == row_id)
            work.exec(given_up.values(state=InboxState.DONE, done_at=now, body=None))


def _coalition_of(work: Work, row_id: int, now: dt.datetime) -> int | None:
    try:
        said = Invocation.from_data(work.get_one(Inbox, row_id).body or {})
    except (KeyError, TypeError, ValueError, KeyProblem):
        return None  # dispatch gives it up: nobody can read it
    return find_coalition(work, said, now).coalition_id


def _forget_stranger(work: Work, platform: str, address: str) -> None:
    """Delete what an account left while it was in no coalition."""
    prints = active()[0].fingerprints(address)
    here = select(Lane.id).where(
        col(Lane.coalition_id).is_(None), Lane.platform == platform, col(Lane.fingerprint).in_(prints)
    )
    for table in (Notice, Parcel):
        work.exec(delete(table).where(col(table.lane_id).in_(here)))
    work.exec(delete(Lane).where(col(Lane.id).in_(here)))
    work.exec(delete(WrongCodes).where(col(WrongCodes.platform) == platform, col(WrongCodes.fingerprint).in_(prints)))
    words = update(Inbox).where(
        col(Inbox.platform) == platform, col(Inbox.coalition_id).is_(None), col(Inbox.state).not_in(_WAITING),
        col(Inbox.sender).in_([active()[0].fingerprint(f"{platform}/{address}")]),
    )  # fmt: skip
    work.exec(words.values(body=None))
