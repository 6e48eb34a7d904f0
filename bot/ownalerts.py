"""What an owner is told of a new draft: what became of their provisions, word by word, and by when to look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from bot.changes import Step, became, became_named, number, step_of
from bot.concerns import Concern, tasks_by_lineage
from bot.message import (
    Actions,
    Block,
    Heading,
    Inline,
    Message,
    Moment,
    Phrase,
    Redline,
    RedlineFiles,
    Text,
    actions,
    count,
    joined,
    message,
    say,
)
from bot.notices import About
from bot.people import mention
from bot.programme import next_meetings, session_zones
from bot.provisions import title, titles
from bot.rules.reminders import WAITING
from bot.texts.notes import called_out
from bot.texts.payload import callouts_from
from bot.texts.redline import Op, excerpt, obligations
from storage.tables import Change, Draft, Member, Provision, Task, TaskState
from storage.work import Work

MOST = 6000
"""About how many characters of redlines one message shows; several provisions share them."""
LEAST = 400
"""How many each provision gets at least."""
MOST_FACTS = 5


def owner_alert(
    work: Work, step: Step, concerns: Sequence[Concern], quiet: Sequence[Change], member_id: int, now: dt.datetime
) -> Message:
    """Tell one member what became of what is theirs, once the draft is in force."""
    floor, zones = next_meetings(work, now), session_zones(work)
    blocks: list[Block | Inline | None] = [
        Heading(_headline(step, concerns)),
        say("{symbol}, seen {moment}", symbol=step.draft.symbol, moment=Moment(step.draft.added_at)),
    ]
    tasks, grouped = tasks_by_lineage(work), _by_change(concerns)
    budget = max(MOST // len(grouped), LEAST)
    for group in grouped:
        lineage = _lineage(step, group[0].change) or 0
        meeting = floor.get(lineage)
        slot = Moment(meeting.starts_at, zones[meeting.session_id].key) if meeting else None
        blocks += _Section(work, step, group, slot, member_id, budget, now).blocks(tasks.get(lineage, []))
    if quiet:
        named = joined([became(step, change) for change in quiet])
        blocks.append(count(len(quiet), "Your other one: numbering only ({named}).",
                            "Your other {n}: numbering only ({named}).", named=named))  # fmt: skip
    changes = dict.fromkeys(concern.change.id for concern in concerns)
    return message(*blocks, RedlineFiles(step.draft.id, tuple(changes)))


def _by_change(concerns: Sequence[Concern]) -> list[list[Concern]]:
    """Put together what one change makes of several tasks: of two articles that were merged both may be theirs."""
    grouped: dict[int, list[Concern]] = {}
    for concern in concerns:
        grouped.setdefault(concern.change.id, []).append(concern)
    return list(grouped.values())


def alert_about(step: Step, concerns: Sequence[Concern], quiet: Sequence[Change]) -> About:
    """Keep what an owner's alert is about, so that one held overnight names the slot that is next in the morning."""
    rows = [[concern.change.id, concern.task.id, concern.old, concern.instead_of] for concern in concerns]
    return About("told.draft", step.draft.id, {"concerns": rows, "quiet": [change.id for change in quiet]})


def alert_again(work: Work, now: dt.datetime, draft: Draft, facts: Mapping[str, Any], member_id: int) -> Message | None:
    """Write an owner's alert anew; None when all of it is done or in other hands by now."""
    step = step_of(work, draft)
    changes, tasks = {row.id: row for row in step.changes}, {row.id: row for row in work.rows(Task)}
    concerns = [
        Concern(changes[change_id], tasks[task_id], instead_of, old)
        for change_id, task_id, instead_of, old in facts["concerns"]
        if _concerns_still(tasks[task_id], member_id)
    ]
    quiet = [changes[change_id] for change_id in facts["quiet"]]
    return owner_alert(work, step, concerns, quiet, member_id, now) if concerns else None


def _concerns_still(task: Task, member_id: int) -> bool:
    """Tell whether there is still something to say of a task: closed by the draft, or theirs and to be done."""
    theirs = member_id in (task.lead_id, task.backup_id)
    return task.state is TaskState.CANCELLED or (theirs and task.state in WAITING)


def _headline(step: Step, concerns: Sequence[Concern]) -> Phrase:
    grouped = _by_change(concerns)
    if len(grouped) == 1:
        return say("New text: your {became}", became=_theirs(step, grouped[0]))
    changed = {(bool(group[0].change.new), step.one(group[0].change).label) for group in grouped}
    return count(len(changed), "New text: {n} of your provisions changed", "New text: {n} of your provisions changed")


def _theirs(step: Step, concerns: Sequence[Concern]) -> Phrase:
    """Say what became of what is theirs; of a merger that may be a part."""
    change, own = concerns[0].change, {concern.old for concern in concerns}
    others = [row for row in step.olds(change) if row.label not in own]
    if change.relation != "merged" or not others:
        return became(step, change)
    return count(
        len(own), "{own} was merged with {others}", "{own} were merged with {others}",
        own=titles([row for row in step.olds(change) if row.label in own]), others=", ".join(map(number, others)),
    )  # fmt: skip


def _lineage(step: Step, change: Change) -> int | None:
    return step.one(change).lineage_id if change.new else None


