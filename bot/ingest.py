"""Ingest: what `draft add` received is read, compared and previewed to the coordinator who added it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from sqlmodel import col, select

from bot.changes import step_of
from bot.clock import Clock
from bot.concerns import impact_of
from bot.drafts import as_document, fingerprint, kept_bytes, write_down
from bot.duty import DutyLost, Write
from bot.invocation import ASKED_ON
from bot.message import Message, say
from bot.notices import coordinators, member_lane, tell, tell_each
from bot.planning import replan
from bot.previews import oddities, preview, published, same_text, unreadable
from bot.provisions import current_draft
from bot.publishing import publish
from bot.reading import compare_documents, read_file
from bot.relinking import apply_corrections, corrections, forget_corrections, forget_unapplied, unapplied
from bot.rules.labels import room_ceiling
from bot.texts.compare import Comparison
from bot.texts.document import Document, Unreadable
from storage.tables import Coalition, Draft, DraftState, Label, Notice, NoticeKind
from storage.trouble import DatabaseTrouble
from storage.work import Store, Work

_log = structlog.get_logger()


@dataclass(frozen=True)
class _Received:
    """A file to be read, and the current draft to compare it with."""

    content: bytes
    name: str
    base_id: int | None
    base: Document | None
    base_sha256: str
    corrected: Mapping[str, str] = field(default_factory=dict)
    """Which new label continues an old one, on a person's word."""


class Ingest:
    """Takes each received draft through reading and comparison, outside of any transaction."""

    def __init__(self, store: Store, clock: Clock, write: Write) -> None:
        """Take the store, and what commits to it: only who is on duty may. Nothing is read yet."""
        self._store, self._clock, self._write = store, clock, write
        self.coalition_id: int | None = None
        """Read the drafts of this coalition only; None: of every coalition."""

    async def drain(self) -> bool:
        """Work on every draft that was received; tells whether there was any. What a crash left is taken again."""
        waiting = await self._store.read(None, lambda work: _waiting(work, self.coalition_id))
        for coalition_id, draft_id in waiting:
            await self._take(coalition_id, draft_id)
        corrected = await self._store.read(None, unapplied)
        for coalition_id in sorted({row for row in corrected if self.coalition_id in (None, row)}):
            await self._correct(coalition_id)
        return bool(waiting or corrected)

    async def _correct(self, coalition_id: int) -> None:
        """Compare the draft in force anew, with what people corrected."""
        given = await self._store.read(coalition_id, _to_correct)
        if given is None:
            await self._write(coalition_id, forget_unapplied)
            return
        draft_id, old, new, corrected = given
        try:
            comparison = await compare_documents(old, new, corrected)
        except Unreadable as problem:
            reason = say(problem.reason, **problem.values)
            await self._write(coalition_id, lambda work: forget_corrections(work, reason, self._clock.now()))
            return

        def settle(work: Work) -> None:
            draft, now = work.row(Draft, draft_id), self._clock.now()
            if draft.state is DraftState.PUBLISHED:
                apply_corrections(work, draft, comparison, now)
                _follow(work, now)
            forget_unapplied(work)

        await self._write(coalition_id, settle)

    async def _take(self, coalition_id: int, draft_id: int) -> None:
        try:
            received = await self._store.read(coalition_id, lambda work: _received(work, draft_id))
            document = await read_file(received.content, received.name)
            comparison = await _compared(received, document)
            await self._write(coalition_id, lambda work: self._settle(work, draft_id, received, document, comparison))
            return
        except Unreadable as problem:
            reason = problem
        except (DatabaseTrouble, DutyLost):
            raise  # not the file's fault: it stays received, and is taken again
        except Exception as problem:
            code = f"{type(problem).__name__}-{draft_id}"
            _log.error("draft failed", draft=draft_id, code=code)
            reason = Unreadable("something went wrong while it was read (code `{code}`).", code=code)
        await self._write(coalition_id, lambda work: self._refuse(work, draft_id, reason))

    def _refuse(self, work: Work, draft_id: int, problem: Unreadable) -> None:
        draft = work.row(Draft, draft_id)
        if draft.state is not DraftState.RECEIVED:
            return
        draft.state = DraftState.REFUSED
        _answer(work, draft, unreadable(draft, problem, current_draft(work)), self._clock.now())

    def _settle(
        self, work: Work, draft_id: int, received: _Received, document: Document, comparison: Comparison | None
    ) -> None:
        draft, base, now = work.row(Draft, draft_id), current_draft(work), self._clock.now()
        if draft.state is not DraftState.RECEIVED:
            return  # another process was faster
        if (base.id if base else None) != received.base_id:
            return  # another draft came into force meanwhile: this one is taken again
        draft.base_id = received.base_id
        if base is not None and comparison is None:
            draft.state, draft.text_sha256 = DraftState.REFUSED, base.text_sha256
            if draft.source_id is None:
                _answer(work, draft, same_text(draft, base), now)
            return
        write_down(work, draft, document, comparison)
        draft.state = DraftState.PREVIEWED
        step = step_of(work, draft)
        if draft.source_id is not None and step.base is not None and not list(oddities(work, step, document)):
            told = publish(work, draft, now, f"source/{draft.source_id}")
            _answer(work, draft, published(draft, told.members, told.rooms), now)
            _follow(work, now)
        else:
            _answer(work, draft, preview(work, step, impact_of(work, step, now), document), now)


