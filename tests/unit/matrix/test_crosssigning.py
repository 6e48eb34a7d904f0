"""Cross-signing: what we upload holds for another implementation, and what a server makes up does not pass."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nio import Api
from signedjson.key import decode_verify_key_bytes
from signedjson.sign import SignatureVerifyException, verify_signed_json
from unpaddedbase64 import decode_base64
from vodozemac import Account

from bot.adapters.matrix.crosssigning import (
    BrokenIdentity,
    Identity,
    Json,
    canonical,
    device_signing_upload,
    is_signed,
    is_signed_by,
    public_key,
    read_identity,
    sign_device,
    sign_json,
    sign_master_with_device,
)

ANA, BEN = "@ana:treaty.example", "@ben:treaty.example"
DEVICE = "HJXQZPLMNA"
SEEDS = (bytes([1] * 32), bytes([2] * 32), bytes([3] * 32))
IDENTITY = Identity(*SEEDS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([ANA, "ed25519:A", "AAAA"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=4)
            | st.sampled_from([ANA, "user_id", "device_id", "keys", "usage", "signatures", "master_keys"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def device(user_id: str = ANA, device_id: str = DEVICE) -> tuple[Account, Json]:
    """Make a device and its keys, signed by itself as a client uploads them."""
    account = Account()
    keys: Json = {
        "user_id": user_id,
        "device_id": device_id,
        "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
        "keys": {
            f"ed25519:{device_id}": account.ed25519_key.to_base64(),
            f"curve25519:{device_id}": account.curve25519_key.to_base64(),
        },
    }
    signature = account.sign(Api.to_canonical_json(keys).encode()).to_base64()
    return account, {**keys, "signatures": {user_id: {f"ed25519:{device_id}": signature}}}


def signed_device() -> Json:
    """Make a device that Ana's identity vouches for."""
    signed: Json = sign_device(IDENTITY, ANA, device()[1])[ANA][DEVICE]
    return signed


def answer(identity: Identity = IDENTITY, user_id: str = ANA) -> Json:
    """Make the part of a /keys/query answer that holds an identity."""
    body = device_signing_upload(identity, user_id)
    return {"master_keys": {user_id: body["master_key"]}, "self_signing_keys": {user_id: body["self_signing_key"]}}


def holds(public: str, user_id: str, signer: str, obj: Json) -> bool:
    """Check a signature with signedjson, the homeserver's own implementation."""
    try:
        verify_signed_json(obj, user_id, decode_verify_key_bytes(signer, decode_base64(public)))
    except SignatureVerifyException:
        return False
    return True


def test_an_identity_survives_writing_down_and_shows_nothing() -> None:
    """Seeds come back from their JSON, padded or not, and repr tells none of them."""
    identity = Identity.make()
    data = json.loads(json.dumps(identity.to_data()))
    assert Identity.from_data(data) == identity
    assert Identity.from_data({name: seed + "=" for name, seed in data.items()}) == identity
    assert len({*data.values()}) == 3
    assert repr(identity) == "Identity()"


def test_the_public_key_is_that_of_the_standard() -> None:
    """The first test vector of RFC 8032, section 7.1."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    expected = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert decode_base64(public_key(seed)) == expected


def test_signatures_are_those_of_the_specification() -> None:
    """The test vectors of the Matrix specification, appendix "Cryptographic Test Vectors"."""
    seed = decode_base64("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")
    assert sign_json(seed, "domain", "ed25519:1", {})["signatures"] == {
        "domain": {
            "ed25519:1": "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"
        }
    }
    assert sign_json(seed, "domain", "ed25519:1", {"one": 1, "two": "Two"})["signatures"] == {
        "domain": {
            "ed25519:1": "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw"
        }
    }


def test_canonical_json_is_that_of_the_specification() -> None:
    """Keys sorted by code point, no spaces, UTF-8 not escaped: examples of the specification's appendix."""
    assert canonical({"b": "2", "a": "1"}) == b'{"a":"1","b":"2"}'
    assert canonical({"本": 2, "日": 1}) == '{"日":1,"本":2}'.encode()
    assert canonical({"a": "\u65e5"}) == '{"a":"日"}'.encode()
    assert canonical({"a": None, "\U0001f600": 1, "\uffff": 2}) == '{"a":null,"\uffff":2,"\U0001f600":1}'.encode()
    assert canonical({"a": 1, "signatures": {"x": {}}, "unsigned": {"y": 1}}) == b'{"a":1}'


