"""What a transaction changed, row by row and field by field, so that it can be taken back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session as OrmSession
from sqlmodel import SQLModel

from storage.tables import (
    Deadline,
    Identity,
    Meeting,
    Member,
    Note,
    OnTable,
    Reminder,
    Retention,
    Review,
    Room,
    Session,
    Task,
    TaskState,
)  # fmt: skip

Entry = list[Any]
"""[table, id, "made" | "changed" | "deleted", {field: [before, after]}], JSON values only."""

FACTS: dict[str, type[SQLModel]] = {
    table.__name__: table
    for table in (
        Deadline,
        Identity,
        Meeting,
        Member,
        Note,
        OnTable,
        Reminder,
        Retention,
        Review,
        Room,
        Session,
        Task,
    )
}
"""The tables that people change by command. Notices, lanes and the like follow from them."""

_UNCOUNTED = {"version"}
_TOGETHER: dict[type[SQLModel], frozenset[str]] = {
    Task: frozenset(
        ("lead_id", "backup_id", "assigned_at", "accepted_at", "answer_by", "backup_answer_by", "state"),
    )
}
"""Fields that say one thing between them: whoever changes one speaks of all. In whose hands a task is, and their yes to
it, are so; the due time is not, since it follows the programme without anybody's word."""


class ChangedSince(Exception):
    """A row to be restored was changed by someone else meanwhile."""


def entries(session: OrmSession) -> Iterator[Entry]:
    """Describe what is being flushed, facts only."""
    for row in session.new:
        if type(row).__name__ in FACTS:
            fields = {name: [None, _plain(getattr(row, name))] for name in type(row).model_fields}
            yield [type(row).__name__, row.id, "made", fields]
    for row in session.dirty:
        if type(row).__name__ in FACTS and (changed := _changed(row)):
            yield [type(row).__name__, row.id, "changed", changed]
    for row in session.deleted:
        if type(row).__name__ in FACTS:
            fields = {name: [_plain(getattr(row, name)), None] for name in type(row).model_fields}
            yield [type(row).__name__, row.id, "deleted", fields]


def restore(session: OrmSession, journal: Sequence[Entry], *, strict: bool) -> list[SQLModel]:
    """Take the journal's changes back, last first, and give the rows touched.

    Strict: raises ChangedSince when a field, or one that says something together with it, no longer has the value it
    was given. Otherwise such a field, or a row
    that was made and changed or replaced since, stays: it is somebody's later word. A task that was made is cancelled,
    not deleted: its number may be on people's lips.
    """
    touched = []
    for table, row_id, what, fields in reversed(journal):
        row = session.get(FACTS[table], row_id)
        if what == "deleted":
            row = _brought_back(FACTS[table], fields, number_taken=row is not None)
            session.add(row)
        elif row is None:
            if strict:
                raise ChangedSince
            continue
        elif what == "changed":
            _restore_fields(row, fields, strict=strict)
        elif not _take_away(session, row, fields, strict=strict):
            continue
        touched.append(row)
        session.flush()
        if row in session:
            session.refresh(row)  # words of a fixed choice were restored as plain strings
    return touched


def touched_ids(journal: Iterable[Entry], table: type[SQLModel]) -> set[int]:
    """Tell which rows of a table the journal speaks of."""
    return {row_id for name, row_id, _, _ in journal if name == table.__name__}


def _brought_back(table: type[SQLModel], fields: dict[str, list[Any]], *, number_taken: bool) -> SQLModel:
    values = {name: _value(before) for name, (before, _) in fields.items()}
    if number_taken:
        del values["id"]  # SQLite gave it to a later row, which stays
    return table(**values)


def _take_away(session: OrmSession, row: SQLModel, fields: dict[str, list[Any]], *, strict: bool) -> bool:
    """Take away a row that was made; False when it stays, being another by now."""
    later = _differs(row, fields)
    if strict and later:
        raise ChangedSince
    if isinstance(row, Task):
        row.state = TaskState.CANCELLED
    elif later:
        return False
    else:
        session.delete(row)
    return True


def _differs(row: SQLModel, fields: dict[str, list[Any]]) -> bool:
    return any(_plain(getattr(row, name)) != after for name, (_, after) in fields.items() if name not in _UNCOUNTED)


def _restore_fields(row: SQLModel, fields: dict[str, list[Any]], *, strict: bool) -> None:
    for name, (before, after) in fields.items():
        if _plain(getattr(row, name)) == after:
            setattr(row, name, _value(before))
        elif strict:
            raise ChangedSince


def _changed(row: SQLModel) -> dict[str, list[Any]]:
    changed = {}
    for name in type(row).model_fields:
        history = inspect(row).attrs[name].history
        if history.has_changes() and name not in _UNCOUNTED:
            before = history.deleted[0] if history.deleted else None
            after = history.added[0] if history.added else None
            if _plain(before) != _plain(after):
                changed[name] = [_plain(before), _plain(after)]
    together = _TOGETHER.get(type(row), frozenset())
    if together & changed.keys():
        changed |= {name: [_plain(getattr(row, name))] * 2 for name in together - changed.keys()}
    return changed


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return {"time": value.astimezone(dt.UTC).isoformat()}
    if isinstance(value, list):
        return [str(item) if isinstance(item, str) else item for item in value]
    return str(value) if isinstance(value, str) else value


def _value(plain: Any) -> Any:
    return dt.datetime.fromisoformat(plain["time"]) if isinstance(plain, dict) and "time" in plain else plain
