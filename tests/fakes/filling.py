"""A row in every table that a database has, whatever tables there are: what is added later is not forgotten."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Column, MetaData, Table, insert, select
from sqlalchemy.engine import Connection

MARK = "alembic_version"
_MOMENT = dt.datetime(2024, 1, 29, 13, 0, 0, 125, dt.UTC)
_VALUES: dict[type, Any] = {
    bool: True, int: 1, float: 0.5, str: "x", bytes: b"\x00sealed\xff", object: {"a": ["b", None]},
    dt.datetime: _MOMENT, dt.date: _MOMENT.date(),
}  # fmt: skip

Rows = dict[str, list[dict[str, Any]]]
"""By table, each row by column."""


def fill(connection: Connection) -> None:
    """Give every table that is empty a row, with something in each column; references are to the first row there is."""
    tables = _tables(connection)
    left = [table for table in tables.values() if connection.execute(select(table).limit(1)).first() is None]
    while left:
        ready = [table for table in left if not {referred.name for referred in _referred(table)} & _names(left, table)]
        assert ready, f"these refer to each other: {_names(left)}"
        for table in ready:
            connection.execute(insert(table).values({column.name: _value(connection, column) for column in table.c}))
            left.remove(table)


def contents(connection: Connection) -> Rows:
    """Give every row of every table."""
    return {
        name: sorted((dict(row) for row in connection.execute(select(table)).mappings()), key=str)
        for name, table in _tables(connection).items()
    }


def _tables(connection: Connection) -> dict[str, Table]:
    found = MetaData()
    found.reflect(connection)
    return {name: table for name, table in found.tables.items() if name != MARK}


def _names(tables: list[Table], but: Table | None = None) -> set[str]:
    return {table.name for table in tables if table is not but}


def _referred(table: Table) -> list[Table]:
    return [key.column.table for column in table.c for key in column.foreign_keys]


def _value(connection: Connection, column: Column[Any]) -> Any:
    for key in column.foreign_keys:
        return connection.execute(select(key.column).limit(1)).scalar()
    return _VALUES[column.type.python_type]
