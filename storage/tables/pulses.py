"""What is known of the processes that serve a deployment, of its last backup, and of coalitions that were purged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime


class Pulse(SQLModel, table=True):
    """When something last happened: a process said that it lives, a backup was written, a coalition was purged."""

    name: str = Field(primary_key=True)
    """BACKUP, or PROCESS and what the process is called, or PURGED and the id that no coalition is given again."""
    at: datetime = Field(sa_type=UtcTime)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Of a process, the platforms that it has lost, each with an ISO time; of a purge, the `line` of the key file that
    each host strikes."""


BACKUP = "backup"
PROCESS = "process/"
PURGED = "purged/"
