"""The Matrix store at rest: one SQLite file in which nothing but kinds, sizes and keyed hashes can be read.

Its key is the deployment's key file. Every value is sealed together with its name, so that whoever can write to the
file may take values away or put old ones back, but not pass one off as another.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from storage.cipher import DEPLOYMENT, KeyProblem, Keyring

_TABLE = """
CREATE TABLE IF NOT EXISTS sealed (
    kind TEXT NOT NULL, print TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, print)
)
"""
_MARK = "store"
"""The kind of the one value that every store has: it tells at once whether the key file fits."""
_BUSY_SECONDS = 10


class StoreProblem(Exception):
    """The store cannot be used: not to be opened, made with another key, damaged, or full; str() is one sentence."""


class SealedStore:
    """Sealed values by kind and name: a small dictionary of JSON that survives power cuts.

    Calls may come from any thread, one at a time. Each write is on disk when it returns, or at the end of the
    transaction it is part of.
    """

    def __init__(self, path: Path, keyring: Keyring) -> None:
        """Open the store or make it, with its folder; file and folder are for their owner only.

        Raises StoreProblem when it cannot be opened, was made with another key, or is damaged.
        """
        self._path, self._keyring = path, keyring
        self._lock, self._depth = threading.RLock(), 0
        with self._problems():
            _make_private(path)
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._problems():
                self._prepare()
        except StoreProblem:
            self._connection.close()
            raise

    def get(self, kind: str, name: str) -> Any | None:
        """Give the value kept under a name, or None; raises StoreProblem when it does not open."""
        prints = self._prints(kind, name)
        marks = ", ".join("?" * len(prints))
        for (body,) in self._run(f"SELECT body FROM sealed WHERE kind = ? AND print IN ({marks})", kind, *prints):
            found, value = self._open(kind, body)
            if found != name:
                raise self._damaged()
            return value
        return None

    def put(self, kind: str, name: str, value: Any) -> None:
        """Keep a JSON value under a name, in place of what was there."""
        body = json.dumps([name, value], separators=(",", ":")).encode()
        sealed = self._keyring.seal(DEPLOYMENT, body, _context(kind))
        newest, *older = self._prints(kind, name)
        with self.transaction():
            self._run("INSERT OR REPLACE INTO sealed (kind, print, body) VALUES (?, ?, ?)", kind, newest, sealed)
            for print_ in older:  # kept before a change of key
                self._run("DELETE FROM sealed WHERE kind = ? AND print = ?", kind, print_)

    def delete(self, kind: str, name: str) -> None:
        """Forget what is kept under a name, if anything; its bytes are overwritten."""
        with self.transaction():
            for print_ in self._prints(kind, name):
                self._run("DELETE FROM sealed WHERE kind = ? AND print = ?", kind, print_)

    def all(self, kind: str) -> dict[str, Any]:
        """Give every value of a kind by name; raises StoreProblem when one does not open."""
        return dict(self._open(kind, body) for (body,) in self._run("SELECT body FROM sealed WHERE kind = ?", kind))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the writes within one: all are kept, or after an exception none.

        Nests: what an inner one wrote is undone when it fails, and committed with the outermost. Never await within:
        another coroutine's writes would become part of it.
        """
        with self._lock:
            outer, self._depth = self._depth, self._depth + 1
            try:
                self._run(f"SAVEPOINT level{outer}" if outer else "BEGIN IMMEDIATE")
                yield
                self._run(f"RELEASE level{outer}" if outer else "COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # what went wrong first is what counts
                    self._undo(outer)
                raise
            finally:
                self._depth = outer

    def scrub(self) -> None:
        """See that what was forgotten is in no file any more, unless another process is just reading there.

        The database overwrites it, but the write-ahead log has it until it is written back and emptied.
        """
        self._run("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Write everything into the one file and close it; closing twice is harmless."""
        with self._lock, self._problems():
            self._connection.close()

    def _prepare(self) -> None:
        for pragma in ("secure_delete = ON", "journal_mode = WAL", "synchronous = FULL"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(_TABLE)
        with self.transaction():
            self._check_mark()

    def _check_mark(self) -> None:
        row = self._run("SELECT body FROM sealed WHERE kind = ?", _MARK)
        if row:
            try:
                self._keyring.open(row[0][0], _context(_MARK))
            except KeyProblem:
                raise StoreProblem(
                    f"the Matrix store at {self._path} was made with another key: use the dragoman.key it was made with"
                ) from None
        elif self._run("SELECT 1 FROM sealed LIMIT 1"):
            raise self._damaged()
        else:
            self.put(_MARK, _MARK, 1)

    def _run(self, statement: str, *values: object) -> list[Any]:
        with self._lock, self._problems():
            return self._connection.execute(statement, values).fetchall()

    def _undo(self, outer: int) -> None:
        if outer:
            self._connection.execute(f"ROLLBACK TO level{outer}")
            self._connection.execute(f"RELEASE level{outer}")
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _open(self, kind: str, body: bytes) -> tuple[str, Any]:
        try:
            name, value = json.loads(self._keyring.open(body, _context(kind)))
        except (KeyProblem, TypeError, ValueError):
            raise self._damaged() from None
        return name, value

    def _prints(self, kind: str, name: str) -> list[str]:
        # The kind is part of it: the same name under two kinds cannot be told to be the same.
        return self._keyring.fingerprints(f"{_context(kind)}:{name}")

    def _damaged(self) -> StoreProblem:
        return StoreProblem(
            f"the Matrix store at {self._path} is damaged: move it away and run `dragoman matrix recover`"
        )

    @contextmanager
    def _problems(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            reason = f": {error.strerror}" if isinstance(error, OSError) else f": {error}"
            raise StoreProblem(f"the Matrix store at {self._path} cannot be opened or written{reason}") from None
        except sqlite3.ProgrammingError:
            raise StoreProblem(f"the Matrix store at {self._path} was closed") from None
        except sqlite3.DatabaseError:
            raise self._damaged() from None


def _context(kind: str) -> str:
    return f"matrix.{kind}"


def _make_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)  # its WAL gets the same mode from SQLite
