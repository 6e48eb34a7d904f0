"""Cross-signing as the Matrix specification has it, written apart from Dragoman's so that each checks the other.

Source: Matrix 1.18, client-server API, "Signing JSON" and "Cross-signing".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Json = Mapping[str, Any]


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 key pair."""

    secret: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> str:
        """Give the public key as unpadded base64, as key ids and key objects have it."""
        return _base64(self.secret.public_key().public_bytes_raw())

    def sign(self, user_id: str, signed: Json) -> dict[str, Any]:
        """Give a copy of an object with this key's signature in the name of the user beside those it has."""
        others = signed.get("signatures", {})
        signature = _base64(self.secret.sign(canonical(signed)))
        mine = {**others.get(user_id, {}), f"ed25519:{self.public}": signature}
        return {**signed, "signatures": {**others, user_id: mine}}

    @classmethod
    def of(cls, seed: bytes) -> SigningKey:
        """Give the key pair of a seed of 32 bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))


@dataclass(frozen=True)
class SigningIdentity:
    """The three keys by which a person says which devices and people are theirs and known."""

    user_id: str
    master: SigningKey = field(default_factory=SigningKey)
    self_signing: SigningKey = field(default_factory=SigningKey)
    user_signing: SigningKey = field(default_factory=SigningKey)

    def upload(self) -> dict[str, Any]:
        """Give the body of `/keys/device_signing/upload`."""
        return {
            "master_key": self._key("master", self.master),
            "self_signing_key": self.master.sign(self.user_id, self._key("self_signing", self.self_signing)),
            "user_signing_key": self.master.sign(self.user_id, self._key("user_signing", self.user_signing)),
        }

    def sign_device(self, device_keys: Json) -> dict[str, Any]:
        """Give the body of `/keys/signatures/upload` that makes a device one of this person's."""
        bare = {name: value for name, value in device_keys.items() if name not in ("signatures", "unsigned")}
        signed = self.self_signing.sign(self.user_id, bare)
        return {self.user_id: {device_keys["device_id"]: signed}}

    def _key(self, usage: str, key: SigningKey) -> dict[str, Any]:
        return {"user_id": self.user_id, "usage": [usage], "keys": {f"ed25519:{key.public}": key.public}}


def canonical(signed: Json) -> bytes:
    """Give what is signed: sorted, without spaces, without signatures and what the server adds."""
    bare = {name: value for name, value in signed.items() if name not in ("signatures", "unsigned")}
    return json.dumps(bare, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def is_signed(signed: Json, user_id: str, key_id: str, public: str) -> bool:
    """Say whether an object carries a valid signature of that user's key (`key_id` after "ed25519:")."""
    signature = signed.get("signatures", {}).get(user_id, {}).get(f"ed25519:{key_id}")
    if not isinstance(signature, str):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(_bytes(public)).verify(_bytes(signature), canonical(signed))
    except (InvalidSignature, ValueError):
        return False
    return True


def device_is_cross_signed(keys_query_json: Json, user_id: str, device_id: str) -> bool:
    """Say, from the answer of `/keys/query`, whether a device's owner vouches for it.

    The device signed itself, the owner's self-signing key signed it, and the owner's master key signed that key.
    """
    device = keys_query_json.get("device_keys", {}).get(user_id, {}).get(device_id, {})
    master = _public(keys_query_json.get("master_keys", {}).get(user_id, {}), user_id, "master")
    signer_object = keys_query_json.get("self_signing_keys", {}).get(user_id, {})
    signer = _public(signer_object, user_id, "self_signing")
    own = device.get("keys", {}).get(f"ed25519:{device_id}")
    if master is None or signer is None or own is None:
        return False
    if (device.get("user_id"), device.get("device_id")) != (user_id, device_id):
        return False
    return (
        is_signed(signer_object, user_id, master, master)
        and is_signed(device, user_id, signer, signer)
        and is_signed(device, user_id, device_id, own)
    )


def _public(key: Json, user_id: str, usage: str) -> str | None:
    """Give the one public key of a cross-signing key object, if it is that user's and for that use."""
    keys = dict(key.get("keys", {}))
    if key.get("user_id") != user_id or usage not in key.get("usage", []) or len(keys) != 1:
        return None
    ((key_id, public),) = keys.items()
    return public if key_id == f"ed25519:{public}" else None


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def _bytes(unpadded: str) -> bytes:
    return base64.b64decode(unpadded + "=" * (-len(unpadded) % 4))
