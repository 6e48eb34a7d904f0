"""Work that one process at a time may do."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.tables.columns import UtcTime


class Duty(SQLModel, table=True):
    """Who has a duty, and until when; the epoch grows each time that it changes hands."""

    name: str = Field(primary_key=True)
    holder: str | None = None
    until: datetime | None = Field(default=None, sa_type=UtcTime)
    epoch: int = 0
