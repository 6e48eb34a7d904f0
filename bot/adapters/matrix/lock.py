"""One process a store: two that shared it would use up each other's keys.

The lock is the kernel's (flock), so it ends with the process however that dies; what the file says is for people.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import socket
from pathlib import Path
from types import TracebackType

LOCK_FILE = "lock"


class StoreHeld(Exception):
    """Another process has the store; str() is one sentence that says which, where and since when."""


class StoreLock:
    """A hold on a store's folder, until release(), the end of a `with` block, or the end of the process."""

    def __init__(self, handle: int) -> None:
        """Take an open file that is locked; `hold` makes it."""
        self._handle: int | None = handle

    def release(self) -> None:
        """Let others have the store; releasing twice is harmless."""
        if self._handle is not None:
            # The file stays: all who come must lock the same one.
            os.ftruncate(self._handle, 0)
            # Closing alone would not do: a child just being started may still have a copy of the handle.
            fcntl.flock(self._handle, fcntl.LOCK_UN)
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> StoreLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def hold(folder: Path, now: dt.datetime, what: str = "the Matrix store") -> StoreLock:
    """Take hold of a store's folder, made if need be; others are told since when (`now`), and of what.

    Does not wait. Raises StoreHeld when another process, or another part of this one, has it, and OSError when the
    folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        said = os.pread(handle, 1000, 0)
        os.close(handle)
        raise StoreHeld(f"{what} is in use by {_holder(said)}: stop that one first") from None
    since = now.astimezone(dt.UTC).isoformat(sep=" ", timespec="seconds")
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since}).encode(), 0)
    return StoreLock(handle)


def _holder(said: bytes) -> str:
    try:
        holder = json.loads(said)
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (ValueError, TypeError, KeyError):
        return "another process"  # which has locked the file, and not written into it yet
