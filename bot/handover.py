"""What somebody who goes leaves behind: their tasks pass to the backups, and what nobody has then is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from bot.assignments import GivenBack, give_back, label_of, left_open, passed_on
from bot.message import Inline, Phrase, say
from bot.notices import About, member_lane, tell
from bot.people import mention
from bot.tasks import Board, look
from storage.tables import Label, Member, NoticeKind
from storage.work import Work


@dataclass(frozen=True)
class Handover:
    """What became of the tasks of somebody who goes."""

    board: Board
    result: GivenBack

    @property
    def label(self) -> Label:
        """Give how sensitive it is to speak of it."""
        passed = [task for tasks in self.result.offered.values() for task in tasks]
        return label_of([*passed, *self.result.unowned, *self.result.without_backup])

    def lines(self) -> Iterator[Phrase]:
        """Say who is asked now, what nobody has, and what has no backup any more."""
        for member_id, tasks in self.result.offered.items():
            person = mention(self.board.people[member_id])
            yield say("{person} is asked to take {tasks}.", person=person, tasks=self.board.titles(tasks))
        yield from left_open(self.board, self.result.unowned, self.result.without_backup)


def hand_on(work: Work, now: dt.datetime, member: Member, who: Inline, cause: str) -> Handover:
    """Take all that is still to be done out of a member's hands, and offer it to the backups.

    `who` is what the backups are told of the member, `cause` names the going in the keys of what they are told. Call it
    while the member is still active.
    """
    board = look(work, now, Label.CLOSED)
    tasks = [task for task in board.waiting() if member.id in (task.lead_id, task.backup_id)]
    result = give_back(board, tasks, member)
    for member_id, offered in result.offered.items():
        content = passed_on(board, who, offered)
        about = About("told.tasks", None, {"by": member.id, "passed": [task.id for task in offered]})
        tell(
            work, member_lane(work, member_id), NoticeKind.TASK, content, key=f"{cause}/passed/{member_id}", now=now,
            label=label_of(offered), about=about,
        )  # fmt: skip
    return Handover(board, result)
