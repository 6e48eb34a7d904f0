"""Cross-signing: the identity of an account, and which devices it vouches for.

Follows the Matrix specification, Client-Server API, "Cross-signing" and "Signing JSON". Our own identity signs our own
device and nothing else. Other people's keys are read from raw `/keys/query` answers, which a server may have made up:
whatever they hold, these functions raise nothing but BrokenIdentity. Take the answer before nio sees it, because nio
changes it in place.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nio import Api

SEED_BYTES = 32
Json = dict[str, Any]


class BrokenIdentity(Exception):
    """Keys are missing, malformed, or signed by nobody who could; str() says which, without ids."""


@dataclass(frozen=True)
class Identity:
    """The three Ed25519 seeds of one account's cross-signing identity, 32 bytes each; never shown by repr."""

    master: bytes = field(repr=False)
    self_signing: bytes = field(repr=False)
    user_signing: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if any(len(seed) != SEED_BYTES for seed in (self.master, self.self_signing, self.user_signing)):
            raise BrokenIdentity("a seed of the cross-signing identity has not 32 bytes")

    @classmethod
    def make(cls) -> Identity:
        """Make a new identity from the system's randomness."""
        return cls(*(secrets.token_bytes(SEED_BYTES) for _ in range(3)))

    def to_data(self) -> dict[str, str]:
        """Give the seeds in unpadded base64, as they stand in secret storage under `m.cross_signing.<key>`."""
        return {
            "master": to_base64(self.master),
            "self_signing": to_base64(self.self_signing),
            "user_signing": to_base64(self.user_signing),
        }

    @classmethod
    def from_data(cls, data: object) -> Identity:
        """Read what to_data() gave, padded or not; raises BrokenIdentity when a seed is missing or malformed."""
        seeds = _object(data)
        return cls(*(_bytes(seeds.get(name)) for name in ("master", "self_signing", "user_signing")))

    def public(self, user_id: str) -> PublicIdentity:
        """Give what the server should tell of this identity."""
        return PublicIdentity(user_id, public_key(self.master), public_key(self.self_signing))


@dataclass(frozen=True)
class PublicIdentity:
    """An account's public cross-signing keys, unpadded base64; equal as long as its owner did not reset them."""

    user_id: str
    master: str
    self_signing: str


def to_base64(data: bytes) -> str:
    """Encode as Matrix does: base64 without padding."""
    return base64.b64encode(data).decode("ascii").rstrip("=")


def from_base64(text: str) -> bytes:
    """Decode base64, padded or not; raises ValueError when it is not base64."""
    bare = text.rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)


