"""Whether only the bot's own user can look at what it keeps: the key, the database, the stores of chats."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Set
from pathlib import Path

from bot.adapters.matrix.account import account_file
from bot.app import slack_folder
from bot.terminal.opening import CommandProblem, write
from config.settings import Settings
from storage import migrate


def check_private(settings: Settings) -> None:
    """Raise CommandProblem where other users of the machine can read or change what is kept; says what to run."""
    for path in _kept(settings):
        mode = path.stat().st_mode
        if path.is_dir() and _for_everybody(mode):
            raise CommandProblem(f"the folder {path} is for all users: move what Dragoman keeps to a folder of its own")
        # Passing through a folder shows nothing of what is in it.
        if path.is_dir() and mode & 0o066:
            raise CommandProblem(f"the folder {path} is open to other users: run `chmod 700 {path}`")
        if path.is_file() and mode & 0o077:
            raise CommandProblem(f"the file {path} is open to other users: run `chmod 600 {path}`")


def make_private(folder: Path, own: Set[Path]) -> None:
    """Close a folder in which a database is about to be made, unless it is a home, another user's, or for everybody.

    `own` is what the bot has in it already.
    """
    status = folder.stat()
    if not status.st_mode & 0o066 or status.st_uid != os.getuid() or folder.resolve() == Path.home().resolve():
        return
    # A folder of root's may be the machine's: nobody could use anything below a closed `/opt`.
    if _for_everybody(status.st_mode) or (os.getuid() == 0 and set(folder.iterdir()) - own):
        return
    folder.chmod(status.st_mode & 0o700)
    write(f"closed {folder} to other users of this machine")


def _for_everybody(mode: int) -> bool:
    """Tell a folder like `/tmp`, in which all users may put what is theirs."""
    return bool(mode & stat.S_ISVTX)


def _kept(settings: Settings) -> Iterator[Path]:
    """Give what is there of all that is kept; databases that are no file are their server's to guard."""
    wanted = [settings.key_file, account_file(settings.matrix_store)]
    database = migrate.sqlite_path(settings.database_url.get_secret_value())
    if database is not None:
        wanted += [database.parent, *(database.with_name(database.name + end) for end in ("", "-wal", "-shm"))]
    for store in (settings.matrix_store, slack_folder(settings)):
        wanted += [store, *sorted(store.glob("*"))]
    yield from (path for path in wanted if path.exists())
