"""A copy of the database in one encrypted file, and back. The key file is never in it: keep that elsewhere."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from storage.cipher import DEPLOYMENT, KeyProblem, Keyring
from storage.engines import is_held, is_postgres
from storage.migrate import sqlite_path
from storage.purging import deletions
from storage.server_backup import ServerProblem, dump, load
from storage.trouble import DatabaseProblem

_MAGIC = b"dragoman backup 1\n"
_SERVER_MAGIC = b"dragoman backup 1 of a server\n"
_CONTEXT = "backup"


class BackupProblem(Exception):
    """A backup or a restore cannot be done; nothing was changed; str() says what to do."""


async def backup(url: str, target: Path, keyring: Keyring) -> None:
    """Write a consistent, verified copy of a database, encrypted with the key file's first key.

    The bot may be running. Raises BackupProblem, also when the target exists or the database is none of Dragoman's, and
    KeyProblem when the key file does not open it: such a copy would be of no use.
    """
    await asyncio.to_thread(_back_up_server if is_postgres(url) else _back_up, url, target, keyring)


async def restore(source: Path, url: str, keyring: Keyring, *, force: bool = False) -> list[int]:
    """Put a backup in the place of the database, once it is decrypted and found sound.

    The coalitions for which the key file has no line, purged since, are left out; gives their ids. Raises KeyProblem,
    and BackupProblem; unless forced, when there is a database already, and always while something has it open.
    """
    return await asyncio.to_thread(_restore_server if is_postgres(url) else _restore, source, url, keyring, force)


def _back_up(url: str, target: Path, keyring: Keyring) -> None:
    source = _file(url)
    if not source.exists():
        raise BackupProblem(f"there is no database at {source} to back up")
    if target.exists():
        raise BackupProblem(f"{target} exists already: choose another name for the backup")
    try:
        sealed = _MAGIC + keyring.seal(DEPLOYMENT, _copy(source, keyring), _CONTEXT)
        with _beside(target) as part:
            part.write_bytes(sealed)
            part.replace(target)
    except (sqlite3.Error, OverflowError):
        raise BackupProblem(f"the database at {source} cannot be copied: run `dragoman doctor`") from None
    except OSError:
        raise BackupProblem(f"{target} cannot be written: check the folder and the free space") from None


def _back_up_server(url: str, target: Path, keyring: Keyring) -> None:
    if target.exists():
        raise BackupProblem(f"{target} exists already: choose another name for the backup")
    try:
        sealed = _SERVER_MAGIC + keyring.seal(DEPLOYMENT, dump(url, keyring), _CONTEXT)
        with _beside(target) as part:
            part.write_bytes(sealed)
            part.replace(target)
    except (ServerProblem, DatabaseProblem) as problem:
        raise BackupProblem(str(problem)) from None
    except OverflowError:
        raise BackupProblem("the database is too large to be copied in one piece: use pg_dump itself") from None
    except OSError:
        raise BackupProblem(f"{target} cannot be written: check the folder and the free space") from None


def _restore_server(source: Path, url: str, keyring: Keyring, force: bool) -> list[int]:
    content = _open(source, keyring, _SERVER_MAGIC)
    try:
        return load(url, content, keyring, force=force)
    except (ServerProblem, DatabaseProblem) as problem:
        raise BackupProblem(str(problem)) from None


def _restore(source: Path, url: str, keyring: Keyring, force: bool) -> list[int]:
    target = _file(url)
    if target.exists() and not force:
        raise BackupProblem(f"there is a database at {target} already: `--force` replaces it by the backup")
    content = _open(source, keyring, _MAGIC)
    try:
        with _beside(target) as part:
            part.write_bytes(content)
            _verify(part, source)
            left_out = _leave_out(part, keyring)
            if target.exists() and is_held(target):
                raise BackupProblem(f"the database at {target} is in use: stop Dragoman first")
            for name in ("-wal", "-shm"):
                # What is left there belongs to the old database and would be applied to the new one.
                target.with_name(target.name + name).unlink(missing_ok=True)
            part.replace(target)
    except OSError:
        raise BackupProblem(f"{target} cannot be written: check the folder and the free space") from None
    return left_out


def _file(url: str) -> Path:
    path = sqlite_path(url)
    if path is None:
        raise BackupProblem("only SQLite and PostgreSQL databases are copied here")
    return path.resolve()  # where it is a link, the file it leads to is meant, and the link stays


def _copy(source: Path, keyring: Keyring) -> bytes:
    """Copy page by page in memory, so that nothing stands on the disk in clear that did not before; check the copy."""
    with closing(_connect(source)) as database, closing(sqlite3.connect(":memory:")) as copy:
        database.backup(copy)
        if copy.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError
        if not _is_ours(copy):
            raise BackupProblem(f"{source} holds no database of Dragoman: run `dragoman doctor`")
        for coalition_id, wrapped in copy.execute("SELECT id, wrapped_key FROM coalition"):
            keyring.admit(coalition_id, wrapped)
        return copy.serialize()


def _is_ours(database: sqlite3.Connection) -> bool:
    """Tell whether a database says which version of Dragoman made it, and has coalitions."""
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables >= {"alembic_version", "coalition"}:
        return False
    return bool(database.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,))


def _open(source: Path, keyring: Keyring, magic: bytes) -> bytes:
    try:
        sealed = source.read_bytes()
    except OSError:
        raise BackupProblem(f"there is no backup at {source} that can be read") from None
    if not sealed.startswith((_MAGIC, _SERVER_MAGIC)):
        raise BackupProblem(f"{source} is no backup made by `dragoman db backup`")
    if not sealed.startswith(magic):
        raise BackupProblem(f"{source} is a backup of the other kind of database: SQLite or PostgreSQL")
    try:
        return keyring.open(sealed[len(magic) :], _CONTEXT)
    except KeyProblem:
        raise BackupProblem(f"{source} is damaged, or was made with another key file than this one") from None


def _verify(part: Path, source: Path) -> None:
    try:
        with closing(_connect(part)) as database:
            sound = database.execute("PRAGMA integrity_check").fetchone() == ("ok",) and _is_ours(database)
    except sqlite3.Error:
        sound = False
    if not sound:
        raise BackupProblem(f"{source} holds no sound database of Dragoman")


def _leave_out(part: Path, keyring: Keyring) -> list[int]:
    """Delete the coalitions that nobody can read, since they were purged, and give their ids. Raises KeyProblem."""
    with closing(_connect(part)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = database.execute("SELECT id, wrapped_key FROM coalition ORDER BY id").fetchall()
        gone = [coalition_id for coalition_id, wrapped in rows if not keyring.can_open(wrapped)]
        for coalition_id in gone:
            for statement in deletions(coalition_id, tables):
                database.execute(statement)
        if gone:
            database.execute("VACUUM")
        return gone


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=1, isolation_level=None)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give an empty file in the target's folder, for its owner only, gone afterwards unless it took its place."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    part = Path(name)
    try:
        yield part
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)
