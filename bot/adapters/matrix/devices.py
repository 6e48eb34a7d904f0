"""People's devices, and which of them their owners vouch for.

A device is signed when its owner's cross-signing identity says so. Who has no identity at all is taken at their
devices' word; who has one gets keys to signed devices only, as other clients do (MSC4153). Which identity counts is
said in person.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import asdict
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
from bot.adapters.matrix.news import News, Newsroom
from bot.adapters.matrix.person import Device, Person, found, ripe
from bot.adapters.matrix.sealed import SealedStore

KIND = "person"
SOON = 30.0
"""After how many seconds devices are asked for again when the server failed."""
AGAIN = 300.0
"""After how many seconds devices that could not be had are asked for again."""
_log = structlog.get_logger()


class Devices:
    """The devices of everybody the bot shares an encrypted room with."""

    def __init__(self, me: str, store: SealedStore) -> None:
        """Take the bot's own user id and what devices are kept in; all are to be asked for anew."""
        self.me, self._store = me, store
        self._people = {user: _person(value) for user, value in store.all(KIND).items()}
        self.dirty: set[str] = set(self._people)
        self.news = Newsroom(store)
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

    def by_key(self, user: str, curve25519: str) -> list[Device]:
        """Give an account's devices by their encryption key: one, but for a device that claims another's."""
        return [row for row in self.of(user).devices.values() if row.curve25519 == curve25519]

    def vouches(self, user: str, device: Device) -> bool:
        """Tell whether an account's owner vouches for a device, under an identity that has not changed unnoticed."""
        return self.of(user).vouches(device)

    def watch(self, users: Iterable[str]) -> None:
        """See that the devices of these accounts are asked for, where they are not known."""
        self.dirty |= {user for user in users if user not in self._people}

    def accept(self, user: str) -> str:
        """Let the identity of an account that was seen and is not pinned hold, and give it; empty where there is none.

        It is exactly the one that was seen: another one that the server tells of later is a change again.
        """
        person = self.of(user)
        if accepted := person.accept():
            self._keep(user, person)
            self.dirty.add(user)
        return accepted

    def forget(self, user: str) -> None:
        """Keep nothing of an account."""
        self._people.pop(user, None)
        self.dirty.discard(user)
        self._not_before.pop(user, None)
        self._store.delete(KIND, user)

    def pending(self) -> list[News]:
        """Give the news that are still to be told, without those that are no longer true."""
        pending = self.news.pending()
        for news in pending:
            if not self._is_true(news):
                self.news.settle(news)
        return [news for news in pending if self._is_true(news)]

    def _is_true(self, news: News) -> bool:
        person = self.of(news.user_id)
        return {"identity": person.changed, "unsigned": bool(person.unsigned())}.get(news.what, True)

    def ripen(self, now: int) -> None:
        """Find what has lasted too long for a client that is setting itself up; `now` in milliseconds since 1970.

        What is known counts: a server that does not answer keeps nothing from being told.
        """
        for user, person in self._people.items():
            if not person.master:
                before = asdict(person)
                news = list(ripe(user, person, now))
                if asdict(person) != before:
                    self._keep(user, person, *news)

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
        told = answer.get("device_keys")
        for user in wanted:
            if isinstance(told, Mapping) and isinstance(told.get(user), Mapping):
                self._take(user, told[user], answer)
                self.dirty.discard(user)
            else:
                # Their server does not answer: others must not wait for it with each message.
                self._not_before[user] = now + AGAIN

    def _take(self, user: str, devices: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        person, first = self.of(user), user not in self._people
        identity, before = _identity(answer, user), (person.changed, person.candidate)
        person.meet(identity.master if identity else "", first=first)
        # Until somebody says that another identity holds, or where the server keeps it back, what the first one vouched
        # for is what counts: whoever took the account over must not read along at once.
        holds = None if person.master and person.changed else identity
        read = (_device(user, name, keys, holds, person.devices.get(name)) for name, keys in devices.items())
        person.take({device.device_id: device for device in read if device is not None})
        self._keep(user, person, *found(user, person, before))

    def _keep(self, user: str, person: Person, *found: News) -> None:
        self._people[user] = person
        with self._store.transaction():
            self._store.put(KIND, user, asdict(person))
            for news in found if user != self.me else ():
                self.news.add(news)


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


def _person(value: Mapping[str, Any]) -> Person:
    devices = {name: Device(**device) for name, device in value["devices"].items()}
    return Person(**{**value, "devices": devices})
