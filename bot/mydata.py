"""All that is kept of one person, table by table, for them to see: as JSON, and as a page to be read."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlmodel import SQLModel, col, or_, select

from bot.datapage import Part, data_page
from bot.discretion import veil_on
from bot.identities import accounts_of
from bot.message import File, Inline, Message, Phrase, count, say
from bot.plain import Reader, plain, plain_inline
from bot.rules.discretion import names_all
from bot.rules.labels import may_show, room_ceiling
from bot.rules.retention import USUAL, Keeping
from bot.tasks import Board, look
from bot.veil import Veil
from storage.tables import (
    Audit,
    Coalition,
    Code,
    Confirmation,
    Correction,
    Deed,
    Draft,
    Erasure,
    FailedTry,
    Identity,
    Inbox,
    Label,
    Lane,
    Link,
    Member,
    Note,
    Notice,
    Parcel,
    Reminder,
    Request,
    Review,
    Source,
    Suspension,
    Task,
    WrongCodes,
)  # fmt: skip
from storage.work import Work

Value = str | int | bool | None
Row = dict[str, Value]
CONSOLE = "console"
KEPT_BACK = "(not shown on this platform, which is not encrypted: ask me where you wrote it)"


@dataclass(frozen=True)
class Asked:
    """Who asks, where, and what may be shown there."""

    work: Work
    now: dt.datetime
    member: Member
    platform: str
    board: Board
    accounts: Sequence[Identity]

    @property
    def ceiling(self) -> Label:
        """Give the most that may pass through the platform; it is the asker's own, whatever their role."""
        return room_ceiling(Label.CLOSED, self.platform)

    @property
    def typed(self) -> Label:
        """Give how sensitive words without a label are: as those typed where they write most safely."""
        elsewhere = [room_ceiling(Label.CLOSED, row.platform) for row in self.accounts if row.platform != CONSOLE]
        return max(elsewhere, key=lambda label: label.rank, default=Label.COALITION)

    def words(self, words: str, label: Label | None = None) -> str:
        """Give words, or that they are kept back here."""
        return words if may_show(label or self.typed, self.ceiling) else KEPT_BACK

    def of_platform(self, words: str, platform: str) -> str:
        """Give what stands on a platform; another one need not learn of it, unless it may see all."""
        own = platform in (self.platform, CONSOLE) or self.ceiling is Label.CLOSED
        return words if own else KEPT_BACK

    def own(self, words: str) -> str:
        """Give what tells who the asker is, unless they are discreet and it is kept back here."""
        return words if names_all(self.platform) or not self.member.discreet else KEPT_BACK

    @property
    def veil(self) -> Veil:
        """Give what is left out of messages here, whatever platform they were for."""
        return veil_on(self.work, self.platform)


@dataclass(frozen=True)
class Section:
    """One kind of what is kept: what it is called, when it goes, in which tables it is, and the person's rows."""

    name: str
    title: Phrase
    goes: Phrase
    tables: tuple[type[SQLModel], ...]
    rows: Callable[[Asked], Iterator[Row]]
    days: str = ""
    """Which of the periods of `Keeping` fills the `{n}` of `goes`."""

    def when(self, keeping: Keeping) -> Phrase:
        """Give when it goes."""
        return replace(self.goes, values={"n": getattr(keeping, self.days)}) if self.days else self.goes


