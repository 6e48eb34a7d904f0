"""The agenda: what each meeting has on its table in the current text, who has it, and how a meeting is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlmodel import col

from bot.message import Block, Heading, Inline, Joined, List, Moment, Paragraph, Phrase, Text, Value, count, joined, say
from bot.people import members
from bot.programme import session_zones
from bot.provisions import current_provisions, titles
from bot.rules.labels import may_show
from bot.rules.ownership import holding
from storage.tables import Label, Meeting, MeetingState, OnTable, Provision, Task, TaskState
from storage.work import Work

PARALLEL = dt.timedelta(minutes=30)
"""Meetings that begin within this time of each other are next together."""

_HOUR = 60
_DAY = 24 * _HOUR


@dataclass(frozen=True)
class Agenda:
    """A coalition's programme beside its current text and its people, read at one moment."""

    now: dt.datetime
    provisions: Sequence[Provision]
    """Of the current draft, in the order of the text."""
    tables: Mapping[int, Sequence[OnTable]]
    """What is on the table of each meeting, by its id."""
    owners: Mapping[int, Sequence[int]]
    """Who has each lineage: the lead's member id before the backup's."""
    zones: Mapping[int, ZoneInfo]
    """Of the sessions, by id."""

    def lineages(self, meeting: Meeting) -> frozenset[int]:
        """Give the lineages on the table of a meeting."""
        return frozenset(row.lineage_id for row in self.tables.get(meeting.id, ()) if row.lineage_id is not None)

    def named(self, lineages: Iterable[int]) -> str:
        """Give what people call these lineages in the current text: "articles 24-28"; empty where it has none."""
        wanted = set(lineages)
        return titles([row for row in self.provisions if row.lineage_id in wanted])

    def table(self, meeting: Meeting) -> str:
        """Give what is on a meeting's table, as the text numbers it now; what it does not have, as it was typed."""
        rows = self.tables.get(meeting.id, ())
        open_targets = [row.target for row in rows if row.lineage_id is None]
        return ", ".join(words for words in (self.named(self.lineages(meeting)), *open_targets) if words)

    def name(self, meeting: Meeting) -> str:
        """Give a meeting's title and what is on its table: "Plenary, articles 24-28"."""
        table = self.table(meeting)
        said = not table or table.casefold() in meeting.title.casefold()
        return meeting.title if said else f"{meeting.title}, {table}"

    def people(self, lineages: Iterable[int]) -> list[int]:
        """Give the members who have any of these lineages, each once."""
        return list(dict.fromkeys(person for lineage in sorted(lineages) for person in self.owners.get(lineage, ())))

    def unowned(self, meeting: Meeting) -> str:
        """Give what on a meeting's table nobody has: "articles 27, 33"."""
        return self.named(lineage for lineage in self.lineages(meeting) if not self.owners.get(lineage))

    def moment(self, meeting: Meeting, at: dt.datetime | None = None, shape: str = "moment") -> Moment:
        """Give the start of a meeting, or another moment of it, with its venue's zone."""
        return Moment(at or meeting.starts_at, self.zones[meeting.session_id].key, shape)

    def where(self, meeting: Meeting) -> Joined:
        """Give when and where a meeting begins."""
        return joined([self.moment(meeting), *([Text(meeting.place)] if meeting.place else [])])

    def day(self, meeting: Meeting) -> dt.date:
        """Give the day, at the venue, on which a meeting begins."""
        return meeting.starts_at.astimezone(self.zones[meeting.session_id]).date()


def read_agenda(work: Work, now: dt.datetime) -> Agenda:
    """Read the agenda."""
    tables: dict[int, list[OnTable]] = {}
    for row in work.rows(OnTable):
        tables.setdefault(row.meeting_id, []).append(row)
    return Agenda(now, current_provisions(work), tables, _owners(work, now), session_zones(work))


def next_up(rows: Sequence[Meeting], now: dt.datetime) -> list[Meeting]:
    """Give, of meetings to come in order, what is on now and what begins next."""
    under_way = [row for row in rows if row.starts_at <= now or row.state is MeetingState.RUNNING]
    ahead = [row for row in rows if row not in under_way]
    return [*under_way, *(row for row in ahead if row.starts_at - ahead[0].starts_at < PARALLEL)]


def shown(agenda: Agenda, meetings: Iterable[Meeting], ceiling: Label) -> Iterator[Block]:
    """Say of each meeting in how long it begins, when and where, and, where that may be shown, what nobody has."""
    for meeting in meetings:
        yield Heading(in_how_long(agenda, meeting))
        if meeting.late_minutes and meeting.state is MeetingState.PLANNED:
            late = count(meeting.late_minutes, "{where} ({n} minute late)", "{where} ({n} minutes late)",
                         where=agenda.where(meeting))  # fmt: skip
            yield Paragraph(late)
        else:
            yield Paragraph(agenda.where(meeting))
        if may_show(Label.COALITION, ceiling) and (line := nobody_has(agenda, meeting)):
            yield Paragraph(line)


