"""The column types all tables share: UTC times, encrypted values, words from a fixed choice."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime, Dialect, Index, LargeBinary, text
from sqlalchemy import Enum as EnumColumn
from sqlalchemy.types import TypeDecorator

from storage.cipher import active


class UtcTime(TypeDecorator[datetime]):
    """An instant, stored in UTC; refuses naive times and returns aware ones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC, in the form the engine keeps; raises ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return an aware UTC time."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Sealed(TypeDecorator[str]):
    """A text that is encrypted in the database, bound to the column whose name it was made with."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        """Take the column's name, "table.column": a value moved to another column does not open there."""
        super().__init__()
        self.context = context

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Encrypt under the scope of the unit of work in force."""
        if value is None:
            return None
        keyring, scope = active()
        return keyring.seal(scope, self._encode(value), self.context)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Decrypt with the key that the value itself names."""
        return None if value is None else self._decode(active()[0].open(bytes(value), self.context))

    def _encode(self, value: Any) -> bytes:
        return str(value).encode(errors="replace")  # half an emoji is no text, but people's phones send it

    def _decode(self, plain: bytes) -> Any:
        return plain.decode()


class SealedJson(Sealed):
    """A JSON value that is encrypted in the database. Assign a new value to change it: it does not watch its inside."""

    cache_ok = True

    def _encode(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")

    def _decode(self, plain: bytes) -> Any:
        return json.loads(plain)


class SealedBytes(Sealed):
    """Bytes that are encrypted in the database."""

    cache_ok = True

    def _encode(self, value: Any) -> bytes:
        return bytes(value)

    def _decode(self, plain: bytes) -> Any:
        return plain


def sealed(context: str) -> Any:
    """Give the column type of an encrypted text; Any, because SQLModel's signature wants a class."""
    return Sealed(context)


def sealed_json(context: str) -> Any:
    """Give the column type of an encrypted JSON value."""
    return SealedJson(context)


def sealed_bytes(context: str) -> Any:
    """Give the column type of encrypted bytes."""
    return SealedBytes(context)


def partial(name: str, column: str, rows: str) -> Index:
    """Give an index on a column that knows only the rows for which a condition holds."""
    return Index(name, column, sqlite_where=text(rows), postgresql_where=text(rows))


def kept(name: str, moment: str, content: str) -> Index:
    """Give an index by time of the rows whose content is not erased yet."""
    return partial(name, moment, f"{content} IS NOT NULL")


def choice(words: type[StrEnum]) -> Any:
    """Give the column type for one of a fixed set of words, stored as the word itself."""
    return EnumColumn(words, native_enum=False, create_constraint=False, length=24, values_callable=_values)


def _values(words: type[StrEnum]) -> list[str]:
    return [word.value for word in words]
