"""What goes wrong with the database itself, in words of our own: what a driver says quotes statements and values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError

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


SENTENCES = (*_PASSING.values(), *_LASTING.values(), _UNKNOWN)
"""All that is said of the database here, for the reference."""


class DatabaseProblem(Exception):
    """The database cannot be opened, used or brought up to date; str() says what to do and quotes nothing from it."""

    def __init__(self, sentence: str, code: str = "database") -> None:
        """Take the sentence, and a short code for the log."""
        super().__init__(sentence)
        self.code = code


class DatabaseTrouble(DatabaseProblem):
    """A problem that may pass: the same work may succeed later. Nothing was changed."""


@contextmanager
def told_plainly(otherwise: str = _UNKNOWN) -> Iterator[None]:
    """Turn what the driver raises into DatabaseProblem or DatabaseTrouble; a broken rule of the tables stays as it is.

    `otherwise` is the sentence for what has none of its own.
    """
    try:
        yield
    except IntegrityError:
        raise  # two rows that cannot both be: what that means, only the caller knows
    except DBAPIError as error:
        raise _problem(error.orig, otherwise) from None
    except sqlite3.Error as error:  # while a connection is being prepared, SQLAlchemy does not wrap it
        raise _problem(error, otherwise) from None


def _problem(error: BaseException | None, otherwise: str) -> DatabaseProblem:
    code = str(getattr(error, "sqlite_errorname", None) or type(error).__name__)
    primary = code.removeprefix("SQLITE_").partition("_")[0]
    if primary in _PASSING:
        return DatabaseTrouble(_PASSING[primary], code)
    return DatabaseProblem(_LASTING.get(primary, otherwise), code)
