"""Whose devices count: identities are pinned, and a server that makes one up or hides one is found out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vodozemac import Account

from bot.adapters.matrix.crosssigning import Identity, canonical, device_signing_upload, key_id, sign_device
from bot.adapters.matrix.devices import Devices
from bot.adapters.matrix.homeserver import Homeserver
from bot.adapters.matrix.news import News
from bot.adapters.matrix.person import GRACE
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

    async def refresh() -> None:
        server.answer = told
        devices.dirty.add(ANA)
        await devices.refresh(server, {ANA})

    asyncio.run(refresh())
    return heard(devices)


def heard(devices: Devices) -> list[News]:
    """Give what others should hear of, as if they heard it now."""
    news = devices.news.pending()
    for row in news:
        devices.news.settle(row)
    return sorted(news, key=lambda row: row.what)


def wait(devices: Devices, *moments: int) -> list[News]:
    """Let time pass to these moments, and give what others should hear of by then."""
    for now in moments:
        devices.ripen(now)
    return heard(devices)


def unsigned(*rows: Json) -> News:
    """Give the news of these unsigned devices of Ana's."""
    keys = sorted(row["keys"][f"ed25519:{row['device_id']}"] for row in rows)
    return News(ANA, "unsigned", "\n".join(keys), len(keys))


def changed_to(identity: Identity | None) -> News:
    """Give the news of another identity of Ana's, or of none."""
    return News(ANA, "identity", identity.public(ANA).master if identity else "")


def vouched(devices: Devices) -> list[str]:
    """Give the ids of Ana's devices from which guarded verbs are taken."""
    return sorted(row.device_id for row in devices.of(ANA).devices.values() if devices.vouches(ANA, row))


def readers(devices: Devices) -> list[str]:
    """Give the ids of Ana's devices that get keys."""
    return sorted(row.device_id for row in devices.readers(ANA))


def test_signed_devices_only(devices: Devices) -> None:
    """Where there is an identity, what it does not sign gets no key and vouches for nothing."""
    phone, spy = device("PHONE", Account(), FIRST), device("SPY", Account(), None)
    assert look(devices, Answering(), answer(FIRST, phone, spy)) == [unsigned(spy)]
    assert readers(devices) == ["PHONE"]
    assert vouched(devices) == ["PHONE"]


def test_no_identity_yet(devices: Devices) -> None:
    """Who has none is written to on all devices, and none of them is vouched for."""
    assert look(devices, Answering(), answer(None, device("PHONE", Account(), None))) == []
    assert readers(devices) == ["PHONE"]
    assert vouched(devices) == []


def test_devices_without_an_identity_are_told_once(devices: Devices) -> None:
    """A newcomer's client has ten minutes to make one; a device that comes later is told of at once."""
    server, phone, spy = Answering(), device("PHONE", Account(), None), device("SPY", Account(), None)
    look(devices, server, answer(None, phone))
    assert wait(devices, 1, GRACE) == []
    assert wait(devices, GRACE + 1, 9 * GRACE) == [unsigned(phone)]
    look(devices, server, answer(None, phone, spy))
    assert wait(devices, 9 * GRACE + 1) == [unsigned(phone, spy)]
    look(devices, server, answer(None, phone, spy))
    assert wait(devices, 99 * GRACE) == []


def test_a_first_identity_comes_before_its_signatures(devices: Devices) -> None:
    """Nothing is vouched by it and nobody alarmed until it signs what was there; then it is pinned silently."""
    server, phone = Answering(), Account()
    look(devices, server, answer(None, device("PHONE", phone, None)))
    assert look(devices, server, answer(FIRST, device("PHONE", phone, None))) == []
    assert (readers(devices), vouched(devices)) == (["PHONE"], [])
    assert wait(devices, 1, 9 * GRACE) == []
    assert look(devices, server, answer(FIRST, device("PHONE", phone, FIRST))) == []
    assert (readers(devices), vouched(devices)) == (["PHONE"], ["PHONE"])
    assert wait(devices, 99 * GRACE) == []


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("stays", [False, True])
def test_a_thief_makes_the_first_identity(devices: Devices, *, known: bool, stays: bool) -> None:
    """It does not sign what was there before: it vouches for nothing, reads nothing new, and is told after a grace.

    So also when the thief's device was known already, and when the owner's is logged out.
    """
    server, phone, thief = Answering(), Account(), Account()
    at_first = [device("PHONE", phone, None)] + ([device("THIEF", thief, None)] if known else [])
    look(devices, server, answer(None, *at_first))
    wait(devices, 1)
    then = [device("THIEF", thief, FIRST)] + ([device("PHONE", phone, None)] if stays else [])
    assert look(devices, server, answer(FIRST, *then)) == []
    assert vouched(devices) == []
    assert readers(devices) == ["PHONE"] * stays + ["THIEF"] * known
    assert wait(devices, 2, GRACE + 1) == []
    assert wait(devices, GRACE + 2, 9 * GRACE) == [changed_to(FIRST)]
    assert look(devices, server, answer(FIRST, *then)) == []
    assert (vouched(devices), devices.of(ANA).changed) == ([], True)
    assert look(devices, server, answer(SECOND, device("THIEF", thief, SECOND))) == [changed_to(SECOND)]
    assert devices.accept(ANA) == SECOND.public(ANA).master
    assert vouched(devices) == ["THIEF"]


