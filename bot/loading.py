"""What a load in progress carries along: the transaction, what was loaded before, and the report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import SQLModel

from bot.merge import merge, plain
from bot.provisions import current_provisions
from storage.cipher import active
from storage.tables import Coalition, Provision
from storage.work import Work

Row = TypeVar("Row", bound=SQLModel)
Loaded = dict[str, Any]
"""What the file said at the last load: by the key of a table its values, and in "row" the id of what it made."""


@dataclass
class Loading:
    """One load."""

    work: Work
    coalition: Coalition
    path: Path
    now: dt.datetime
    first: bool
    """Nothing was loaded before: everything is new, and nobody is told."""
    cause: str
    """Names this load in the keys of what people are told."""
    changed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @cached_property
    def provisions(self) -> list[Provision]:
        """What the current draft has, first asked for once the file's drafts are in."""
        return current_provisions(self.work)

    @property
    def report(self) -> list[str]:
        """The lines to print: what changed, then what was let be and why."""
        return (self.changed or ["nothing to change"]) + self.kept

    def settle(self, row: SQLModel, name: str, file: Mapping[str, Any], loaded: Mapping[str, Any]) -> dict[str, Any]:
        """Apply to a row what is new in the file and report it under `name`; give the values that were replaced."""
        found = merge(file, loaded, {key: getattr(row, key) for key in file})
        before = {key: getattr(row, key) for key in found.apply}
        for key, value in found.apply.items():
            setattr(row, key, value)
        self.keep(name, {key: (getattr(row, key), file[key]) for key in found.kept})
        return before

    def keep(self, name: str, fields: Mapping[str, tuple[Any, Any]]) -> None:
        """Report what was changed in chat and stays."""
        for key, (now, file) in fields.items():
            said = f"{name}: {WORDS.get(key, key)} stays {shown(now)}, as set in chat (the file says {shown(file)})"
            self.kept.append(said)

    def known(self, table: type[Row], keys: Sequence[str], loaded: Loaded) -> tuple[Row | None, Loaded | None]:
        """Find what a table of the file made at an earlier load, and take its values out of `loaded`.

        Of somebody who is gone for good only the hash of their key is kept there.
        """
        for key in [*keys, *(mark for name in keys for mark in active()[0].fingerprints(name))]:
            if key in loaded:
                old: Loaded = loaded.pop(key)
                row = self.work.get(table, old["row"])
                ours = row is not None and getattr(row, "coalition_id", None) == self.work.tenant
                return (row if ours else None), old
        return None, None


def considered(wanted: Mapping[str, Any], written: Set[str], loaded: Loaded | None) -> dict[str, Any]:
    """Give the fields on which the file has a say: those written in it, and those it once set to something else."""
    return {
        name: value
        for name, value in wanted.items()
        if name in written or (loaded is not None and loaded.get(name) != plain(value))
    }


def noted(wanted: Mapping[str, Any], row_id: int) -> Loaded:
    """Give what is kept of a table of the file, for the next load."""
    return {name: plain(value) for name, value in wanted.items()} | {"row": row_id}


WORDS = {
    "alias": "name", "digest_at": "digest time", "timezone": "time zone", "starts_at": "start", "ends_at": "end",
    "address": "place",
}  # fmt: skip


def shown(value: Any) -> str:
    """Write a value for the report."""
    if value is None or value in ("", []):
        return "nothing"
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def differences(before: Mapping[str, Any], row: SQLModel) -> str:
    """Write what was replaced by what: "role member -> coordinator"."""
    pairs = ((key, plain(old), plain(getattr(row, key))) for key, old in before.items())
    return ", ".join(f"{WORDS.get(key, key)} {shown(old)} → {shown(new)}" for key, old, new in pairs)
