"""What a seized database or log gives away: nothing that somebody typed, nobody's name, no account."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from sqlalchemy import select
from sqlmodel import SQLModel

from bot.adapters.console import Console, read_moment
from bot.app import FAMILIES, writers
from bot.clock import SimulatedClock
from bot.commands import Call, CommandTable, Verb
from bot.dispatch import Dispatch
from bot.duty import Duty
from bot.engine import Engine, Works
from bot.erasing import Erasing
from bot.fetching import Fetching
from bot.ingest import Ingest
from bot.leftovers import Leftovers
from bot.load import load_file
from bot.message import Message
from bot.outbox import Outbox
from bot.ports import Destination, SendRefused
from bot.rules.retention import Keeping
from bot.sweeping import Sweep
from bot.terminal.opening import start_logs
from bot.watching import Watch
from storage import migrate
from storage.cipher import create_key_file, read_key_file
from storage.work import Store, Work
from tests.fakes.chat import RecordingChat

DEMO = Path(__file__).resolve().parents[2] / "config" / "demo"
DRAFTS = [DEMO / "convention-rev1.txt", DEMO / "convention-rev2.txt"]
BEGINS = "2024-02-05T14:00:00Z"

FILE = f"""\
[coalition]
name = "Safeguards Now"
timezone = "Europe/Vienna"

[[members]]
name = "Quillorvane"
organisation = "Tlaxcoyote Network"
role = "coordinator"
slack = "U0QZ7XKWVJH"

[[members]]
name = "Brixomel"
organisation = "Ñandubay Press"
timezone = "America/New_York"
matrix = "@vharzeq:example.org"

[[members]]
name = "Dwenkarsil"
organisation = "Ostrelique Union"
timezone = "Asia/Manila"

[[rooms]]
name = "team"
purposes = ["tasks", "countdown", "digest"]

[[rooms]]
name = "news"
purposes = ["alerts"]
slack = "C0WXJ4QPZRT"

[[rooms]]
name = "notices"
purposes = ["alerts"]
matrix = "!kyzzurba:example.org"

[[sessions]]
name = "Concluding session"
timezone = "America/New_York"

[[sessions.meetings]]
title = "Plenary"
start = 2024-02-06T10:00:00
end = 2024-02-06T13:00:00
place = "Conference Room 4"
provisions = ["articles 1-4"]

[[texts]]
name = "Convention"

[[texts.drafts]]
symbol = "DEM/CONF.7/L.3/Rev.1"
file = '{DRAFTS[0]}'
date = 2023-12-11
"""
LINES = """\
assign articles 1-6 @Brixomel backup @Dwenkarsil
assign articles 7-9 @Dwenkarsil
assign borrow the zumbralete projector @Brixomel
note Breakfast with the gorvinthal delegation
announce Meet behind the pelquistor statue
yes
announce Keep the vintrobask paper closed
remind me to ring zephyrolt at 18:00
deadline add Sign the mirquandel letter 9 Feb 18:00
frobnicate jostrevan
explode the kwistelune
find hoxenbray
:as Brixomel
accept 1
decline 2 I travel to Yarvosnia
remind me to feed wumpelstrix in 2h
review 3 concern The drafter is plimbesque propose: shall, save in Krontovale, not
note Ñandutipo arrives late
:room team
good morning, the vexibrand is here
:as Nurbagalex
:direct
hello Nurbagalex, Fjordwexel Institute, Africa/Nairobi
:as Quillorvane
:attach {folder}/strelvomint.txt
draft add DEM/CONF.7/L.3/Rev.3 dated 2024-02-02
:attach {folder}/grasquolin.txt
draft add DEM/CONF.7/L.3/Rev.2 dated 2024-02-02
draft publish
yes
announce Keep the vintrobask paper closed
:advance 4h
""".splitlines()

SECRETS = (
    "Quillorvane Brixomel Dwenkarsil Nurbagalex Tlaxcoyote Ñandubay Ostrelique Fjordwexel "
    "U0QZ7XKWVJH vharzeq C0WXJ4QPZRT kyzzurba "
    "zumbralete gorvinthal pelquistor vintrobask zephyrolt mirquandel jostrevan kwistelune hoxenbray Yarvosnia "
    "wumpelstrix plimbesque Krontovale Ñandutipo vexibrand strelvomint grasquolin"
).split()
"""Aliases and organisations, accounts and rooms of platforms, and a word of each thing that somebody typed."""


@dataclass(frozen=True)
class Seized:
    """What is found on the machine afterwards."""

    database: bytes
    log: str
    decrypted: str
    """All rows as the key opens them."""
    key_file: bytes
    shown: list[str]


class Shutting(RecordingChat):
    """A chat one of whose rooms is gone, which the log tells."""

    async def send(self, to: Destination, message: Message, key: str) -> str | None:
        if to.platform == "slack":
            raise SendRefused("channel_not_found")
        return await super().send(to, message, key)


@pytest.fixture(scope="module")
def seized(tmp_path_factory: pytest.TempPathFactory) -> Seized:
    """Play it once."""
    folder = tmp_path_factory.mktemp("seized")
    (folder / "strelvomint.txt").write_text("This is no treaty.\n", "utf-8")
    (folder / "grasquolin.txt").write_bytes(DRAFTS[1].read_bytes())
    with _logged() as log:
        database, decrypted, shown = asyncio.run(_play(folder))
    return Seized(database, log.getvalue(), decrypted, (folder / "dragoman.key").read_bytes(), shown)


def test_everything_happened(seized: Seized) -> None:
    """With the key every secret word is there, and the log speaks of a failed command and a refused message."""
    missing = {word for word in SECRETS if word.casefold() not in seized.decrypted.casefold()}
    assert (missing, "command failed" in seized.log, "parcel refused" in seized.log) == (set(), True, True)


def test_the_files_are_those_of_the_database(seized: Seized) -> None:
    """What is public stands in clear in what is searched: a place, a title, the words of the draft."""
    for words in ("Conference Room 4", "Concluding session", "DEM/CONF.7/L.3/Rev.2"):
        assert words.encode() in seized.database


def test_no_word_in_clear(seized: Seized) -> None:
    """Neither database and write-ahead log nor the log hold any of the words, in whatever letters or encoding."""
    database, log = seized.database.lower(), seized.log.casefold()
    spellings = {form for word in SECRETS for form in (word, word.casefold(), word.upper(), json.dumps(word)[1:-1])}
    written = {form for form in spellings for code in ("utf-8", "utf-16-le") if form.encode(code).lower() in database}
    assert (written, {form for form in spellings if form.casefold() in log}) == (set(), set())


def test_no_message_in_clear(seized: Seized) -> None:
    """No line of any message that was shown stands in the database or the log, the draft's own words aside."""
    drafts = " ".join(file.read_text("utf-8") for file in DRAFTS)
    public = " ".join(drafts.split())
    lines = {line.strip("-* ") for text in seized.shown for line in text.splitlines()}
    told = {line for line in lines if len(line) >= 20 and " ".join(line.split()) not in public}
    assert len(told) > 40
    assert {line for line in told if line.encode() in seized.database or line in seized.log} == set()


