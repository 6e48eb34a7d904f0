"""Encryption: this device's keys, what others send to it, and what it says in encrypted rooms.

Olm and Megolm are nio's; whose devices count, and which messages are taken as somebody's, is decided here.
"""

from __future__ import annotations

import asyncio
import json
import math
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import structlog
from nio.crypto import InboundGroupSession, Olm, OlmDevice
from nio.events.to_device import OlmEvent, RoomKeyEvent, ToDeviceEvent
from nio.responses import KeysClaimResponse
from vodozemac import MegolmDecryptionException

from bot.adapters.matrix.crosssigning import canonical
from bot.adapters.matrix.cryptostore import CryptoStore
from bot.adapters.matrix.devices import AGAIN, Devices
from bot.adapters.matrix.groupsessions import GroupSessions
from bot.adapters.matrix.homeserver import CLIENT, Denied, Homeserver, part
from bot.adapters.matrix.person import Device
from bot.adapters.matrix.rooms import ALGORITHM, Room
from bot.adapters.matrix.sealed import SealedStore, StoreProblem

FEW = 25
"""How few one-time keys the server may hold before it gets new ones."""
CURVE = "signed_curve25519"
REPLAY = "index"
"""The kind of what tells by session and index which event a message was heard in."""
_log = structlog.get_logger()


class NoKey(Exception):
    """The key of a message is not here yet; it may come."""


class UnknownDevice(Exception):
    """The device that a message came from is not known yet; asking for its owner's devices may help."""


class Changed(Exception):
    """While the key was given out, somebody came who may not read this."""


class Forged(Exception):
    """A message is not what it says it is: of somebody else's device, of another room, or said before."""


@dataclass(frozen=True)
class Clear:
    """A message that was decrypted."""

    type: str
    content: Mapping[str, Any]
    vouched: bool
    """The device it came from is vouched for by its owner."""


