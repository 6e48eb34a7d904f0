"""Whose devices count: identities are pinned, and a server that makes one up or hides one is found out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vodozemac import Account

from bot.adapters.matrix.crosssigning import Identity, canonical, device_signing_upload, key_id, sign_device
from bot.adapters.matrix.devices import Devices, News
from bot.adapters.matrix.homeserver import Homeserver
from bot.adapters.matrix.sealed import SealedStore
from storage.cipher import Keyring

ME, ANA = "@dragoman:example.org", "@ana:example.org"
FIRST, SECOND = (Identity(*(bytes([n + part] * 32) for part in range(3))) for n in (1, 5))
Json = dict[str, Any]


class Answering(Homeserver):
    """A homeserver that says of keys what a test tells it to."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9")
        self.answer: Json = {"device_keys": {}}
        self.asked = 0

    async def ask(self, *_: Any, **__: Any) -> Json:
        self.asked += 1
        return self.answer


def device(name: str, account: Account, identity: Identity | None) -> Json:
    """Make the keys of one of Ana's devices, signed by itself and, where given, by an identity."""
    keys: Json = {
        "user_id": ANA,
        "device_id": name,
        "algorithms": [],
        "keys": {
            f"ed25519:{name}": account.ed25519_key.to_base64(),
            f"curve25519:{name}": account.curve25519_key.to_base64(),
        },
    }
    signature = account.sign(canonical(keys)).to_base64()
    keys["signatures"] = {ANA: {key_id(name): signature}}
    return keys if identity is None else dict(sign_device(identity, ANA, keys)[ANA][name])


def answer(identity: Identity | None, *devices: Json) -> Json:
    """Make the answer to a query for Ana's keys."""
    found: Json = {"device_keys": {ANA: {row["device_id"]: row for row in devices}}}
    if identity is not None:
        body = device_signing_upload(identity, ANA)
        found |= {"master_keys": {ANA: body["master_key"]}, "self_signing_keys": {ANA: body["self_signing_key"]}}
    return found


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Devices]:
    """Give the devices of nobody yet."""
    store = SealedStore(tmp_path / "matrix" / "matrix.db", Keyring([bytes(32)]))
    yield Devices(ME, store)
    store.close()


def look(devices: Devices, server: Answering, told: Json) -> list[News]:
    """Let the server say something of Ana's keys, and give what others should hear of."""

    async def refresh() -> list[News]:
        server.answer = told
        devices.dirty.add(ANA)
        await devices.refresh(server, {ANA})
        return devices.take_news()

    return asyncio.run(refresh())


def readers(devices: Devices) -> list[str]:
    """Give the ids of Ana's devices that get keys."""
    return sorted(row.device_id for row in devices.readers(ANA))


def test_signed_devices_only(devices: Devices) -> None:
    """Where there is an identity, what it does not sign gets no key and vouches for nothing."""
    phone, spy = device("PHONE", Account(), FIRST), device("SPY", Account(), None)
    assert look(devices, Answering(), answer(FIRST, phone, spy)) == [News(ANA, unsigned=1)]
    assert readers(devices) == ["PHONE"]
    vouched = {name: devices.vouches(ANA, row) for name, row in devices.of(ANA).devices.items()}
    assert vouched == {"PHONE": True, "SPY": False}


def test_no_identity_yet(devices: Devices) -> None:
    """Who has none is written to on all devices, and none of them is vouched for."""
    assert look(devices, Answering(), answer(None, device("PHONE", Account(), None))) == []
    assert readers(devices) == ["PHONE"]
    assert not devices.vouches(ANA, devices.of(ANA).devices["PHONE"])


def test_another_identity_is_told_and_trusted_with_nothing(devices: Devices) -> None:
    """Its devices are written to, for their owner may have made it anew; they vouch for nothing until accepted."""
    server, phone = Answering(), Account()
    look(devices, server, answer(FIRST, device("PHONE", phone, FIRST)))
    changed = answer(SECOND, device("PHONE", phone, SECOND))
    assert look(devices, server, changed) == [News(ANA, identity_changed=True)]
    assert look(devices, server, changed) == []
    assert not devices.vouches(ANA, devices.of(ANA).devices["PHONE"])
    assert devices.accept(ANA)
    look(devices, server, changed)
    assert devices.vouches(ANA, devices.of(ANA).devices["PHONE"])
    assert not devices.accept(ANA)


def test_an_identity_that_is_kept_back(devices: Devices) -> None:
    """A server that hides the identity brings no device of its own in."""
    server, phone, spy = Answering(), Account(), Account()
    look(devices, server, answer(FIRST, device("PHONE", phone, FIRST)))
    hidden = answer(None, device("PHONE", phone, None), device("SPY", spy, None))
    assert look(devices, server, hidden) == [News(ANA, identity_changed=True, unsigned=1)]
    assert readers(devices) == ["PHONE"]


def test_a_device_that_changes_its_keys(devices: Devices) -> None:
    """A device of the same name with other keys is not taken."""
    server, phone = Answering(), Account()
    look(devices, server, answer(FIRST, device("PHONE", phone, FIRST)))
    look(devices, server, answer(FIRST, device("PHONE", Account(), FIRST)))
    assert [row.ed25519 for row in devices.readers(ANA)] == [phone.ed25519_key.to_base64()]


def test_devices_that_are_gone(devices: Devices) -> None:
    """What its owner logged out gets nothing any more."""
    server, phone, tablet = Answering(), Account(), Account()
    both = [device("PHONE", phone, FIRST), device("TABLET", tablet, FIRST)]
    look(devices, server, answer(FIRST, *both))
    look(devices, server, answer(FIRST, both[0]))
    assert readers(devices) == ["PHONE"]


def test_a_server_that_does_not_answer_is_not_asked_with_each_message(devices: Devices) -> None:
    """Others do not wait for it: it is asked again later."""
    server = Answering()

    async def twice() -> None:
        devices.dirty.add(ANA)
        await devices.refresh(server, {ANA})
        await devices.refresh(server, {ANA})

    asyncio.run(twice())
    assert (server.asked, devices.dirty) == (1, {ANA})
