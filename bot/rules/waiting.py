"""Which notices of a lane leave now, together or alone, and which wait until when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from bot.rules.waking import Sleeper, wakes_at
from storage.tables import Notice
from storage.tables.words import NoticeKind

COMPANY = dt.timedelta(minutes=10)
"""After a message to one person, what else comes within this time goes together."""

AT_ONCE = (NoticeKind.REPLY, NoticeKind.ALERT, NoticeKind.COUNTDOWN)
ASKED_FOR = ("reminder.due",)
"""Occasions whose moment the reader chose: neither night nor company holds them."""


@dataclass(frozen=True)
class Departure:
    """Notices that leave as one message."""

    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class Wait:
    """A notice that is tried again at a later moment."""

    notice: Notice
    until: dt.datetime


def sort_out(
    due: Sequence[Notice], now: dt.datetime, reader: Sleeper | None, spoken_at: dt.datetime | None
) -> tuple[list[Departure], list[Wait]]:
    """Sort a lane's due notices, in order, into departures and waits.

    `reader` is the person of a direct chat, None for a room; `spoken_at` is when they were last told something that
    counts for company. Replies never wait. To one person nothing else comes at night; alerts and countdowns do not
    wait for company; all the rest that may leave now leaves as one, with what was missed while the bot was away.
    """
    departures: list[Departure] = []
    waits: list[Wait] = []
    merging: list[Notice] = []
    for notice in due:
        until = _held_until(notice, now, reader, spoken_at)
        if until is not None:
            waits.append(Wait(notice, until))
        elif _merges(notice, reader) or (reader is not None and _missed(notice, now) and _others_missed(due, now)):
            merging.append(notice)
        elif notice.kind is NoticeKind.COUNTDOWN and departures and _same_countdown(departures[-1], notice):
            departures[-1] = Departure((*departures[-1].notices, notice))
        else:
            departures.append(Departure((notice,)))
    if merging:
        departures.append(Departure(tuple(merging)))
    return departures, waits


def counts_for_company(notice: Notice) -> bool:
    """Tell whether, once it left, others to the same person wait for ten minutes."""
    return notice.kind not in AT_ONCE


def _merges(notice: Notice, reader: Sleeper | None) -> bool:
    return reader is not None and notice.kind not in AT_ONCE and notice.occasion not in ASKED_FOR


def _missed(notice: Notice, now: dt.datetime) -> bool:
    """Tell whether the bot was away when it should have left: it was asleep, or its chat was."""
    return notice.kind is not NoticeKind.REPLY and now - notice.send_at >= COMPANY


def _others_missed(due: Sequence[Notice], now: dt.datetime) -> bool:
    return sum(_missed(notice, now) for notice in due) > 1


def _held_until(
    notice: Notice, now: dt.datetime, reader: Sleeper | None, spoken_at: dt.datetime | None
) -> dt.datetime | None:
    if reader is None or notice.kind is NoticeKind.REPLY or notice.occasion in ASKED_FOR:
        return None
    until = wakes_at(reader, now)
    if notice.kind not in AT_ONCE and spoken_at is not None:
        until = max(until, spoken_at + COMPANY)
    return until if until > now else None


def _same_countdown(departure: Departure, notice: Notice) -> bool:
    first = departure.notices[0]
    return (first.kind, first.occasion, first.due) == (notice.kind, notice.occasion, notice.due)
