"""Planning: from the facts to the set of timed notices that should exist, and the difference applied.

A point that is past when it is first planned is skipped; one that was planned while it was still ahead is kept until
it leaves, however late: what lateness means is decided then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from zoneinfo import ZoneInfo

from sqlmodel import col

from bot.notices import TOLD, coordinators, member_lane, room_lane
from bot.people import members, sleeper
from bot.programme import next_meetings, session_days, session_zones
from bot.rules.countdowns import deadline_countdowns, meeting_countdowns, session_countdowns
from bot.rules.digests import next_digest, next_morning
from bot.rules.planned import Planned
from bot.rules.reminders import WAITING, task_reminders
from bot.when import read_clock
from storage.tables import (
    Coalition,
    Deadline,
    Meeting,
    MeetingState,
    Notice,
    NoticeKind,
    NoticeState,
    Purpose,
    Reminder,
    Request,
    RequestState,
    Room,
    Task,
)
from storage.work import Work


def bring_up_to_date(work: Work, now: dt.datetime) -> None:
    """Count and plan anew, at the end of a command, what follows from the facts that it changed."""
    work.flush()
    if work.journal:
        work.get_one(Coalition, work.tenant).changes += 1
        replan(work, now)


def replan(work: Work, now: dt.datetime) -> None:
    """Plan what should exist and is not planned yet, cancel what was planned and should not exist any more."""
    wanted = {planned.key: planned for planned in _wanted(work, now)}
    told = col(Notice.occasion).startswith(TOLD, autoescape=True)
    known = {row.key: row for row in work.rows(Notice, Notice.occasion != "", ~told)}
    for key, notice in known.items():
        if notice.state is NoticeState.PLANNED and key not in wanted and not _is_due_once(notice, now):
            notice.state = NoticeState.CANCELLED
    lanes = _Lanes(work)
    for key, planned in wanted.items():
        row = known.get(key)
        if row is None and planned.due > now:
            work.add(_notice(work, lanes, planned, now))
        elif row is not None and row.state is NoticeState.CANCELLED and planned.due > now:
            row.state, row.due, row.send_at = NoticeState.PLANNED, planned.due, planned.due
        elif row is not None and row.state is NoticeState.PLANNED and row.due != planned.due:
            row.due = row.send_at = planned.due


def _is_due_once(notice: Notice, now: dt.datetime) -> bool:
    """Digests and bundles are wanted one at a time: one that is due but has not left yet is no longer the next."""
    return notice.occasion in ("digest", "tasks.overdue-bundle") and notice.due <= now


def _wanted(work: Work, now: dt.datetime) -> Iterator[Planned]:
    coalition = work.get_one(Coalition, work.tenant)
    rooms = work.rows(Room)
    tasks = work.rows(Task, col(Task.state).in_(WAITING))
    leading = [member.id for member in coordinators(work)]
    people = {member.id: sleeper(member) for member in members(work)}
    floor = next_meetings(work, now)
    for task in tasks:
        meeting = floor.get(task.lineage_id) if task.lineage_id is not None else None
        yield from task_reminders(task, people, meeting.starts_at if meeting else None, leading)
    meetings = work.rows(Meeting)
    yield from _countdowns(work, meetings, rooms)
    for row in work.rows(Reminder, col(Reminder.member_id).in_(people)):
        yield _reminder(row)
    yield from _lapsing(work, leading, people)
    days = session_days(meetings, session_zones(work))
    for room in rooms:
        if room.serves(Purpose.DIGEST) and room.digest_on:
            day, due = next_digest(now, read_clock(room.digest_at), days, ZoneInfo(coalition.timezone))
            yield Planned(f"digest/{room.id}/{day}", NoticeKind.DIGEST, "digest", room.id, due, room_id=room.id)
    if any(task.due is not None for task in tasks):
        for member_id in leading:
            due = next_morning(now, people[member_id].zone)
            key = f"tasks.overdue-bundle/{member_id}/{due:%Y%m%d}"
            yield Planned(key, NoticeKind.REMINDER, "tasks.overdue-bundle", member_id, due, member_id=member_id)


def _countdowns(work: Work, meetings: list[Meeting], rooms: list[Room]) -> Iterator[Planned]:
    for meeting in meetings:
        yield from meeting_countdowns(meeting, rooms)
    for session_id, begins_at in _beginnings(meetings).items():
        yield from session_countdowns(session_id, begins_at, rooms)
    for deadline in work.rows(Deadline):
        yield from deadline_countdowns(deadline, rooms)


def _beginnings(meetings: Iterable[Meeting]) -> dict[int, dt.datetime]:
    begins: dict[int, dt.datetime] = {}
    for meeting in meetings:
        if meeting.state is not MeetingState.CANCELLED:
            known = begins.get(meeting.session_id, meeting.starts_at)
            begins[meeting.session_id] = min(known, meeting.starts_at)
    return begins


def _reminder(row: Reminder) -> Planned:
    key = f"reminder.due/{row.id}/{row.due.isoformat()}"
    return Planned(key, NoticeKind.REMINDER, "reminder.due", row.id, row.due, member_id=row.member_id)


def _lapsing(work: Work, leading: list[int], people: Collection[int]) -> Iterator[Planned]:
    """Give when coordinators and the asker hear that a request was not confirmed, for those that wait."""
    for row in work.rows(Request, Request.state == RequestState.OPEN):
        for member_id in sorted({*leading, row.member_id} & set(people)):
            key = f"request.lapsed/{row.id}/{member_id}"
            yield Planned(
                key, NoticeKind.ALERT, "request.lapsed", row.id, row.expires_at, member_id=member_id
            )  # fmt: skip


class _Lanes:
    """The lanes of planned notices, each looked up once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._ids: dict[tuple[int | None, int | None], int] = {}

    def lane_id(self, planned: Planned) -> int:
        which = (planned.member_id, planned.room_id)
        if which not in self._ids:
            if planned.member_id is not None:
                lane = member_lane(self._work, planned.member_id)
            else:
                lane = room_lane(self._work, self._work.row(Room, planned.room_id))
            self._ids[which] = lane.id
        return self._ids[which]


def _notice(work: Work, lanes: _Lanes, planned: Planned, now: dt.datetime) -> Notice:
    return Notice(
        coalition_id=work.tenant,
        key=planned.key,
        lane_id=lanes.lane_id(planned),
        kind=planned.kind,
        occasion=planned.occasion,
        subject_id=planned.subject_id,
        due=planned.due,
        send_at=planned.due,
        created_at=now,
    )