def test_signing_keeps_what_others_signed() -> None:
    """Other signatures and `unsigned` stay, and neither changes what is signed; the object given is not touched."""
    plain: Json = {"one": 1, "unsigned": {"age": 5}, "signatures": {BEN: {"ed25519:B": "x"}, ANA: {"ed25519:C": "y"}}}
    before = copy.deepcopy(plain)
    signed = sign_json(SEEDS[0], ANA, "ed25519:A", plain)
    assert plain == before
    assert signed["unsigned"] == {"age": 5}
    assert signed["signatures"][BEN] == {"ed25519:B": "x"}
    assert set(signed["signatures"][ANA]) == {"ed25519:C", "ed25519:A"}
    assert holds(public_key(SEEDS[0]), ANA, "ed25519:A", signed)


@pytest.mark.parametrize("bad", [{"a": "\ud800"}, {"a": {1, 2}}, {"a": 1, 2: 3}, {"a": 1, "signatures": []}])
def test_what_cannot_be_signed_is_refused(bad: Any) -> None:
    """An object without a canonical form, or with a mangled `signatures`, raises our own error."""
    with pytest.raises(BrokenIdentity):
        sign_json(SEEDS[0], ANA, "ed25519:A", bad)


def test_the_upload_holds_for_the_homeservers_own_library() -> None:
    """Each key has one use, is named by itself, and all but the master are signed by the master."""
    body = device_signing_upload(IDENTITY, ANA)
    master, self_signing, user_signing = (public_key(seed) for seed in SEEDS)
    named = {"master_key": ["master"], "self_signing_key": ["self_signing"], "user_signing_key": ["user_signing"]}
    assert {name: key["usage"] for name, key in body.items()} == named
    assert {key["user_id"] for key in body.values()} == {ANA}
    for name, public in zip(named, (master, self_signing, user_signing), strict=True):
        assert body[name]["keys"] == {f"ed25519:{public}": public}
    assert "signatures" not in body["master_key"]
    for name in ("self_signing_key", "user_signing_key"):
        assert list(body[name]["signatures"]) == [ANA]
        assert holds(master, ANA, f"ed25519:{master}", body[name])
        assert not holds(self_signing, ANA, f"ed25519:{master}", body[name])


def test_our_device_is_signed_by_the_self_signing_key_alone() -> None:
    """The body names our device, leaves `unsigned` out, keeps the device's own signature and adds one."""
    _, keys = device()
    keys["unsigned"] = {"device_display_name": "Dragoman"}
    body = sign_device(IDENTITY, ANA, keys)
    self_signing = public_key(IDENTITY.self_signing)
    signed = body[ANA][DEVICE]
    assert list(body) == [ANA]
    assert list(body[ANA]) == [DEVICE]
    assert "unsigned" not in signed
    assert set(signed["signatures"][ANA]) == {f"ed25519:{DEVICE}", f"ed25519:{self_signing}"}
    assert holds(self_signing, ANA, f"ed25519:{self_signing}", signed)
    assert is_signed(IDENTITY.public(ANA), signed)


def test_no_other_device_is_ever_signed() -> None:
    """A device of somebody else, or one that a server changed, raises."""
    with pytest.raises(BrokenIdentity):
        sign_device(IDENTITY, ANA, device(BEN)[1])
    changed = device()[1]
    changed["keys"][f"curve25519:{DEVICE}"] = Account().curve25519_key.to_base64()
    with pytest.raises(BrokenIdentity):
        sign_device(IDENTITY, ANA, changed)


def test_our_device_vouches_for_the_master_key() -> None:
    """The device's signature on the master key holds."""
    account, keys = device()
    body = sign_master_with_device(IDENTITY, ANA, DEVICE, lambda text: account.sign(text.encode()).to_base64())
    signed = body[ANA][public_key(IDENTITY.master)]
    assert holds(keys["keys"][f"ed25519:{DEVICE}"], ANA, f"ed25519:{DEVICE}", signed)


def test_an_identity_is_read_as_its_owner_made_it() -> None:
    """What we upload reads as what we are; somebody without keys has none."""
    assert read_identity(answer(), ANA) == IDENTITY.public(ANA)
    assert read_identity(answer(), BEN) is None
    assert read_identity({"device_keys": {}}, ANA) is None


def _swap_owner(data: Json) -> None:
    data["master_keys"][ANA]["user_id"] = BEN


def _drop_self_signing(data: Json) -> None:
    del data["self_signing_keys"][ANA]


def _drop_master(data: Json) -> None:
    del data["master_keys"][ANA]


def _swap_uses(data: Json) -> None:
    data["self_signing_keys"][ANA] = device_signing_upload(IDENTITY, ANA)["user_signing_key"]


def _other_self_signing(data: Json) -> None:
    data["self_signing_keys"][ANA] = device_signing_upload(Identity.make(), ANA)["self_signing_key"]


def _other_master(data: Json) -> None:
    data["master_keys"][ANA] = device_signing_upload(Identity.make(), ANA)["master_key"]


def _two_keys(data: Json) -> None:
    public = public_key(bytes(32))
    data["master_keys"][ANA]["keys"][f"ed25519:{public}"] = public


