"""Encryption at rest: what opens with which key, in which column, and what a key file must be."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from storage.cipher import DEPLOYMENT, KeyProblem, Keyring, create_key_file, read_key_file

OLD, NEW = bytes([1] * 32), bytes([2] * 32)
PLAIN = b"Quetzal of the coast"


def test_what_is_sealed_opens_and_shows_nothing() -> None:
    """The bytes kept hold nothing of the text, differ each time, and open to it again."""
    keyring = Keyring([OLD])
    one, two = (keyring.seal(DEPLOYMENT, PLAIN, "note.words") for _ in range(2))
    assert PLAIN[:6] not in one
    assert one != two
    assert keyring.open(one, "note.words") == keyring.open(two, "note.words") == PLAIN


def test_a_value_moved_to_another_column_does_not_open() -> None:
    """A sealed value is bound to its column."""
    keyring = Keyring([OLD])
    with pytest.raises(KeyProblem):
        keyring.open(keyring.seal(DEPLOYMENT, PLAIN, "note.words"), "member.alias")


def test_a_value_under_another_scope_does_not_open() -> None:
    """A sealed value is bound to its coalition: changing the number it names does not help."""
    keyring = Keyring([OLD])
    wrapped = keyring.new_data_key()
    keyring.admit(1, wrapped)
    keyring.admit(2, wrapped)
    sealed = keyring.seal(1, PLAIN, "note.words")
    moved = sealed[:1] + (2).to_bytes(8, "big") + sealed[9:]
    assert keyring.open(sealed, "note.words") == PLAIN
    with pytest.raises(KeyProblem):
        keyring.open(moved, "note.words")


@pytest.mark.parametrize("damaged", [b"", b"\x01", b"\x01" + bytes(8), b"\x01" + bytes(40)])
def test_damaged_bytes_are_a_problem_with_words(damaged: bytes) -> None:
    """Bytes that were never sealed raise KeyProblem, whatever their length."""
    with pytest.raises(KeyProblem, match="does not fit"):
        Keyring([OLD]).open(damaged, "note.words")


def test_a_new_first_key_seals_and_the_old_one_still_opens() -> None:
    """A key is changed by putting a new line on top."""
    before = Keyring([OLD])
    sealed, wrapped = before.seal(DEPLOYMENT, PLAIN, "c"), before.new_data_key()
    before.admit(1, wrapped)
    of_coalition = before.seal(1, PLAIN, "c")

    after = Keyring([NEW, OLD])
    after.admit(1, wrapped)
    assert after.open(sealed, "c") == after.open(of_coalition, "c") == PLAIN
    with pytest.raises(KeyProblem):
        before.open(after.seal(DEPLOYMENT, PLAIN, "c"), "c")
    assert after.fingerprints("ana") == [after.fingerprint("ana"), before.fingerprint("ana")]


def test_coalitions_have_keys_of_their_own() -> None:
    """One coalition's data key does not open another's rows, and a forgotten one opens nothing."""
    keyring = Keyring([OLD])
    keyring.admit(1, keyring.new_data_key())
    sealed = keyring.seal(1, PLAIN, "c")
    keyring.forget(1)
    with pytest.raises(KeyProblem, match="not admitted"):
        keyring.open(sealed, "c")
    keyring.admit(1, keyring.new_data_key())
    with pytest.raises(KeyProblem):
        keyring.open(sealed, "c")


def test_another_key_file_admits_no_coalition() -> None:
    """A wrapped data key opens only with the key file it was made under."""
    with pytest.raises(KeyProblem, match="does not fit"):
        Keyring([NEW]).admit(1, Keyring([OLD]).new_data_key())


def test_the_key_file_is_for_its_owner_and_made_once(tmp_path: Path) -> None:
    """`init` makes it 0600 and never over one that is there."""
    path = tmp_path / "dragoman.key"
    create_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sealed = read_key_file(path).seal(DEPLOYMENT, PLAIN, "c")
    with pytest.raises(FileExistsError):
        create_key_file(path)
    assert read_key_file(path).open(sealed, "c") == PLAIN


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (None, 0o600, "there is no key file"),
        (b"", 0o600, "no usable key"),
        (b"c2hvcnQ=\n", 0o600, "no usable key"),
        (b"not base64!\n", 0o600, "damaged"),
        (b"\xff\xfe", 0o600, "cannot be read"),
        (b"A" * 43 + b"=\n", 0o640, "chmod 600"),
    ],
)
def test_an_unfit_key_file_is_refused_with_what_to_do(
    tmp_path: Path, content: bytes | None, mode: int, words: str
) -> None:
    """Each way in which a key file can be wrong has its own sentence."""
    path = tmp_path / "dragoman.key"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(KeyProblem, match=words):
        read_key_file(path)
