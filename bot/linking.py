"""Two accounts of one person: a code given to one is said by the other, and the first confirms."""

from __future__ import annotations

import datetime as dt
import re

from sqlmodel import col, delete, select

from bot.codes import code_that_fits, new_code
from bot.commands import clean, without_prefix
from bot.discretion import be_discreet_by_default
from bot.identities import account_at, accounts_of
from bot.invocation import Invocation
from bot.message import Phrase, say
from bot.notices import member_lane
from bot.tries import note_try
from storage.cipher import active
from storage.tables import (
    Code,
    Identity,
    Lane,
    Link,
    Member,
    Notice,
    NoticeState,
    Role,
    Standing,
    WrongCodes,
)  # fmt: skip
from storage.work import Work

PURPOSE = "link"
GOOD_FOR = dt.timedelta(minutes=10)
"""How long a code may be said, and then how long it may be confirmed."""
MOST_WRONG = 5
LOCKED_FOR = dt.timedelta(hours=1)

WRONG = say("This code is wrong, used or too old. `link` on your other account gives a new one.")
LOCKED = say("That was the wrong code too often. I take none from here for an hour.")


def give_code(work: Work, now: dt.datetime, account: Identity) -> str:
    """Make a code for an account; the one it had before no longer counts, nor what waits for its yes."""
    forget(work, account)
    return new_code(work, now, PURPOSE, GOOD_FOR, account.id)


def forget(work: Work, account: Identity) -> None:
    """Drop what was begun with an account, before it goes too: SQLite may give its number to another one."""
    work.exec(delete(Link).where(col(Link.identity_id) == account.id))
    work.exec(delete(Code).where(col(Code.identity_id) == account.id))


def giver(work: Work, now: dt.datetime, typed: str) -> Identity | None:
    """Use a code up, and give the account that it was given to; None for a code that does not count."""
    code = code_that_fits(work, now, PURPOSE, typed)
    account = work.get(Identity, code.identity_id) if code is not None and code.identity_id is not None else None
    if code is None or account is None:
        return None
    code.used_at = now
    return account


def wrong_code(work: Work, now: dt.datetime, invocation: Invocation) -> Phrase:
    """Count a wrong code, toward the lock unless the account is locked already, and give the answer."""
    note_try(work, now, invocation)
    row = _wrong_codes(work, invocation)
    if row is None:
        mark = active()[0].fingerprint(invocation.sender)
        row = work.put(WrongCodes(platform=invocation.platform, fingerprint=mark, last_at=now))
    if not is_locked(work, now, invocation):
        row.count = 1 if now >= row.last_at + LOCKED_FOR else row.count + 1
        row.last_at = now
    return LOCKED if row.count >= MOST_WRONG else WRONG


def is_locked(work: Work, now: dt.datetime, invocation: Invocation) -> bool:
    """Tell whether an account said wrong codes so often that nothing more is taken from it for now."""
    row = _wrong_codes(work, invocation)
    return row is not None and row.count >= MOST_WRONG and now < row.last_at + LOCKED_FOR


def code_said(invocation: Invocation) -> str | None:
    """Give the code that the words say in a direct chat, if they do: it may be the code of any coalition."""
    said = re.fullmatch(rf"{PURPOSE}\s+(\S.*)", without_prefix(clean(invocation.words))[0], re.IGNORECASE)
    return said[1] if said and invocation.place is None else None


def may_be_linked(work: Work, platform: str, address: str) -> bool:
    """Tell whether an account is nobody's: a stranger's, or of somebody who asked to join this coalition."""
    prints = active()[0].fingerprints(address)
    rows = select(Identity.coalition_id, Identity.member_id).where(
        Identity.platform == platform, col(Identity.fingerprint).in_(prints)
    )
    return all(place == work.tenant and _only_asked(work, member_id) for place, member_id in work.exec(rows))


def join(work: Work, link: Link, member: Member) -> Identity:
    """Give the account that waits to a member, as a plain member's at most."""
    account = account_at(work, link.platform, link.address)
    if account is None:
        account = Identity(
            coalition_id=work.tenant, member_id=member.id, platform=link.platform, address=link.address,
            fingerprint=link.fingerprint,
        )  # fmt: skip
        work.add(account)
    newcomer_id, account.member_id, account.role = account.member_id, member.id, Role.MEMBER
    work.flush()
    if newcomer_id != member.id:
        work.delete(work.row(Member, newcomer_id))  # who had asked to join: it was the same person
    work.delete(link)
    work.flush()
    move_notices(work, member)
    return account


def part(work: Work, account: Identity) -> None:
    """Take an account out of its member, who has another one; what was on its way to it goes there."""
    forget(work, account)
    member = work.row(Member, account.member_id)
    work.delete(account)
    work.flush()
    be_discreet_by_default(work, member)
    move_notices(work, member)


def move_notices(work: Work, member: Member) -> None:
    """Move what is planned for a member to where they are told first, answers where they were asked if that is left."""
    platforms = {account.platform for account in accounts_of(work, member.id)}
    first = member_lane(work, member.id)
    for lane in work.rows(Lane, col(Lane.member_id) == member.id):
        for notice in work.rows(Notice, Notice.lane_id == lane.id, Notice.state == NoticeState.PLANNED):
            if notice.origin is None or lane.platform not in platforms:
                notice.lane_id = first.id


def _only_asked(work: Work, member_id: int) -> bool:
    """Tell whether a member did no more than to ask: who was let in once has left traces of their own."""
    asked = work.row(Member, member_id).standing is Standing.ASKED
    return asked and work.first(Lane, col(Lane.member_id) == member_id) is None


def _wrong_codes(work: Work, invocation: Invocation) -> WrongCodes | None:
    prints = active()[0].fingerprints(invocation.sender)
    of_account = (WrongCodes.platform == invocation.platform, col(WrongCodes.fingerprint).in_(prints))
    return work.exec(select(WrongCodes).where(*of_account)).first()
