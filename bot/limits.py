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

    def __init__(self, what: What, most: int, phrase: Phrase) -> None:
        """Take which limit, how many it allows, and the sentence for the speaker."""
        super().__init__(phrase)
        self.what, self.most = what, most


def check_rooms(call: Call) -> None:
    """Raise LimitReached where the coalition may have no more rooms."""
    most = call.limits.rooms
    if _count(call.work, Room) >= most:
        raise LimitReached("rooms", most, say("I serve {n} rooms for you already and may serve no more. "
                                              "Whoever hosts me can raise `most_rooms`.", n=most))  # fmt: skip


def check_members(call: Call) -> None:
    """Raise LimitReached where the coalition may have no more people, those who have asked to join included."""
    most = call.limits.members
    if _count(call.work, Member) >= most:
        # How many there are is nothing for a stranger.
        raise LimitReached("members", most, say("I may know no more people here than I do. Ask a coordinator: "
                                                "whoever hosts me can raise `most_members`."))  # fmt: skip


def check_drafts(call: Call) -> None:
    """Raise LimitReached where as many drafts came in within a day as may."""
    most = call.limits.drafts
    if drafts_within_a_day(call.work, call.now) >= most:
        raise LimitReached("drafts", most, say("I took in {n} drafts within a day and may take no more. Add it "
                                               "tomorrow, or ask whoever hosts me to raise `most_drafts_a_day`.",
                                               n=most))  # fmt: skip


def check_notices(call: Call, due: dt.datetime | None = None, more: int = 1) -> None:
    """Raise LimitReached where so many `more` notices, due then or now, would be too many within a day."""
    most = call.limits.notices
    if notices_within_a_day(call.work, due or call.now) + more > most:
        raise LimitReached("notices", most, say("I may send {n} messages a day for you, and that many are due. Try it "
                                                "tomorrow, or ask whoever hosts me to raise `most_notices_a_day`. "
                                                "Alerts, countdowns and answers still come.", n=most))  # fmt: skip


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


def _count(work: Work, table: type[SQLModel], *criteria: object) -> int:
    ours = col(table.coalition_id) == work.tenant  # type: ignore[attr-defined]
    return work.exec(select(func.count()).select_from(table).where(ours, *criteria)).one()  # type: ignore[arg-type]


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
