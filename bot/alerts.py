"""The alerts of a draft: one summary for the rooms, one message for each owner, one for the coordinators."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col

from bot.changes import Step, became_named, listing, number, standing, tally
from bot.concerns import Impact
from bot.message import Block, Code, Heading, Inline, List, Message, count, message, say
from bot.notices import About, cancel, coordinator_lanes, member_lane, purpose_lanes, tell
from bot.ownalerts import alert_about, owner_alert
from bot.people import mention
from bot.tasks import Board, look
from storage.tables import Change, Draft, Label, Lane, Notice, NoticeKind, NoticeState, Purpose, Task
from storage.work import Work


@dataclass(frozen=True)
class Post:
    """What the alerts of one publishing or withdrawing share."""

    work: Work
    step: Step
    now: dt.datetime
    key: str

    def tell(self, lane: Lane, what: str, content: Message, label: Label, about: About | None = None) -> None:
        """Owe an alert to a lane."""
        key = f"{self.key}/{lane.id}/{what}"
        tell(self.work, lane, NoticeKind.ALERT, content, key=key, now=self.now, label=label, about=about)


def alert(post: Post, impact: Impact) -> tuple[int, int]:
    """Tell everyone whom a draft concerns, each once; give how many members and how many rooms."""
    rooms = purpose_lanes(post.work, Purpose.ALERTS)
    for lane in rooms:
        post.tell(lane, "summary", summary(post.step), Label.PUBLIC)
    for member_id, concerns in impact.concerns.items():
        quiet = impact.quiet.get(member_id, ())
        own = owner_alert(post.work, post.step, concerns, quiet, member_id, post.now)
        about = alert_about(post.step, concerns, quiet)
        post.tell(member_lane(post.work, member_id), "owner", own, Label.COALITION, about)
    if impact.unowned:
        for lane in coordinator_lanes(post.work):
            post.tell(lane, "unowned", unowned(post.step, impact.unowned), Label.COALITION)
    return len(impact.told(post.work)), len(rooms)


def summary(step: Step) -> Message:
    """Say what a draft is and what it changed, for everyone."""
    draft, base = step.draft, step.base
    head = Heading(say("New text: {symbol}", symbol=draft.symbol))
    size = count(draft.provisions, "{n} provision", "{n} provisions")
    if base is None:
        first = say("{date}: the first draft, {size}, {standing}.", date=str(draft.date), size=size,
                    standing=standing(draft))  # fmt: skip
        return message(head, first, say("`article NUMBER` shows an article, `find WORDS` searches them all."))
    return message(
        head,
        say("{date}, after {base}: {size}, {standing}.", date=str(draft.date), base=base.symbol, size=size,
            standing=standing(draft, base)),
        say("{tally}.", tally=tally(step.changes)),
        _list(list(listing(step))),
        say("Owners of changed provisions are told in person. `diff` lists the changes, `diff ARTICLE` shows one."),
    )  # fmt: skip


def unowned(step: Step, changes: list[Change]) -> Message:
    """Tell coordinators what is new or changed and in nobody's hands."""
    first = number(step.one(changes[0]))
    return message(
        Heading(count(len(changes), "{n} provision of {symbol} changed and has no owner",
                      "{n} provisions of {symbol} changed and have no owner", symbol=step.draft.symbol)),
        _list([became_named(step, change) for change in changes]),
        say("Next: {assign}, or {take}.", assign=Code(f"assign {first} @NAME"), take=Code(f"take {first}")),
    )  # fmt: skip


def open_alerts(work: Work, draft: Draft) -> list[Notice]:
    """Give the alerts of a draft that have left or are about to, those of an earlier publishing aside."""
    corrected = work.rows(Notice, col(Notice.key).startswith(f"withdrawn/{draft.id}/", autoescape=True))
    after = corrected[-1].id if corrected else 0
    return work.rows(
        Notice,
        col(Notice.key).startswith(f"alert/{draft.id}/", autoescape=True),
        col(Notice.id) > after,
        col(Notice.state).in_((NoticeState.PLANNED, NoticeState.SENDING, NoticeState.SENT)),
    )


def correct(post: Post, again: Draft | None, left: Sequence[Task]) -> tuple[int, int]:
    """Take the alerts of a withdrawn draft back: those that left are corrected once a lane, the others never leave.

    Of `left`, the tasks without a text now, holders and coordinators hear whether they were alerted or not.
    """
    lanes = {notice.lane_id for notice in cancel(open_alerts(post.work, post.step.draft))}
    textless = without_text(look(post.work, post.now), left)
    told = [post.work.row(Lane, lane_id) for lane_id in sorted(lanes | textless.keys())]
    for lane in told:
        personal = lane.member_id is not None
        # What a room could be told of the draft, it can be told of its end.
        label = Label.COALITION if personal else Label.PUBLIC
        content = _correction(post, again, textless.get(lane.id, []), personal=personal, alerted=lane.id in lanes)
        post.tell(lane, "correction", content, label)
    members = len({lane.member_id for lane in told if lane.member_id is not None})
    return members, len(told) - members


def without_text(board: Board, tasks: Sequence[Task]) -> dict[int, list[Block | Inline]]:
    """Say, by lane, to whoever has tasks of which no draft in force has the text, and to the coordinators."""
    said: dict[int, list[Block | Inline]] = {}
    holders = {board.holding(task).member_id: None for task in tasks}
    lines: list[Inline] = []
    for member_id in holders:
        held, member = [task for task in tasks if board.holding(task).member_id == member_id], board.member(member_id)
        lines.append(say("{person}: {tasks}", person=mention(member) if member else say("Nobody"),
                         tasks=board.titles(held)))  # fmt: skip
        if member is not None:
            own = say("You still have {tasks}, of which there is no text now: `release {command}` ends that.",
                      tasks=board.titles(held), command=board.command(held))  # fmt: skip
            said[member_lane(board.work, member.id).id] = [own]
    for lane in coordinator_lanes(board.work) if lines else ():
        said.setdefault(lane.id, []).extend([say("Open tasks of which there is no text now:"), List(tuple(lines))])
    return said


def _correction(
    post: Post, again: Draft | None, textless: Sequence[Block | Inline], *, personal: bool, alerted: bool
) -> Message:
    symbol = post.step.draft.symbol
    in_force = (
        say("{symbol} is the current draft again.", symbol=again.symbol)
        if again
        else say("There is no current draft now.")
    )
    as_before = say("All other tasks and their times are as they were: `tasks` shows yours.") if textless else say(
        "Your tasks and their times are as they were: `tasks` shows them."
    )  # fmt: skip
    return message(
        Heading(say("Withdrawn: {symbol}", symbol=symbol)),
        say("Please disregard what I said about it. {in_force}", in_force=in_force) if alerted else in_force,
        *textless,
        as_before if personal and alerted else None,
    )


def _list(items: list[Inline]) -> List | None:
    return List(tuple(items)) if items else None
