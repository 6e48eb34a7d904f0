"""The App Home of one account, drawn from the facts of the moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from bot.adapters.slack.home import home_view
from bot.adapters.slack.intake import PLATFORM
from bot.adapters.slack.parting import bare_home
from bot.clock import Clock
from bot.home import Home, home_of
from bot.identities import account_at, addresses
from bot.people import members
from bot.plain import Reader
from bot.whence import coalitions_of_account
from storage.tables import Coalition, Member, Standing
from storage.work import Store, Work


async def drawn(store: Store, clock: Clock, user: str) -> Mapping[str, Any]:
    """Give the view of somebody's home; strangers, and those who wait to be let in, are told how to come in."""
    for coalition_id in sorted(await store.read(None, lambda work: coalitions_of_account(work, PLATFORM, user))):
        found = await store.read(coalition_id, lambda work: _read(work, clock.now(), user))
        if found is not None:
            return home_view(*found)
    return bare_home()


def _read(work: Work, now: dt.datetime, user: str) -> tuple[Home, Reader, Mapping[int, str]] | None:
    account = account_at(work, PLATFORM, user)
    member = work.row(Member, account.member_id) if account is not None else None
    if account is None or member is None or member.standing is not Standing.ACTIVE:
        return None
    language = work.get_one(Coalition, work.tenant).language
    accounts = addresses(work, PLATFORM, [one.id for one in members(work)])
    home = home_of(work, now, member, platform=PLATFORM, role=account.role)
    return home, Reader(ZoneInfo(member.timezone), language, personal=True), accounts