def day_shown(agenda: Agenda, meetings: Sequence[Meeting], called: Mapping[int, int]) -> list[Block]:
    """List the meetings of one day, at least one, with what became of each; `called` gives their numbers by id."""
    lines = tuple(_day_line(agenda, row, called[row.id]) for row in meetings)
    return [Paragraph(say("{day}:", day=agenda.moment(meetings[0], shape="day"))), List(lines)]


def _day_line(agenda: Agenda, meeting: Meeting, number: int) -> Joined:
    states: dict[MeetingState, Phrase] = {
        MeetingState.RUNNING: say("on now"),
        MeetingState.OVER: say("over"),
        MeetingState.CANCELLED: say("cancelled"),
    }
    time = agenda.moment(meeting, shape="time")
    parts: list[Inline] = [say("{time}: {meeting}", time=time, meeting=agenda.name(meeting))]
    parts += [Text(meeting.place)] if meeting.place else []
    if meeting.state in states:
        parts.append(states[meeting.state])
    elif meeting.late_minutes:
        parts.append(count(meeting.late_minutes, "{n} minute late", "{n} minutes late"))
    return joined([joined(parts), say("number {n}", n=number)], " · ")


def nobody_has(agenda: Agenda, meeting: Meeting) -> Phrase | None:
    """Say what on the table has no owner, and how to take it; None when all has one."""
    unowned = agenda.unowned(meeting)
    if not unowned:
        return None
    words, take = unowned[0].upper() + unowned[1:], command_words(unowned)
    if "," in take or "-" in take:
        return say("{provisions} have no owner: `take {take}`", provisions=words, take=take)
    return say("{provisions} has no owner: `take {take}`", provisions=words, take=take)


def command_words(names: str) -> str:
    """Give what to type after a verb for "article 27" or "articles 5-9, 12"."""
    kind, _, rest = names.partition(" ")
    return rest if kind in ("article", "articles") else names


def in_how_long(agenda: Agenda, meeting: Meeting) -> Phrase:
    """Say in how long a meeting begins, or how long ago it began: "In 30 minutes: Plenary, articles 24-28"."""
    name = agenda.name(meeting)
    minutes = minutes_until(meeting.starts_at, agenda.now)
    if meeting.state is MeetingState.RUNNING and (minutes >= 0 or minutes <= -_HOUR):
        return say("On now: {what}", what=name)
    if minutes < 0:
        return began(-minutes, name)
    return ahead(meeting.starts_at, agenda.now, agenda.zones[meeting.session_id], name)


def ahead(at: dt.datetime, now: dt.datetime, zone: ZoneInfo, what: Value) -> Phrase:
    """Say in how many minutes, hours or days of the calendar something happens."""
    minutes = minutes_until(at, now)
    if minutes < 1:
        return say("Now: {what}", what=what)
    if minutes <= 90:
        return count(minutes, "In {n} minute: {what}", "In {n} minutes: {what}", what=what)
    days = (at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days > 1 or (days == 1 and minutes >= 20 * _HOUR):
        return count(days, "In {n} day: {what}", "In {n} days: {what}", what=what)
    hours, rest = divmod(minutes, _HOUR)
    if rest:
        return say("In {hours} h {minutes} min: {what}", hours=hours, minutes=rest, what=what)
    return count(hours, "In {n} hour: {what}", "In {n} hours: {what}", what=what)


def began(minutes: int, what: Value) -> Phrase:
    """Say how many minutes ago something began."""
    if minutes <= 90:
        return count(minutes, "Began {n} minute ago: {what}", "Began {n} minutes ago: {what}", what=what)
    hours = round(minutes / _HOUR)
    return count(hours, "Began {n} hour ago: {what}", "Began {n} hours ago: {what}", what=what)


def minutes_until(at: dt.datetime, now: dt.datetime) -> int:
    """Give the minutes from now to a moment, to the nearest; negative once it is past."""
    return round((at - now).total_seconds() / 60)


def _owners(work: Work, now: dt.datetime) -> dict[int, list[int]]:
    active = {member.id for member in members(work)}
    owners: dict[int, list[int]] = {}
    for task in work.rows(Task, col(Task.lineage_id).is_not(None), col(Task.state) != TaskState.CANCELLED):
        if task.lineage_id is not None:
            have = [person for person in _holders(task, now) if person in active]
            owners.setdefault(task.lineage_id, []).extend(have)
    return owners


def _holders(task: Task, now: dt.datetime) -> Iterator[int]:
    """Give the lead and the backup; the backup alone once the task has passed on; nobody once it has lapsed."""
    held = holding(task, now)
    lead = task.lead_id if task.state is TaskState.DONE else held.member_id
    if lead is not None:
        yield lead
        if task.backup_id is not None and task.backup_id != lead and not held.as_backup:
            yield task.backup_id
