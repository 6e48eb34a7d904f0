"""Meetings of the programme: what is on their table, which one is meant, and who is told when one changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sqlmodel import col

from bot.agenda import Agenda, read_agenda
from bot.commands import Refusal
from bot.grammar import read_targets
from bot.message import Message, Phrase, count, message, say
from bot.notices import About, member_lane, purpose_lanes, tell
from bot.offers import hasten_offer
from bot.programme import next_meetings
from bot.provisions import current_provisions, resolve
from bot.rules.moving import moved_due
from bot.rules.ownership import holding
from bot.rules.reminders import WAITING
from storage.tables import (
    Label,
    Meeting,
    MeetingState,
    NoticeKind,
    OnTable,
    Provision,
    Purpose,
    Task,
    TaskState,
)
from storage.work import Work


@dataclass(frozen=True)
class MeetingBefore:
    """A meeting as it stood before a change."""

    name: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    place: str
    state: MeetingState
    late_minutes: int
    lineages: frozenset[int]


@dataclass(frozen=True)
class Told:
    """What was said of a change: its line, and the members and rooms that it was sent to."""

    line: Phrase | None = None
    member_ids: tuple[int, ...] = ()
    room_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Heard:
    """Who knows of a change already because they made it or read the answer to it."""

    member_ids: Collection[int] = ()
    room_ids: Collection[int] = ()


@dataclass(frozen=True)
class _Telling:
    """A change on its way to people."""

    work: Work
    now: dt.datetime
    cause: str
    meeting: Meeting
    heard: Heard = field(default_factory=Heard)


def as_it_stands(agenda: Agenda, meeting: Meeting) -> MeetingBefore:
    """Take down a meeting before it is changed, for `tell_changed`, from an agenda that was read before it too."""
    return MeetingBefore(
        agenda.name(meeting),
        meeting.starts_at,
        meeting.ends_at,
        meeting.place,
        meeting.state,
        meeting.late_minutes,
        agenda.lineages(meeting),
    )


def put_on_table(work: Work, meeting: Meeting, targets: Sequence[str]) -> None:
    """Replace what is on a meeting's table by targets such as "article 5", "chapter IV" or free words.

    A target is resolved against the current draft, a row for each provision; one that means nothing there is kept
    with no lineage until a draft has it. The same targets again change nothing.
    """
    provisions = current_provisions(work)
    wanted = dict.fromkeys(pair for target in targets for pair in _resolved(provisions, target))
    for row in work.rows(OnTable, OnTable.meeting_id == meeting.id):
        if (row.target, row.lineage_id) in wanted:
            del wanted[row.target, row.lineage_id]
        else:
            work.delete(row)
    for target, lineage_id in wanted:
        work.add(
            OnTable(coalition_id=work.tenant, meeting_id=meeting.id, target=target, lineage_id=lineage_id)
        )  # fmt: skip
    work.flush()


def resolve_tables(work: Work) -> None:
    """Resolve, against a draft that has just become the current one, the targets that meant nothing until now."""
    provisions = current_provisions(work)
    for row in work.rows(OnTable, col(OnTable.lineage_id).is_(None)):
        found = [(target, lineage) for target, lineage in _resolved(provisions, row.target) if lineage is not None]
        if found:
            work.delete(row)
            for target, lineage_id in found:
                work.add(
                    OnTable(coalition_id=work.tenant, meeting_id=row.meeting_id, target=target, lineage_id=lineage_id)
                )
    work.flush()


def people_on(work: Work, meeting: Meeting, now: dt.datetime) -> set[int]:
    """Give the member ids of the leads and backups of what is on a meeting's table."""
    agenda = read_agenda(work, now)
    return set(agenda.people(agenda.lineages(meeting)))


def tell_changed(
    work: Work, now: dt.datetime, cause: str, meeting: Meeting, before: MeetingBefore | None, heard: Heard | None = None
) -> Told:
    """Tell whoever is hit by a change of a meeting, each once, and give their default due times anew.

    The leads and backups of what is or was on its table get a direct message, the rooms that count down one line.
    `before` is the meeting as it stood, None when it is new; `cause` names the change, and makes telling it again tell
    nothing. A meeting that is past and was, and one that did not change, is told to nobody.
    """
    work.flush()
    agenda = read_agenda(work, now)
    line = change_line(agenda, meeting, before)
    dues = give_new_dues(work, agenda, meeting, before)
    ends = [meeting.ends_at, *([before.ends_at] if before else [])]
    if line is None or max(ends) <= now:
        return Told(line)
    hit = hit_lineages(agenda, meeting, before)
    telling = _Telling(work, now, cause, meeting, heard or Heard())
    return Told(line, _tell_members(telling, agenda, line, hit, dues), _tell_rooms(telling, line))


