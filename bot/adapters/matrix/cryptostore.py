"""What nio's Olm machine keeps on disk, in the sealed store, and whom it may trust.

Stands in for `nio.store.MatrixStore`: the same methods, none of its files. Whether a device is trusted is asked each
time and never stored here: it follows from its owner's signatures. Room keys are neither forwarded to anybody nor taken
from anybody but their sender, because no device is ever marked as trusted in nio's own state.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from nio.crypto import (
    DeviceStore,
    InboundGroupSession,
    OlmAccount,
    OlmDevice,
    OutgoingKeyRequest,
    Session,
    SessionStore,
)

from bot.adapters.matrix.groupsessions import GroupSessions
from bot.adapters.matrix.sealed import SealedStore, StoreProblem

_ACCOUNT, _SESSION, _DEVICE, _REQUEST, _ROOM = "account", "olm", "device", "keyrequest", "encrypted"


class CryptoStore:
    """The cryptographic state of one device: its account, Olm and Megolm sessions, other people's device keys.

    Writes take part in a transaction of the sealed store, if one is open. When that fails, what is in nio's memory is
    ahead of the disk: make the Olm machine anew. Reading raises StoreProblem for what does not open.
    """

    def __init__(
        self,
        sealed: SealedStore,
        user_id: str,
        device_id: str,
        pickle_key: str,
        trusted: Callable[[OlmDevice], bool],
    ) -> None:
        """Take the store, whose device this is, the key for vodozemac's pickles, and the rule of trust."""
        self._sealed, self._owner, self._pickle_key, self._trusted = sealed, (user_id, device_id), pickle_key, trusted
        self._inbound = GroupSessions(sealed, self._owner, pickle_key)
        self._account: OlmAccount | None = None

    def load_account(self) -> OlmAccount | None:
        """Give the device's account, or None when there is none yet."""
        kept = self._sealed.get(_ACCOUNT, self._name())
        if kept is not None:
            try:
                self._account = OlmAccount.from_pickle(kept["pickle"].encode(), self._pickle_key, kept["shared"])
            except ValueError:
                raise StoreProblem(
                    "what is in the Matrix store was made with another key: use the dragoman.key it was made with"
                ) from None
        return self._account

    def save_account(self, account: OlmAccount) -> None:
        """Keep the account and whether its keys were uploaded."""
        self._account = account
        pickle = account.pickle(self._pickle_key).decode()
        self._sealed.put(_ACCOUNT, self._name(), {"pickle": pickle, "shared": account.shared})

    def load_sessions(self) -> SessionStore:
        """Give all Olm sessions; of one device, the one used last comes first."""
        store = SessionStore()
        for (sender_key, _), kept in self._all(_SESSION):
            created, used = (dt.datetime.fromisoformat(kept[name]) for name in ("created", "used"))
            try:
                session = Session.from_pickle(kept["pickle"].encode(), created, self._pickle_key, used)
            except ValueError:
                raise StoreProblem(
                    "what is in the Matrix store was made with another key: use the dragoman.key it was made with"
                ) from None
            store.add(sender_key, session)
        return store

    def save_session(self, curve_key: str, session: Session) -> None:
        """Keep an Olm session; with a new one the account too.

        A new session may have used up a one-time key, and nio does not save the account after that: the key would come
        back with the next start, and an old message open twice.
        """
        name = self._name(curve_key, session.id)
        pickle = session.pickle(self._pickle_key).decode()
        created, used = session.creation_time.isoformat(), session.use_time.isoformat()
        with self._sealed.transaction():
            if self._account is not None and self._sealed.get(_SESSION, name) is None:
                self.save_account(self._account)
            self._sealed.put(_SESSION, name, {"pickle": pickle, "created": created, "used": used})

    def forget_sessions(self, curve_key: str) -> None:
        """Forget the Olm sessions with a device."""
        for (sender_key, session_id), _ in list(self._all(_SESSION)):
            if sender_key == curve_key:
                self._sealed.delete(_SESSION, self._name(sender_key, session_id))

    def load_inbound_group_sessions(self) -> GroupSessions:
        """Give the room keys, which are read when they are asked for."""
        return self._inbound

    def save_inbound_group_session(self, session: InboundGroupSession) -> None:
        """Keep a room key, unless as good a one of the same sender is kept."""
        self._inbound.add(session)

    def inbound_session(
        self, room_id: str, session_id: str, sender_key: str | None = None
    ) -> InboundGroupSession | None:
        """Give the room key of a session, or None.

        Without the sender's key (which events need not carry) it is the one that came first. Whoever it came from, what
        it decrypts was sent by the device whose keys it names (`ed25519`, `sender_key`) only if they are the event's.
        """
        if sender_key is not None:
            return self._inbound.get(room_id, sender_key, session_id)
        return next(iter(self._inbound.of(room_id, session_id)), None)

    def load_device_keys(self) -> DeviceStore:
        """Give the devices met so far, deleted ones included."""
        store = DeviceStore()
        for (user_id, device_id), kept in self._all(_DEVICE):
            store.add(OlmDevice(user_id, device_id, kept["keys"], kept["display_name"], kept["deleted"]))
        return store

    def save_device_keys(self, device_keys: Mapping[str, Mapping[str, OlmDevice]]) -> None:
        """Keep devices by user and device id, all or none."""
        with self._sealed.transaction():
            for user_id, devices in device_keys.items():
                for device_id, device in devices.items():
                    kept = {"keys": device.keys, "display_name": device.display_name, "deleted": device.deleted}
                    self._sealed.put(_DEVICE, self._name(user_id, device_id), kept)

    def load_outgoing_key_requests(self) -> dict[str, OutgoingKeyRequest]:
        """Give our requests for room keys, by request id."""
        return {request_id: OutgoingKeyRequest(request_id, **kept) for (request_id,), kept in self._all(_REQUEST)}

    def add_outgoing_key_request(self, key_request: OutgoingKeyRequest) -> None:
        """Keep a request for a room key."""
        kept = {name: getattr(key_request, name) for name in ("session_id", "room_id", "algorithm")}
        self._sealed.put(_REQUEST, self._name(key_request.request_id), kept)

    def remove_outgoing_key_request(self, key_request: OutgoingKeyRequest) -> None:
        """Forget a request for a room key."""
        self._sealed.delete(_REQUEST, self._name(key_request.request_id))

    def load_encrypted_rooms(self) -> set[str]:
        """Give the rooms that were ever seen encrypted."""
        return {room_id for (room_id,), _ in self._all(_ROOM)}

    def save_encrypted_rooms(self, rooms: Iterable[str]) -> None:
        """Remember that rooms are encrypted."""
        with self._sealed.transaction():
            for room_id in rooms:
                self._sealed.put(_ROOM, self._name(room_id), True)

    def delete_encrypted_room(self, room: str) -> None:
        """Keep it: a room that was once encrypted stays so for us, whatever a server says later."""

    def load_sync_token(self) -> None:
        """Give none: the checkpoint is kept by the sync loop, with the events before it."""

    def save_sync_token(self, token: str) -> None:
        """Keep none, for the same reason."""

    def is_device_verified(self, device: OlmDevice) -> bool:
        """Tell whether the rule of trust holds for a device now."""
        return self._trusted(device)

    def is_device_blacklisted(self, device: OlmDevice) -> bool:
        """Tell the opposite: a device that is not trusted is given no key."""
        return not self._trusted(device)

    def is_device_ignored(self, device: OlmDevice) -> bool:  # noqa: ARG002 -- nio's signature
        """Tell no: nobody is given keys without trust."""
        return False

    def ignore_devices(self, devices: list[OlmDevice]) -> None:
        """Change nothing: trust is not a setting."""

    def _no_setting(self, device: OlmDevice) -> bool:  # noqa: ARG002 -- nio's signature
        """Change nothing and say so: trust is not a setting."""
        return False

    verify_device = unverify_device = blacklist_device = unblacklist_device = _no_setting
    ignore_device = unignore_device = _no_setting

    def _name(self, *parts: str) -> str:
        return json.dumps([*self._owner, *parts])

    def _all(self, kind: str) -> Iterator[tuple[list[str], Any]]:
        for name, kept in self._sealed.all(kind).items():
            user_id, device_id, *parts = json.loads(name)
            if (user_id, device_id) == self._owner:
                yield parts, kept
