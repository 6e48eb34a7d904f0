"""What coordinators hear of requests for a second person: that one waits, and that nobody confirmed it in time."""

from __future__ import annotations

from bot.message import List, Message, message, say
from bot.occasions.leaving import Leaving, Write
from bot.people import mention
from bot.requests import what_of
from storage.tables import Member, Request, RequestState


def asked(leaving: Leaving) -> Message | None:
    """Tell of a request that was held overnight while it still waits: how it ended is told by itself."""
    notice = leaving.notices[0]
    waiting = [request for request in _open(leaving) if request.expires_at > leaving.now]
    return Message.from_data(notice.content or {"blocks": []}) if waiting else None


def lapsed(leaving: Leaving) -> Message | None:
    """Tell whoever asked, and the other coordinators, what nobody confirmed."""
    lines = tuple(
        say("Nobody confirmed request {n} of {who} in time, to {what}.", n=request.number, who=mention(asker),
            what=what)
        for request in _open(leaving)
        for asker in [leaving.work.first(Member, Member.id == request.member_id)]
        for what in [what_of(request)]
        if asker is not None and what is not None
    )  # fmt: skip
    if not lines:
        return None
    return message(lines[0] if len(lines) == 1 else List(lines), say("Ask for it again if it still holds."))


def _open(leaving: Leaving) -> list[Request]:
    ids = [notice.subject_id for notice in leaving.notices]
    return [row for row in leaving.work.rows(Request, Request.state == RequestState.OPEN) if row.id in ids]


OCCASIONS: dict[str, Write] = {"told.request": asked, "request.lapsed": lapsed}