class Encryption:
    """The bot's one device."""

    def __init__(self, user_id: str, device_id: str, devices: Devices, store: SealedStore, pickle_key: str) -> None:
        """Take who this is; makes the device's keys where there are none yet."""
        self.user_id, self.device_id = user_id, device_id
        self._devices, self._sealed = devices, store
        self._store = CryptoStore(store, user_id, device_id, pickle_key, trusted=self._trusted)
        self.olm = Olm(user_id, device_id, cast(Any, self._store))
        self._shared_with: dict[str, frozenset[tuple[str, str]]] = {}
        self._share_by: dict[str, float] = {}
        self._turn = asyncio.Lock()
        for user in devices.known():
            self._introduce(user)

    @property
    def sessions(self) -> GroupSessions:
        """The keys of other people's messages."""
        return self._store.load_inbound_group_sessions()

    def device_keys(self) -> dict[str, Any]:
        """Give this device's public keys, signed by itself."""
        keys = self.olm.account.identity_keys
        bare = {
            "algorithms": ["m.olm.v1.curve25519-aes-sha2", ALGORITHM],
            "device_id": self.device_id,
            "user_id": self.user_id,
            "keys": {
                f"curve25519:{self.device_id}": keys["curve25519"],
                f"ed25519:{self.device_id}": keys["ed25519"],
            },
        }
        return self._signed(bare)

    async def publish(self, server: Homeserver) -> None:
        """Make this device's keys known to the server, once."""
        if self.olm.account.shared:
            return
        await server.ask("POST", "/keys/upload", {"device_keys": self.device_keys()})
        self.olm.account.shared = True
        self.olm.save_account()

    async def stock(self, server: Homeserver, count: int, *, fallback: bool) -> None:
        """Keep the server stocked with one-time keys, of which it has `count`, and where asked a new fallback key."""
        account, body = self.olm.account._account, {}
        account.mark_keys_as_published()  # what is left from before a crash is on the server, or will never be
        if fallback:
            account.generate_fallback_key()
        if count < FEW:
            account.generate_one_time_keys(account.max_number_of_one_time_keys - count)
            # Saved before the server has them: a key that others may use is never forgotten.
            self.olm.save_account()
            body["one_time_keys"] = self._one_time_keys(account.one_time_keys)
        if fallback:
            self.olm.save_account()
            body["fallback_keys"] = self._one_time_keys(account.fallback_key, fallback=True)
        if not body:
            return
        try:
            await server.ask("POST", "/keys/upload", body)
        except Denied as problem:
            # A key of that name is there already, from before a crash: the next ones have other names.
            _log.warning("one-time keys refused", code=problem.code)
        self.olm.account.mark_keys_as_published()
        self.olm.save_account()

    def take_to_device(self, event: Mapping[str, Any]) -> bool:
        """Take what was sent to this device; True when it brought a room's key. Raises nothing for malformed ones."""
        if event.get("type") != "m.room.encrypted":
            return False
        try:
            parsed = ToDeviceEvent.parse_event(dict(event))
            if not isinstance(parsed, OlmEvent):
                return False
            return isinstance(self.olm.handle_to_device_event(parsed), RoomKeyEvent)
        except StoreProblem:
            raise
        except Exception as problem:  # whatever somebody sends to the device must not stop it
            _log.warning("to-device event skipped", code=type(problem).__name__)
            return False

    def decrypt(self, room_id: str, event: Mapping[str, Any]) -> Clear:
        """Decrypt a room's event. Raises NoKey, UnknownDevice or Forged, and ValueError for a malformed one."""
        content, sender, event_id = event["content"], str(event["sender"]), str(event["event_id"])
        if content.get("algorithm") != ALGORITHM:
            raise ValueError("algorithm")
        sessions = self.sessions.of(room_id, str(content["session_id"]))
        if not sessions:
            raise NoKey
        claimed = [
            (session, device) for session in sessions for device in self._devices.by_key(sender, session.sender_key)
        ]
        if not claimed:
            raise UnknownDevice
        owned = [(session, device) for session, device in claimed if device.ed25519 == session.ed25519]
        if not owned:
            raise Forged
        session, device = owned[0]
        words, index = _opened(session, content["ciphertext"])
        payload = json.loads(words)
        if payload.get("room_id") != room_id:
            raise Forged
        self._once(f"{session.id}/{index}", event_id)
        said = dict(payload["content"])
        if "m.relates_to" not in said and isinstance(content.get("m.relates_to"), dict):
            said["m.relates_to"] = content["m.relates_to"]
        return Clear(str(payload["type"]), said, self._devices.vouches(sender, device))

    async def encrypt(
        self, server: Homeserver, room: Room, kind: str, content: Mapping[str, Any], may: Callable[[], bool]
    ) -> dict[str, Any]:
        """Encrypt for all who may read in a room, after sending them the key where they lack it.

        `may` tells whether this room may still have it; asked once everybody has the key. Raises Changed when not.
        """
        async with self._turn:
            await self._share(server, room)
            if not may():
                raise Changed
            sealed = self.olm.group_encrypt(room.room_id, {"type": kind, "content": dict(content)})
        result: dict[str, Any] = dict(sealed)
        if "m.relates_to" in content:
            result["m.relates_to"] = content["m.relates_to"]  # servers and clients need it in clear
        return result

    async def unwedge(self, server: Homeserver) -> None:
        """Begin anew with devices whose messages can no longer be decrypted."""
        wedged = list(self.olm.wedged_devices)
        if not wedged:
            return
        await self._claim(server, [(device.user_id, device.device_id) for device in wedged])
        self.olm.wedged_devices.clear()
        for message in list(self.olm.outgoing_to_device_messages):
            if message.type == "m.room.encrypted":
                await _to_device(server, message.as_dict()["messages"])
        self.olm.outgoing_to_device_messages.clear()

    def learn(self, users: Iterable[str]) -> None:
        """Take over what has become known of people's devices."""
        for user in users:
            self._introduce(user)

    def forget(self, user: str) -> None:
        """Keep nothing of an account's devices, nor the sessions with them."""
        for device in self._devices.of(user).devices.values():
            self.olm.session_store._entries.pop(device.curve25519, None)
            self._store.forget_sessions(device.curve25519)
        self.olm.device_store._entries.pop(user, None)

    def forget_room(self, room_id: str) -> None:
        """Keep no key of what was said in a room."""
        self.olm.outbound_group_sessions.pop(room_id, None)
        self._shared_with.pop(room_id, None)
        self._share_by.pop(room_id, None)
        self.sessions.forget_room(room_id)

    def _introduce(self, user: str) -> None:
        known = self._devices.of(user).devices
        for name, old in self.olm.device_store[user].items():
            old.deleted = name not in known
        for device in known.values():
            keys = {"ed25519": device.ed25519, "curve25519": device.curve25519}
            self.olm.device_store[user][device.device_id] = OlmDevice(user, device.device_id, keys)

    def _trusted(self, device: OlmDevice) -> bool:
        return any(row.device_id == device.device_id for row in self._devices.readers(device.user_id))

    async def _share(self, server: Homeserver, room: Room) -> None:
        """Give the room's key to whoever may read, anew whenever that is somebody else than before."""
        # The bot has one device: whoever adds another to its account reads nothing.
        others = [user for user in room.readers() if user != self.user_id]
        readers = {(user, row.device_id): row for user in others for row in self._devices.readers(user)}
        session = self.olm.outbound_group_sessions.get(room.room_id)
        fit = session is not None and session.shared and not session.expired
        now = asyncio.get_running_loop().time()
        if fit and self._shared_with.get(room.room_id) == frozenset(readers) and now < self._share_by[room.room_id]:
            return
        self.olm.outbound_group_sessions.pop(room.room_id, None)
        await self._claim(server, [who for who, row in readers.items() if not self._session_with(row)])
        users = sorted({user for user, _ in readers})
        for _, bodies in self.olm.share_group_session_parallel(room.room_id, users):
            await _to_device(server, bodies["messages"])
        self.olm.outbound_group_sessions[room.room_id].shared = True
        self._shared_with[room.room_id] = frozenset(readers)
        missed = any(not self._session_with(row) for row in readers.values())
        self._share_by[room.room_id] = now + AGAIN if missed else math.inf

    def _session_with(self, device: Device) -> bool:
        return self.olm.session_store.get(device.curve25519) is not None

    async def _claim(self, server: Homeserver, who: list[tuple[str, str]]) -> None:
        """Open Olm sessions with devices that there are none with; what cannot be had is left out."""
        if not who:
            return
        wanted: dict[str, dict[str, str]] = {}
        for user, device_id in who:
            wanted.setdefault(user, {})[device_id] = CURVE
        answer = await server.ask("POST", "/keys/claim", {"one_time_keys": wanted, "timeout": 10_000})
        found = answer.get("one_time_keys")
        for user, devices in found.items() if isinstance(found, dict) else ():
            for device_id, keys in devices.items() if isinstance(devices, dict) else ():
                try:
                    response = KeysClaimResponse({user: {device_id: keys}}, {})
                    self.olm.handle_response(response)
                except Exception as problem:  # one device with a bad key must not keep the others from reading
                    _log.warning("one-time key refused", code=type(problem).__name__)

    def _once(self, index: str, event_id: str) -> None:
        """Take a message index for one event: the same ciphertext in another event is a replay."""
        before = self._sealed.get(REPLAY, index)
        if before is None:
            self._sealed.put(REPLAY, index, event_id)
        elif before != event_id:
            raise Forged

    def _one_time_keys(self, keys: Mapping[str, Any], *, fallback: bool = False) -> dict[str, Any]:
        extra = {"fallback": True} if fallback else {}
        return {f"{CURVE}:{name}": self._signed({"key": key.to_base64(), **extra}) for name, key in keys.items()}

    def _signed(self, bare: dict[str, Any]) -> dict[str, Any]:
        signature = self.olm.account.sign(canonical(bare).decode())
        return bare | {"signatures": {self.user_id: {f"ed25519:{self.device_id}": signature}}}


def _opened(session: InboundGroupSession, ciphertext: str) -> tuple[str, int]:
    try:
        words, index = session.decrypt(ciphertext)
    except MegolmDecryptionException as problem:
        if session.first_known_index > 0:
            raise NoKey from None  # the key that came begins later than this message
        raise ValueError("ciphertext") from problem
    return str(words), int(index)


async def _to_device(server: Homeserver, messages: Mapping[str, Any]) -> None:
    path = f"/sendToDevice/m.room.encrypted/{part(secrets.token_hex(12))}"
    await server.ask("PUT", path, {"messages": messages}, base=CLIENT)