def data_files(
    work: Work, now: dt.datetime, member: Member, platform: str, keeping: Keeping = USUAL
) -> tuple[File, File]:
    """Give the files: JSON for programs, times in UTC, and a page in the coalition's language.

    They say when what goes, by how long the coalition's things are kept.
    """
    asked = Asked(work, now, member, platform, look(work, now), accounts_of(work, member.id))
    coalition = work.get_one(Coalition, work.tenant)
    reader = Reader(ZoneInfo(member.timezone), coalition.language, personal=True)
    found = [(section, list(section.rows(asked))) for section in SECTIONS]
    english = Reader(ZoneInfo("UTC"))
    data = {
        "coalition": coalition.name,
        "made": _utc(now),
        "kept": {
            section.name: {"goes": _said(section.when(keeping), english), "rows": rows} for section, rows in found
        },
    }
    parts = [Part(_said(section.title, reader), _said(section.when(keeping), reader), rows) for section, rows in found]
    page = data_page(
        _said(say("What Dragoman keeps of you"), reader), _said(say("Times are in UTC."), reader),
        _said(say("Nothing."), reader), parts, coalition.language,
    )  # fmt: skip
    text = json.dumps(data, ensure_ascii=False, indent=1)
    return (
        File("my-data.html", page, "text/html"),
        File("my-data.json", base64.b64encode(text.encode()).decode(), "application/json"),
    )


def _person(asked: Asked) -> Iterator[Row]:
    row = asked.member
    yield {
        "alias": asked.own(row.alias), "alias outside Matrix": row.alias_outside,
        "organisation": asked.own(row.organisation), "role": str(row.role), "standing": str(row.standing),
        "time zone": asked.own(row.timezone), "quiet nights": row.quiet, "away until": _utc(row.away_until),
        "discreet": row.discreet,
    }  # fmt: skip


def _file(asked: Asked) -> Iterator[Row]:
    loaded = asked.work.get_one(Coalition, asked.work.tenant).loaded or {}
    for note in loaded.get("members", {}).values():
        if note["row"] == asked.member.id:
            yield {
                name: asked.own(asked.of_platform(str(value), name if name in ("slack", "matrix") else asked.platform))
                for name, value in note.items()
                if name != "row" and value is not None
            }


def _accounts(asked: Asked) -> Iterator[Row]:
    for row in asked.accounts:
        address = asked.of_platform(row.address, row.platform)
        address = asked.own(address) if row.platform == CONSOLE else address  # there it is the alias
        yield {"platform": row.platform, "account": address, "acts at most as": str(row.role) if row.role else None}


def _links(asked: Asked) -> Iterator[Row]:
    ids = [row.id for row in asked.accounts]
    for link in asked.work.rows(Link, col(Link.identity_id).in_(ids)):
        address = asked.of_platform(link.address, link.platform)
        yield {"what": "an account that waits to be linked", "account": address, "ends": _utc(link.expires_at)}
    for code in asked.work.exec(select(Code).where(col(Code.identity_id).in_(ids))):
        yield {
            "what": "a code to link an account",
            "used": _utc(code.used_at),
            "ends": _utc(code.expires_at),
        }
    for account in asked.accounts:
        here = (WrongCodes.platform == account.platform, WrongCodes.fingerprint == account.fingerprint)
        for wrong in asked.work.exec(select(WrongCodes).where(*here)):
            yield {"what": "wrong codes that were said", "count": wrong.count, "last": _utc(wrong.last_at)}


def _tasks(asked: Asked) -> Iterator[Row]:
    me = asked.member.id
    for task in asked.work.rows(Task, or_(col(Task.lead_id) == me, col(Task.backup_id) == me)):
        yield {
            "number": task.number, "what": asked.words(asked.board.title(task), task.label),
            "as": "lead" if task.lead_id == me else "backup", "state": str(task.state), "due": _utc(task.due),
            "given": _utc(task.assigned_at), "accepted": _utc(task.accepted_at),
        }  # fmt: skip


def _reviews(asked: Asked) -> Iterator[Row]:
    symbols = {row.id: row.symbol for row in asked.work.rows(Draft)}
    for row in asked.work.rows(Review, Review.member_id == asked.member.id):
        yield {
            "draft": symbols.get(row.draft_id), "verdict": str(row.verdict),
            "note": asked.words(row.note or "", row.label), "wording": asked.words(row.wording or "", row.label),
            "at": _utc(row.reviewed_at),
        }  # fmt: skip


