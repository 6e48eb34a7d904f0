"""The daily digest: what happened today, what comes, and what needs somebody; nobody is named as late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from bot.changes import number, tally
from bot.commands import Refusal
from bot.grammar import read_targets
from bot.message import Block, Heading, Inline, Message, Moment, Paragraph, Phrase, count, joined, message, say
from bot.notices import room_lane
from bot.programme import OVERRUN, home_zone, meetings_between, session_days, session_zones
from bot.provisions import resolve, titles
from bot.rules.digests import next_digest
from bot.rules.labels import may_show, room_ceiling
from bot.tasks import Board, look, on_provisions, reviewed
from bot.when import read_clock
from storage.tables import (
    Change,
    Coalition,
    Deadline,
    Draft,
    DraftState,
    Label,
    Meeting,
    MeetingState,
    Note,
    Notice,
    NoticeKind,
    NoticeState,
    OnTable,
    Parcel,
    Provision,
    Room,
    TaskState,
)  # fmt: skip
from storage.work import Work

Item = TypeVar("Item")

LOOKS_AHEAD = 8
"""How many days ahead the next day with meetings is looked for: from one Monday to the next."""
MOST_MEETINGS = 4
MOST_NOTES = 4
MOST_DRAFTS = 2


@dataclass(frozen=True)
class Last:
    """The digest that a room had last: when it was written, and what it said while that is kept."""

    at: dt.datetime
    blocks: tuple[Block, ...]

    def covers(self, note: Note) -> bool:
        """Tell whether a note came in time for it; of the same moment, whether it stands in it."""
        return note.noted_at < self.at or (note.noted_at == self.at and Paragraph(_note(note)) in self.blocks)


@dataclass(frozen=True)
class Day:
    """The day that a digest is about, at the venue while a session is on."""

    board: Board
    at: dt.datetime
    zone: ZoneInfo
    last: Last | None

    def midnight(self, days: int = 0) -> dt.datetime:
        """Give the midnight (UTC) with which the day began, or so many days later."""
        day = self.at.astimezone(self.zone).date() + dt.timedelta(days=days)
        return dt.datetime.combine(day, dt.time(), self.zone).astimezone(dt.UTC)

    @property
    def since(self) -> dt.datetime:
        """Give the moment after which things are new: since the last digest, and all of today in any case."""
        return min(self.last.at, self.midnight()) if self.last else self.midnight()

    def meetings(self, days: int = 0) -> list[Meeting]:
        """Give the meetings that begin on the day, or so many days later, cancelled ones too."""
        start, end = self.midnight(days), self.midnight(days + 1)
        return [row for row in meetings_between(self.board.work, start, end) if row.starts_at >= start]


def write_digest(work: Work, coalition: Coalition, room: Room, now: dt.datetime, at: dt.datetime) -> Message | None:
    """Write a room's digest of the day that `at` falls on, from the facts of `now`; None when there is nothing to say.

    At most 15 lines. What is above the room's ceiling is left out: a public room reads programme and text only.
    """
    ceiling = room_ceiling(room.label, room.platform)
    day = Day(look(work, now, ceiling), at, home_zone(work, coalition, at), _last(work, room))
    inside = may_show(Label.COALITION, ceiling)
    drafts = _new_drafts(day)
    today, ahead, deadlines = _today(day), _ahead(day), _deadlines(day)
    needs, notes = (_needs_someone(day), _notes(day)) if inside else (None, [])
    reviews, fresh = _reviews(day) if inside else (None, 0)
    if not (drafts or today or ahead or deadlines or needs or notes or fresh):
        return None
    text = [_new_draft(day, draft) for draft in drafts] or ([say("Text: nothing new.")] if day.board.draft else [])
    yours = say("Yours: message me `tasks`.") if inside else None
    return message(Heading(_heading(day)), today, *text, ahead, deadlines, needs, reviews, *notes, yours)


def next_moment(work: Work, coalition: Coalition, room: Room, now: dt.datetime) -> dt.datetime:
    """Give the moment (UTC) of a room's next digest."""
    days = session_days(work.rows(Meeting), session_zones(work))
    return next_digest(now, read_clock(room.digest_at), days, ZoneInfo(coalition.timezone))[1]


def outcome(tabled: Sequence[Item], called: Item | None) -> tuple[list[Item], list[Item]]:
    """Tell what a meeting discussed and what it carried over: all on its table after what was called last.

    Where nothing on the table was called, nothing is known, and both are empty.
    """
    if called is None or called not in tabled:
        return [], []
    after = list(tabled).index(called) + 1
    return list(tabled[:after]), list(tabled[after:])


