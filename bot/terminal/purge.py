"""Commands that end a coalition or the whole deployment; they work with every chat down."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from sqlmodel import select

from bot.adapters.matrix.account import account_file
from bot.adapters.matrix.lock import hold
from bot.app import open_store, slack_folder
from bot.clock import SystemClock
from bot.leftovers import Leftovers, rooms_to_leave
from bot.purging import inventory, lines_of_purged, own_accounts, own_rooms, purge
from bot.terminal.opening import CommandProblem, coalition_name, opened, start_logs, write
from config.settings import Settings
from storage import migrate
from storage.cipher import KeyProblem
from storage.coalitions import line_of
from storage.destroying import destroy_database, in_use, names_of_rooms
from storage.keyfile import KeyFile, destroy, part_of
from storage.migrate import sqlite_path
from storage.tables import Coalition
from storage.trouble import DatabaseProblem
from storage.work import Store, Work

EVERYTHING = "purge all"
"""What is typed to end the whole deployment."""


@dataclass(frozen=True)
class _Plan:
    """What a purge of one coalition would do."""

    counts: dict[str, int]
    rooms: Counter[str]
    accounts: Counter[str]
    line: str | None

    @staticmethod
    def of(work: Work) -> _Plan:
        """Read it."""
        rooms, accounts = (Counter(platform for platform, _ in found(work)) for found in (own_rooms, own_accounts))
        return _Plan(inventory(work), rooms, accounts, line_of(work))

    def lines(self) -> Iterator[str]:
        """Say it, in counts."""
        yield "rows to be deleted: " + ", ".join(f"{name} {n}" for name, n in self.counts.items())
        for platform in sorted({*self.rooms, *self.accounts} - {"console"}):
            yield (
                f"to be left on {platform}, without a word: {self.rooms[platform]} rooms, and the direct chats with "
                f"{self.accounts[platform]} accounts"
            )


async def purge_coalition(settings: Settings, coalition: str | None, *, rehearse: bool) -> int:
    """End a coalition once its name was typed, or say what would go."""
    async with opened(settings) as store:
        if not rehearse and await _finish(store):
            write("finished a purge that was cut off")
        name = await coalition_name(store, coalition)
        found = select(Coalition.id).where(Coalition.name == name)
        coalition_id = await store.read(None, lambda work: work.exec(found).first())
        if coalition_id is None:
            raise CommandProblem("there is no coalition to purge")
        plan = await store.read(coalition_id, _Plan.of)
        write(f"purging {name}")
        for line in plan.lines():
            write(line)
        if rehearse:
            write("nothing was changed")
            return 0
        _ask(f"Type the name of the coalition to delete all of it ({name})", str(name))
        now = SystemClock().now()
        await store.write(coalition_id, lambda work: purge(work, now))
        await _finish(store)
    for line in _farewell(settings, plan):
        write(line)
    return 0


async def _finish(store: Store) -> bool:
    """Do what needs no chat; tells whether a line was still in the key file. Raises KeyProblem where it stays."""
    lines = await store.read(None, lines_of_purged)
    try:
        struck = [store.keyring.strike(line) for line in lines.values()]
        return any(struck)
    finally:
        await Leftovers(store, SystemClock(), {}).drain()


def _farewell(settings: Settings, plan: _Plan) -> Iterator[str]:
    yield "purged"
    if {*plan.rooms, *plan.accounts} - {"console"}:
        yield "`dragoman run` leaves the rooms, now or later; `dragoman doctor` says what it could not leave"
    if plan.line is not None:
        yield (
            f"backups made before cannot be opened for it with {settings.key_file.name} any more: replace each copy of "
            "the key file that you keep, or that copy still opens them"
        )
    else:
        yield "the coalition was made before its key had a line in the key file: delete the backups made before"


async def check_purges(settings: Settings) -> tuple[bool, str]:
    """Say in one line for `doctor` what is left of purged coalitions that only people can do away with."""
    try:
        if await migrate.state(settings.database_url.get_secret_value()) is not migrate.State.CURRENT:
            return False, "not looked at"
        lines, store = KeyFile(settings.key_file).read()[1], open_store(settings)
    except (DatabaseProblem, KeyProblem):
        return False, "not looked at"  # each has a line of its own
    try:
        purged = await store.read(None, lines_of_purged)
        rooms = await store.read(None, rooms_to_leave)
    except (DatabaseProblem, KeyProblem):
        return False, "not looked at"
    finally:
        await store.close()
    left = [f"the key file still has the line {line}: take it out" for line in purged.values() if line in lines]
    left += [
        f"take the bot out of {row.address} on {row.platform}, it could not leave ({row.code})"
        for row in rooms
        if row.failures
    ]
    if left or not rooms:
        return bool(left), "; ".join(left) or "nothing is left of those there were"
    return False, f"rooms that `dragoman run` has still to leave: {len(rooms)}"


async def purge_everything(settings: Settings, *, rehearse: bool) -> int:
    """End the whole deployment once that was typed: key file, stores, database; some may be gone already."""
    start_logs(settings.log_level)
    url = settings.database_url.get_secret_value()
    stores = [path for path in (settings.matrix_store, slack_folder(settings)) if path.exists()]
    rooms = names_of_rooms(url)
    for line in _all_of_it(settings, stores):
        write(line)
    if rehearse:
        write("nothing was changed")
        return 0
    if in_use(url):
        raise CommandProblem("the database is in use: stop Dragoman first, on every machine")
    _ask(f"Type “{EVERYTHING}” to delete all of it", EVERYTHING)
    was_on_matrix = account_file(settings.matrix_store).exists()
    if was_on_matrix:
        with hold(settings.matrix_store, SystemClock().now()):
            pass  # nobody serves it
    # The key first: without it the rest is noise, wherever this is cut off.
    for path in (settings.key_file, part_of(settings.key_file)):
        destroy(path)
    for folder in stores:
        _destroy_folder(folder)
    destroy(account_file(settings.matrix_store))
    try:
        destroy_database(url)
    except DatabaseProblem as problem:
        raise CommandProblem(f"all but the database is gone, and nobody reads it without the key: {problem}") from None
    for line in _after_all(settings, rooms, matrix=was_on_matrix):
        write(line)
    return 0


def _all_of_it(settings: Settings, stores: list[Path]) -> Iterator[str]:
    yield f"the key file: {settings.key_file}" if settings.key_file.exists() else "the key file: gone already"
    database = sqlite_path(settings.database_url.get_secret_value())
    yield f"the database: {database}" if database is not None else "the database: all tables of Dragoman's"
    for folder in stores:
        yield f"a chat's store: {folder}"


def _after_all(settings: Settings, rooms: list[str], *, matrix: bool) -> Iterator[str]:
    yield "all is deleted; it cannot be undone"
    if rooms:
        yield f"the bot is still in these rooms, take it out of them: {', '.join(f'#{name}' for name in rooms)}"
    if matrix:
        yield "sign the bot's device out in any Matrix client, with the account's password"
    if settings.slack_bot_token is not None:
        yield "take the app out of the Slack workspace, so that its tokens end"
    yield "delete the copies of the key file; backups are left where they are, and open with such a copy alone"
    if sqlite_path(settings.database_url.get_secret_value()) is None:
        yield "the server's own log and backups may still have rows: they are its owner's to delete"


def _destroy_folder(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            destroy(path)
    shutil.rmtree(folder, ignore_errors=False)


def _ask(question: str, wanted: str) -> None:
    typed = str(typer.prompt(question, default="", show_default=False)).strip()
    if typed != wanted:
        raise CommandProblem(f"that is not “{wanted}”: nothing was changed")
