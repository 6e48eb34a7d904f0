"""How much one coalition may take of a deployment that others share, and what is said when it has.

What a person asks for is refused when they ask, with what to do; the coordinators hear of it once a day. Nothing that
was promised is held back: answers, alerts, countdowns and digests leave whatever the count is, and they count too.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from sqlmodel import SQLModel, col, func, select

from bot.commands import Call, Refusal
from bot.message import Phrase, message, say
from bot.notices import coordinators, member_lane, tell
from storage.tables import Draft, Member, Notice, NoticeKind, NoticeState, Room
from storage.work import Work

What = Literal["rooms", "members", "drafts", "notices"]
DAY = dt.timedelta(days=1)
_COUNTED = (NoticeState.PLANNED, NoticeState.SENDING, NoticeState.SENT, NoticeState.FAILED)


class LimitReached(Refusal):
    """A command would go beyond a limit."""

    def __init__(self, what: What, most: int) -> None:
        """Take which limit, and how many it allows."""
        super().__init__(say(_REFUSED[what].msgid, n=most))
        self.what, self.most = what, most


def check_rooms(call: Call) -> None:
    """Raise LimitReached where the coalition may have no more rooms."""
    _check("rooms", call.limits.rooms, _count(call.work, Room))


def check_members(call: Call) -> None:
    """Raise LimitReached where the coalition may have no more people, those who have asked to join included."""
    _check("members", call.limits.members, _count(call.work, Member))


def check_drafts(call: Call) -> None:
    """Raise LimitReached where as many drafts came in within a day as may."""
    _check("drafts", call.limits.drafts, drafts_within_a_day(call.work, call.now))


def check_notices(call: Call, due: dt.datetime | None = None, more: int = 1) -> None:
    """Raise LimitReached where so many `more` notices, due then or now, would be too many within a day."""
    there = notices_within_a_day(call.work, due or call.now)
    _check("notices", call.limits.notices, there + more - 1)


def drafts_within_a_day(work: Work, now: dt.datetime) -> int:
    """Count the drafts that came in within the last 24 hours."""
    return _count(work, Draft, col(Draft.added_at) > now - DAY)


def notices_within_a_day(work: Work, moment: dt.datetime) -> int:
    """Count the notices that are due within the 24 hours up to a moment, whether they have left or not."""
    within = col(Notice.due) > moment - DAY, col(Notice.due) <= moment, col(Notice.state).in_(_COUNTED)
    return _count(work, Notice, *within)


def tell_coordinators(work: Work, now: dt.datetime, what: What, most: int, told: Member | None = None) -> None:
    """Owe the coordinators word of a limit that was reached, but whoever was told already; once a day."""
    for person in coordinators(work):
        if told is not None and person.id == told.id:
            continue
        key = f"limit/{what}/{now:%Y%m%d}/{person.id}"
        content = message(say(_TOLD[what].msgid, n=most))
        tell(work, member_lane(work, person.id), NoticeKind.NOTICE, content, key=key, now=now)


def _check(what: What, most: int, there: int) -> None:
    if there >= most:
        raise LimitReached(what, most)


def _count(work: Work, table: type[SQLModel], *criteria: object) -> int:
    ours = col(table.coalition_id) == work.tenant  # type: ignore[attr-defined]
    return work.exec(select(func.count()).select_from(table).where(ours, *criteria)).one()  # type: ignore[arg-type]


_REFUSED: dict[What, Phrase] = {
    "rooms": say("I serve {n} rooms for you already and may serve no more. "
                 "Whoever hosts me can raise `most_rooms`."),
    "members": say("I may know no more people here than I do. Ask a coordinator: "
                   "whoever hosts me can raise `most_members`."),
    "drafts": say("I took in {n} drafts within a day and may take no more. Add it tomorrow, "
                  "or ask whoever hosts me to raise `most_drafts_a_day`."),
    "notices": say("I may send {n} messages a day for you, and that many are due. Try it tomorrow, "
                   "or ask whoever hosts me to raise `most_notices_a_day`. Alerts, countdowns and answers still come."),
}  # fmt: skip
_TOLD: dict[What, Phrase] = {
    "rooms": say("I may serve no more than {n} rooms for you, and somebody asked for one more. "
                 "Whoever hosts me can raise `most_rooms`."),
    "members": say("Somebody asked to join, but I may know {n} people here and do already. "
                   "Whoever hosts me can raise `most_members`."),
    "drafts": say("I took in {n} drafts within a day. What comes beside them waits until tomorrow, "
                  "unless whoever hosts me raises `most_drafts_a_day`."),
    "notices": say("I may send {n} messages a day for you, and that many are due. I refuse announcements and "
                   "reminders until there are fewer; alerts, countdowns, answers and digests still come. "
                   "Whoever hosts me can raise `most_notices_a_day`."),
}  # fmt: skip