def _last(work: Work, room: Room) -> Last | None:
    sent = (
        select(Notice, Parcel)
        .join(Parcel, col(Parcel.id) == col(Notice.parcel_id))
        .where(
            Notice.coalition_id == work.tenant, Notice.lane_id == room_lane(work, room).id,
            Notice.kind == NoticeKind.DIGEST, Notice.state == NoticeState.SENT,
        )
    )  # fmt: skip
    # One that was asked for is written when it is owed, a planned one with its parcel.
    written = [
        (parcel.created_at if notice.occasion else notice.created_at, parcel) for notice, parcel in work.exec(sent)
    ]
    if not written:
        return None
    at, parcel = max(written, key=lambda pair: (pair[0], pair[1].id))
    return Last(at, Message.from_data(parcel.content or {"blocks": []}).blocks)


def _heading(day: Day) -> Inline:
    today = Moment(day.at, day.zone.key, "day")
    held = [row for row in day.meetings() if row.state is not MeetingState.CANCELLED]
    if not held:
        return say("{day}: where we stand", day=today)
    session = held[0].session_id
    days = list(session_days(day.board.work.rows(Meeting, Meeting.session_id == session), day.board.zones))
    n = days.index(held[0].starts_at.astimezone(day.board.zones[session]).date()) + 1
    return say("{day}, day {n} of {total}", day=today, n=n, total=len(days))


def _today(day: Day) -> Phrase | None:
    discussed: list[Provision] = []
    carried: list[Provision] = []
    others: list[Inline] = []
    for meeting in day.meetings():
        tabled = _tabled(day.board, meeting)
        talked, left = outcome(tabled, _called(day, meeting, tabled))
        discussed += talked
        carried += left if _is_over(day, meeting) else []
        if not (talked and _is_over(day, meeting)) and (words := _what_became(day, meeting, tabled)):
            others.append(words)
    carried = [row for row in carried if row not in discussed]
    parts: list[Inline] = []
    if discussed:
        parts.append(say("{provisions} discussed", provisions=_in_order(discussed)))
    if carried:
        parts.append(say("{provisions} carried over", provisions=_in_order(carried)))
    parts += _at_most(others)
    return say("Today: {events}.", events=joined(parts, "; ")) if parts else None


def _what_became(day: Day, meeting: Meeting, tabled: Sequence[Provision]) -> Inline | None:
    """Say of a meeting in which nothing was called what is known of it."""
    if meeting.state is MeetingState.CANCELLED:
        return say("{meeting} cancelled", meeting=meeting.title)
    if _is_over(day, meeting):
        return say("{meeting} held", meeting=_with_provisions(meeting, tabled))
    return say("{meeting} still on", meeting=meeting.title) if meeting.starts_at <= day.board.now else None


def _ahead(day: Day) -> Phrase | None:
    """Say what meets tomorrow, or on the next day on which something does."""
    for days in range(1, LOOKS_AHEAD):
        coming = [row for row in day.meetings(days) if row.state is not MeetingState.CANCELLED]
        if coming:
            meetings = joined(_at_most([_coming(day, meeting) for meeting in coming]), "; ")
            if days == 1:
                return say("Tomorrow: {meetings}.", meetings=meetings)
            return say(
                "{day}: {meetings}.", day=Moment(coming[0].starts_at, _venue(day, coming[0]), "day"), meetings=meetings
            )
    return None


def _coming(day: Day, meeting: Meeting) -> Inline:
    starts = Moment(meeting.starts_at, _venue(day, meeting), "time")
    return say("{time} {meeting}", time=starts, meeting=_with_provisions(meeting, _tabled(day.board, meeting)))


def _new_drafts(day: Day) -> list[Draft]:
    rows = day.board.work.rows(Draft, Draft.state == DraftState.PUBLISHED, col(Draft.published_at) > day.since)
    return [row for row in rows if may_show(row.label, day.board.ceiling)][-MOST_DRAFTS:]


def _new_draft(day: Day, draft: Draft) -> Phrase:
    changes = day.board.work.rows(Change, Change.draft_id == draft.id)
    if not changes:
        return say("Text: {symbol} is new.", symbol=draft.symbol)
    return say("Text: {symbol} is new: {changes}. `diff` shows it.", symbol=draft.symbol, changes=tally(changes))


