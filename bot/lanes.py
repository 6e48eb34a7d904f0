"""Lanes: which have something due, whose turn it is, and which of them this process has for how long."""

from __future__ import annotations

import datetime as dt
import random
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_
from sqlmodel import col, select

from bot.clock import Clock
from bot.leases import is_over
from storage.tables import Erasure, Lane, Notice, NoticeKind, NoticeState
from storage.work import Work

LONGEST_BACK_OFF = 600.0
LONGEST_HOLD = dt.timedelta(minutes=15)
"""A platform that wishes for more is asked again then: a hold that is longer comes from a clock that has gone back."""


@dataclass(frozen=True)
class Leased:
    """A lane that has something due, and that one process has or wants."""

    lane_id: int
    coalition_id: int | None
    again: bool = False
    """Nobody else has had the lane since this process had it."""


class Lanes:
    """The lanes of some platforms, and which of them one process has. All but `turn` happens within a transaction."""

    def __init__(self, clock: Clock, platforms: Collection[str], sole: Collection[str], term: dt.timedelta) -> None:
        """Take which platforms are served, on which of them nobody else can be sending, and how long a lease lasts.

        Both may change: they are looked at each time.
        """
        self._clock, self._platforms, self._sole, self._term = clock, platforms, sole, term
        self.holder = secrets.token_hex(4)
        self.coalition_id: int | None = None
        """Serve the lanes of this coalition only, and those of strangers to all; None: of every coalition."""
        self._turns: dict[int | None, int] = {}

    def turn(self, leased: Iterable[Leased]) -> None:
        """Note that these coalitions have had their turn."""
        for one in leased:
            self._turns[one.coalition_id] = max(self._turns.values(), default=0) + 1

    def begin(self) -> None:
        """Forget whose turn it was."""
        self._turns.clear()

    def soonest(self, work: Work) -> dt.datetime | None:
        """Give when something is due next, None when nothing is planned."""
        # The first planned notice of the lanes that are free, and one line a lane that is held or leased.
        bound = or_(col(Lane.held_until).is_not(None), col(Lane.leased_until).is_not(None))
        first = (
            select(Notice.send_at)
            .join(Lane, col(Lane.id) == col(Notice.lane_id))
            .where(Notice.state == NoticeState.PLANNED, ~bound, self._served())
            .order_by(col(Notice.send_at))
            .limit(1)
        )
        found = select(
            _first_of(NoticeState.PLANNED), _first_of(NoticeState.SENDING), Lane.held_until, Lane.leased_until
        )
        moments = list(work.exec(first))
        for planned, sending, held, leased in work.exec(found.where(bound, self._served())):
            if planned or sending:
                # A lane that another process has is nothing to be woken for before its lease is over.
                moments.append(max(one for one in (sending or planned, held, leased) if one is not None))
        return min(moments, default=None)

    def due(self, work: Work, serving: Collection[int]) -> list[Leased]:
        """Give the free lanes with something due beside some: the first of each coalition, then the second of each."""
        due = and_(col(Notice.state) == NoticeState.PLANNED, col(Notice.send_at) <= self._clock.now())
        crashed = col(Notice.state) == NoticeState.SENDING
        reply = case((col(Notice.kind) == NoticeKind.REPLY, 0), else_=1)
        soonest, first = func.min(Notice.send_at), func.min(Notice.id)
        found = (
            select(Notice.lane_id, Notice.coalition_id)
            .join(Lane, col(Lane.id) == col(Notice.lane_id))
            .where(or_(due, crashed), self._free(), self._served(), ~_erased_first())
            .where(col(Notice.lane_id).not_in(serving))
            .group_by(col(Notice.lane_id), col(Notice.coalition_id))
            .order_by(soonest, func.min(reply), first)
        )
        places: dict[int | None, int] = {}
        waiting: list[tuple[int, int, Leased]] = []
        for lane_id, coalition_id in work.exec(found):
            place = places[coalition_id] = places.get(coalition_id, 0) + 1
            waiting.append((place, self._turns.get(coalition_id, 0), Leased(lane_id, coalition_id)))
        return [leased for _, _, leased in sorted(waiting, key=lambda one: one[:2])]

    def lease(self, work: Work, wanted: Sequence[Leased]) -> list[Leased]:
        """Lease those that are still free; what another process is just leasing is left to it."""
        found = select(Lane).where(col(Lane.id).in_([one.lane_id for one in wanted]), self._free())
        ours: dict[int, bool] = {}
        for lane in work.exec(found.with_for_update(skip_locked=True)):
            ours[lane.id] = lane.leased_by == self.holder
            lane.leased_by, lane.leased_until = self.holder, self.until()
        return [replace(one, again=ours[one.lane_id]) for one in wanted if one.lane_id in ours]

    def renew(self, work: Work, lane_ids: Collection[int]) -> list[int]:
        """Renew leases, those that are over included; gives those lanes that nobody has taken meanwhile."""
        ours = select(Lane).where(
            col(Lane.id).in_(lane_ids), col(Lane.leased_by) == self.holder, col(Lane.leased_until).is_not(None)
        )
        lanes = work.exec(ours.order_by(col(Lane.id)).with_for_update()).all()
        for lane in lanes:
            lane.leased_until = self.until()
        return [lane.id for lane in lanes]

    def until(self) -> dt.datetime:
        """Give when a lease ends that is taken now."""
        return self._clock.now() + self._term

    def has(self, lane: Lane | None) -> bool:
        """Tell whether the lane is still this process's, which may have been asleep for longer than its lease.

        One whose reader is gone for good is nobody's.
        """
        return lane is not None and lane.leased_by == self.holder and lane.leased_until is not None

    def release(self, work: Work, lane_id: int) -> None:
        """Give a lane back, unless another process has it."""
        lane = work.get(Lane, lane_id)
        if lane is not None and self.has(lane):
            lane.leased_until = None

    def hold(self, work: Work, lane_id: int, seconds: float | None) -> int:
        """Hold the lane and give back its lease; tells how often in a row it failed, the platform's wishes left out."""
        lane = work.get(Lane, lane_id)
        if lane is None:
            return 0
        lane.failures += seconds is None
        usual = min(LONGEST_BACK_OFF, 2.0 ** min(lane.failures, 10)) * random.uniform(0.5, 1.0)
        wait = min(dt.timedelta(seconds=seconds if seconds is not None else usual), LONGEST_HOLD)
        lane.held_until = self._clock.now() + wait
        self.release(work, lane_id)
        return lane.failures

    def _free(self) -> ColumnElement[bool]:
        """Tell which lanes may be leased."""
        now = self._clock.now()
        return and_(
            or_(
                is_over(col(Lane.leased_until), now, 2 * self._term),
                col(Lane.leased_by) == self.holder,
                col(Lane.platform).in_(tuple(self._sole)),
            ),
            is_over(col(Lane.held_until), now, LONGEST_HOLD + self._term),
        )

    def _served(self) -> ColumnElement[bool]:
        ours = or_(col(Lane.coalition_id) == self.coalition_id, col(Lane.coalition_id).is_(None))
        here = col(Lane.platform).in_(tuple(self._platforms))
        return here if self.coalition_id is None else and_(here, ours)


def _first_of(state: NoticeState) -> Any:
    """Give, within a query of lanes, when the first notice of a lane in a state is tried."""
    first = select(func.min(Notice.send_at)).where(Notice.lane_id == Lane.id, Notice.state == state)
    return first.correlate(Lane).scalar_subquery()


def _erased_first() -> ColumnElement[bool]:
    """Tell, within a query of lanes, whether something there is to be deleted before anything is said.

    Whoever had themselves forgotten is told so after their messages are gone, or it would go with them.
    """
    return exists().where(
        col(Erasure.platform) == col(Lane.platform), col(Erasure.fingerprint) == col(Lane.fingerprint),
        col(Erasure.erased).is_(False), col(Erasure.failures) == 0,
    )  # fmt: skip
