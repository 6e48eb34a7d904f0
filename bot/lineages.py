"""Lineages: who is who from one draft to the next, carried through its changes."""

from __future__ import annotations

from sqlmodel import col

from bot.changes import Step
from bot.grammar import read_targets
from bot.texts.normal import bare
from storage.tables import Draft, DraftState, Lineage, OnTable, Provision
from storage.work import Work


def carry_on(work: Work, step: Step) -> None:
    """Give every provision of a draft its lineage, placeholders that continue nothing aside.

    What continues an old provision (of a split the first part, of a merger the first old one) keeps its lineage. What
    comes back word for word regains the one it had; all else begins one. Lineages given before stay.
    """
    for change in step.changes:
        if change.old and change.new and (first := step.new[change.new[0]]).lineage_id is None:
            first.lineage_id = step.old[change.old[0]].lineage_id
    fresh = [row for row in step.new.values() if row.lineage_id is None and not row.placeholder]
    known = _left_behind(work, step) if fresh else {}
    for row in fresh:
        row.lineage_id = known.pop(_words(row), None) or _begin(work, step.draft)
    work.flush()


def follow_on_table(work: Work, step: Step) -> None:
    """Keep on the table what was: the parts of what was split, what took up another provision, all of a chapter."""
    for change in step.changes:
        if change.relation == "split":
            for row in _tabled(work, step.old[change.old[0]]):
                for part in step.news(change)[1:]:
                    _table(work, row, part)
        elif change.relation == "merged":
            for old in step.olds(change)[1:]:
                for row in _tabled(work, old):
                    row.lineage_id = step.one(change).lineage_id
        elif change.relation == "added":
            _join_chapter(work, step, step.one(change))
    work.flush()


def _left_behind(work: Work, step: Step) -> dict[str, int]:
    """Index by its words each lineage that an earlier draft had and neither the last one nor this one has."""
    taken = {row.lineage_id for row in (*step.old.values(), *step.new.values())}
    drafts = {row.id for row in work.rows(Draft, col(Draft.state).in_((DraftState.PUBLISHED, DraftState.WITHDRAWN)))}
    rows = work.rows(Provision, col(Provision.lineage_id).is_not(None), col(Provision.draft_id).in_(drafts))
    return {
        _words(row): row.lineage_id
        for row in rows
        if row.lineage_id is not None and row.lineage_id not in taken and row.text and not row.placeholder
    }


def _words(row: Provision) -> str:
    return bare(f"{row.heading}\n{row.text}")


def _begin(work: Work, draft: Draft) -> int:
    return work.put(Lineage(coalition_id=work.tenant, text_id=draft.text_id)).id


def _tabled(work: Work, old: Provision) -> list[OnTable]:
    return work.rows(OnTable, OnTable.lineage_id == old.lineage_id) if old.lineage_id is not None else []


def _join_chapter(work: Work, step: Step, added: Provision) -> None:
    """Put a new provision on the table of the meetings that take up its whole chapter or part."""
    chapter = {row.lineage_id for row in step.new.values() if row.chapter == added.chapter}
    for row in work.rows(OnTable, col(OnTable.lineage_id).in_(chapter)):
        targets, _ = read_targets(row.target)
        if any(target.kind in ("chapter", "part") for target in targets):
            _table(work, row, added)


def _table(work: Work, beside: OnTable, part: Provision) -> None:
    """Put a provision on the table of a meeting, beside another of the same target, unless it is there."""
    there = work.first(OnTable, OnTable.meeting_id == beside.meeting_id, OnTable.lineage_id == part.lineage_id)
    if there is None:
        work.put(
            OnTable(
                coalition_id=work.tenant, meeting_id=beside.meeting_id, target=beside.target, lineage_id=part.lineage_id
            )
        )
