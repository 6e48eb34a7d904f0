"""Taking a coalition out of the database: its rows in every table, found by the tables themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Column, Table, delete, func, select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

import storage.tables  # noqa: F401 - fills the metadata
from storage.tables import Coalition

OF_NOBODY = frozenset({"duty", "leftover", "pulse", "wrong_codes"})
"""The tables that have no coalition's rows."""


def owned() -> Iterator[Column[int]]:
    """Give of each table the column that says whose its rows are: those first to which no other refers."""
    for table in reversed(SQLModel.metadata.sorted_tables):
        if table.name not in OF_NOBODY:
            yield table.c.id if table is _coalitions() else table.c.coalition_id


def delete_rows(session: Session, coalition_id: int) -> None:
    """Delete a coalition and all that is its."""
    for owner in owned():
        session.execute(delete(owner.table).where(owner == coalition_id))


def count_rows(session: Session, coalition_id: int) -> dict[str, int]:
    """Give how many rows of each table are a coalition's, by the table's name; none is left out that has any."""
    counts = {
        owner.table.name: session.execute(
            select(func.count()).select_from(owner.table).where(owner == coalition_id)
        ).scalar_one()
        for owner in owned()
    }
    return {name: n for name, n in sorted(counts.items()) if n}


def deletions(coalition_id: int, there: Collection[str]) -> list[str]:
    """Give the statements that do it in a database that has these tables: one of an older version lacks some."""
    return [
        f'DELETE FROM "{owner.table.name}" WHERE "{owner.name}" = {int(coalition_id)}'
        for owner in owned()
        if owner.table.name in there
    ]


def _coalitions() -> Table:
    return SQLModel.metadata.tables[str(Coalition.__tablename__)]
