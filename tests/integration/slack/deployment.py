"""Dragoman as a process of its own in a stand-in workspace: Ana coordinates, Luis is a member, #team is served."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.adapters.slack.manifest import manifest
from bot.app import command_table
from bot.clock import SystemClock
from bot.load import load_file
from storage import migrate
from storage.cipher import create_key_file, read_key_file
from storage.work import Store
from tests.fakes.slack import Bed, Channel, Person
from tests.integration.matrix.deployment import awake
from tests.integration.matrix.process import Process
from tests.unit.slack.test_transports import free_port

ROSTER = """
[coalition]
name = "Safeguards Now"
timezone = "{zone}"
[[members]]
name = "Ana"
organisation = "Org of Ana"
role = "coordinator"
timezone = "{zone}"
slack = "{ana}"
[[members]]
name = "Luis"
organisation = "Org of Luis"
role = "member"
timezone = "{zone}"
slack = "{luis}"
[[rooms]]
name = "team"
purposes = ["tasks", "alerts"]
label = "coalition"
slack = "{team}"
"""


@dataclass
class Deployed:
    """One Dragoman, not running yet, and its workspace."""

    bed: Bed
    process: Process
    store: Store
    ana: Person
    luis: Person
    team: Channel


@asynccontextmanager
async def deployed(folder: Path, transport: Any = "socket", **given: Any) -> AsyncIterator[Deployed]:
    """Set it up; at the end it is ended, and nothing was done that Slack refuses."""
    port = free_port()
    listen = f"http://127.0.0.1:{port}/slack/events"
    async with Bed(transport, listen=listen, manifest=manifest(command_table()), **given) as bed:
        ana, luis = bed.person("Ana"), bed.person("Luis")
        team = bed.channel("team", [ana, luis])
        store = await _set_up(folder, ROSTER.format(zone=awake(), ana=ana.id, luis=luis.id, team=team.id))
        process = Process(folder, DRAGOMAN_SLACK_LISTEN=f"127.0.0.1:{port}", **bed.environment)
        try:
            yield Deployed(bed, process, store, ana, luis, team)
        finally:
            process.kill()
            await store.close()
        assert bed.violations == []


async def _set_up(folder: Path, roster: str) -> Store:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    create_key_file(folder / "dragoman.key")
    url = f"sqlite+aiosqlite:///{folder / 'dragoman.db'}"
    await migrate.upgrade(url)
    store = Store(url, read_key_file(folder / "dragoman.key"))
    (folder / "coalition.toml").write_text(roster, "utf-8")
    await load_file(store, folder / "coalition.toml", SystemClock().now() - dt.timedelta(days=1))
    return store
