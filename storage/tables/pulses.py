"""What is known of the processes that serve a deployment, and of its last backup."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime


class Pulse(SQLModel, table=True):
    """When something last happened: a process said that it lives, or a backup was written."""

    name: str = Field(primary_key=True)
    """BACKUP, or PROCESS and what the process is called."""
    at: datetime = Field(sa_type=UtcTime)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Of a process, the platforms that it has lost, each with an ISO time."""


BACKUP = "backup"
PROCESS = "process/"
