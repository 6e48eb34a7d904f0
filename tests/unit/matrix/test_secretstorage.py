"""Secret storage: other clients read what we write, we read what they wrote, and a wrong key never passes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest
from Crypto.Cipher import AES
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.matrix.secretstorage import (
    ALGORITHM,
    SecretProblem,
    check,
    decode_key,
    decrypt,
    describe,
    encode_key,
    encrypt,
    key_type,
    make_key,
    make_key_id,
)

ALICE = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
ALICE_WRITTEN = "EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d"
"""A private key of RFC 7748, section 6.1, as the JavaScript, Rust, Swift and Kotlin clients write it in their tests."""
RUST_WRITTEN = "EsTj 3yST y93F SLpB jJsz eAXc 2XzA ygD3 w69H fGaN TKBj jXEd"
RUST_DESCRIPTION = {
    "algorithm": ALGORITHM,
    "iv": "xv5b6/p3ExEw++wTyfSHEg==",
    "mac": "ujBBbXahnTAMkmPUX2/0+VTfUh63pGyVRuBcDMgmJC8=",
}
"""A key and its description from the tests of the Rust client (base64 with padding)."""
NAME, KEY_ID = "m.cross_signing.master", "abcdef"
KEYS = st.binary(min_size=32, max_size=32)


def hkdf(key: bytes, info: str) -> tuple[bytes, bytes]:
    """Derive 64 bytes by RFC 5869 with a salt of zeros, written out."""
    extracted = hmac.digest(bytes(32), key, "sha256")
    first = hmac.digest(extracted, info.encode() + b"\x01", "sha256")
    return first, hmac.digest(extracted, first + info.encode() + b"\x02", "sha256")


def counter_mode(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Encrypt by AES in counter mode, written out block by block with another library."""
    block, start, out = AES.new(key, AES.MODE_ECB), int.from_bytes(iv, "big"), b""
    for index in range(0, len(data), 16):
        pad = block.encrypt(((start + index // 16) % 2**128).to_bytes(16, "big"))
        out += bytes(a ^ b for a, b in zip(data[index : index + 16], pad, strict=False))
    return out


def unbase64(text: str) -> bytes:
    """Decode unpadded base64."""
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def theirs(key: bytes, name: str, secret: str, iv: bytes) -> dict[str, Any]:
    """Store a secret as another client does, with padded base64."""
    cipher_key, mac_key = hkdf(key, name)
    ciphertext = counter_mode(cipher_key, iv, secret.encode())
    mac = hmac.new(mac_key, ciphertext, hashlib.sha256).digest()
    parts = {"iv": iv, "ciphertext": ciphertext, "mac": mac}
    return {"encrypted": {KEY_ID: {part: base64.b64encode(data).decode() for part, data in parts.items()}}}


def test_a_recovery_key_is_written_as_other_clients_write_it() -> None:
    """The known key has the known spelling, both ways."""
    assert encode_key(ALICE) == ALICE_WRITTEN
    assert decode_key(ALICE_WRITTEN) == ALICE


@pytest.mark.parametrize("space", ["", "  ", "\n", "\r\n\t", "\u00a0"])
def test_spaces_in_a_recovery_key_do_not_matter(space: str) -> None:
    """However it was wrapped or pasted, it is the same key."""
    assert decode_key(f" {ALICE_WRITTEN.replace(' ', space)}\n") == ALICE


@given(KEYS)
def test_every_key_is_read_back(key: bytes) -> None:
    """Groups of four, twelve of them, and the same bytes again."""
    written = encode_key(key)
    assert [len(group) for group in written.split()] == [4] * 12
    assert decode_key(written) == key


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (ALICE_WRITTEN.replace("UE4d", "UE4e"), "slip"),
        (ALICE_WRITTEN.replace("LW2K", "LW2k"), "slip"),
        (ALICE_WRITTEN.upper(), "letters that none has"),
        (ALICE_WRITTEN.lower(), "letters that none has"),
        (ALICE_WRITTEN.replace("EsTc", "EqTc"), "begins otherwise"),
        (ALICE_WRITTEN[:-5], "missing"),
        (ALICE_WRITTEN + " AAAA", "too many"),
        ("", "missing"),
        ("0OIl", "letters that none has"),
        ("z" * 100_000, "too many"),
        ("correct horse battery staple", "not a recovery key"),
    ],
)
def test_what_is_no_recovery_key_says_why(typed: str, says: str) -> None:
    """The sentence tells a slip from something else, and never repeats what was typed."""
    with pytest.raises(SecretProblem, match=says) as caught:
        decode_key(typed)
    assert not typed or typed not in str(caught.value)


@given(KEYS, st.integers(0, 47), st.sampled_from("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"))
def test_one_wrong_letter_never_gives_the_same_key(key: bytes, place: int, letter: str) -> None:
    """A changed letter is refused, or (one in 256) gives a key that the description refuses."""
    letters = list(encode_key(key).replace(" ", ""))
    if letters[place] != letter:
        letters[place] = letter
        try:
            other = decode_key("".join(letters))
        except SecretProblem:
            return
        assert not check(other, describe(key))


def test_the_rust_clients_key_fits_its_description() -> None:
    """A description that another client made is checked rightly, and no other key fits it."""
    assert check(decode_key(RUST_WRITTEN), RUST_DESCRIPTION)
    assert not check(ALICE, RUST_DESCRIPTION)


@given(KEYS)
def test_a_description_is_the_algorithms(key: bytes) -> None:
    """The mac is that of 32 zero bytes, encrypted under the keys of the empty name; bit 63 of the iv is zero."""
    description = describe(key)
    cipher_key, mac_key = hkdf(key, "")
    iv = unbase64(description["iv"])
    assert set(description) == {"algorithm", "iv", "mac"}
    assert len(iv) == 16
    assert not iv[8] & 0x80
    assert unbase64(description["mac"]) == hmac.digest(mac_key, counter_mode(cipher_key, iv, bytes(32)), "sha256")
    assert check(key, description)


def test_a_description_without_a_check_fits_every_key() -> None:
    """The specification has it so; one of another algorithm, or a mangled one, fits none."""
    assert check(ALICE, {"algorithm": ALGORITHM})
    assert not check(ALICE, {"algorithm": "m.other"})
    assert not check(ALICE, {"algorithm": ALGORITHM, "iv": RUST_DESCRIPTION["iv"]})
    assert not check(ALICE, {"algorithm": ALGORITHM, "iv": "AAAA", "mac": "AAAA"})
    assert not check(ALICE, None)


@given(KEYS, st.text(), st.sampled_from([NAME, "m.megolm_backup.v1", "é"]))
def test_other_clients_read_our_secrets(key: bytes, secret: str, name: str) -> None:
    """What we store opens by the algorithm's definition, in unpadded base64, with bit 63 of the iv zero."""
    sealed = encrypt(key, KEY_ID, name, secret)["encrypted"][KEY_ID]
    iv, ciphertext, mac = (unbase64(sealed[part]) for part in ("iv", "ciphertext", "mac"))
    cipher_key, mac_key = hkdf(key, name)
    assert mac == hmac.digest(mac_key, ciphertext, "sha256")
    assert counter_mode(cipher_key, iv, ciphertext).decode() == secret
    assert not iv[8] & 0x80
    assert not any(text.endswith("=") for text in sealed.values())


@given(KEYS, st.text(), st.binary(min_size=16, max_size=16))
def test_we_read_the_secrets_of_other_clients(key: bytes, secret: str, iv: bytes) -> None:
    """Whatever their iv (a counter that runs over included) and padding."""
    assert decrypt(key, KEY_ID, NAME, theirs(key, NAME, secret, iv)) == secret
    assert decrypt(key, KEY_ID, NAME, theirs(key, NAME, secret, b"\xff" * 16)) == secret


def test_a_secret_opens_with_its_own_key_and_name_only() -> None:
    """Another key, another name, another key id and a changed byte are refused."""
    content = encrypt(ALICE, KEY_ID, NAME, "c2VlZA")
    assert decrypt(ALICE, KEY_ID, NAME, content) == "c2VlZA"
    sealed = content["encrypted"][KEY_ID]
    changed = {"encrypted": {KEY_ID: {**sealed, "ciphertext": "AAAAAAAA"}}}
    for key, key_id, name, stored in (
        (bytes(32), KEY_ID, NAME, content),
        (ALICE, "other", NAME, content),
        (ALICE, KEY_ID, "m.cross_signing.user_signing", content),
        (ALICE, KEY_ID, NAME, changed),
    ):
        with pytest.raises(SecretProblem):
            decrypt(key, key_id, name, stored)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=4)
    | st.sampled_from(["AAAA", "AAAAAAAAAAAAAAAAAAAAAA"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["encrypted", KEY_ID, "iv", "mac", "ciphertext"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(JSON)
def test_account_data_of_any_shape_is_refused(data: Any) -> None:
    """A server may send anything: it fits no key and holds no secret, and nothing else is raised."""
    assert not check(ALICE, data)
    with pytest.raises(SecretProblem):
        decrypt(ALICE, KEY_ID, NAME, data)


def test_keys_and_ids_are_new_each_time() -> None:
    """No two are equal, and an id can stand in a type of account data."""
    assert make_key() != make_key()
    assert len(make_key()) == 32
    key_id = make_key_id()
    assert key_id != make_key_id()
    assert key_id.isalnum()
    assert key_type(key_id) == f"m.secret_storage.key.{key_id}"