def _unsigned(data: Json) -> None:
    del data["self_signing_keys"][ANA]["signatures"]


def _misnamed(data: Json) -> None:
    data["master_keys"][ANA]["keys"] = {"ed25519:other": public_key(SEEDS[0])}


def _not_an_object(data: Json) -> None:
    data["master_keys"] = [ANA]


@pytest.mark.parametrize(
    "spoil",
    [
        _swap_owner,
        _drop_self_signing,
        _drop_master,
        _swap_uses,
        _other_self_signing,
        _other_master,
        _two_keys,
        _unsigned,
        _misnamed,
        _not_an_object,
    ],
)
def test_a_broken_identity_is_told_from_none(spoil: Any) -> None:
    """Keys that do not hold together raise, and are never taken for "has none" or for an identity."""
    data = answer()
    spoil(data)
    with pytest.raises(BrokenIdentity):
        read_identity(data, ANA)


def test_another_padding_is_not_another_identity() -> None:
    """A key spelled otherwise (padded) is refused, so that equal keys are equal texts."""
    data = answer()
    public = public_key(IDENTITY.master) + "="
    data["master_keys"][ANA]["keys"] = {f"ed25519:{public}": public}
    with pytest.raises(BrokenIdentity):
        read_identity(data, ANA)


def test_a_device_needs_both_signatures() -> None:
    """Its own without the owner's, and the owner's without its own, are not enough."""
    public = IDENTITY.public(ANA)
    assert is_signed(public, signed_device())
    assert not is_signed(public, device()[1])
    alone = signed_device()
    del alone["signatures"][ANA][f"ed25519:{DEVICE}"]
    assert not is_signed(public, alone)


def test_a_device_of_another_person_or_with_other_keys_is_not_signed() -> None:
    """Every change to what was signed shows, `unsigned` aside."""
    public = IDENTITY.public(ANA)
    for name, value in (("user_id", BEN), ("device_id", "OTHER"), ("algorithms", []), ("keys", {}), ("more", 1)):
        assert not is_signed(public, {**signed_device(), name: value})
    assert is_signed(public, {**signed_device(), "unsigned": {"device_display_name": "phone"}})
    assert not is_signed(IDENTITY.public(BEN), signed_device())
    assert not is_signed(Identity.make().public(ANA), signed_device())


def test_checking_leaves_the_device_as_it_was() -> None:
    """The raw JSON may be kept and checked again."""
    keys = signed_device()
    before = copy.deepcopy(keys)
    is_signed(IDENTITY.public(ANA), keys)
    assert keys == before


def test_nesting_without_end_is_not_a_signature() -> None:
    """An object nested deeper than the stack is refused, not raised about."""
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    keys = {**signed_device(), "more": deep}
    assert not is_signed(IDENTITY.public(ANA), keys)
    while deep:  # freed level by level: the interpreter's own clearing of such a chain is slow
        deep = deep.pop("a", None)


@given(JSON)
def test_no_json_of_any_shape_gets_through_or_raises_another_error(data: Any) -> None:
    """Reading raises BrokenIdentity or nothing, and what nobody signed is not signed."""
    assert not is_signed(IDENTITY.public(ANA), data)
    assert not is_signed_by(public_key(SEEDS[0]), ANA, "ed25519:A", data)
    for read in (lambda: read_identity(data, ANA), lambda: Identity.from_data(data)):
        with contextlib.suppress(BrokenIdentity):
            assert read() is None


PATHS = [
    ("master_keys",),
    ("self_signing_keys",),
    *((kind, ANA, part) for kind in ("master_keys", "self_signing_keys") for part in ("user_id", "usage", "keys")),
    ("self_signing_keys", ANA, "signatures"),
    ("self_signing_keys", ANA, "signatures", ANA),
]


@given(st.sampled_from(PATHS), JSON)
def test_no_part_of_an_identity_may_be_anything_else(path: tuple[str, ...], data: Any) -> None:
    """Whatever stands in one place of a good answer, it reads as the same identity, as none, or as broken."""
    spoiled = answer()
    place = spoiled
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = data
    with contextlib.suppress(BrokenIdentity):
        assert read_identity(spoiled, ANA) in (None, IDENTITY.public(ANA))


@given(
    st.sampled_from(["user_id", "device_id", "keys", "signatures", "algorithms", "more"]).flatmap(
        lambda name: st.tuples(st.just(name), JSON)
    )
)
def test_no_part_of_a_device_may_be_anything_else(change: tuple[str, Any]) -> None:
    """Whatever stands in one place of a signed device, it is not signed any more."""
    name, data = change
    good = signed_device()
    assert not is_signed(IDENTITY.public(ANA), {**good, name: data}) or good.get(name) == data
