"""The key file: the deployment's keys, and a line with a secret for each coalition, which is in no database or backup.

A line with one word is a key, one with two is `<id> <secret>`: random, in hexadecimal, and 32 bytes in Base64. Whoever
changes the file puts another in its place, so a power cut leaves either the old or the new one.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

KEY_BYTES = 32
ID_BYTES = 8
"""How long the id of a secret is; in the file it stands in hexadecimal."""
CHUNK = 2**20


class KeyProblem(Exception):
    """The key file is missing, malformed, readable by others, or does not fit the database; str() says what to do."""


class KeyFile:
    """One key file on the disk; it is read when it is asked for something."""

    def __init__(self, path: Path) -> None:
        """Take its path; where that is a link, the file that it leads to is meant, and the link stays."""
        self.path = path

    def read(self) -> tuple[list[bytes], dict[str, bytes]]:
        """Give the keys, newest first, and the secrets by id.

        Raises KeyProblem where it is missing, malformed, or open to others than its owner.
        """
        try:
            with _locked(self.path, os.O_RDONLY, fcntl.LOCK_SH) as handle:
                mode, lines = os.fstat(handle).st_mode, _lines(handle)
        except FileNotFoundError:
            raise KeyProblem(
                f"there is no key file at {self.path}: run `dragoman init`, or put yours back there"
            ) from None
        except (OSError, UnicodeDecodeError):
            raise KeyProblem(f"the key file at {self.path} cannot be read: check its owner and content") from None
        if mode & 0o077:
            raise KeyProblem(f"the key file at {self.path} is open to other users: run `chmod 600 {self.path}`")
        words = [line.split() for line in lines if line.strip()]
        try:
            return (
                [base64.b64decode(line[0], validate=True) for line in words if len(line) == 1],
                {name: base64.b64decode(secret, validate=True) for name, secret in filter(lambda w: len(w) > 1, words)},
            )
        except (binascii.Error, ValueError):
            raise KeyProblem(
                f"the key file at {self.path} is damaged: restore it from where you keep it safe"
            ) from None

    def add(self, name: str, secret: bytes) -> None:
        """Add a coalition's line; it is on the disk when this returns. Raises KeyProblem where it cannot be written."""
        line = f"{name} {base64.b64encode(secret).decode()}"
        self._change(
            lambda lines: [*lines, line],
            "a new coalition needs a line of its own in it: let Dragoman write it and its folder, then try again",
        )

    def strike(self, name: str) -> bool:
        """Take a coalition's line out and write over where it was; False where it had none.

        Raises KeyProblem where the file cannot be written. A file that is gone has no line.
        """
        if not self.path.exists() or name not in self.read()[1]:
            return False
        self._change(
            lambda lines: [line for line in lines if line.split()[:1] != [name]],
            f"the line of a purged coalition is still in it: take out the one that begins with {name}, here and in "
            "every copy",
        )
        return True

    def _change(self, change: Callable[[list[str]], list[str]], otherwise: str) -> None:
        try:
            with _locked(self.path, os.O_RDWR, fcntl.LOCK_EX) as handle:
                _put_in_place(self.path.resolve(), change(_lines(handle)))
                _overwrite(handle)
        except (OSError, UnicodeDecodeError):
            raise KeyProblem(f"the key file at {self.path} cannot be written, and {otherwise}") from None


def create_key_file(path: Path) -> None:
    """Write a new key file, readable by its owner only; raises FileExistsError when there is one."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")


def destroy(path: Path) -> None:
    """Write over a file and take it away; nothing happens where there is none. Raises OSError.

    A disk that puts what is written elsewhere (SSD, copy on write) may keep the old bytes for a while.
    """
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        _overwrite(handle)
    finally:
        os.close(handle)
    path.unlink()


@contextmanager
def _locked(path: Path, access: int, lock: int) -> Iterator[int]:
    """Open the file and hold a lock on it: on the one that has the name, not on one whose place was just taken."""
    while True:
        handle = os.open(path, access)
        try:
            fcntl.flock(handle, lock)
            if os.path.samestat(os.fstat(handle), os.stat(path)):  # noqa: PTH116 - beside fstat
                yield handle
                return
        finally:
            os.close(handle)


def _lines(handle: int) -> list[str]:
    with os.fdopen(os.dup(handle), "rb") as file:
        file.seek(0)
        return file.read().decode("ascii").splitlines()


def part_of(path: Path) -> Path:
    """Give the file in which the next content of a key file is written; one that a crash left is used again."""
    return path.with_name(f".{path.name}.new")


def _put_in_place(path: Path, lines: list[str]) -> None:
    owner, part = path.stat(), part_of(path)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        os.fchown(file.fileno(), owner.st_uid, owner.st_gid)  # the host's root may do it for the bot's user
        file.write("".join(f"{line}\n" for line in lines).encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _overwrite(handle: int) -> None:
    size, at = os.fstat(handle).st_size, os.lseek(handle, 0, os.SEEK_SET)
    while at < size:
        at += os.write(handle, bytes(min(size - at, CHUNK)))
    os.fsync(handle)