def tell_line(
    work: Work,
    now: dt.datetime,
    cause: str,
    meeting: Meeting,
    line: Phrase,
    *,
    owners: bool,
    heard: Heard | None = None,
) -> Told:
    """Tell the rooms that count down one line about a meeting and, where asked, its leads and backups too."""
    agenda = read_agenda(work, now)
    hit = agenda.lineages(meeting) if owners else frozenset()
    telling = _Telling(work, now, cause, meeting, heard or Heard())
    return Told(line, _tell_members(telling, agenda, line, hit, []), _tell_rooms(telling, line))


def hit_lineages(agenda: Agenda, meeting: Meeting, before: MeetingBefore | None) -> frozenset[int]:
    """Give what a change touches: all on the table, or only what came and went where nothing else changed."""
    current = agenda.lineages(meeting)
    if before is None:
        return current
    same_slot = (before.starts_at, before.ends_at, before.place, before.state) == (
        meeting.starts_at, meeting.ends_at, meeting.place, meeting.state,
    )  # fmt: skip
    return current ^ before.lineages if same_slot else current | before.lineages


def change_line(agenda: Agenda, meeting: Meeting, before: MeetingBefore | None) -> Phrase | None:
    """Say in one line what changed about a meeting; None when nothing did that anybody would notice."""
    name, where = agenda.name(meeting), agenda.where(meeting)
    if before is None:
        return say("New on the programme: **{meeting}**, {where}.", meeting=name, where=where)
    if meeting.state is not before.state and MeetingState.CANCELLED in (meeting.state, before.state):
        if meeting.state is MeetingState.CANCELLED:
            was = agenda.moment(meeting, before.starts_at)
            return say("**{meeting}** is cancelled; it was to begin {was}.", meeting=name, was=was)
        return say("**{meeting}** is on again: {where}.", meeting=name, where=where)
    if slot := _slot_line(agenda, meeting, before):
        return slot
    if agenda.lineages(meeting) != before.lineages:
        return say(
            "On the table now: **{meeting}**, {where}. It was {old}.", meeting=name, where=where, old=before.name
        )
    return None


def _slot_line(agenda: Agenda, meeting: Meeting, before: MeetingBefore) -> Phrase | None:
    name, where = agenda.name(meeting), agenda.where(meeting)
    if meeting.late_minutes not in (0, before.late_minutes) and meeting.starts_at != before.starts_at:
        return count(
            meeting.late_minutes,
            "**{meeting}** begins {n} minute late: {where}.",
            "**{meeting}** begins {n} minutes late: {where}.",
            meeting=name,
            where=where,
        )
    if meeting.starts_at != before.starts_at:
        was = agenda.moment(meeting, before.starts_at)
        return say("**{meeting}** moved to {where}; it was {was}.", meeting=name, where=where, was=was)
    if meeting.place != before.place:
        return say("**{meeting}** has a new place: {where}.", meeting=name, where=where)
    if meeting.ends_at != before.ends_at:
        end = agenda.moment(meeting, meeting.ends_at)
        return say("**{meeting}** now ends {end}.", meeting=name, end=end)
    return None


def give_new_dues(work: Work, agenda: Agenda, meeting: Meeting, before: MeetingBefore | None) -> list[Task]:
    """Give the waiting tasks whose due time came from this meeting, and was nobody's choice, a new one; give them."""
    if before is not None and not _begins_otherwise(agenda, meeting, before):
        return []  # one that is on and only ends later is ahead of nobody, and yet its tasks keep their due times
    lineages = agenda.lineages(meeting) | (before.lineages if before else frozenset())
    floor = next_meetings(work, agenda.now)
    changed = []
    rows = work.rows(
        Task, col(Task.lineage_id).in_(lineages), col(Task.state).in_(WAITING), col(Task.due_chosen).is_(False)
    )
    for task in rows:
        following = floor.get(task.lineage_id) if task.lineage_id is not None else None
        due = moved_due(
            task.due,
            before.starts_at if before else None,
            following.starts_at if following else None,
            agenda.now,
            new_text=task.state is TaskState.STALE,
        )
        if due != task.due:
            task.due = due
            hasten_offer(work, task, agenda.now, following)
            changed.append(task)
    work.flush()
    return changed