def public_key(seed: bytes) -> str:
    """Give the public key of a seed in unpadded base64; its key id is `ed25519:` and the same text."""
    return to_base64(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def key_id(public: str) -> str:
    """Give the id under which signatures of a cross-signing key stand."""
    return f"ed25519:{public}"


def fingerprint(public: str) -> str:
    """Give a public key as people compare it: its unpadded base64 in groups of four."""
    return " ".join(public[start : start + 4] for start in range(0, len(public), 4))


def canonical(obj: Json) -> bytes:
    """Give the bytes of an object that are signed: canonical JSON without `signatures` and `unsigned`.

    Raises BrokenIdentity when it has no canonical form (not JSON, too deep, half a surrogate pair).
    """
    bare = {name: value for name, value in obj.items() if name not in ("signatures", "unsigned")}
    try:
        text: str = Api.to_canonical_json(bare)
        return text.encode()
    except (TypeError, ValueError, RecursionError):
        raise BrokenIdentity("an object to sign or check has no canonical form") from None


def sign_json(seed: bytes, user_id: str, signer: str, obj: Json) -> Json:
    """Give a copy of an object with one signature added, under `user_id` and the key id `signer` (`ed25519:...`).

    Other signatures and `unsigned` are kept, and not signed. Raises BrokenIdentity for what cannot be signed.
    """
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(canonical(obj))
    return _with_signature(obj, user_id, signer, to_base64(signature))


def is_signed_by(public: str, user_id: str, signer: str, obj: object) -> bool:
    """Tell whether an object carries a signature under `user_id` and `signer` that holds for a public key."""
    try:
        signature = _bytes(_object(_object(_object(obj).get("signatures")).get(user_id)).get(signer))
        Ed25519PublicKey.from_public_bytes(_bytes(public)).verify(signature, canonical(_object(obj)))
    except (BrokenIdentity, InvalidSignature, ValueError):
        return False
    return True


def device_signing_upload(identity: Identity, user_id: str) -> Json:
    """Give the body for POST /keys/device_signing/upload, to which authentication may be added."""
    master = _key_object(identity.master, user_id, "master")
    signer = key_id(public_key(identity.master))
    body = {"master_key": master}
    for usage, seed in (("self_signing", identity.self_signing), ("user_signing", identity.user_signing)):
        key = _key_object(seed, user_id, usage)
        body[f"{usage}_key"] = sign_json(identity.master, user_id, signer, key)
    return body


def sign_device(identity: Identity, user_id: str, device_keys: Json) -> Json:
    """Give the body for POST /keys/signatures/upload that vouches for our own device, as /keys/query lists it.

    Raises BrokenIdentity for a device of somebody else, or one whose own signature does not hold.
    """
    device_id = _signed_by_itself(user_id, device_keys)
    bare = {name: value for name, value in device_keys.items() if name != "unsigned"}
    signer = key_id(public_key(identity.self_signing))
    return {user_id: {device_id: sign_json(identity.self_signing, user_id, signer, bare)}}


def sign_master_with_device(identity: Identity, user_id: str, device_id: str, sign: Callable[[str], str]) -> Json:
    """Give the body for POST /keys/signatures/upload by which our device vouches for our master key.

    `sign` is nio's `OlmAccount.sign`: text to signature, by the device's Ed25519 key. Other clients show it as one more
    sign that device and identity belong together.
    """
    master = _key_object(identity.master, user_id, "master")
    signed = _with_signature(master, user_id, key_id(device_id), sign(canonical(master).decode()))
    return {user_id: {public_key(identity.master): signed}}


def read_identity(keys_query: object, user_id: str) -> PublicIdentity | None:
    """Read a person's identity from a raw /keys/query answer; None where they have made none.

    Raises BrokenIdentity where there is one that does not hold: a key is missing, malformed, made for another person
    or use, or not signed by the master key.
    """
    answer = _object(keys_query)
    masters, selfs = (_object(answer.get(name, {})) for name in ("master_keys", "self_signing_keys"))
    if user_id not in masters and user_id not in selfs:
        return None
    master = _read_key(masters.get(user_id), user_id, "master")
    self_signing = _read_key(selfs.get(user_id), user_id, "self_signing")
    if not is_signed_by(master, user_id, key_id(master), selfs.get(user_id)):
        raise BrokenIdentity("the self-signing key is not signed by the master key")
    return PublicIdentity(user_id, master, self_signing)


def is_signed(identity: PublicIdentity, device_keys: object) -> bool:
    """Tell whether a device (raw JSON of /keys/query) belongs to an identity.

    It does when it names this person, is signed by its own key, and by the person's self-signing key.
    """
    try:
        _signed_by_itself(identity.user_id, device_keys)
    except BrokenIdentity:
        return False
    return is_signed_by(identity.self_signing, identity.user_id, key_id(identity.self_signing), device_keys)


def _key_object(seed: bytes, user_id: str, usage: str) -> Json:
    public = public_key(seed)
    return {"user_id": user_id, "usage": [usage], "keys": {key_id(public): public}}


def _with_signature(obj: Json, user_id: str, signer: str, signature: str) -> Json:
    others = _object(obj.get("signatures", {}))
    mine = _object(others.get(user_id, {}))
    return {**obj, "signatures": {**others, user_id: {**mine, signer: signature}}}


def _read_key(key: object, user_id: str, usage: str) -> str:
    data = _object(key)
    usages, keys = data.get("usage"), _object(data.get("keys"))
    if data.get("user_id") != user_id or not isinstance(usages, list) or usage not in usages or len(keys) != 1:
        raise BrokenIdentity("a cross-signing key is made for another person or use")
    name, public = next(iter(keys.items()))
    # One spelling a key, so that comparing texts compares keys.
    spelled = to_base64(_bytes(public))
    if spelled != public or name != key_id(spelled) or len(_bytes(spelled)) != SEED_BYTES:
        raise BrokenIdentity("a cross-signing key is malformed")
    return spelled


def _signed_by_itself(user_id: str, device_keys: object) -> str:
    data = _object(device_keys)
    device_id, keys = data.get("device_id"), _object(data.get("keys"))
    if data.get("user_id") != user_id or not isinstance(device_id, str) or not device_id:
        raise BrokenIdentity("a device names another owner, or no id")
    public, exchange = keys.get(key_id(device_id)), keys.get(f"curve25519:{device_id}")
    if not isinstance(public, str) or not isinstance(exchange, str):
        raise BrokenIdentity("a device has no keys")
    if not is_signed_by(public, user_id, key_id(device_id), data):
        raise BrokenIdentity("a device is not signed by its own key")
    return device_id


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise BrokenIdentity("an object was expected")
    return value


def _bytes(text: object) -> bytes:
    try:
        return from_base64(text if isinstance(text, str) else "!")
    except (binascii.Error, ValueError):
        raise BrokenIdentity("base64 was expected") from None
