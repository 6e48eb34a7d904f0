"""A coalition with a row in every table: the tables say themselves what such a row must have."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, DateTime, Enum, Float, Integer, LargeBinary, Table, select
from sqlmodel import AutoString, SQLModel

from storage.purging import owned
from storage.tables.columns import Sealed, SealedBytes, SealedJson, UtcTime
from storage.work import Work

MARK = "quetzal"
"""Stands in each text that is filled in."""
_NOW = dt.datetime(2024, 1, 29, 13, tzinfo=dt.UTC)
_VALUES: tuple[tuple[tuple[type, ...], Any], ...] = (
    ((UtcTime, DateTime), _NOW), ((Date,), _NOW.date()), ((SealedJson, JSON), []),
    ((SealedBytes, LargeBinary), MARK.encode()), ((Boolean,), False), ((Float,), 0.5), ((Integer,), 4711),
)  # fmt: skip
"""What is put into a column, by the first type in which it fits."""


def fill(work: Work) -> None:
    """Give the coalition of this transaction one more row in each table that has rows of coalitions."""
    for owner in reversed(list(owned())):
        table = owner.table
        assert isinstance(table, Table)
        if table.name != "coalition":
            values = {column.name: _value(work, column) for column in table.c if _is_needed(column)}
            work.execute(table.insert().values(values))


def rows(work: Work, coalition_id: int) -> dict[str, int]:
    """Give how many rows of each table name the coalition, in whichever column refers to coalitions."""
    found = {"coalition": len(work.execute(_ids("coalition").where(_table("coalition").c.id == coalition_id)).all())}
    for table in SQLModel.metadata.sorted_tables:
        for column in table.c:
            if any(key.column.table.name == "coalition" for key in column.foreign_keys):
                found[table.name] = len(work.execute(_ids(table.name).where(column == coalition_id)).all())
    return found


def _is_needed(column: Column[Any]) -> bool:
    if column.name == "coalition_id":
        return True
    return not column.primary_key and not (column.nullable and column.foreign_keys)


def _value(work: Work, column: Column[Any]) -> Any:
    if column.name == "coalition_id":
        return work.tenant
    if column.name == "platform":
        return "console"
    if column.foreign_keys:
        other = next(iter(column.foreign_keys)).column.table
        last = _ids(other.name).where(other.c.coalition_id == work.tenant).order_by(other.c.id.desc()).limit(1)
        return work.execute(last).scalar_one()
    if isinstance(column.type, Enum):
        assert column.type.enum_class is not None
        return next(iter(column.type.enum_class))
    for kinds, value in _VALUES:
        if isinstance(column.type, kinds):
            return value
    assert isinstance(column.type, Sealed | AutoString), f"{column} has a type that is new here"
    return f"{MARK} {work.tenant} {column.name}"


def _table(name: str) -> Table:
    return SQLModel.metadata.tables[name]


def _ids(name: str) -> Any:
    return select(_table(name).c.id)
