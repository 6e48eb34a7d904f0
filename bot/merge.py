"""A value in a file, what the file said at the last load, and what stands in the row: which of them holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Merge:
    """What a reload applies, and which fields keep what was changed in chat, since the file says nothing new."""

    apply: dict[str, Any]
    kept: tuple[str, ...]


def merge(file: Mapping[str, Any], loaded: Mapping[str, Any], row: Mapping[str, Any]) -> Merge:
    """Compare the three, field by field; `loaded` holds plain() values and may lack fields, which then are news."""
    differing = [name for name in file if plain(file[name]) != plain(row[name])]
    news = {name: file[name] for name in differing if name not in loaded or loaded[name] != plain(file[name])}
    return Merge(news, tuple(name for name in differing if name not in news))


def plain(value: Any) -> Any:
    """Give a value as JSON keeps it: moments in UTC as ISO text, words of a choice as text."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
