"""What a provision was in the drafts before, through new numbers, splits and merges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.changes import Step, step_of
from bot.provisions import provisions_of
from storage.tables import Change, Draft, Provision
from storage.work import Work


@dataclass(frozen=True)
class Stage:
    """One draft, and what in it became the provision: several where a later draft merged them."""

    step: Step
    rows: Sequence[Provision]

    def change(self, row: Provision) -> Change | None:
        """Give what led to one of the rows; None in the first draft."""
        return next((change for change in self.step.changes if row.label in change.new), None)


def stages(work: Work, row: Provision) -> list[Stage]:
    """Give the drafts in which a provision, or what became it, stands: from the first one to the row's own.

    What was deleted and came back word for word is followed across the drafts that did not have it.
    """
    found: list[Stage] = []
    draft: Draft | None = work.row(Draft, row.draft_id)
    rows, missed = [row], set[int]()
    while draft is not None:
        stage = Stage(step_of(work, draft), rows)
        found += [stage] if rows else []
        missed -= {one.lineage_id for one in rows if one.lineage_id is not None}
        draft = stage.step.base
        if draft is not None:
            rows = _before(work, stage, draft, missed)
    return found[::-1]


def _before(work: Work, stage: Stage, base: Draft, missed: set[int]) -> list[Provision]:
    """Give what the rows of a stage were in its base; `missed` keeps the lineages of those that were nothing there."""
    labels: set[str] = set()
    for row in stage.rows:
        change = stage.change(row)
        labels |= set(change.old) if change else set()
        if row.lineage_id is not None and not (change and change.old):
            missed.add(row.lineage_id)
    return [row for row in provisions_of(work, base) if row.label in labels or row.lineage_id in missed]
