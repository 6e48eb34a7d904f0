"""Encryption at rest: a key file outside the database, and a data key of its own for each coalition.

The first key of the key file encrypts, all of them decrypt, so a key is changed by putting a new line on top.
A coalition's data key is wrapped by the key file's: whoever deletes it makes that coalition's rows unreadable.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
DEPLOYMENT = 0
"""The scope of what belongs to no coalition yet: the inbox, and lanes of strangers."""
_FORMAT = b"\x01"
_SCOPE_BYTES = 8
_WRAP_CONTEXT = "coalition.data_key"


class KeyProblem(Exception):
    """The key file is missing, malformed, readable by others, or does not fit the database; str() says what to do."""


class Keyring:
    """The keys of one deployment: the key file's, and the data keys of the coalitions met so far."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the key file's keys, 32 bytes each, newest first; raises KeyProblem when there is none."""
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise KeyProblem("the key file holds no usable key: restore it from where you keep it safe")
        self._masters = [AESGCM(key) for key in keys]
        self._prints = [hashlib.sha256(b"fingerprint:" + key).digest() for key in keys]
        self._data: dict[int, AESGCM] = {}

    def new_data_key(self) -> bytes:
        """Make a coalition's data key; what comes back is wrapped and may be stored."""
        return self._seal_with(self._masters[0], DEPLOYMENT, secrets.token_bytes(KEY_BYTES), _WRAP_CONTEXT)

    def admit(self, coalition_id: int, wrapped: bytes) -> None:
        """Unwrap a coalition's data key and keep it in memory; raises KeyProblem when the key file does not fit."""
        if coalition_id not in self._data:
            self._data[coalition_id] = AESGCM(self._open_deployment(wrapped, _WRAP_CONTEXT))

    def forget(self, coalition_id: int) -> None:
        """Drop a coalition's data key from memory."""
        self._data.pop(coalition_id, None)

    def seal(self, scope: int, plain: bytes, context: str) -> bytes:
        """Encrypt for one scope (a coalition's id or DEPLOYMENT), bound to `context`: the column it will stand in."""
        cipher = self._masters[0] if scope == DEPLOYMENT else self._data_key(scope)
        return self._seal_with(cipher, scope, plain, context)

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what seal() gave; raises KeyProblem when key, context or bytes do not fit."""
        scope = int.from_bytes(sealed[1 : 1 + _SCOPE_BYTES], "big")
        if scope == DEPLOYMENT:
            return self._open_deployment(sealed, context)
        return self._open_with([self._data_key(scope)], sealed, context)

    def fingerprint(self, value: str) -> str:
        """Give the keyed hash by which an encrypted value can be found again."""
        return hmac.new(self._prints[0], value.encode(), hashlib.sha256).hexdigest()

    def fingerprints(self, value: str) -> list[str]:
        """Give the hash under each key of the file: rows written before a change of key are still found."""
        return [hmac.new(key, value.encode(), hashlib.sha256).hexdigest() for key in self._prints]

    def _data_key(self, scope: int) -> AESGCM:
        try:
            return self._data[scope]
        except KeyError:
            raise KeyProblem(f"the data key of coalition {scope} was not admitted") from None

    def _open_deployment(self, sealed: bytes, context: str) -> bytes:
        return self._open_with(self._masters, sealed, context)

    @staticmethod
    def _seal_with(cipher: AESGCM, scope: int, plain: bytes, context: str) -> bytes:
        head = _FORMAT + scope.to_bytes(_SCOPE_BYTES, "big")
        nonce = secrets.token_bytes(NONCE_BYTES)
        return head + nonce + cipher.encrypt(nonce, plain, head + context.encode())

    @staticmethod
    def _open_with(ciphers: Sequence[AESGCM], sealed: bytes, context: str) -> bytes:
        head, rest = sealed[: 1 + _SCOPE_BYTES], sealed[1 + _SCOPE_BYTES :]
        for cipher in ciphers:
            try:
                return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], head + context.encode())
            except (InvalidTag, ValueError):
                continue
        raise KeyProblem("this key file does not fit the database: use the dragoman.key the database was made with")


_scope: ContextVar[tuple[Keyring, int]] = ContextVar("dragoman_cipher_scope")


@contextmanager
def sealing(keyring: Keyring, scope: int) -> Iterator[None]:
    """Let the encrypted columns written within use this keyring and scope."""
    token = _scope.set((keyring, scope))
    try:
        yield
    finally:
        _scope.reset(token)


def active() -> tuple[Keyring, int]:
    """Tell the keyring and scope in force; raises LookupError outside of a unit of work."""
    return _scope.get()


def create_key_file(path: Path) -> None:
    """Write a new key file, readable by its owner only; raises FileExistsError when there is one."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")


def read_key_file(path: Path) -> Keyring:
    """Read the key file; raises KeyProblem when it is missing, malformed, or open to others than its owner."""
    try:
        mode, lines = path.stat().st_mode, path.read_text("ascii").split()
    except FileNotFoundError:
        raise KeyProblem(f"there is no key file at {path}: run `dragoman init`, or put yours back there") from None
    except (OSError, UnicodeDecodeError):
        raise KeyProblem(f"the key file at {path} cannot be read: check its owner and content") from None
    if mode & 0o077:
        raise KeyProblem(f"the key file at {path} is open to other users: run `chmod 600 {path}`")
    try:
        return Keyring([base64.b64decode(line, validate=True) for line in lines])
    except binascii.Error:
        raise KeyProblem(f"the key file at {path} is damaged: restore it from where you keep it safe") from None