def test_no_key(seized: Seized) -> None:
    """The key file's key is neither in the database nor in the log."""
    key = seized.key_file.strip()
    raw = base64.b64decode(key)
    assert key not in seized.database
    assert raw not in seized.database
    assert key.decode() not in seized.log


async def _play(folder: Path) -> tuple[bytes, str, list[str]]:
    url, chat = f"sqlite+aiosqlite:///{folder / 'dragoman.db'}", Shutting()
    create_key_file(folder / "dragoman.key")
    await migrate.upgrade(url)
    reader = sqlite3.connect(folder / "dragoman.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM coalition").fetchall()  # from now on the write-ahead log keeps every page
    store, clock = Store(url, read_key_file(folder / "dragoman.key")), SimulatedClock(read_moment(BEGINS))
    try:
        (folder / "coalition.toml").write_text(FILE, "utf-8")
        await load_file(store, folder / "coalition.toml", clock.now())
        console = Console(_engine(store, clock, chat), clock, _known, "Quillorvane", None, "Safeguards Now")
        for line in LINES:
            await console.line(line.format(folder=folder))
        decrypted = json.dumps(await store.read(1, _decrypted), ensure_ascii=False, default=str)
        assert (folder / "dragoman.db-wal").stat().st_size > 0
        before = _bytes(folder)
    finally:
        await store.close()
        reader.close()
    return before + _bytes(folder), decrypted, chat.texts()


def _engine(store: Store, clock: SimulatedClock, chat: RecordingChat) -> Engine:
    """Build what `dragoman console` builds, with one verb more, that fails and says why."""
    failing = Verb("explode", _explode, "explode WORDS", "Fails.")
    table = CommandTable((*(verb for family in FAMILIES for verb in family.VERBS), failing))
    chats = dict.fromkeys(("console", "slack", "matrix"), chat)
    duty = Duty(store, clock, "chores")
    works = Works(Dispatch(store, clock, table), Fetching(store, clock, chats), Watch(store, clock, None, store.write),
                  Ingest(store, clock, store.write), Erasing(store, clock, chats),
                  Leftovers(store, clock, chats), Outbox(store, clock, chats, writers()),
                  Sweep(store, clock, duty, Keeping()))  # fmt: skip
    return Engine(store, clock, works, duty)


def _explode(call: Call) -> Message | None:
    raise ValueError(f"{call.speaker.alias} said {call.words}")


def _bytes(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.glob("dragoman.db*")))


def _decrypted(work: Work) -> list[object]:
    return [[*row] for table in SQLModel.metadata.sorted_tables for row in work.connection().execute(select(table))]


async def _known(wanted: str) -> str | None:
    return wanted


@contextmanager
def _logged() -> Iterator[io.StringIO]:
    """Log as `dragoman` does, into memory; afterwards as before."""
    log, root, stderr = io.StringIO(), logging.getLogger(), sys.stderr
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    sys.stderr = log
    try:
        start_logs("debug")
        yield log
    finally:
        sys.stderr, root.handlers[:] = stderr, handlers
        root.setLevel(level)
        structlog.reset_defaults()
