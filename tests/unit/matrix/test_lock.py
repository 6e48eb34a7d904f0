"""The lock of a store: one holder at a time, named to others, and gone with its process."""

from __future__ import annotations

import datetime as dt
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.adapters.matrix.lock import LOCK_FILE, StoreHeld, hold

NOW = dt.datetime(2024, 1, 29, 14, tzinfo=dt.timezone(dt.timedelta(hours=1)))
CHILD = """
import datetime as dt, sys
from pathlib import Path
from bot.adapters.matrix.lock import StoreHeld, hold
try:
    lock = hold(Path(sys.argv[1]), dt.datetime(2024, 1, 29, 13, tzinfo=dt.UTC))
except StoreHeld as held:
    print(held, flush=True)
else:
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that tries to hold the store and says how that went, until it is told to end."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        try:
            yield child
        finally:
            child.kill()


def said(child: subprocess.Popen[str]) -> str:
    """Wait for the line that a process says."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a store's folder that is not there yet."""
    return tmp_path / "matrix"


def test_a_second_process_is_told_who_has_the_store(folder: Path) -> None:
    """The sentence names process, host and time, and after a release the other one gets it."""
    with hold(folder, NOW), another_process(folder) as child:
        assert said(child) == (
            f"the Matrix store is in use by process {os.getpid()} on {socket.gethostname()}"
            " since 2024-01-29 13:00:00+00:00: stop that one first"
        )
    with another_process(folder) as child:
        assert said(child) == "held"


def test_a_killed_process_holds_nothing(folder: Path) -> None:
    """While it lives the store is its own, and a moment after SIGKILL it is free, whatever the file says."""
    with another_process(folder) as child:
        assert said(child) == "held"
        with pytest.raises(StoreHeld, match=f"process {child.pid} on {re.escape(socket.gethostname())}"):
            hold(folder, NOW)
        child.kill()
        child.wait(10)
        assert (folder / LOCK_FILE).read_text()
        with hold(folder, NOW):
            assert str(os.getpid()) in (folder / LOCK_FILE).read_text()


def test_a_program_that_was_started_does_not_keep_it(folder: Path) -> None:
    """The lock is not handed on: a child that outlives the release holds nothing."""
    lock = hold(folder, NOW)
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, close_fds=False
    ) as child:
        lock.release()
        hold(folder, NOW).release()
        child.kill()


def test_one_process_cannot_hold_it_twice(folder: Path) -> None:
    """A second hold is refused, and leaves the first as it was."""
    with hold(folder, NOW):
        for _ in range(2):
            with pytest.raises(StoreHeld, match=str(os.getpid())):
                hold(folder, NOW)
    hold(folder, NOW).release()


def test_releasing_twice_is_harmless_and_leaves_no_name(folder: Path) -> None:
    """The file stays, empty; the next holder is not let go by it."""
    lock = hold(folder, NOW)
    lock.release()
    assert (folder / LOCK_FILE).read_text() == ""
    with hold(folder, NOW):
        lock.release()
        with pytest.raises(StoreHeld):
            hold(folder, NOW)


@pytest.mark.parametrize("content", ["", "nonsense", "[]", '{"pid": 1}', "\xff"])
def test_a_holder_that_has_not_said_its_name_is_another_process(folder: Path, content: str) -> None:
    """The lock counts, not what the file says."""
    with hold(folder, NOW):
        (folder / LOCK_FILE).write_text(content, "latin-1")
        with pytest.raises(StoreHeld, match="in use by another process"):
            hold(folder, NOW)


def test_folder_and_file_are_their_owners_only(folder: Path) -> None:
    """0700 and 0600."""
    with hold(folder, NOW):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / LOCK_FILE).stat().st_mode) == 0o600
