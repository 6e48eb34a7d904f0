"""Encryption at rest: a key file outside the database, and a data key of its own for each coalition.

The first key of the key file encrypts, all of them decrypt, so a key is changed by putting a new line on top.
A coalition's data key is wrapped twice: by a secret in a line of the coalition's own there, and that by the first key.
Without its row nobody reads the coalition in the database, without its line nobody reads it in an old backup.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.keyfile import ID_BYTES, KEY_BYTES, KeyFile
from storage.keyfile import KeyProblem as KeyProblem  # noqa: PLC0414 - what others need of the key file, from here
from storage.keyfile import create_key_file as create_key_file  # noqa: PLC0414 - likewise

NONCE_BYTES = 12
DEPLOYMENT = 0
"""The scope of what belongs to no coalition yet: the inbox, and lanes of strangers."""
_FORMAT, _WITH_SECRET = b"\x01", b"\x02"
"""What a sealed value begins with, and what a wrapped data key does; eight bytes follow: a scope, or a secret's id.

Data keys of coalitions that were made before there were secrets are wrapped as values of the deployment's.
"""
_SCOPE_BYTES = ID_BYTES
_WRAP_CONTEXT, _SECRET_CONTEXT = "coalition.data_key", "coalition.data_key.secret"


class LineProblem(KeyProblem):
    """The key file has no line for a coalition: it was purged, or made after this copy of the key file."""


class Keyring:
    """The keys of one deployment: the key file's, and the data keys of the coalitions met so far."""

    def __init__(
        self, keys: Sequence[bytes], lines: Mapping[str, bytes] | None = None, file: KeyFile | None = None
    ) -> None:
        """Take the key file's keys, 32 bytes each, newest first; raises KeyProblem when there is none.

        With its lines (secrets by id) and the file itself, coalitions get lines there; without, none.
        """
        if not keys or any(len(key) != KEY_BYTES for key in (*keys, *(lines or {}).values())):
            raise KeyProblem("the key file holds no usable key: restore it from where you keep it safe")
        self._secrets, self.file = dict(lines or {}), file
        self._masters = [AESGCM(key) for key in keys]
        self._prints = [hashlib.sha256(b"fingerprint:" + key).digest() for key in keys]
        self._data: dict[int, tuple[bytes, AESGCM]] = {}

    def new_data_key(self) -> bytes:
        """Make a coalition's data key; what comes back is wrapped and may be stored.

        Its line stands in the key file by then, and stays there if the coalition is not made after all. Raises
        KeyProblem where the key file cannot be written.
        """
        plain = secrets.token_bytes(KEY_BYTES)
        if self.file is None:
            return self._seal_with(self._masters[0], _FORMAT + bytes(_SCOPE_BYTES), plain, _WRAP_CONTEXT)
        name, secret = secrets.token_bytes(ID_BYTES), secrets.token_bytes(KEY_BYTES)
        self.file.add(name.hex(), secret)
        self._secrets = {**self._secrets, name.hex(): secret}
        head = _WITH_SECRET + name
        inner = self._seal_with(AESGCM(secret), head, plain, _SECRET_CONTEXT)
        # The key outside: whoever lacks only the line is told that, and not that this is another key file.
        return self._seal_with(self._masters[0], head, inner, _WRAP_CONTEXT)

    def admit(self, coalition_id: int, wrapped: bytes) -> None:
        """Unwrap a coalition's data key and keep it in memory; raises KeyProblem when the key file does not fit.

        Raises LineProblem, also after reading the file anew: another process may have made the coalition.
        """
        known = self._data.get(coalition_id)
        # Another process may have purged the coalition, or put a backup back: the same number, and another key.
        if known is None or known[0] != wrapped:
            self._data[coalition_id] = wrapped, AESGCM(self._unwrapped(wrapped))

    def can_open(self, wrapped: bytes) -> bool:
        """Tell whether a data key can be had; not where its line is gone. Raises KeyProblem for another key file."""
        try:
            self._unwrapped(wrapped)
        except LineProblem:
            return False
        return True

    def forget(self, coalition_id: int) -> None:
        """Drop a coalition's data key from memory."""
        self._data.pop(coalition_id, None)

    def strike(self, name: str) -> bool:
        """Take a secret out of memory and out of the key file: what it wrapped is unreadable. False where it was out.

        Raises KeyProblem where the key file cannot be written.
        """
        self._secrets = {other: secret for other, secret in self._secrets.items() if other != name}
        return self.file is not None and self.file.strike(name)

    def seal(self, scope: int, plain: bytes, context: str) -> bytes:
        """Encrypt for one scope (a coalition's id or DEPLOYMENT), bound to `context`: the column it will stand in."""
        cipher = self._masters[0] if scope == DEPLOYMENT else self._data_key(scope)
        return self._seal_with(cipher, _FORMAT + scope.to_bytes(_SCOPE_BYTES, "big"), plain, context)

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what seal() gave; raises KeyProblem when key, context or bytes do not fit."""
        scope = scope_of(sealed)
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
            return self._data[scope][1]
        except KeyError:
            raise KeyProblem(f"the data key of coalition {scope} was not admitted") from None

    def _open_deployment(self, sealed: bytes, context: str) -> bytes:
        return self._open_with(self._masters, sealed, context)

    def _unwrapped(self, wrapped: bytes) -> bytes:
        inner, name = self._open_deployment(wrapped, _WRAP_CONTEXT), secret_of(wrapped)
        return inner if name is None else self._open_with([AESGCM(self._secret(name))], inner, _SECRET_CONTEXT)

    def _secret(self, name: str) -> bytes:
        if name not in self._secrets and self.file is not None:
            self._secrets = self.file.read()[1]
        if name not in self._secrets:
            raise LineProblem(
                "the key file has no line for a coalition of this database: copy the key file again from the host "
                "where the coalition was made; if it was purged since, this is a copy from before"
            )
        return self._secrets[name]

    @staticmethod
    def _seal_with(cipher: AESGCM, head: bytes, plain: bytes, context: str) -> bytes:
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


def read_key_file(path: Path) -> Keyring:
    """Read the key file; raises KeyProblem when it is missing, malformed, or open to others than its owner."""
    file = KeyFile(path)
    return Keyring(*file.read(), file)


def secret_of(wrapped: bytes) -> str | None:
    """Give the id of the secret without which a wrapped data key cannot be opened; None for one that needs none."""
    return wrapped[1 : 1 + ID_BYTES].hex() if wrapped[:1] == _WITH_SECRET else None


def scope_of(sealed: bytes) -> int:
    """Tell for whom a value was sealed: a coalition's id, or DEPLOYMENT."""
    return int.from_bytes(sealed[1 : 1 + _SCOPE_BYTES], "big")
