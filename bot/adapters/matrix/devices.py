"""People's devices, and which of them their owners vouch for.

A device is signed when its owner's cross-signing identity says so. Who has no identity at all is taken at their
devices' word; who has one gets keys to signed devices only, as other clients do (MSC4153). An identity is pinned when
it is first seen: another one later, or none any more, is a change that people are told of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import structlog

from bot.adapters.matrix.crosssigning import (
    BrokenIdentity,
    PublicIdentity,
    is_signed,
    is_signed_by,
    key_id,
    read_identity,
)
from bot.adapters.matrix.homeserver import Away, Homeserver
from bot.adapters.matrix.sealed import SealedStore

KIND = "person"
SOON = 30.0
"""After how many seconds devices are asked for again when the server failed."""
AGAIN = 300.0
"""After how many seconds devices that could not be had are asked for again."""
_log = structlog.get_logger()


@dataclass(frozen=True)
class Device:
    """One device of a person, by its own word or its owner's."""

    device_id: str
    ed25519: str
    curve25519: str
    signed: bool = False
    """Its owner's identity vouches for it."""


@dataclass
class Person:
    """What is known of one account's devices."""

    master: str = ""
    """The identity that was seen first, or accepted since; empty while there was none."""
    changed: bool = False
    """The identity is another one now, or gone: nobody has said yet that this is right."""
    devices: dict[str, Device] = field(default_factory=dict)

    def trusts(self, device: Device) -> bool:
        """Tell whether the device may read what is said to this person."""
        return device.signed or not self.master


@dataclass(frozen=True)
class News:
    """What a look at somebody's keys brought that others should hear of."""

    user_id: str
    identity_changed: bool = False
    unsigned: int = 0
    """How many devices are not signed, where that is more than before."""


class Devices:
    """The devices of everybody the bot shares an encrypted room with."""

    def __init__(self, me: str, store: SealedStore) -> None:
        """Take the bot's own user id and what devices are kept in; all are to be asked for anew."""
        self.me, self._store = me, store
        self._people = {user: _person(value) for user, value in store.all(KIND).items()}
        self.dirty: set[str] = set(self._people)
        self._news: list[News] = []
        self._not_before: dict[str, float] = {}
        self._failed: set[str] = set()

    def of(self, user: str) -> Person:
        """Give what is known of an account; of one that was not asked for yet, nothing."""
        return self._people.get(user) or Person()

    def known(self) -> Iterable[str]:
        """Give the accounts whose devices are known."""
        return self._people.keys()

    def readers(self, user: str) -> list[Device]:
        """Give the devices that may read what is said to an account."""
        person = self.of(user)
        return [device for device in person.devices.values() if person.trusts(device)]

    def by_key(self, user: str, curve25519: str) -> Device | None:
        """Give an account's device by its encryption key."""
        return next((row for row in self.of(user).devices.values() if row.curve25519 == curve25519), None)

    def vouches(self, user: str, device: Device) -> bool:
        """Tell whether an account's owner vouches for a device, under an identity that has not changed unnoticed."""
        return device.signed and not self.of(user).changed

    def watch(self, users: Iterable[str]) -> None:
        """See that the devices of these accounts are asked for, where they are not known."""
        self.dirty |= {user for user in users if user not in self._people}

    def accept(self, user: str) -> bool:
        """Let an account's changed identity hold from now on; False when it had not changed."""
        person = self.of(user)
        if not person.changed:
            return False
        person.master, person.changed = "", False
        self._keep(user, person)
        self.dirty.add(user)
        return True

    def take_news(self) -> list[News]:
        """Give what was found out since the last time and others should hear of."""
        news, self._news = self._news, []
        return news

    async def refresh(self, server: Homeserver, users: Iterable[str]) -> None:
        """Ask for the devices of those among these accounts that may have changed. Raises what asking raises."""
        now = asyncio.get_running_loop().time()
        wanted = sorted(user for user in self.dirty & set(users) if self._not_before.get(user, now) <= now)
        if not wanted:
            return
        query = {"device_keys": {user: [] for user in wanted}, "timeout": 10_000}
        try:
            answer = await server.ask("POST", "/keys/query", query)
        except Away:
            again, self._failed = set(wanted) & self._failed, set(wanted)
            if not again:
                raise
            # What is known must do for a while: one whose keys cannot be had must not silence the bot for all.
            self._not_before |= dict.fromkeys(wanted, now + SOON)
            return
        self._failed.clear()
        found = answer.get("device_keys")
        for user in wanted:
            if isinstance(found, Mapping) and isinstance(found.get(user), Mapping):
                news = self._take(user, found[user], answer)
                self.dirty.discard(user)
                self._news += [news] if news.identity_changed or news.unsigned else []
            else:
                # Their server does not answer: others must not wait for it with each message.
                self._not_before[user] = now + AGAIN

    def _take(self, user: str, devices: Mapping[str, Any], answer: Mapping[str, Any]) -> News:
        person = self.of(user)
        identity = _identity(answer, user)
        was_changed, unsigned = person.changed, _unsigned(person)
        if identity is not None and not person.master:
            person.master = identity.master
        person.changed = bool(person.master) and (identity is None or identity.master != person.master)
        # Until somebody says that another identity holds, or where the server keeps it back, what the first one vouched
        # for is what counts: whoever took the account over must not read along at once.
        holds = None if person.changed else identity
        person.devices = {
            device.device_id: device
            for name, keys in devices.items()
            if (device := _device(user, name, keys, holds, person.devices.get(name))) is not None
        }
        self._keep(user, person)
        now_unsigned = _unsigned(person)
        return News(user, person.changed and not was_changed, now_unsigned if now_unsigned > unsigned else 0)

    def _keep(self, user: str, person: Person) -> None:
        self._people[user] = person
        self._store.put(KIND, user, asdict(person))


def _identity(answer: Mapping[str, Any], user: str) -> PublicIdentity | None:
    try:
        return read_identity(answer, user)
    except BrokenIdentity:
        _log.warning("identity refused", code="does-not-hold")
        return None


def _device(user: str, name: str, keys: Any, identity: PublicIdentity | None, before: Device | None) -> Device | None:
    """Read a device; None for one that is malformed, not its own, or has changed its keys under its old name."""
    found = keys.get("keys") if isinstance(keys, Mapping) else None
    ed25519, curve25519 = (
        (found.get(f"{kind}:{name}") for kind in ("ed25519", "curve25519"))
        if isinstance(found, Mapping)
        else (None, None)
    )
    if not isinstance(ed25519, str) or not isinstance(curve25519, str) or keys.get("device_id") != name:
        return before
    if keys.get("user_id") != user or not is_signed_by(ed25519, user, key_id(name), keys):
        _log.warning("device refused", code="not-signed-by-itself")
        return before
    if before is not None and before.ed25519 != ed25519:
        _log.warning("device refused", code="keys-changed")
        return before
    signed = is_signed(identity, keys) if identity is not None else before is not None and before.signed
    return Device(name, ed25519, curve25519, signed)


def _unsigned(person: Person) -> int:
    return sum(not device.signed for device in person.devices.values()) if person.master else 0


def _person(value: Mapping[str, Any]) -> Person:
    devices = {name: Device(**device) for name, device in value["devices"].items()}
    return Person(value["master"], value["changed"], devices)
