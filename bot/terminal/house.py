"""Commands that set the house up and look after it: setup, init, doctor."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from zoneinfo import available_timezones

import typer
from sqlmodel import col, func, select

from bot.app import open_store
from bot.audit import HOST, broken, record
from bot.clock import SystemClock
from bot.codes import new_code
from bot.commands import nearest
from bot.terminal.matrix import check_matrix
from bot.terminal.opening import COPY_THE_KEY, MENDS, CommandProblem, write
from bot.terminal.private import check_private, make_private
from bot.terminal.purge import check_purges
from bot.terminal.slack import check_slack
from config.settings import Settings, SettingsProblem, config_path, load_settings
from storage import migrate
from storage.cipher import KeyProblem, create_key_file, read_key_file
from storage.coalitions import create
from storage.keyfile import KeyFile
from storage.tables import Audit, Coalition, Inbox, Notice, NoticeState
from storage.trouble import DatabaseProblem
from storage.work import Work

CODE_HOURS = 24
PLACEHOLDER = "Coalition"
DEFAULTS = """\
# Dragoman: paths count from this folder.
database_url = "dragoman.db"
key_file = "dragoman.key"
"""
LATE = dt.timedelta(minutes=10)
MEGABYTE = 1_000_000
LEAST_FREE = 100 * MEGABYTE
"""How many free bytes the disk of the database should have."""


async def init(config: Path | None) -> int:
    """Set up with defaults; what is there already stays."""
    return await _make(config, PLACEHOLDER, "UTC")


async def setup(config: Path | None) -> int:
    """Ask for the coalition's name and zone, testing each answer, and set up."""
    name = _ask("What is the coalition called?", PLACEHOLDER, _fits_name)
    zone = _ask("In which zone does it work (for example Europe/Vienna)?", "UTC", _fits_zone)
    return await _make(config, name, zone)


def _ask(question: str, default: str, wrong: object) -> str:
    while True:
        answer = str(typer.prompt(question, default=default)).strip()
        problem = wrong(answer) if callable(wrong) else None
        if problem is None:
            return answer
        write(str(problem))


def _fits_name(name: str) -> str | None:
    return None if 0 < len(name) <= 80 and name.isprintable() else "A name has 1 to 80 characters, on one line."


def _fits_zone(zone: str) -> str | None:
    zones = available_timezones()
    if zone in zones:
        return None
    near = nearest(zone, zones)
    return f"There is no zone {zone}." + (f" Did you mean {near}?" if near else " It looks like `America/New_York`.")


async def _make(config: Path | None, name: str, zone: str) -> int:
    path = config_path(config)
    if not path.parent.is_dir():
        raise CommandProblem(f"the folder {path.parent} is missing: make it first")
    if not path.exists():
        path.write_text(DEFAULTS)
        write(f"wrote {path}")
    settings = load_settings(path)
    if not settings.key_file.exists():
        if await _has_rows(settings):
            raise CommandProblem("there is a database but not its key file: put your dragoman.key back")
        create_key_file(settings.key_file)
        write(f"wrote {settings.key_file}")
    database = migrate.sqlite_path(settings.database_url.get_secret_value())
    if database is not None and not database.exists() and database.parent.is_dir():
        make_private(database.parent, {path, settings.key_file})
    await migrate.upgrade(settings.database_url.get_secret_value())
    await _claimable(settings, name, zone)
    return 0


async def _has_rows(settings: Settings) -> bool:
    return await migrate.state(settings.database_url.get_secret_value()) is not migrate.State.EMPTY


async def _claimable(settings: Settings, name: str, zone: str) -> None:
    """Make the coalition where there is none, and print a code for its first coordinator."""
    store = open_store(settings)
    now = SystemClock().now()
    try:
        known = await store.read(None, lambda work: list(work.exec(select(Coalition.id).order_by(col(Coalition.id)))))
        if not known:
            known = [await store.write(None, lambda work: create(work, name, now, timezone=zone).id)]
            write(COPY_THE_KEY.format(settings.key_file))
        if len(known) == 1:
            code = await store.write(known[0], lambda work: _claim_code(work, now))
            write(f"To become the first coordinator, say this to Dragoman in a direct chat within a day: claim {code}")
    finally:
        await store.close()
    write("Ready. `dragoman console` talks here; `dragoman load FILE.toml` brings people, programme and texts.")


def _claim_code(work: Work, now: dt.datetime) -> str:
    record(work, now, "setup", HOST)
    return new_code(work, now, "claim", dt.timedelta(hours=CODE_HOURS))


