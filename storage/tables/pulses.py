"""What is known of the processes that serve a deployment, of its last backup, and of what is still in its files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime


class Pulse(SQLModel, table=True):
    """When something last happened: a process said that it lives, a backup was written, the files were scrubbed."""

    name: str = Field(primary_key=True)
    """BACKUP, SCRUB, or PROCESS and what the process is called."""
    at: datetime = Field(sa_type=UtcTime)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Of a process, the platforms that it has lost, each with an ISO time; of SCRUB, how often it is `owed`."""


BACKUP = "backup"
SCRUB = "scrub"
PROCESS = "process/"
