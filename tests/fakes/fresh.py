"""A new database as `dragoman init` leaves it, without running every migration again for each test."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import make_url

from storage.engines import is_postgres
from storage.migrate import upgrade


async def make_fresh(url: str) -> None:
    """Make the tables of the present release in an empty database; a SQLite one is a copy of the first of this run."""
    path = Path(make_url(url).database or "")
    if is_postgres(url) or path.exists():
        await upgrade(url)
        return
    template = _folder() / "dragoman.db"
    if not template.exists():
        await upgrade(f"sqlite+aiosqlite:///{template}")
    shutil.copy(template, path)


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="dragoman-fresh-"))
    atexit.register(shutil.rmtree, folder)
    return folder