def _reminders(asked: Asked) -> Iterator[Row]:
    for row in asked.work.rows(Reminder, Reminder.member_id == asked.member.id):
        yield {"words": asked.words(row.words), "due": _utc(row.due)}


def _notes(asked: Asked) -> Iterator[Row]:
    for row in asked.work.rows(Note, Note.member_id == asked.member.id):
        yield {"words": asked.words(row.words, row.label), "at": _utc(row.noted_at)}


def _messages(asked: Asked) -> Iterator[Row]:
    """Give what they were or will be told; the same words once more in a parcel are not told twice."""
    lanes = {row.id: row for row in _lanes(asked)}
    reader = Reader(ZoneInfo("UTC"), personal=True)
    for row in asked.work.rows(Notice, col(Notice.lane_id).in_(lanes)):
        platform = lanes[row.lane_id].platform
        said = plain(asked.veil.over(_without_files(row.content)), reader) if row.content else ""
        words = asked.of_platform(asked.words(said, row.label), platform) if said else None
        yield {
            "platform": platform, "kind": str(row.kind), "state": str(row.state), "due": _utc(row.due),
            "sent": _utc(row.sent_at), "words": words,
        }  # fmt: skip


def _sendings(asked: Asked) -> Iterator[Row]:
    lanes = {row.id: row.platform for row in _lanes(asked)}
    for row in asked.work.rows(Parcel, col(Parcel.lane_id).in_(lanes)):
        yield {"platform": lanes[row.lane_id], "state": str(row.state), "at": _utc(row.sent_at or row.created_at),
               "id of the message": asked.of_platform(row.message_id or "", lanes[row.lane_id]) or None}  # fmt: skip


def _oversight(asked: Asked) -> Iterator[Row]:
    mine = asked.member.id
    for line in asked.work.rows(Audit, Audit.member_id == mine):
        yield {"did": line.verb, "outcome": str(line.outcome), "at": _utc(line.done_at)}
    for request in asked.work.rows(Request, Request.member_id == mine):
        yield {"asked": request.verb, "state": str(request.state), "at": _utc(request.asked_at)}
    for failed in asked.work.rows(FailedTry, FailedTry.member_id == mine):
        yield {"failed try on": failed.platform, "at": _utc(failed.tried_at)}


def _said_by(asked: Asked) -> Iterator[Row]:
    own = {(row.platform, row.address) for row in asked.accounts}
    here = col(Inbox.platform).in_({platform for platform, _ in own})
    rows = asked.work.exec(select(Inbox).where(here, asked.work.reaches(Inbox)))
    for row in rows:
        if row.body is not None and (row.platform, row.body.get("sender")) in own:
            words = asked.of_platform(asked.words(str(row.body.get("words", ""))), row.platform)
            yield {"platform": row.platform, "words": words, "state": str(row.state), "at": _utc(row.received_at)}


def _deeds(asked: Asked) -> Iterator[Row]:
    for row in asked.work.rows(Deed, Deed.member_id == asked.member.id):
        yield {"command": row.verb, "at": _utc(row.done_at), "taken back": row.undone, "rows changed": len(row.journal)}
    for waiting in asked.work.rows(Confirmation, Confirmation.member_id == asked.member.id):
        words = asked.words(str(waiting.invocation.get("words", "")))
        yield {"command": words, "waits for your yes until": _utc(waiting.expires_at)}


def _added(asked: Asked) -> Iterator[Row]:
    me = asked.member.id
    for draft in asked.work.rows(Draft, col(Draft.added_by) == me):
        yield {"what": "draft", "which": draft.symbol, "at": _utc(draft.added_at)}
    for _ in asked.work.rows(Source, col(Source.added_by) == me):
        yield {"what": "watched address"}
    for correction in asked.work.rows(Correction, col(Correction.made_by) == me):
        yield {"what": "correction", "which": f"{correction.old} = {correction.new or 'none'}"}
    for suspension in asked.work.rows(Suspension, or_(col(Suspension.by_id) == me, Suspension.member_id == me)):
        yield {"what": "suspension", "at": _utc(suspension.since)}


