"""Failed tries: what was refused for who said it, and wrong codes; so many in an hour alert the coordinators."""

from __future__ import annotations

import datetime as dt

import structlog
from sqlmodel import col, func, select

from bot.identities import account_of
from bot.invocation import Invocation
from bot.message import Heading, Message, count, joined, message, say
from bot.notices import coordinators, member_lane, tell
from bot.people import mention
from storage.cipher import active
from storage.tables import FailedTry, Member, Notice, NoticeKind, Standing
from storage.work import Work

MOST = 20
WITHIN = dt.timedelta(hours=1)
_ALERT = "tries/"

_log = structlog.get_logger()


def note_try(work: Work, now: dt.datetime, invocation: Invocation) -> None:
    """Count a failed try; alert the coordinators, once an hour, when one account or all together had too many.

    Where it is of no coalition, whoever runs the bot finds it in the log.
    """
    account = account_of(work, invocation) if work.coalition_id is not None else None
    row = FailedTry(
        coalition_id=work.coalition_id, platform=invocation.platform,
        fingerprint=active()[0].fingerprint(invocation.sender), member_id=account.member_id if account else None,
        tried_at=now,
    )  # fmt: skip
    work.add(row)
    work.flush()
    here, own = FailedTry.coalition_id == work.coalition_id, FailedTry.fingerprint == row.fingerprint
    recent = select(func.count()).select_from(FailedTry).where(col(FailedTry.tried_at) > now - WITHIN)
    n, by_one = work.exec(recent.where(here)).one(), work.exec(recent.where(own)).one()
    if max(n, by_one) < MOST:
        return
    if work.coalition_id is None:
        if n % MOST == 0:
            _log.warning("failed tries", count=n)
    elif not _alerted(work, now):
        _alert(work, now)


def _alerted(work: Work, now: dt.datetime) -> bool:
    earlier = work.first(
        Notice, col(Notice.key).startswith(_ALERT, autoescape=True), col(Notice.created_at) > now - WITHIN
    )
    return earlier is not None


def _alert(work: Work, now: dt.datetime) -> None:
    rows = work.rows(FailedTry, FailedTry.tried_at > now - WITHIN)
    content = _warning(work, rows)
    for member in coordinators(work):
        key = f"{_ALERT}{now:%Y%m%dT%H%M%S}/{member.id}"
        tell(work, member_lane(work, member.id), NoticeKind.ALERT, content, key=key, now=now)


def _warning(work: Work, rows: list[FailedTry]) -> Message:
    """Say how many tries there were and from how many accounts; only members' accounts are named."""
    accounts = len({(row.platform, row.fingerprint) for row in rows})
    ids = {row.member_id for row in rows}
    members = work.rows(Member, col(Member.id).in_(ids - {None}), col(Member.standing) != Standing.ASKED)
    known = [mention(member) for member in members]
    return message(
        Heading(say("Somebody tries what they may not")),
        count(accounts, "{tries} commands, buttons or codes were refused within an hour, from {n} account.",
              "{tries} commands, buttons or codes were refused within an hour, from {n} accounts.", tries=len(rows)),
        say("Accounts of members among them: {who}. Ask them, by another way, whether it was they.",
            who=joined(known)) if known else say("No account of a member is among them."),
        say("They were shown nothing. Look at who is in your rooms; I tell you again in an hour at the earliest."),
    )  # fmt: skip
