"""Verbs about what did not arrive: the notices that were refused or given up, and sending them again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlmodel import col

from bot.commands import Call, Refusal, Verb
from bot.message import Heading, Inline, List, Message, Moment, count, message, say
from bot.people import mention
from storage.tables import Lane, Member, Notice, NoticeKind, NoticeState, Parcel, ParcelState, Role, Room

_MOST = 20
"""How many are listed at once."""

_KINDS = {
    NoticeKind.REPLY: say("an answer"), NoticeKind.TASK: say("about a task"), NoticeKind.REMINDER: say("a reminder"),
    NoticeKind.COUNTDOWN: say("a countdown"), NoticeKind.PROGRAMME: say("about the programme"),
    NoticeKind.ALERT: say("an alert"), NoticeKind.DIGEST: say("the digest"),
    NoticeKind.ANNOUNCEMENT: say("an announcement"), NoticeKind.NOTICE: say("a notice"),
}  # fmt: skip
_REASONS = {
    "not-in-room": say("I am not in the room"),
    "room-not-guarded": say("the room is not encrypted, or open to all"),
    "left": say("they left our direct chat"),
    "M_FORBIDDEN": say("the server does not let me write there"),
    "channel_not_found": say("the channel is gone"),
    "is_archived": say("the channel is archived"),
    "not_in_channel": say("I am not in the channel"),
    "account_inactive": say("the account is closed"),
    "user_not_found": say("the account is gone"),
    "msg_too_long": say("the message is too long"),
    "M_TOO_LARGE": say("the message is too long"),
}
"""Why a platform refuses, by the code it or its adapter gives."""


def list_failed(call: Call) -> Message:
    """List what did not arrive, oldest first."""
    letters = _letters(call)
    if not letters:
        raise Refusal(say("Everything that I owed has arrived or is on its way."))
    lines = tuple(_line(call, number, letter) for number, letter in enumerate(letters[:_MOST], 1))
    more = len(letters) - _MOST
    return message(
        Heading(say("Did not arrive: {n}", n=len(letters))),
        List(lines),
        count(more, "{n} more is not listed.", "{n} more are not listed.") if more > 0 else None,
        say("`notices retry 1` sends the first again, `notices retry` all of them."),
    )


def retry(call: Call) -> Message:
    """Put back what did not arrive: one by its number, or all."""
    letters = _letters(call)
    if not letters:
        raise Refusal(say("Everything that I owed has arrived or is on its way."))
    chosen = _chosen(call.words, letters)
    again = [letter for letter in chosen if _put_back(call, letter)]
    erased = len(chosen) - len(again)
    if not again:
        raise Refusal(say("That is too old, and what it said is erased. Please say it yourself."))
    return message(
        count(len(again), "I send {n} message again.", "I send {n} messages again."),
        count(erased, "{n} is too old, and what it said is erased.",
              "{n} are too old, and what they said is erased.") if erased else None,
    )  # fmt: skip


def _letters(call: Call) -> list[list[Notice]]:
    """Give the notices that failed, those of one message together, oldest first."""
    letters: dict[str, list[Notice]] = {}
    for notice in call.work.rows(Notice, col(Notice.state) == NoticeState.FAILED):
        letters.setdefault(f"p{notice.parcel_id}" if notice.parcel_id else f"n{notice.id}", []).append(notice)
    return list(letters.values())


def _chosen(words: str, letters: list[list[Notice]]) -> list[list[Notice]]:
    if words.strip().casefold() in ("", "all"):
        return letters
    found = re.fullmatch(r"#?(\d{1,6})\.?", words.strip())
    if found is None or not 1 <= int(found[1]) <= len(letters):
        raise Refusal(say("There is no such number: `notices failed` has 1 to {n}.", n=len(letters)))
    return [letters[int(found[1]) - 1]]


def _put_back(call: Call, letter: Sequence[Notice]) -> bool:
    """Let it leave again; False when its content is erased.

    What was a parcel goes out under the same key: where it was given up it may have appeared after all.
    """
    parcel_id = letter[0].parcel_id
    parcel = call.work.get_one(Parcel, parcel_id) if parcel_id is not None else None
    if parcel is not None:
        if parcel.content is None:
            return False
        parcel.state = ParcelState.SENDING
    for notice in letter:
        notice.state = NoticeState.SENDING if parcel is not None else NoticeState.PLANNED
        notice.send_at, notice.failed_at, notice.code = call.now, None, None
    lane = call.work.get_one(Lane, letter[0].lane_id)
    lane.failures, lane.held_until = 0, None
    return True


def _line(call: Call, number: int, letter: Sequence[Notice]) -> Inline:
    first = letter[0]
    lane = call.work.get_one(Lane, first.lane_id)
    since = Moment(first.failed_at or first.send_at)
    reason = _REASONS.get(first.code or "") or say("code `{code}`", code=first.code or "unknown")
    return say(
        "{number}. for {who}: {kind}, since {since}: {reason}",
        number=number, who=_whom(call, lane), kind=_KINDS[first.kind], since=since, reason=reason,
    )  # fmt: skip


def _whom(call: Call, lane: Lane) -> Inline | str:
    if lane.member_id is not None:
        return mention(call.work.row(Member, lane.member_id))
    if lane.room_id is not None:
        return f"#{call.work.row(Room, lane.room_id).name}"
    return say("somebody who is no member")


VERBS: tuple[Verb, ...] = (
    Verb(
        "notices failed", list_failed, "notices failed",
        "Lists what did not arrive: for whom, what kind, since when and why.",
        role=Role.COORDINATOR, private=True,
    ),
    Verb(
        "notices retry", retry, "notices retry [N]",
        "Sends again what did not arrive: all of it, or one by its number in `notices failed`.",
        role=Role.COORDINATOR, private=True, examples=("notices retry", "notices retry 2"),
    ),
)  # fmt: skip
