"""What all commands begin with: the store, logs that carry ids only, and lines on the screen."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from sqlmodel import col, select

from bot.app import open_store
from bot.audit import record_host
from bot.clock import SystemClock
from bot.screen import clean
from config.settings import Settings
from storage import migrate
from storage.tables import Coalition, Identity, Member, Role
from storage.work import Store, Work

MENDS = {
    migrate.State.EMPTY: "there is no database yet: run `dragoman init`",
    migrate.State.BEHIND: "the database is of an older version: run `dragoman db upgrade`",
    migrate.State.NEWER: "the database is of a newer version: install the version that made it",
    migrate.State.DAMAGED: migrate.DAMAGED,
}
"""What to do about a database that is not up to date."""


COPY_THE_KEY = "copy {} now, and again whenever a coalition was made: somewhere safe, never beside a backup"
"""What is said when a coalition was made: its line in the key file is in no backup."""


class CommandProblem(Exception):
    """A command cannot go on; str() is one sentence with what to do."""


def write(line: str) -> None:
    """Print a line at once, so that a pipe sees it before the next command is read; nothing in it steers a terminal."""
    sys.stdout.write(clean(line) + "\n")
    sys.stdout.flush()


def write_problem(sentence: str) -> None:
    """Print a sentence about what went wrong to standard error."""
    sys.stderr.write(clean(f"dragoman: {sentence}\n"))
    sys.stderr.flush()


class NameOnly(logging.Formatter):
    """Tells of a library's log record its level, its logger and the class of its exception.

    Neither message nor traceback: libraries put ids, addresses and what they choked on into both.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, whatever the record's message and arguments are."""
        kind = record.exc_info[0] if record.exc_info else None
        return f"{record.levelname} {record.name}" + (f" {kind.__name__}" if kind is not None else "")


def start_logs(level: str) -> None:
    """Send logs to standard error: event names and ids, the libraries' warnings by name only."""
    number = logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(NameOnly())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """Open the store of a deployment that is set up and up to date; raises CommandProblem or KeyProblem."""
    start_logs(settings.log_level)
    state = await migrate.state(settings.database_url.get_secret_value())
    if state in MENDS:
        raise CommandProblem(MENDS[state])
    store = open_store(settings)
    try:
        yield store
    finally:
        await store.close()


async def note_in_audits(settings: Settings, verb: str) -> None:
    """Write into every coalition's audit that the host did something to the whole deployment.

    A database that is not there yet, or of another version, has no audit that this version could write.
    """
    if await migrate.state(settings.database_url.get_secret_value()) is not migrate.State.CURRENT:
        return
    store = open_store(settings)
    try:
        await record_host(store, SystemClock().now(), verb)
    finally:
        await store.close()


async def coalition_name(store: Store, wanted: str | None) -> str | None:
    """Give the name of the coalition that is meant as it is written: the one named, or the only one.

    Raises CommandProblem when there is no such coalition, or when several are there and none was named.
    """
    names = await store.read(None, lambda work: list(work.exec(select(Coalition.name).order_by(col(Coalition.id)))))
    if wanted is None:
        return names[0] if len(names) == 1 else _several(names)
    for name in names:
        if name.casefold() == wanted.strip().casefold():
            return name
    raise CommandProblem(f"there is no coalition called {wanted}; there is {', '.join(names) or 'none yet'}")


def _several(names: list[str]) -> str | None:
    if names:
        raise CommandProblem(f"there are several coalitions: say which with --coalition ({', '.join(names)})")
    return None


async def first_coordinator(store: Store, coalition: str | None) -> str | None:
    """Give the alias of the coalition's first coordinator who can speak on the console, or None."""
    found = select(Coalition.id).where(Coalition.name == coalition)
    coalition_id = await store.read(None, lambda work: work.exec(found).first())
    return await store.read(coalition_id, _coordinator) if coalition_id is not None else None


def _coordinator(work: Work) -> str | None:
    for member in work.rows(Member, col(Member.role) == Role.COORDINATOR):
        if work.first(Identity, Identity.member_id == member.id, Identity.platform == "console"):
            return member.alias
    return None
