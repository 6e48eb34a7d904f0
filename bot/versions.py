"""A provision, or a whole text, in two drafts of which neither need be the last: compared along the lineages."""

from __future__ import annotations

from collections.abc import Sequence

from bot.changes import Step, step_of
from bot.provisions import provisions_of
from bot.texts.normal import bare
from bot.texts.redline import redline
from storage.tables import Change, Draft, DraftState, Provision
from storage.work import Work


def published(work: Work) -> list[Draft]:
    """Give the drafts that were published and not withdrawn, oldest first."""
    rows = work.rows(Draft, Draft.state == DraftState.PUBLISHED)
    return sorted(rows, key=lambda row: (row.published_at or row.added_at, row.id))


def step_between(work: Work, base: Draft, draft: Draft) -> Step:
    """Give what leads from one published draft to another, later or earlier.

    Between neighbours it is what was compared when the later one came; else what the lineages say, without splits
    and merges: a part of a split is new, what was taken up is gone. Such changes are not stored.
    """
    if draft.base_id == base.id:
        return step_of(work, draft)
    old, new = provisions_of(work, base), provisions_of(work, draft)
    return Step(draft, base, _along(draft, old, new), {row.label: row for row in old}, {row.label: row for row in new})


def _along(draft: Draft, old: Sequence[Provision], new: Sequence[Provision]) -> list[Change]:
    before: dict[int | None, Provision] = {row.lineage_id: row for row in old if row.lineage_id is not None}
    after = {row.lineage_id for row in new}
    changes = [_change(draft, before.get(row.lineage_id), row) for row in new if not row.placeholder]
    gone = [row for row in old if row.lineage_id not in after and not row.placeholder]
    return changes + [_change(draft, row, None) for row in gone]


def _change(draft: Draft, old: Provision | None, new: Provision | None) -> Change:
    relation = _relation(old, new)
    ops = redline(old.text if old else "", new.text if new else "")
    return Change(
        coalition_id=draft.coalition_id, draft_id=draft.id, old=[old.label] if old else [],
        new=[new.label] if new else [], relation=relation, flags=[], heading=(new or old or _NOTHING).heading,
        ops=[list(op) for op in ops], alarming=relation not in ("unchanged", "renumbered", "added"),
    )  # fmt: skip


def _relation(old: Provision | None, new: Provision | None) -> str:
    if old is None or new is None:
        return "added" if old is None else "removed"
    same = bare(f"{old.heading}\n{old.text}") == bare(f"{new.heading}\n{new.text}")
    parts = ["renumbered"] if old.label != new.label else []
    parts += [] if same else ["changed"]
    return "+".join(parts) or "unchanged"


_NOTHING = Provision(coalition_id=0, draft_id=0, ordinal=0, label="", kind="")