def _begins_otherwise(agenda: Agenda, meeting: Meeting, before: MeetingBefore) -> bool:
    """Tell whether anything changed from which due times follow: its beginning, its table, or whether it meets."""
    now_off, was_off = (state is MeetingState.CANCELLED for state in (meeting.state, before.state))
    same_table = agenda.lineages(meeting) == before.lineages
    return meeting.starts_at != before.starts_at or now_off is not was_off or not same_table


def _resolved(provisions: Sequence[Provision], words: str) -> list[tuple[str, int | None]]:
    targets, left = read_targets(words)
    if left or not targets:
        return [(words.strip(), None)]
    found: list[tuple[str, int | None]] = []
    for target in targets:
        try:
            lineages = [row.lineage_id for row in resolve(provisions, [target]) if row.lineage_id is not None]
        except Refusal:
            lineages = []
        found += [(str(target), lineage) for lineage in lineages] or [(str(target), None)]
    return found


def _tell_members(
    telling: _Telling, agenda: Agenda, line: Phrase, hit: Iterable[int], dues: Sequence[Task]
) -> tuple[int, ...]:
    told = [person for person in agenda.people(hit) if person not in telling.heard.member_ids]
    for person in told:
        mine = [lineage for lineage in hit if person in agenda.owners.get(lineage, ())]
        content = _for_member(telling, agenda, line, mine, dues, person)
        lane = member_lane(telling.work, person)
        key = f"{telling.cause}/programme/{telling.meeting.id}/{lane.id}"
        tell(telling.work, lane, NoticeKind.PROGRAMME, content, key=key, now=telling.now, about=_about(telling))
    return tuple(told)


def _about(telling: _Telling) -> About:
    return About("told.programme", telling.meeting.id)


def _parts(telling: _Telling, mine: Sequence[int], person: int) -> tuple[list[int], list[int]]:
    """Give what a person still has to do among lineages, and what they back up; what is done is neither."""
    waiting = telling.work.rows(Task, col(Task.lineage_id).in_(mine), col(Task.state).in_(WAITING))
    has = {task.lineage_id for task in waiting if holding(task, telling.now).member_id == person}
    backs = {task.lineage_id for task in waiting if task.backup_id == person} - has
    return [row for row in mine if row in has], [row for row in mine if row in backs]


def _for_member(
    telling: _Telling, agenda: Agenda, line: Phrase, mine: Sequence[int], dues: Sequence[Task], person: int
) -> Message:
    leads, backs = _parts(telling, mine, person)
    by_due: dict[dt.datetime, list[int]] = {}
    for task in dues:
        if task.due is not None and task.lineage_id is not None and task.lineage_id in mine:
            by_due.setdefault(task.due, []).append(task.lineage_id)
    return message(
        line,
        say("Yours: {provisions}.", provisions=agenda.named(leads)) if leads else None,
        say("You are the backup for {provisions}.", provisions=agenda.named(backs)) if backs else None,
        *(
            say("Now due {due}: {provisions}.", due=agenda.moment(telling.meeting, due), provisions=agenda.named(rows))
            for due, rows in sorted(by_due.items())
        ),
    )


def _tell_rooms(telling: _Telling, line: Phrase) -> tuple[int, ...]:
    told: list[int] = []
    for lane in purpose_lanes(telling.work, Purpose.COUNTDOWN):
        room_id = lane.room_id
        if room_id is not None and room_id not in telling.heard.room_ids:
            key = f"{telling.cause}/programme/{telling.meeting.id}/{lane.id}"
            tell(
                telling.work, lane, NoticeKind.PROGRAMME, message(line), key=key, now=telling.now, label=Label.PUBLIC,
                about=_about(telling),
            )  # fmt: skip
            told.append(room_id)
    return tuple(told)
