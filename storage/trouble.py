"""What goes wrong with the database itself, in words of our own: what a driver says quotes statements and values."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_UNKNOWN = "the database cannot be opened or used: run `dragoman doctor`"
_PASSING = {
    "BUSY": "something else holds the database: stop it, or try again in a moment",
    "LOCKED": "something else holds the database: stop it, or try again in a moment",
    "FULL": "the disk of the database is full: free some space on it",
    "IOERR": "the disk of the database cannot be read or written: check it and its free space",
    "READONLY": "the database cannot be written: check the owner of its file and folder",
    "CANTOPEN": "the database cannot be opened: check the owner of its file and folder",
    "PROTOCOL": "something else holds the database: stop it, or try again in a moment",
    "NOMEM": "there is not enough memory for the database: free some",
}
"""By SQLite's primary result code (https://www.sqlite.org/rescode.html): what may be over by itself or by a hand."""
_LASTING = {
    "CORRUPT": "the database is damaged: put a backup back with `dragoman db restore FILE --force`",
    "NOTADB": "the file is no database: put a backup back with `dragoman db restore FILE --force`",
}
_AWAY = "the database server cannot be reached: check that it runs and that the address in the settings is right"
_BUSY = "something else holds the database: stop it, or try again in a moment"
_PG_PASSING = {
    "08": _AWAY,  # connection exception
    "57P": _AWAY,  # it is being stopped, or starts
    "53100": "the disk of the database is full: free some space on it",
    "53": "the database server has no room left: look at its memory and its number of connections",
    "55P03": _BUSY,  # lock_timeout
    "57014": _BUSY,  # statement_timeout
    "25P03": _BUSY,  # idle_in_transaction_session_timeout
    "40": _BUSY,  # serialisation, deadlock: after several tries
    "58": "the database server cannot read or write its disk: look at its log",
    "25006": "the database cannot be written: the server is a standby, or its disk is read-only",
}
"""By PostgreSQL's SQLSTATE or its beginning (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""
_PG_LASTING = {
    "28": "the database server refuses the user or the password: check the address in the settings",
    "3D": "the database server has no database of that name: make it first (`createdb`), or check the address",
    "42501": "the database server does not let this user do that: make it the owner of the database",
    "XX": "the database is damaged: put a backup back with `dragoman db restore FILE --force`",
}
_PG_TRY_AGAIN = ("40", "08", "57P", "23505")
"""What begins anew: two units of work met, the connection had died, or both made the same row."""


SENTENCES = (*_PASSING.values(), *_LASTING.values(), *_PG_PASSING.values(), *_PG_LASTING.values(), _UNKNOWN)
"""All that is said of the database here, for the reference."""


class DatabaseProblem(Exception):
    """The database cannot be opened, used or brought up to date; str() says what to do and quotes nothing from it."""

    def __init__(self, sentence: str, code: str = "database") -> None:
        """Take the sentence, and a short code for the log."""
        super().__init__(sentence)
        self.code = code
        self.again = False


class DatabaseTrouble(DatabaseProblem):
    """A problem that may pass: the same work may succeed later.

    Nothing was changed; only where a server went away during a commit it is not known, so work that is done again has
    to look whether it was done.
    """


class CoalitionGone(DatabaseTrouble, LookupError):
    """There is no such coalition, or not any more: what is begun anew, from what is there now, will not meet it."""

    def __init__(self, coalition_id: int) -> None:
        """Take its id, for the sentence."""
        super().__init__(f"there is no coalition {coalition_id} any more: it was purged", "purged")


class Again(Exception):
    """A unit of work was rolled back that can simply be begun anew."""


@contextmanager
def told_plainly(otherwise: str = _UNKNOWN, *, at_commit: bool = False) -> Iterator[None]:
    """Turn what the driver raises into DatabaseProblem or DatabaseTrouble; a broken rule of the tables stays as it is.

    `otherwise` is the sentence for what has none of its own. What happens `at_commit` to a connection may or may not
    have been done, and is not tried again.
    """
    try:
        yield
    except IntegrityError:
        raise  # two rows that cannot both be: what that means, only the caller knows
    except DBAPIError as error:
        raise _problem(error.orig, otherwise, at_commit=at_commit) from None
    except PoolTimeout:
        raise DatabaseTrouble(_BUSY, "pool") from None
    except (sqlite3.Error, psycopg.Error) as error:  # while a connection is being prepared, SQLAlchemy does not wrap it
        raise _problem(error, otherwise, at_commit=at_commit) from None


@contextmanager
def settled_by_trying() -> Iterator[None]:
    """Raise Again for what may be gone when the unit of work begins anew; all else comes through."""
    try:
        yield
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) in _PG_TRY_AGAIN:
            raise Again from None
        raise
    except DatabaseProblem as problem:
        if problem.again:
            raise Again from None
        raise


def _problem(error: BaseException | None, otherwise: str, *, at_commit: bool) -> DatabaseProblem:
    if isinstance(error, psycopg.Error):
        return _server_problem(error, otherwise, at_commit=at_commit)
    code = str(getattr(error, "sqlite_errorname", None) or type(error).__name__)
    primary = code.removeprefix("SQLITE_").partition("_")[0]
    if primary in _PASSING:
        return DatabaseTrouble(_PASSING[primary], code)
    return DatabaseProblem(_LASTING.get(primary, otherwise), code)


def _server_problem(error: psycopg.Error, otherwise: str, *, at_commit: bool) -> DatabaseProblem:
    state = error.sqlstate or _guessed(error)
    passing = next((sentence for start, sentence in _PG_PASSING.items() if state.startswith(start)), None)
    if passing is None:
        lasting = next((said for start, said in _PG_LASTING.items() if state.startswith(start)), otherwise)
        return DatabaseProblem(lasting, state)
    trouble = DatabaseTrouble(passing, state)
    lost = state.startswith(("08", "57P"))
    trouble.again = state.startswith(_PG_TRY_AGAIN) and not (lost and at_commit)
    return trouble


def _guessed(error: psycopg.Error) -> str:
    """Give a code for what has none.

    While connecting, psycopg hands over only the server's message, and the only thing to go by in it is a few words;
    it is never shown. Without them, nobody answered or the connection broke.
    """
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return type(error).__name__
    said = str(error)
    if "FATAL" in said:
        if re.search(r'database "[^"]*" does not exist', said):
            return "3D000"
        if "authentication failed" in said or "pg_hba.conf" in said or re.search(r'role "[^"]*"', said):
            return "28000"
        if "too many" in said or "remaining connection slots" in said:
            return "53300"
    if "no password supplied" in said:
        return "28P01"
    return "08006"
