"""A person's word on what continues a provision, where words alone were misread: kept, and put into what there is."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from sqlmodel import col, select

from bot.changes import Step, became_named, number, step_of
from bot.drafts import write_changes
from bot.lineages import carry_on
from bot.message import List, Phrase, message, say
from bot.notices import coordinators, member_lane, tell, tell_each
from bot.provisions import current_draft
from bot.rules.ownership import holding
from bot.rules.reminders import WAITING
from bot.stale import settle_tasks
from bot.texts.compare import Comparison
from storage.tables import Change, Correction, Draft, Member, NoticeKind, OnTable, Provision, Task
from storage.work import Work


def corrections(work: Work, base: Draft, draft: Draft) -> dict[str, str]:
    """Give which new label continues an old one ("": none) on somebody's word, from one draft to another."""
    return {row.old: row.new for row in _between(work, base, draft)}


def correct(work: Work, step: Step, old: Provision, new: Provision | None, by: Member, *, in_force: bool) -> None:
    """Keep a correction; it replaces one of the same provision. One of a draft in force has still to be applied."""
    assert step.base is not None
    for row in _between(work, step.base, step.draft):
        if row.old == old.label or (new is not None and row.new == new.label):
            work.delete(row)
    work.flush()
    work.put(
        Correction(
            coalition_id=work.tenant, old_symbol=_key(step.base), new_symbol=_key(step.draft), old=old.label,
            new=new.label if new else "", applied=not in_force, made_by=by.id,
        )
    )  # fmt: skip


def unapplied(work: Work) -> set[int]:
    """Give the coalitions in which a correction is not in the changes of the draft in force yet."""
    return set(work.exec(select(Correction.coalition_id).where(col(Correction.applied).is_(False))))


def apply_corrections(work: Work, draft: Draft, comparison: Comparison, now: dt.datetime) -> None:
    """Put the corrections of the draft in force into its changes, its lineages and the tasks of what they name.

    `comparison` was made with them. The holders of the tasks and the coordinators hear of it.
    """
    before = step_of(work, draft)
    rows = [row for row in _between(work, before.base, draft) if not row.applied] if before.base else []
    olds, news = {row.old for row in rows}, {row.new for row in rows}
    for row in rows:
        row.applied = True
    write_changes(work, draft, comparison)
    step = step_of(work, draft)
    _relink(work, step)
    touched = [change for change in step.changes if olds & set(change.old) or news & set(change.new)]
    settle_tasks(work, replace(step, changes=touched), now)
    _tell(work, step, touched, now)


def forget_unapplied(work: Work) -> None:
    """Take corrections of drafts that are not in force any more as done: they hold when the draft comes back."""
    current = current_draft(work)
    for row in work.rows(Correction, col(Correction.applied).is_(False)):
        if current is None or row.new_symbol != _key(current):
            row.applied = True


def forget_corrections(work: Work, reason: Phrase, now: dt.datetime) -> None:
    """Let go of corrections with which the drafts cannot be compared, and tell the coordinators why."""
    rows = work.rows(Correction, col(Correction.applied).is_(False))
    content = message(
        say("I could not compare the drafts with what was corrected: {why} `relink` tries again.", why=reason)
    )
    for row in rows:
        work.delete(row)
    if rows:
        key = f"relinked/failed/{rows[-1].id}"
        tell_each(work, coordinators(work), NoticeKind.NOTICE, content, key, now)


def _relink(work: Work, step: Step) -> None:
    """Give each new provision the lineage that the changes give it.

    What continues nothing keeps a lineage of its own, or begins one. Tasks of a lineage that nothing has any more
    follow their provision.
    """
    old_lineages = {row.lineage_id for row in step.old.values()}
    wanted = {change.new[0]: step.old[change.old[0]].lineage_id for change in step.changes if change.old and change.new}
    left: dict[int, Provision] = {}
    for label, row in step.new.items():
        lineage = wanted.get(label, None if row.lineage_id in old_lineages else row.lineage_id)
        if row.lineage_id != lineage and row.lineage_id is not None and row.lineage_id not in old_lineages:
            left[row.lineage_id] = row
        row.lineage_id = lineage
    work.flush()
    carry_on(work, step)
    for lineage_id, row in left.items():
        for task in work.rows(Task, Task.lineage_id == lineage_id):
            task.lineage_id = row.lineage_id
        for table in work.rows(OnTable, OnTable.lineage_id == lineage_id):
            if (
                work.first(OnTable, OnTable.meeting_id == table.meeting_id, OnTable.lineage_id == row.lineage_id)
                is None
            ):
                table.lineage_id = row.lineage_id or lineage_id
            else:
                work.delete(table)
    work.flush()


def _tell(work: Work, step: Step, changes: list[Change], now: dt.datetime) -> None:
    """Tell the coordinators all that was corrected, and whoever has a task on it what concerns them."""
    leading = {person.id for person in coordinators(work)}
    concerned = [(change, leading | _holders(work, step, change, now)) for change in changes]
    for member_id in {member_id for _, members in concerned for member_id in members}:
        own = [change for change, members in concerned if member_id in members]
        content = message(
            say("A coordinator corrected the comparison:"),
            List(tuple(became_named(step, change) for change in own)),
            say("`diff {number}` shows what changed.", number=number(step.one(own[0]))),
        )
        key = f"relinked/{'-'.join(str(change.id) for change in own)}/{member_id}"
        tell(work, member_lane(work, member_id), NoticeKind.NOTICE, content, key=key, now=now)


def _holders(work: Work, step: Step, change: Change, now: dt.datetime) -> set[int]:
    lineages = {row.lineage_id for row in (*step.olds(change), *step.news(change))}
    tasks = work.rows(Task, col(Task.state).in_(WAITING), col(Task.lineage_id).in_(lineages))
    return {held for task in tasks if (held := holding(task, now).member_id) is not None}


def _between(work: Work, base: Draft, draft: Draft) -> list[Correction]:
    ours = Correction.old_symbol == _key(base), Correction.new_symbol == _key(draft)
    return work.rows(Correction, *ours)


def _key(draft: Draft) -> str:
    return draft.symbol.casefold()
