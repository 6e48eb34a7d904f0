"""Seeing that what was deleted is in no file of the database any more."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg
from sqlalchemy import make_url

from storage.engines import is_postgres
from storage.trouble import told_plainly

BUSY_SECONDS = 10


def scrub(url: str) -> bool:
    """Write a SQLite database anew without what was deleted, and empty its write-ahead log.

    PostgreSQL frees what was deleted and writes over it later; how long its own log and backups keep it is the server's
    matter. False where somebody is just reading: the log still has what was deleted then, until this is done again.
    Raises DatabaseTrouble while another process writes. Nothing is written beside the database's own files.
    """
    address = make_url(url)
    if is_postgres(url):
        place = address.set(drivername="postgresql").render_as_string(hide_password=False)
        with told_plainly(), psycopg.connect(place, autocommit=True, connect_timeout=BUSY_SECONDS) as server:
            server.execute("VACUUM")
        return True
    with (
        told_plainly(),
        closing(sqlite3.connect(address.database or "", timeout=BUSY_SECONDS, isolation_level=None)) as database,
    ):
        # What VACUUM sorts would else lie in a temporary file, which is not overwritten when it goes.
        for pragma in ("secure_delete = ON", "temp_store = MEMORY"):
            database.execute(f"PRAGMA {pragma}").close()
        database.execute("VACUUM")
        [(busy, _, _)] = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return not busy
