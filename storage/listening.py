"""Wake-ups between processes that share a PostgreSQL database: LISTEN, on a connection of its own.

A notification says only which process gave it: what is due stands in the rows. None is relied on, the sweep finds
what was missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg

from storage.engines import reaching, server_address
from storage.work import CHANNEL, Store

LONGEST_PAUSE = 15.0
"""How many seconds lie between two tries to connect, at most."""


async def listen(store: Store, heard: Callable[[], None]) -> None:
    """Call `heard` whenever another process has added something, until cancelled; nothing to hear on SQLite.

    Connects again for as long as it takes, and calls `heard` then, since something may have been missed.
    """
    pause = 1.0
    while store.shared:
        try:
            async with await _connect(store.url) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                pause = 1.0
                heard()
                async for notify in connection.notifies():
                    if notify.payload != store.name:
                        heard()
        except (psycopg.Error, OSError):
            pass  # the work itself says what is wrong with the database
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def _connect(url: str) -> psycopg.AsyncConnection:
    given = {**reaching(), "options": ""}  # it waits for hours: none of the limits of a unit of work
    return await psycopg.AsyncConnection.connect(server_address(url), autocommit=True, **given)