async def doctor(config: Path | None) -> int:
    """Check one thing after the other; 1 when something is wrong."""
    path = config_path(config)
    try:
        settings = load_settings(path if path.exists() else config)
        write(f"configuration  ok: {path}" if path.exists() else "configuration  ok: defaults, no file")
    except SettingsProblem as problem:
        write(f"configuration  WRONG: {problem}")
        return 1
    checks = (
        ("key file", _check_key),
        ("other users", _check_private),
        ("database", _check_database),
        ("audit", _check_audit),
        ("purges", check_purges),
        ("clock", _check_clock),
        ("matrix", check_matrix),
        ("slack", check_slack),
    )
    wrong = 0
    for name, check in checks:
        problem_found, words = await check(settings)
        wrong += problem_found
        write(f"{name:<14} {'WRONG' if problem_found else 'ok'}: {words}")
    return 1 if wrong else 0


async def _check_key(settings: Settings) -> tuple[bool, str]:
    try:
        coalitions = len(KeyFile(settings.key_file).read()[1])
        read_key_file(settings.key_file)
    except KeyProblem as problem:
        return True, str(problem)
    return False, (
        f"{settings.key_file}, readable by its owner only; lines of coalitions: {coalitions}; copy it again "
        "whenever one was made, and replace each copy whenever one was purged"
    )


async def _check_private(settings: Settings) -> tuple[bool, str]:
    try:
        check_private(settings)
    except CommandProblem as problem:
        return True, str(problem)
    return False, "nothing that is kept is open to them"


async def _check_database(settings: Settings) -> tuple[bool, str]:
    url = settings.database_url.get_secret_value()
    try:
        state = await migrate.state(url)
    except DatabaseProblem as problem:
        return True, str(problem)
    if state in MENDS:
        return True, MENDS[state]
    return await _check_rows(settings)


async def _check_rows(settings: Settings) -> tuple[bool, str]:
    try:
        store = open_store(settings)
    except KeyProblem:
        return True, "it cannot be opened without its key file"
    try:
        coalitions, waiting = await store.read(None, _figures)
        for each in await store.read(None, lambda work: list(work.exec(select(Coalition.id)))):
            await store.read(each, lambda work: work.tenant)
    except (KeyProblem, DatabaseProblem) as problem:
        return True, str(problem)
    finally:
        await store.close()
    free = _free(settings)
    if free < LEAST_FREE:
        return True, f"its disk is nearly full, {free // MEGABYTE} MB are free: make room before it cannot be written"
    return False, f"up to date; coalitions: {coalitions}, planned notices: {waiting}; {free // MEGABYTE} MB free"


async def _check_audit(settings: Settings) -> tuple[bool, str]:
    """Say where a coalition's audit does not hold together."""
    try:
        if await migrate.state(settings.database_url.get_secret_value()) is not migrate.State.CURRENT:
            return False, "not looked at"
        store = open_store(settings)
    except (DatabaseProblem, KeyProblem):
        return False, "not looked at"  # each has a line of its own
    try:
        for coalition in await store.read(None, lambda work: list(work.exec(select(Coalition.id)))):
            if (where := await store.read(coalition, broken)) is not None:
                return True, f"of coalition {coalition}: {where}; compare with a backup, and ask who had the database"
        lines = await store.read(None, lambda work: work.exec(select(func.count()).select_from(Audit)).one())
    except (KeyProblem, DatabaseProblem):
        return False, "not looked at"
    finally:
        await store.close()
    return False, f"{lines} lines, none changed or taken out"


def _free(settings: Settings) -> int:
    """Give how many bytes the database has to grow."""
    path = migrate.sqlite_path(settings.database_url.get_secret_value())
    return shutil.disk_usage(path.parent if path is not None else settings.config.parent).free


def _figures(work: Work) -> tuple[int, int]:
    planned = select(func.count()).select_from(Notice).where(Notice.state == NoticeState.PLANNED)
    return work.exec(select(func.count()).select_from(Coalition)).one(), work.exec(planned).one()


async def _check_clock(settings: Settings) -> tuple[bool, str]:
    """Compare the clock with the last command, where there is a database to ask."""
    now = SystemClock().now()
    latest = await _last_command(settings)
    if latest is not None and latest > now + LATE:
        return True, f"it says {now:%Y-%m-%d %H:%M} UTC, earlier than the last command: check the time service"
    return False, f"{now:%Y-%m-%d %H:%M} UTC"


async def _last_command(settings: Settings) -> dt.datetime | None:
    try:
        if await migrate.state(settings.database_url.get_secret_value()) is not migrate.State.CURRENT:
            return None
        store = open_store(settings)
    except (DatabaseProblem, KeyProblem):
        return None  # each has a line of its own
    try:
        return await store.read(None, lambda work: work.exec(select(func.max(Inbox.received_at))).first())
    except DatabaseProblem:
        return None
    finally:
        await store.close()
