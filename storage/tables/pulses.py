"""What is known of the processes that serve a deployment, of its last backup, its files, and purged coalitions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime


class Pulse(SQLModel, table=True):
    """When something last happened: a process lived, a backup was written, files scrubbed, a coalition purged."""

    name: str = Field(primary_key=True)
    """BACKUP, SCRUB, PROCESS and what the process is called, or PURGED and the id that no coalition is given again."""
    at: datetime = Field(sa_type=UtcTime)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Of a process, the platforms that it has lost, each with an ISO time; of SCRUB, how often it is `owed`; of
    PURGED, the `line` of the key file that each host strikes."""


BACKUP = "backup"
SCRUB = "scrub"
PROCESS = "process/"
PURGED = "purged/"