def _deadlines(day: Day) -> Phrase | None:
    rows = day.board.work.rows(
        Deadline, col(Deadline.due) > day.board.now, col(Deadline.due) < day.midnight(LOOKS_AHEAD)
    )
    shown = sorted((row for row in rows if may_show(row.label, day.board.ceiling)), key=lambda row: row.due)
    lines: list[Inline] = [say("{title} {due}", title=row.title, due=Moment(row.due)) for row in shown]
    return say("Deadlines: {deadlines}.", deadlines=joined(_at_most(lines), "; ")) if lines else None


def _needs_someone(day: Day) -> Phrase | None:
    """Name what the coming programme takes up and nobody has."""
    board, tasks = day.board, on_provisions(day.board)
    free = []
    for lineage, row in board.current.items():
        task = tasks.get(lineage)
        owned = task is not None and (task.state is TaskState.DONE or board.holder(task) is not None)
        if lineage in board.floor and not row.placeholder and not owned:
            free.append((board.floor[lineage].starts_at, row.ordinal, row))
    if not free:
        return None
    first = min(free, key=lambda entry: entry[:2])[2]
    rows = [row for _, _, row in free]
    return say("Needs someone: {provisions}. `take {first}`", provisions=_in_order(rows), first=number(first))


def _reviews(day: Day) -> tuple[Phrase | None, int]:
    """Say how much of the current text is reviewed, and give how many reviews are new."""
    lineages = {lineage for lineage, row in day.board.current.items() if not row.placeholder}
    found = {lineage: rows for lineage, rows in reviewed(day.board).items() if lineage in lineages}
    fresh = sum(review.reviewed_at > day.since for rows in found.values() for review in rows)
    if not lineages:
        return None, 0
    return say("Reviews: {n} of {total}, {fresh} new.", n=len(found), total=len(lineages), fresh=fresh), fresh


def _notes(day: Day) -> list[Phrase]:
    rows = [row for row in day.board.work.rows(Note) if may_show(row.label, day.board.ceiling)]
    fresh = [_note(row) for row in rows if day.last is None or not day.last.covers(row)]
    lines = fresh[:MOST_NOTES]
    if len(fresh) > MOST_NOTES:
        lines.append(count(len(fresh) - MOST_NOTES, "{n} more note.", "{n} more notes."))
    return lines


def _note(row: Note) -> Phrase:
    return say("Note: {words}", words=" ".join(row.words.split()))


def _tabled(board: Board, meeting: Meeting) -> list[Provision]:
    tabled = board.work.rows(OnTable, OnTable.meeting_id == meeting.id)
    lineages = {row.lineage_id for row in tabled}
    rows = [row for lineage, row in board.current.items() if lineage in lineages and not row.placeholder]
    return sorted(rows, key=lambda row: row.ordinal)


def _called(day: Day, meeting: Meeting, tabled: Sequence[Provision]) -> Provision | None:
    """Give what was called last on the table of a meeting that has begun; of several called at once, the last."""
    targets, _ = read_targets(meeting.called)
    try:
        found = resolve(day.board.provisions, targets)
    except Refusal:
        return None  # the number that was called is not in this draft any more
    return next((row for row in reversed(found) if row in tabled), None)


def _is_over(day: Day, meeting: Meeting) -> bool:
    """Tell whether a meeting is over: said so, or by its time, with some patience for one that was seen to begin."""
    if meeting.state is MeetingState.PLANNED:
        return meeting.ends_at <= day.board.now
    overran = meeting.state is MeetingState.RUNNING and meeting.ends_at + OVERRUN <= day.board.now
    return overran or meeting.state is MeetingState.OVER


def _with_provisions(meeting: Meeting, tabled: Sequence[Provision]) -> str:
    words = titles(tabled)
    return f"{meeting.title}, {words}" if words and words not in meeting.title else meeting.title


def _venue(day: Day, meeting: Meeting) -> str:
    return day.board.zones[meeting.session_id].key


def _in_order(rows: Sequence[Provision]) -> str:
    return titles(sorted({row.id: row for row in rows}.values(), key=lambda row: row.ordinal))


def _at_most(lines: Sequence[Inline]) -> list[Inline]:
    """Keep a line short: the first few, and how many more there are."""
    kept = list(lines[:MOST_MEETINGS])
    return [*kept, count(len(lines) - len(kept), "{n} more", "{n} more")] if len(lines) > len(kept) else kept
