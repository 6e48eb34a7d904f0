"""Leases: what one process has until a moment, by a clock that may have been set back since."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, or_


def is_over(until: Any, now: dt.datetime, longest: dt.timedelta) -> ColumnElement[bool]:
    """Tell within a query whether nothing is held any more; `until` is the column that says until when, or NULL.

    What ends further ahead than the `longest` that can be taken now was taken by a clock that has been set back.
    """
    return or_(until.is_(None), until <= now, until > now + longest)