def _owed(asked: Asked) -> Iterator[Row]:
    for row in asked.work.rows(Erasure, col(Erasure.member_id) == asked.member.id):
        yield {"platform": row.platform, "since": _utc(row.since), "next try": _utc(row.next_at)}


SECTIONS: tuple[Section, ...] = (
    Section("person", say("You"), say("Kept until you are taken out, or say `forget me`."), (Member,), _person),
    Section(
        "file", say("What the file said that you were loaded from"),
        say("Kept until you are taken out; the file itself is with whoever hosts me."), (Coalition,), _file,
    ),
    Section("accounts", say("Your accounts"), say("Kept until `unlink`, or until you go."), (Identity,), _accounts),
    Section(
        "links", say("Codes and accounts to be linked"), say("Gone within an hour of their end."),
        (Link, Code, WrongCodes), _links,
    ),
    Section(
        "tasks", say("Your tasks"), say("Kept with the coalition; your name leaves them when you go."), (Task,), _tasks,
    ),
    Section(
        "reviews", say("Your reviews"), count(
            0, "Notes and wordings go {n} day after the session; the rest is kept with the coalition, without your "
            "name once you go, and gone if you ask.",
            "Notes and wordings go {n} days after the session; the rest is kept with the coalition, without your "
            "name once you go, and gone if you ask.",
        ),
        (Review,), _reviews, "closed",
    ),
    Section(
        "reminders", say("Your reminders"),
        count(0, "Gone {n} day after they came.", "Gone {n} days after they came."), (Reminder,), _reminders, "sent",
    ),
    Section(
        "notes", say("Your notes for the digest"),
        count(0, "Gone {n} day after the session.", "Gone {n} days after the session."), (Note,), _notes, "closed",
    ),
    Section(
        "messages", say("What I wrote to you, or will"),
        count(
            0, "The words go {n} day after they were sent; that and when something was sent stays until you go.",
            "The words go {n} days after they were sent; that and when something was sent stays until you go.",
        ),
        (Notice, Lane), _messages, "sent",
    ),
    Section(
        "sendings", say("When I wrote"), say("Kept until you go."), (Parcel,), _sendings,
    ),
    Section(
        "said", say("What you said to me"),
        count(0, "The words go {n} day after they were done.", "The words go {n} days after they were done."), (Inbox,),
        _said_by, "inbox",
    ),
    Section(
        "deeds", say("What you did, for `undo`"),
        count(0, "Gone {n} day after you did it.", "Gone {n} days after you did it."), (Deed, Confirmation), _deeds,
        "sent",
    ),
    Section(
        "added", say("What you added"), say("Kept with the coalition; your name leaves it when you go."),
        (Draft, Source, Correction, Suspension), _added,
    ),
    Section(
        "oversight", say("What you used of what only some may, and what you asked a second person for"),
        say("Kept with the coalition, without your name once you go; failed tries for an hour."),
        (Audit, Request, FailedTry), _oversight,
    ),
    Section("owed", say("What I owe to delete"), say("Gone once it is done."), (Erasure,), _owed),
)  # fmt: skip
"""All kinds of rows that are of one person. A test sees that no table that refers to one is missing."""


def _lanes(asked: Asked) -> list[Lane]:
    return asked.work.rows(Lane, col(Lane.member_id) == asked.member.id)


def _without_files(content: Mapping[str, object]) -> Message:
    """Give a message without its files: among them may be an earlier answer to the same question."""
    blocks = Message.from_data(content).blocks
    return Message(tuple(block for block in blocks if not isinstance(block, File)))


def _said(inline: Inline, reader: Reader) -> str:
    return plain_inline(inline, reader).replace("`", "")


def _utc(moment: dt.datetime | None) -> str | None:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC" if moment is not None else None