def test_a_first_identity_that_is_hidden_meanwhile(devices: Devices, tmp_path: Path) -> None:
    """What a server takes back, or a restart, does not make a thief's device one that was there before."""
    server, phone, thief = Answering(), Account(), Account()
    look(devices, server, answer(None, device("PHONE", phone, None)))
    look(devices, server, answer(None))
    look(devices, server, answer(FIRST, device("THIEF", thief, FIRST)))
    look(devices, server, answer(None, device("THIEF", thief, None)))
    assert readers(devices) == []
    wait(devices, 1)
    again = Devices(ME, SealedStore(tmp_path / "matrix" / "matrix.db", Keyring([bytes(32)])))
    look(again, server, answer(FIRST, device("THIEF", thief, FIRST)))
    assert (readers(again), vouched(again)) == ([], [])
    look(again, server, answer(FIRST, device("THIEF", thief, FIRST), device("PHONE", thief, FIRST)))
    assert vouched(again) == []
    assert wait(again, GRACE + 1) == [changed_to(FIRST)]


def test_news_outlive_a_crash(devices: Devices, tmp_path: Path) -> None:
    """What nobody was told of is there after a restart; what was told is not."""
    server, phone, spy = Answering(), device("PHONE", Account(), FIRST), device("SPY", Account(), None)

    async def refresh() -> None:
        server.answer = answer(FIRST, phone, spy)
        devices.dirty.add(ANA)
        await devices.refresh(server, {ANA})

    asyncio.run(refresh())
    again = Devices(ME, SealedStore(tmp_path / "matrix" / "matrix.db", Keyring([bytes(32)])))
    assert heard(again) == [unsigned(spy)]
    assert heard(devices) == []
    assert look(again, server, answer(FIRST, phone, spy)) == []


def test_one_unsigned_device_in_place_of_another_is_told(devices: Devices) -> None:
    """Their number is the same, and so may be their names."""
    server, phone = Answering(), device("PHONE", Account(), FIRST)
    look(devices, server, answer(FIRST, phone, device("OLD", Account(), None)))
    look(devices, server, answer(FIRST, phone))
    spy = device("OLD", Account(), None)
    assert look(devices, server, answer(FIRST, phone, spy)) == [unsigned(spy)]


def test_a_device_that_claims_anothers_encryption_key(devices: Devices) -> None:
    """It hides nothing: both are found by that key, and what each says of itself tells them apart."""
    phone, spy = Account(), Account()
    real, claiming = device("PHONE", phone, FIRST), device("A", spy, None)
    claiming["keys"]["curve25519:A"] = phone.curve25519_key.to_base64()
    claiming["signatures"] = {ANA: {key_id("A"): spy.sign(canonical(claiming)).to_base64()}}
    look(devices, Answering(), answer(FIRST, real, claiming))
    found = devices.by_key(ANA, phone.curve25519_key.to_base64())
    assert sorted(row.device_id for row in found) == ["A", "PHONE"]


def test_another_identity_is_told_and_trusted_with_nothing(devices: Devices) -> None:
    """It vouches for nothing until it is accepted: exactly the one that was seen, whatever the server says next."""
    server, phone = Answering(), Account()
    look(devices, server, answer(FIRST, device("PHONE", phone, FIRST)))
    changed = answer(SECOND, device("PHONE", phone, SECOND))
    assert look(devices, server, changed) == [changed_to(SECOND)]
    assert look(devices, server, changed) == []
    assert vouched(devices) == []
    assert devices.accept(ANA) == SECOND.public(ANA).master
    assert (readers(devices), vouched(devices)) == ([], [])
    other = answer(FIRST, device("PHONE", phone, FIRST))
    assert look(devices, server, other) == [changed_to(FIRST), unsigned(device("PHONE", phone, None))]
    assert vouched(devices) == []
    look(devices, server, changed)
    assert vouched(devices) == ["PHONE"]
    assert devices.accept(ANA) == ""
    look(devices, server, changed)
    assert vouched(devices) == ["PHONE"]


def test_an_identity_that_is_kept_back(devices: Devices) -> None:
    """A server that hides the identity brings no device of its own in."""
    server, phone, spy = Answering(), Account(), Account()
    look(devices, server, answer(FIRST, device("PHONE", phone, FIRST)))
    hidden = answer(None, device("PHONE", phone, None), device("SPY", spy, None))
    assert look(devices, server, hidden) == [changed_to(None), unsigned(device("SPY", spy, None))]
    assert readers(devices) == ["PHONE"]
    assert devices.accept(ANA) == ""


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