@dataclass(frozen=True)
class _Section:
    """One change of a message to its owner."""

    work: Work
    step: Step
    concerns: Sequence[Concern]
    """All that the change makes of tasks of theirs."""
    slot: Moment | None
    member_id: int
    budget: int
    now: dt.datetime

    @property
    def change(self) -> Change:
        """The change."""
        return self.concerns[0].change

    def blocks(self, tasks: Sequence[Task]) -> Iterator[Block | Inline | None]:
        """Give what is said of it; `tasks` are those of the provision as it is now."""
        change, ids = self.change, {concern.task.id for concern in self.concerns}
        yield self._why()
        if change.relation == "removed":
            closed = joined([str(concern.task.number) for concern in self.concerns])
            yield say("{what}. Your task {n} is closed.", what=self._title(), n=closed)
            return
        what = number(self.step.one(change))
        ops, cut = fitting(excerpt((op, words) for op, words in change.ops), self.budget)
        yield Redline(self._title(), ops, whole=True)
        facts = list(islice(self._facts(), MOST_FACTS))
        facts += [say("There is more: `diff {what}` shows all of it.", what=what)] if cut else []
        yield joined(facts, " ") if facts else None
        mine = next((task for task in tasks if task.id in ids), None)
        yield from (self._closed(concern, tasks, mine) for concern in self.concerns if _is_closed(concern.task))
        if mine is None:
            return
        yield from self._parts()
        yield self._when(mine)
        yield _next_steps(what)

    def _title(self) -> Inline:
        change = self.change
        if self.budget == MOST and change.heading and change.relation in ("changed", "renumbered+changed"):
            return Text(change.heading)
        return became_named(self.step, change)

    def _why(self) -> Inline | None:
        leads = [concern.instead_of for concern in self.concerns]
        lead = leads[0]
        if lead is None or None in leads:
            return None
        return say("You hear this as backup: {lead} is asleep and the meeting is near.",
                   lead=mention(self.work.row(Member, lead)))  # fmt: skip

    def _facts(self) -> Iterator[Inline]:
        """Name what must not be overlooked: another heading, words of obligation, references, figures, definitions."""
        change, olds, news = self.change, self.step.olds(self.change), self.step.news(self.change)
        if "heading" in change.flags:
            old = olds[0].heading
            yield say("Its heading was “{old}”.", old=old) if old else say("It had no heading before.")
        counts = _open(olds), _open(news)
        if counts[0] != counts[1]:
            yield say("Brackets: {before} before, {after} now.", before=counts[0], after=counts[1])
        for before, after in obligations([(op, words) for op, words in change.ops], self.step.draft.language):
            if before and after:
                yield say("“{before}” became “{after}”.", before=before, after=after)
            else:
                yield say("“{word}” is gone.", word=before) if before else say("“{word}” is new.", word=after)
        found = replace(callouts_from(change.callouts), obligations=(), opened=0, closed=0)  # those stand above
        yield from (say("{fact}.", fact=fact) for fact in called_out(found, say))

    def _closed(self, concern: Concern, tasks: Sequence[Task], mine: Task | None) -> Inline:
        """Say of a task that was closed what took its provision up, and who has that."""
        n, what = concern.task.number, number(self.step.one(self.change))
        lead = next((task.lead_id for task in tasks if task.lead_id is not None), None)
        if mine is not None or lead == self.member_id:
            old = title(self.step.old[concern.old])
            return say("Your task {n} is closed: {old} is part of {what} now.", n=n, old=old, what=what)
        if lead is None:
            return say("Your task {n} is closed: nobody has {what} yet. `take {what}`", n=n, what=what)
        return say("Your task {n} is closed: {lead} has {what}.", n=n, what=what,
                   lead=mention(self.work.row(Member, lead)))  # fmt: skip

    def _parts(self) -> Iterator[Inline]:
        change, leads = self.change, {concern.task.lead_id for concern in self.concerns}
        if change.relation != "split":
            return
        tasks = tasks_by_lineage(self.work)
        for part in self.step.news(change)[1:]:
            own = [task for task in tasks.get(part.lineage_id or 0, ()) if task.lead_id in leads]
            if own:
                yield say("{part} is yours too, as task {n}; `release {part}` gives it back.", part=number(part),
                          n=own[0].number)  # fmt: skip

    def _when(self, task: Task) -> Inline | None:
        ahead = task.due is not None and task.due > self.now
        look = say("Please look by {moment}.", moment=Moment(task.due)) if task.due and ahead else None
        if self.slot is None:
            return look
        floor = say("On the floor {moment}.", moment=self.slot)
        return joined([floor, look], " ") if look else floor


def fitting(ops: Sequence[Op], budget: int) -> tuple[tuple[Op, ...], bool]:
    """Cut an excerpt after `budget` characters, between words, and tell whether that left anything out."""
    kept: list[Op] = []
    for op, text in ops:
        if len(text) > budget:
            shorter = text[:budget].rpartition(" ")[0]
            return (*kept, *([(op, shorter)] if shorter else []), ("skipped", " …")), True
        kept.append((op, text))
        budget -= len(text)
    return tuple(kept), False


def _next_steps(what: str) -> Actions:
    return actions(
        (say("My review stands"), f"stands {what}"), (say("Review"), f"review {what}"),
        (say("Give it back"), f"release {what}"), (say("See all of it"), f"diff {what}"),
    )  # fmt: skip


def _is_closed(task: Task) -> bool:
    return task.state is TaskState.CANCELLED


def _open(provisions: Sequence[Provision]) -> int:
    return sum(row.brackets for row in provisions)
