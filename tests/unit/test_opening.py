"""Logs of commands: what a library logs comes out as its name, never as what it says."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from bot.terminal.opening import start_logs

SECRET = "@brixomel:treaty.example"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Log as commands do, into memory; afterwards as before."""
    written, root, stderr = io.StringIO(), logging.getLogger(), sys.stderr
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    sys.stderr = written
    try:
        start_logs("debug")
        yield written
    finally:
        sys.stderr, root.handlers[:] = stderr, handlers
        root.setLevel(level)
        structlog.reset_defaults()


def fail() -> None:
    """Raise what names somebody, because of something that names them too."""
    try:
        raise KeyError(SECRET)
    except KeyError as problem:
        raise ValueError(f"no such person: {SECRET}") from problem


def test_a_librarys_exception_leaks_nothing(log: io.StringIO) -> None:
    """Of message, arguments, exception, cause, traceback and stack, only the exception's class is told."""
    library = logging.getLogger("some.library")
    try:
        fail()
    except ValueError:
        library.exception("could not find %s", SECRET, stack_info=True)
    assert log.getvalue() == "ERROR some.library ValueError\n"


def test_a_librarys_warning_leaks_nothing(log: io.StringIO) -> None:
    """Its logger and level are told, and of what is no warning nothing."""
    library = logging.getLogger("some.library")
    library.warning("%s has left", SECRET)
    library.info("%s is here", SECRET)
    assert log.getvalue() == "WARNING some.library\n"
