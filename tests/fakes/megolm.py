"""A person's encryption: nio's Olm machine, with own rules on who gets a room's keys and whose messages are read."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import nio
from nio.events.to_device import ToDeviceEvent

from tests.fakes.line import Line
from tests.fakes.signing import device_is_cross_signed

logger = logging.getLogger(__name__)
ALGORITHM = "m.megolm.v1.aes-sha2"
Device = tuple[str, str]
"""A user id and a device id."""


@dataclass
class Outbound:
    """The key under which this session's messages in one room go out now, and who has it."""

    session: Any
    first_key: str
    """The key at its first message: later ones open later messages only."""
    shared_with: set[Device] = field(default_factory=set)


class Vault:
    """The keys of one session of a person."""

    def __init__(self, line: Line, folder: Path) -> None:
        self.line = line
        self.strict = False
        self.hold_keys = False
        self.client = nio.AsyncClient(line.url, store_path=str(folder))
        self._outbound: dict[str, Outbound] = {}
        self._held: dict[str, Outbound] = {}
        self._seen: dict[tuple[str, str, int], str] = {}

    @property
    def machine(self) -> Any:
        """Give nio's Olm machine; there is one after `open`."""
        return self.client.olm

    def open(self, user_id: str, device_id: str, token: str) -> None:
        """Make the store of a session that has just logged in."""
        self.client.restore_login(user_id, device_id, token)

    async def close(self) -> None:
        """Close the store."""
        await self.client.close()
        if self.client.store is not None:
            self.client.store.database.close()

    async def stock(self, one_time_keys: int) -> None:
        """Upload what the server lacks, if it has so many one-time keys; at first the device's keys too."""
        self.machine.uploaded_key_count = one_time_keys
        if self.machine.should_upload_keys:
            answer = await self.line.ask("POST", "/_matrix/client/v3/keys/upload", self.machine.share_keys())
            count = answer["one_time_key_counts"].get("signed_curve25519", 0)
            self.machine.handle_response(nio.KeysUploadResponse(0, count))

    def take_in(self, event: Mapping[str, Any]) -> None:
        """Take a to-device event, which may bring a room's key; what is malformed is passed over."""
        try:
            parsed = ToDeviceEvent.parse_event(dict(event))
            if parsed is not None:
                self.machine.handle_to_device_event(parsed)
        except Exception as broken:
            logger.warning("A to-device event was not understood: %s", type(broken).__name__)

    async def look_up(self, user_ids: Iterable[str]) -> dict[str, Any]:
        """Ask the server for the devices and signing keys of people, and give its answer."""
        question: dict[str, dict[str, list[str]]] = {"device_keys": {user_id: [] for user_id in user_ids}}
        answer = await self.line.ask("POST", "/_matrix/client/v3/keys/query", question)
        self.machine.handle_response(nio.KeysQueryResponse(answer["device_keys"], {}))
        return answer

    def decrypt(self, room_id: str, event: Mapping[str, Any], directory: Mapping[str, Any] | None) -> Any:
        """Give what is inside an m.room.encrypted event, a dict with type and content; None if it cannot be read.

        With a directory (an answer of `/keys/query`), what others wrote is read from cross-signed devices only.
        """
        content = event["content"]
        sender_key, session_id = content.get("sender_key", ""), content.get("session_id", "")
        if not isinstance(sender_key, str) or not isinstance(session_id, str):
            return None
        session = self.machine.inbound_group_store.get(room_id, sender_key, session_id)
        if session is None:
            return None
        foreign = event["sender"] != self.client.user_id
        if (
            directory is not None
            and foreign
            and not _is_vouched_for(directory, event["sender"], sender_key, session.ed25519)
        ):
            return None
        try:
            plaintext, index = session.decrypt(content["ciphertext"])
            inside = json.loads(plaintext)
            if not isinstance(inside["type"], str) or not isinstance(inside["content"], dict):
                return None
        except Exception as broken:
            logger.warning("Event %s could not be decrypted: %s", event["event_id"], type(broken).__name__)
            return None
        first = self._seen.setdefault((sender_key, session_id, index), event["event_id"])
        return inside if first == event["event_id"] and inside.get("room_id") == room_id else None

    async def encrypt(self, room_id: str, members: list[str], inside: dict[str, Any]) -> dict[str, Any]:
        """Give the content of the m.room.encrypted event, after the members' devices have its key.

        `strict` shares with cross-signed devices only; `hold_keys` with nobody, under a key of its own. Whoever left
        cannot read what comes.
        """
        if self.hold_keys:
            outbound = self._held.get(room_id) or self._renew(room_id, self._held)
        else:
            devices = self._devices(await self.look_up(members))
            current = self._outbound.get(room_id)
            stale = current is None or current.session.expired or current.shared_with - devices
            outbound = self._renew(room_id, self._outbound) if current is None or stale else current
            await self._share(room_id, outbound, outbound.session.session_key, devices)
        self.machine.outbound_group_sessions[room_id] = outbound.session
        content: dict[str, Any] = self.machine.group_encrypt(room_id, inside)
        if "m.relates_to" in inside["content"]:
            content["m.relates_to"] = inside["content"]["m.relates_to"]
        return content

    def begin_anew(self) -> None:
        """Send what comes under new keys, as clients do each week."""
        self._outbound.clear()

    async def hand_over(self, room_id: str, members: list[str]) -> None:
        """Give the members' devices the key of what was encrypted while keys were held."""
        outbound = self._held.pop(room_id)
        await self._share(room_id, outbound, outbound.first_key, self._devices(await self.look_up(members)))

    def _renew(self, room_id: str, kept: dict[str, Outbound]) -> Outbound:
        self.machine.create_outbound_group_session(room_id)
        session = self.machine.outbound_group_sessions[room_id]
        session.mark_as_shared()
        kept[room_id] = Outbound(session, session.session_key)
        return kept[room_id]

    def _devices(self, directory: Mapping[str, Any]) -> set[Device]:
        own = (self.client.user_id, self.client.device_id)
        devices = {(user_id, device_id) for user_id, keys in directory["device_keys"].items() for device_id in keys}
        return {
            device
            for device in devices - {own}
            if self._keys(device) is not None and (not self.strict or device_is_cross_signed(directory, *device))
        }

    def _keys(self, device: Device) -> Any:
        """Give what nio knows of a device; None if its keys are not well signed."""
        return self.machine.device_store[device[0]].get(device[1])

    async def _share(self, room_id: str, outbound: Outbound, key: str, devices: set[Device]) -> None:
        missing = sorted(devices - outbound.shared_with)
        await self._claim(missing)
        content = {"algorithm": ALGORITHM, "room_id": room_id, "session_id": outbound.session.id, "session_key": key}
        messages: dict[str, dict[str, Any]] = {}
        for user_id, device_id in missing:
            keys = self._keys((user_id, device_id))
            channel = self.machine.session_store.get(keys.curve25519)
            if channel is not None:
                sealed = self.machine._olm_encrypt(channel, keys, "m.room_key", content)
                messages.setdefault(user_id, {})[device_id] = sealed
        if messages:
            path = f"/_matrix/client/v3/sendToDevice/m.room.encrypted/{uuid4()}"
            await self.line.ask("PUT", path, {"messages": messages})
            outbound.shared_with |= {(user_id, device) for user_id, sent in messages.items() for device in sent}

    async def _claim(self, devices: Iterable[Device]) -> None:
        """Open an Olm session with each device that has none; a device without one-time keys stays without."""
        claims: dict[str, dict[str, str]] = {}
        for user_id, device_id in devices:
            if not self.machine.session_store.get(self._keys((user_id, device_id)).curve25519):
                claims.setdefault(user_id, {})[device_id] = "signed_curve25519"
        if claims:
            answer = await self.line.ask("POST", "/_matrix/client/v3/keys/claim", {"one_time_keys": claims})
            self.machine.handle_response(nio.KeysClaimResponse(answer["one_time_keys"], {}))


def encrypt_file(content: bytes) -> tuple[bytes, dict[str, Any]]:
    """Give a file as it is uploaded, and what opens it."""
    ciphertext, keys = nio.crypto.encrypt_attachment(content)
    return ciphertext, dict(keys)


def decrypt_file(ciphertext: bytes, keys: Mapping[str, Any]) -> bytes:
    """Open an uploaded file. Raises if it is not what was sent."""
    return bytes(nio.crypto.decrypt_attachment(ciphertext, keys["key"]["k"], keys["hashes"]["sha256"], keys["iv"]))


def _is_vouched_for(directory: Mapping[str, Any], user_id: str, curve25519: str, ed25519: str) -> bool:
    """Say whether the sender of a key is a cross-signed device of that user."""
    for device_id, device in directory["device_keys"].get(user_id, {}).items():
        keys = device.get("keys", {})
        if (keys.get(f"curve25519:{device_id}"), keys.get(f"ed25519:{device_id}")) == (curve25519, ed25519):
            return device_is_cross_signed(directory, user_id, device_id)
    return False
