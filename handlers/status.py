"""The verb for coordinators who ask how the bot is doing: what waits, what does not answer, what did not arrive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlmodel import col, func, select

from bot import pulse
from bot.commands import Call, Verb
from bot.message import Heading, Inline, List, Message, Moment, Phrase, count, message, say
from bot.sources import sources, trouble_words
from storage.tables import Draft, DraftState, Lane, Notice, NoticeState, Role, Room, Source

PATIENCE = dt.timedelta(minutes=2)
"""How long something may be overdue before it is said: what is on its way is no trouble."""
LONG_AGO = dt.timedelta(days=2)
"""How old the last backup may be."""
_PLATFORMS = {"console": say("the terminal"), "slack": say("Slack"), "matrix": say("Matrix")}


def status(call: Call) -> Message:
    """Say what is not as it should be, or that all is well; then what is good to know."""
    wrong = tuple(line for part in (_waiting, _held, _sources, _failed, _reading, _lost) for line in part(call))
    known = List(tuple(_known(call)))
    if not wrong:
        return message(say("All is well, looked at {moment}.", moment=Moment(call.now, shape="time")), known)
    return message(Heading(say("Not all is well")), List(wrong), known)


def _waiting(call: Call) -> Iterator[Inline]:
    """Say of each platform how much should have left and has not."""
    overdue = (
        select(Lane.platform, func.count(), func.min(Notice.send_at))
        .join(Notice, col(Notice.lane_id) == col(Lane.id))
        .where(
            Notice.coalition_id == call.work.tenant,
            col(Notice.state).in_((NoticeState.PLANNED, NoticeState.SENDING)),
            Notice.send_at <= call.now - PATIENCE,
        )
        .group_by(col(Lane.platform))
        .order_by(col(Lane.platform))
    )
    for platform, number, since in call.work.exec(overdue):
        yield count(
            number, "{n} notice waits for {platform}, since {since}.",
            "{n} notices wait for {platform}, the first since {since}.",
            platform=_named(platform), since=Moment(since),
        )  # fmt: skip


def _held(call: Call) -> Iterator[Inline]:
    """Name the rooms that take nothing at the moment, and count the direct chats."""
    lanes = call.work.rows(Lane, col(Lane.held_until) > call.now, col(Lane.failures) > 0)
    for lane in lanes:
        if lane.room_id is not None and lane.held_until is not None:
            room = call.work.row(Room, lane.room_id).name
            yield say("#{room} takes nothing; I try again at {moment}.",
                      room=room, moment=Moment(lane.held_until, shape="time"))  # fmt: skip
    chats = sum(lane.member_id is not None for lane in lanes)
    if chats:
        yield count(
            chats, "{n} direct chat takes nothing at the moment.", "{n} direct chats take nothing at the moment."
        )


def _sources(call: Call) -> Iterator[Inline]:
    for row in sources(call.work):
        if row.failures:
            yield _silent(row)
        elif row.next_at <= call.now - max(PATIENCE, dt.timedelta(seconds=row.every)):
            yield say("Source {n} should have been looked at by {moment}.", n=row.id, moment=Moment(row.next_at))


def _silent(row: Source) -> Phrase:
    why = trouble_words(row.trouble)
    if row.answered_at is None:
        return say("Source {n} has never answered: {why}.", n=row.id, why=why)
    return say("Source {n} has not answered since {moment}: {why}.", n=row.id, moment=Moment(row.answered_at), why=why)


def _failed(call: Call) -> Iterator[Inline]:
    failed = call.work.rows(Notice, col(Notice.state) == NoticeState.FAILED)
    letters = len({notice.parcel_id or -notice.id for notice in failed})
    if letters:
        yield count(letters, "{n} message did not arrive: `notices failed`.",
                    "{n} messages did not arrive: `notices failed`.")  # fmt: skip


def _reading(call: Call) -> Iterator[Inline]:
    for draft in call.work.rows(Draft, col(Draft.state) == DraftState.RECEIVED):
        if draft.added_at <= call.now - PATIENCE:
            yield say("{symbol} came in at {moment} and is not read yet.",
                      symbol=draft.symbol, moment=Moment(draft.added_at))  # fmt: skip


def _lost(call: Call) -> Iterator[Inline]:
    for platform, since in pulse.lost(pulse.alive(call.work, call.now)).items():
        yield say("{platform} is out of my reach since {moment}.", platform=_named(platform), moment=Moment(since))


def _known(call: Call) -> Iterator[Inline]:
    backup = pulse.last_backup(call.work)
    if backup is None:
        yield say("Whoever runs me has made no backup that I know of.")
    elif backup <= call.now - LONG_AGO:
        yield say("The last backup is old: {moment}.", moment=Moment(backup))
    else:
        yield say("The last backup: {moment}.", moment=Moment(backup))
    processes = len(pulse.alive(call.work, call.now))
    if processes > 1:
        yield count(processes, "{n} process serves you.", "{n} processes serve you.")


def _named(platform: str) -> Phrase:
    return _PLATFORMS.get(platform, say("{platform}", platform=platform))


VERBS: tuple[Verb, ...] = (
    Verb(
        "status", status, "status",
        "Says whether all is well: what waits and since when, which source does not answer, what did not arrive.",
        role=Role.COORDINATOR, private=True,
    ),
)  # fmt: skip
