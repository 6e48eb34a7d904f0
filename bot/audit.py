"""The audit: who did which privileged verb when, in lines that are only added and each of which seals the one before.

A verb is privileged by its row in the command table (`Verb.privileged`); dispatch writes the line in the transaction of
the deed. Commands of the host that change a coalition or take its data out write one too. A line says no content, name
or address. Its hash is keyed, so that whoever has the database alone cannot write lines that fit.
"""

from __future__ import annotations

import datetime as dt
import json

from sqlmodel import SQLModel, col, func, select, update

from bot.message import Code, Inline, Phrase, Text, say
from bot.people import mention
from storage.cipher import active
from storage.tables import Audit, Coalition, Draft, Member, Outcome, Room, Standing
from storage.work import Store, Work

_OUTCOMES = {
    Outcome.DONE: say("done"), Outcome.UNDONE: say("taken back"),
    Outcome.ASKED: say("asked for, a second person must confirm"), Outcome.DENIED: say("refused: not theirs to say"),
}  # fmt: skip
HOST: None = None
"""Who a command of the host is by."""
GONE = say("former member")


def record(
    work: Work,
    now: dt.datetime,
    verb: str,
    member_id: int | None,
    about: SQLModel | None = None,
    outcome: Outcome = Outcome.DONE,
) -> None:
    """Add a line: who (HOST for the host) did what, about which row. Without a row it is the first that was changed."""
    # The coalition's row is held until the end of the transaction: two commands at once write one after the other.
    held = select(Coalition.audit_head).where(Coalition.id == work.tenant).with_for_update()
    previous = work.exec(held).one() or ""
    kind, subject_id = _subject(work, about)
    line = Audit(
        coalition_id=work.tenant, sequence=_length(work) + 1, done_at=now, verb=verb, member_id=member_id, kind=kind,
        subject_id=subject_id, outcome=outcome, previous=previous, hash="",
    )  # fmt: skip
    line.hash = active()[0].fingerprint(_canonical(line))
    work.put(line)
    head = update(Coalition).where(col(Coalition.id) == work.tenant).values(audit_head=line.hash)
    work.exec(head.execution_options(synchronize_session=False))


async def record_host(store: Store, now: dt.datetime, verb: str, coalition_id: int | None = None) -> None:
    """Add a line about a command of the host: to one coalition's audit, or to every one's."""
    everyone = await store.read(None, lambda work: list(work.exec(select(Coalition.id))))
    for each in everyone if coalition_id is None else [coalition_id]:
        await store.write(each, lambda work: record(work, now, verb, HOST))


def broken(work: Work) -> str | None:
    """Say where the coalition's audit does not hold together, or None where it does."""
    previous, n = "", 0
    for n, line in enumerate(work.rows(Audit), 1):
        if line.sequence != n:
            return f"line {n} is missing"
        if line.previous != previous:
            return f"between lines {n - 1} and {n} something was taken out or put in"
        if line.hash not in active()[0].fingerprints(_canonical(line)):
            return f"line {n} was changed"
        previous = line.hash
    head = work.exec(select(Coalition.audit_head).where(Coalition.id == work.tenant)).one() or ""
    return None if head == previous else f"lines after {n} were taken off its end"


def latest(work: Work, most: int) -> list[Audit]:
    """Give the last lines, the latest first."""
    found = select(Audit).where(Audit.coalition_id == work.tenant).order_by(col(Audit.sequence).desc())
    return list(work.exec(found.limit(most)))


def in_words(work: Work, line: Audit) -> Phrase:
    """Say a line, with who and what it is about as they are called now."""
    who = say("the host") if line.member_id is None else _called(work, line.member_id)
    about = _about(work, line)
    if about is None:
        return say("{who}, {verb}: {outcome}", who=who, verb=Code(line.verb), outcome=_OUTCOMES[line.outcome])
    return say("{who}, {verb}, {about}: {outcome}",
               who=who, verb=Code(line.verb), about=about, outcome=_OUTCOMES[line.outcome])  # fmt: skip


def _length(work: Work) -> int:
    return work.exec(select(func.max(Audit.sequence)).where(Audit.coalition_id == work.tenant)).one() or 0


def _subject(work: Work, about: SQLModel | None) -> tuple[str, int | None]:
    work.flush()
    if about is not None:
        return type(about).__name__.casefold(), int(getattr(about, "id"))  # noqa: B009 - every table has one
    table, row_id = work.journal[0][:2] if work.journal else ("", None)
    return str(table).casefold(), row_id


def _canonical(line: Audit) -> str:
    """Give the form that is hashed: all but the row's own id, in this order."""
    parts = [line.coalition_id, line.sequence, line.done_at.astimezone(dt.UTC).isoformat(), line.verb, line.member_id,
             line.kind, line.subject_id, str(line.outcome), line.previous]  # fmt: skip
    return json.dumps(parts, separators=(",", ":"))


def _called(work: Work, member_id: int) -> Inline:
    member = work.first(Member, Member.id == member_id)
    return mention(member) if member is not None and member.standing is not Standing.ASKED else GONE


def _about(work: Work, line: Audit) -> Inline | None:
    match line.kind:
        case "" | "coalition":
            return None
        case "member" if line.subject_id is not None:
            return _called(work, line.subject_id)
        case "room":
            room = work.first(Room, Room.id == line.subject_id)
            return Text(f"#{room.name}") if room is not None else say("a room that is gone")
        case "draft":
            draft = work.first(Draft, Draft.id == line.subject_id)
            return Text(draft.symbol) if draft is not None else say("a draft that is gone")
        case "retention":
            return say("a period changed")
    return Text(f"{line.kind} {line.subject_id}")