async def _compared(received: _Received, document: Document) -> Comparison | None:
    """Compare with the current draft; None where there is none, and for the same text."""
    if received.base is None or fingerprint(document) == received.base_sha256:
        return None
    return await compare_documents(received.base, document, received.corrected)


def _follow(work: Work, now: dt.datetime) -> None:
    """Plan anew after facts were changed without a command."""
    work.flush()
    work.get_one(Coalition, work.tenant).changes += 1
    replan(work, now)


def _to_correct(work: Work) -> tuple[int, Document, Document, dict[str, str]] | None:
    """Give the draft in force and the one before it, with the corrections between them; None without such a pair."""
    draft = current_draft(work)
    base = work.row(Draft, draft.base_id) if draft is not None and draft.base_id is not None else None
    if draft is None or base is None:
        return None
    return draft.id, as_document(work, base), as_document(work, draft), corrections(work, base, draft)


def _waiting(work: Work, only: int | None) -> list[tuple[int, int]]:
    found = select(Draft.coalition_id, Draft.id).where(Draft.state == DraftState.RECEIVED).order_by(col(Draft.id))
    return [row for row in work.exec(found) if only in (None, row[0])]


def _received(work: Work, draft_id: int) -> _Received:
    draft, base = work.row(Draft, draft_id), current_draft(work)
    content = kept_bytes(work, draft.sha256)
    if base is None:
        return _Received(content, draft.filename, None, None, "")
    document, corrected = as_document(work, base), corrections(work, base, draft)
    return _Received(content, draft.filename, base.id, document, base.text_sha256, corrected)


def _answer(work: Work, draft: Draft, content: Message, now: dt.datetime) -> None:
    """Tell the coordinator who added the draft, and nobody else; of one that was watched for, all coordinators."""
    before = work.rows(Notice, col(Notice.key).startswith(f"draft/{draft.id}/", autoescape=True))
    key = f"draft/{draft.id}/{len(before)}"
    if draft.source_id is not None:
        tell_each(work, coordinators(work), NoticeKind.NOTICE, content, key, now)
        return
    if draft.added_by is None:
        return
    lane = member_lane(work, draft.added_by, (draft.origin or {}).get(ASKED_ON))
    label = room_ceiling(Label.CLOSED, lane.platform)  # the platform has seen the file already
    tell(work, lane, NoticeKind.REPLY, content, key=key, now=now, label=label, origin=draft.origin)
