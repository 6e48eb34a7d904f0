"""What the core asks a database, recorded while it works, and how the engine would find it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, Engine, event
from sqlmodel import SQLModel

from storage.engines import is_postgres, open_sync
from storage.tables.columns import Sealed

COPIES = 600
"""How many coalitions like each one there are in the database that plans are made for."""
_APART = 100_000
"""By how much the ids of one copy differ from those of the next."""
_REFERENCES = ("subject_id", "deed_id")
"""Columns that name rows of other tables without a foreign key."""
_VALUES = {
    "INTEGER": "-n", "FLOAT": "0", "BOOLEAN": "true", "DATETIME": "now()", "DATE": "now()", "BLOB": "''",
    "JSON": "'[]'",
}  # fmt: skip
_UNIQUE = ("event_id", "key", "fingerprint", "sha256", "name")


@dataclass(frozen=True)
class Access:
    """How one table is read for a statement: by which index, and which of its columns are given.

    `equal` are those whose value is given, `ranged` those with a bound only. Without index all of it is read.
    """

    table: str
    index: str | None
    equal: frozenset[str] = frozenset()
    ranged: frozenset[str] = frozenset()


@dataclass
class Recorder:
    """The statements that were sent, each once, with the values of the first time."""

    statements: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def take(self, statement: str, parameters: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            one = parameters[0] if isinstance(parameters, list) else parameters
            self.statements.setdefault(_shape(statement), (statement, one))


@contextmanager
def recording() -> Iterator[Recorder]:
    """Record what all engines are sent."""
    recorder = Recorder()

    def sent(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        recorder.take(statement, parameters)

    event.listen(Engine, "before_cursor_execute", sent)
    try:
        yield recorder
    finally:
        event.remove(Engine, "before_cursor_execute", sent)


def plans(url: str, recorder: Recorder) -> Iterator[tuple[str, list[Access]]]:
    """Give each statement with what is read for it in a database like this one with many coalitions.

    SQLite plans by the tables and indexes alone, as long as nobody runs ANALYZE, which Dragoman does not. PostgreSQL
    plans by what is in them: the rows of the database are multiplied, so it must be the test's own.
    """
    engine = open_sync(url)
    shared = is_postgres(url)
    with engine.connect() as connection:
        if shared:
            _multiply(connection)
        for statement, parameters in recorder.statements.values():
            explain = _explained_there if shared else _explained
            yield statement, explain(connection, statement, parameters)
    engine.dispose()


def _shape(statement: str) -> str:
    """Give a statement without what differs from one time to the next: how many values there are, and their names."""
    return re.sub(r"(\?|%\(\w+\)s(::[\w ]+)?)(, (\?|%\(\w+\)s(::[\w ]+)?))*", "?", statement)


def _explained(connection: Connection, statement: str, parameters: Any) -> list[Access]:
    """Read SQLite's EXPLAIN QUERY PLAN (https://www.sqlite.org/eqp.html)."""
    found = []
    names = _aliases(statement)
    for *_, detail in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
        read = re.match(r"(SCAN|SEARCH) (\w+)(?: USING (.*))?$", detail)
        if read is None:
            continue
        how = read[3] or ""
        index = re.search(r"INDEX (\w+)", how)
        given = re.search(r"\(([^)]*\?[^)]*)\)$", how)
        pairs = re.findall(r"(\w+)([=<>])\?", given[1]) if given else []
        name = index[1] if index and "AUTOMATIC" not in how else "rowid" if "PRIMARY KEY" in how else None
        found.append(_access(names.get(read[2], read[2]), name, pairs))
    return found


def _explained_there(connection: Connection, statement: str, parameters: Any) -> list[Access]:
    """Read PostgreSQL's EXPLAIN."""
    indexes = connection.exec_driver_sql("SELECT indexname, tablename FROM pg_indexes")
    tables: dict[str, str] = {index: table for index, table in indexes}  # noqa: C416 - rows are no pairs to dict()
    [(explained,)] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).all()
    found = []
    for node in _nodes(explained[0]["Plan"]):
        index = node.get("Index Name")
        if index is not None:
            found.append(_access(tables[index], index, _conditions(node.get("Index Cond", ""))))
        elif "Seq Scan" in node["Node Type"]:
            found.append(Access(node["Relation Name"], None))
    return found


def _access(table: str, index: str | None, pairs: list[tuple[str, str]]) -> Access:
    equal = {"id" if column == "rowid" else column for column, sign in pairs if sign in ("=", "IS")}
    ranged = {"id" if column == "rowid" else column for column, sign in pairs}
    return Access(table, index, frozenset(equal), frozenset(ranged - equal))


def _conditions(words: str) -> list[tuple[str, str]]:
    found = re.findall(r"\(*(\w+)\)?(?:::\w+)? (=|<|>|<=|>=|IS)", words)
    # A bare boolean stands for itself, as in "(active AND …)" or "(applied IS FALSE)".
    return [*found, *((bare, "=") for bare in re.findall(r"(?:^|\(|NOT )(active|applied)\b", words))]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _aliases(statement: str) -> dict[str, str]:
    return {alias: table for table, alias in re.findall(r"\b(\w+) AS (\w+)", statement)}


def _multiply(connection: Connection) -> None:
    connection.exec_driver_sql("SET session_replication_role = replica")
    for table in SQLModel.metadata.sorted_tables:
        if table.name == "duty":
            continue
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        values = ", ".join(_copied(column) for column in table.columns)
        copies = f'SELECT {values} FROM "{table.name}", generate_series(1, {COPIES}) n'
        if not connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({columns}) {copies}').rowcount:
            invented = ", ".join(_invented(column) for column in table.columns)
            copies = f"SELECT {invented} FROM generate_series(1, {10 * COPIES}) n"
            connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({columns}) {copies}')
    connection.exec_driver_sql("ANALYZE")
    connection.exec_driver_sql("SET enable_seqscan = off")  # small tables would be read whole, and rightly so


def _invented(column: Column[Any]) -> str:
    """Give a value for a table that had no rows: ten a coalition."""
    if column.name == "coalition_id":
        return f"1 - mod(n, {COPIES}) * {_APART}"
    return _VALUES.get(str(column.type).split()[0], "'x' || n")


def _copied(column: Column[Any]) -> str:
    name = column.name
    if name == "id" or column.foreign_keys or name in _REFERENCES:
        # Before and after: what is later than one row is half of all, as it may be in the life of a deployment.
        return f'"{name}" + (2 * mod(n, 2) - 1) * n * {_APART}'
    sealed = isinstance(column.type, Sealed)
    return f"\"{name}\" || '-' || n" if name in _UNIQUE and not sealed else f'"{name}"'
