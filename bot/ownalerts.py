"""What an owner is told of a new draft: what became of their provisions, word by word, and by when to look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from bot.changes import Step, became, became_named, number
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
    Text,
    actions,
    count,
    joined,
    message,
    say,
)
from bot.people import mention
from bot.programme import next_meetings, session_zones
from bot.texts.redline import Op, excerpt, obligations
from storage.tables import Change, Member, Provision, Task
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
    tasks, budget = tasks_by_lineage(work), max(MOST // len(concerns), LEAST)
    for concern in concerns:
        meeting = floor.get(_lineage(step, concern.change) or 0)
        slot = Moment(meeting.starts_at, zones[meeting.session_id].key) if meeting else None
        section = _Section(work, step, concern, slot, member_id, budget)
        blocks += section.blocks(tasks.get(_lineage(step, concern.change) or 0, []))
    if quiet:
        named = joined([became(step, change) for change in quiet])
        blocks.append(count(len(quiet), "Your other one: numbering only ({named}).",
                            "Your other {n}: numbering only ({named}).", named=named))  # fmt: skip
    return message(*blocks)


def _headline(step: Step, concerns: Sequence[Concern]) -> Phrase:
    if len(concerns) == 1:
        return say("New text: your {became}", became=became(step, concerns[0].change))
    return count(len(concerns), "New text: {n} of your provisions changed", "New text: {n} of your provisions changed")


def _lineage(step: Step, change: Change) -> int | None:
    return step.one(change).lineage_id if change.new else None


@dataclass(frozen=True)
class _Section:
    """One change of a message to its owner."""

    work: Work
    step: Step
    concern: Concern
    slot: Moment | None
    member_id: int
    budget: int

    def blocks(self, tasks: Sequence[Task]) -> Iterator[Block | Inline | None]:
        """Give what is said of it; `tasks` are those of the provision as it is now."""
        change = self.concern.change
        yield self._why()
        if change.relation == "removed":
            yield say("{what}. Your task {n} is closed.", what=self._title(), n=self.concern.task.number)
            return
        what = number(self.step.one(change))
        ops, cut = fitting(excerpt((op, words) for op, words in change.ops), self.budget)
        yield Redline(self._title(), ops, whole=True)
        facts = list(islice(self._facts(), MOST_FACTS))
        facts += [say("There is more: `diff {what}` shows all of it.", what=what)] if cut else []
        yield joined(facts, " ") if facts else None
        mine = next((task for task in tasks if task.id == self.concern.task.id), None)
        if mine is None:
            yield self._taken_up(tasks)
            return
        yield from self._parts()
        yield self._when(mine)
        yield _next_steps(what)

    def _title(self) -> Inline:
        change = self.concern.change
        if self.budget == MOST and change.heading and change.relation in ("changed", "renumbered+changed"):
            return Text(change.heading)
        return became_named(self.step, change)

    def _why(self) -> Inline | None:
        lead = self.concern.instead_of
        if lead is None:
            return None
        return say("You hear this as backup: {lead} is asleep and the meeting is near.",
                   lead=mention(self.work.row(Member, lead)))  # fmt: skip

    def _facts(self) -> Iterator[Inline]:
        """Name what must not be overlooked: another heading, words of obligation, brackets."""
        change, olds, news = (
            self.concern.change,
            self.step.olds(self.concern.change),
            self.step.news(self.concern.change),
        )
        if "heading" in change.flags:
            yield say("Its heading was “{old}”.", old=olds[0].heading)
        counts = _open(olds), _open(news)
        if counts[0] != counts[1]:
            yield say("Brackets: {before} before, {after} now.", before=counts[0], after=counts[1])
        for before, after in obligations([(op, words) for op, words in change.ops], self.step.draft.language):
            if before and after:
                yield say("“{before}” became “{after}”.", before=before, after=after)
            else:
                yield say("“{word}” is gone.", word=before) if before else say("“{word}” is new.", word=after)

    def _taken_up(self, tasks: Sequence[Task]) -> Inline:
        """Say who has the provision that took up theirs."""
        lead = next((task.lead_id for task in tasks if task.lead_id is not None), None)
        what = number(self.step.one(self.concern.change))
        if lead is None or lead == self.member_id:
            return say("Your task {n} is closed: task on {what} goes on.", n=self.concern.task.number, what=what)
        return say("Your task {n} is closed: {lead} has {what}.", n=self.concern.task.number, what=what,
                   lead=mention(self.work.row(Member, lead)))  # fmt: skip

    def _parts(self) -> Iterator[Inline]:
        change = self.concern.change
        if change.relation != "split":
            return
        tasks = tasks_by_lineage(self.work)
        for part in self.step.news(change)[1:]:
            own = [task for task in tasks.get(part.lineage_id or 0, ()) if task.lead_id == self.concern.task.lead_id]
            if own:
                yield say("{part} is yours too, as task {n}; `release {part}` gives it back.", part=number(part),
                          n=own[0].number)  # fmt: skip

    def _when(self, task: Task) -> Inline | None:
        look = say("Please look by {moment}.", moment=Moment(task.due)) if task.due else None
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


def _open(provisions: Sequence[Provision]) -> int:
    return sum(row.brackets for row in provisions)
