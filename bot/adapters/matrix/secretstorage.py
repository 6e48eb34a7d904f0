"""Secret storage: secrets in the account data of the homeserver, which whoever has the recovery key can read.

Follows the Matrix specification, Client-Server API, "Secret storage", algorithm m.secret_storage.v1.aes-hmac-sha2, and
appendix "Cryptographic key representation", so that other clients read what we write and the other way round.
"""

from __future__ import annotations

import hmac
import secrets
import string
from functools import reduce
from operator import xor
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.adapters.matrix.crosssigning import from_base64, to_base64

ALGORITHM = "m.secret_storage.v1.aes-hmac-sha2"
DEFAULT_KEY = "m.secret_storage.default_key"
"""The account data that names the key in use: `{"key": <key id>}`."""
KEY_BYTES = 32
_IV_BYTES = 16
_PREFIX = b"\x8b\x01"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MOST_CHARACTERS = 100
_ID_LETTERS = string.ascii_letters + string.digits


class SecretProblem(Exception):
    """A recovery key or a stored secret that cannot be used; str() says why in one sentence."""


def make_key() -> bytes:
    """Make a recovery key, 32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def make_key_id() -> str:
    """Make the id under which a key is described in account data."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(32))


def encode_key(key: bytes) -> str:
    """Give a recovery key as people write it down: base58 in groups of four, with a parity byte."""
    body = _PREFIX + key
    number, text = int.from_bytes(body + bytes([_parity(body)]), "big"), ""
    while number:
        number, digit = divmod(number, len(_BASE58))
        text = _BASE58[digit] + text
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def decode_key(text: str) -> bytes:
    """Read a recovery key as somebody typed it, spaces and line ends aside; raises SecretProblem.

    Capitals matter. A slip of the pen shows in the parity byte in 255 of 256 cases: `check` finds the rest.
    """
    letters = "".join(text.split())
    if len(letters) > _MOST_CHARACTERS or any(letter not in _BASE58 for letter in letters):
        raise SecretProblem("this is not a recovery key: it has letters that none has, or too many of them")
    number = reduce(lambda total, letter: total * len(_BASE58) + _BASE58.index(letter), letters, 0)
    body = number.to_bytes(_MOST_CHARACTERS, "big").lstrip(b"\0")
    if len(body) != len(_PREFIX) + KEY_BYTES + 1 or not body.startswith(_PREFIX):
        raise SecretProblem("this is not a recovery key: it begins otherwise, or letters are missing or too many")
    if _parity(body):
        raise SecretProblem("the recovery key has a slip in it: compare it letter by letter, capitals too")
    return body[len(_PREFIX) : -1]


def key_type(key_id: str) -> str:
    """Give the type of account data in which a key is described."""
    return f"m.secret_storage.key.{key_id}"


def describe(key: bytes) -> dict[str, Any]:
    """Give a key's description for account data, by which `check` tells the right key from a wrong one."""
    iv = _make_iv()
    return {"algorithm": ALGORITHM, "iv": to_base64(iv), "mac": to_base64(_proof(key, iv))}


def check(key: bytes, description: object) -> bool:
    """Tell whether a key is the one that was described.

    A description without iv and mac fits every key, as the specification has it; `decrypt` then still finds a wrong
    one. A malformed description, or one of another algorithm, fits none.
    """
    if not isinstance(description, dict) or description.get("algorithm") != ALGORITHM:
        return False
    if "iv" not in description and "mac" not in description:
        return True
    try:
        iv, mac = (_bytes(description.get(name)) for name in ("iv", "mac"))
        return hmac.compare_digest(_proof(key, iv), mac)
    except SecretProblem:
        return False


def encrypt(key: bytes, key_id: str, name: str, secret: str) -> dict[str, Any]:
    """Give the content of the account data `name` (as `m.cross_signing.master`) that holds one secret."""
    iv = _make_iv()
    cipher_key, mac_key = _keys(key, name)
    ciphertext = _stream(cipher_key, iv, secret.encode())
    mac = hmac.digest(mac_key, ciphertext, "sha256")
    sealed = {"iv": to_base64(iv), "ciphertext": to_base64(ciphertext), "mac": to_base64(mac)}
    return {"encrypted": {key_id: sealed}}


def decrypt(key: bytes, key_id: str, name: str, content: object) -> str:
    """Read the secret `name` out of its account data; raises SecretProblem when it is not there or does not fit."""
    encrypted = content.get("encrypted") if isinstance(content, dict) else None
    sealed = encrypted.get(key_id) if isinstance(encrypted, dict) else None
    if not isinstance(sealed, dict):
        raise SecretProblem("the secret is not stored under this recovery key")
    iv, ciphertext, mac = (_bytes(sealed.get(part)) for part in ("iv", "ciphertext", "mac"))
    cipher_key, mac_key = _keys(key, name)
    if not hmac.compare_digest(hmac.digest(mac_key, ciphertext, "sha256"), mac):
        raise SecretProblem("the stored secret was made with another recovery key, or was changed")
    try:
        return _stream(cipher_key, iv, ciphertext).decode()
    except UnicodeDecodeError:
        raise SecretProblem("the stored secret is not text") from None


def _parity(body: bytes) -> int:
    return reduce(xor, body)


def _make_iv() -> bytes:
    iv = bytearray(secrets.token_bytes(_IV_BYTES))
    # Bit 63 is zero by the specification: some platforms' AES counts in the lower half only.
    iv[8] &= 0x7F
    return bytes(iv)


def _keys(key: bytes, name: str) -> tuple[bytes, bytes]:
    both = HKDF(SHA256(), 2 * KEY_BYTES, salt=bytes(32), info=name.encode()).derive(key)
    return both[:KEY_BYTES], both[KEY_BYTES:]


def _stream(key: bytes, iv: bytes, data: bytes) -> bytes:
    if len(iv) != _IV_BYTES:
        raise SecretProblem("the stored secret is malformed")
    context = Cipher(AES(key), CTR(iv)).encryptor()
    return context.update(data) + context.finalize()


def _proof(key: bytes, iv: bytes) -> bytes:
    cipher_key, mac_key = _keys(key, "")
    return hmac.digest(mac_key, _stream(cipher_key, iv, bytes(32)), "sha256")


def _bytes(text: object) -> bytes:
    try:
        return from_base64(text if isinstance(text, str) else "!")
    except ValueError:
        raise SecretProblem("the stored secret is malformed") from None
