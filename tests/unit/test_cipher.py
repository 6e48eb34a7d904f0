"""Encryption at rest: what opens with which key, in which column, and what a key file must be."""

from __future__ import annotations

import base64
import resource
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.cipher import (
    DEPLOYMENT,
    KeyProblem,
    Keyring,
    LineProblem,
    create_key_file,
    read_key_file,
    secret_of,
)

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


def test_a_coalition_has_a_line_of_its_own(tmp_path: Path) -> None:
    """Its data key opens with the line and not without, and other coalitions' keys open all the same."""
    path = tmp_path / "dragoman.key"
    create_key_file(path)
    keyring = read_key_file(path)
    first, second = keyring.new_data_key(), keyring.new_data_key()
    assert len(path.read_text().splitlines()) == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    copy = path.read_bytes()
    keyring.admit(1, first)
    sealed = keyring.seal(1, PLAIN, "c")

    assert keyring.strike(secret_of(first) or "")
    assert not keyring.strike(secret_of(first) or "")
    for struck in (read_key_file(path), keyring):
        struck.admit(2, second)
        struck.forget(1)
        with pytest.raises(LineProblem, match="copy the key file again"):
            struck.admit(1, first)
    path.write_bytes(copy)  # whoever kept a copy from before still reads what was kept from before
    keeper = read_key_file(path)
    keeper.admit(1, first)
    assert keeper.open(sealed, "c") == PLAIN


def test_a_line_alone_opens_nothing(tmp_path: Path) -> None:
    """The secret serves only together with a key of the file; a new first key leaves it as it was."""
    path = tmp_path / "dragoman.key"
    create_key_file(path)
    wrapped = read_key_file(path).new_data_key()
    lines = path.read_text().splitlines()
    other = base64.b64encode(NEW).decode()
    path.write_text("\n".join([other, lines[1]]))
    with pytest.raises(KeyProblem, match="does not fit"):
        read_key_file(path).admit(1, wrapped)
    path.write_text("\n".join([other, *lines]))
    read_key_file(path).admit(1, wrapped)


def test_a_line_that_another_process_wrote_is_read(tmp_path: Path) -> None:
    """A keyring that was read before reads the file anew when it meets a coalition that it does not know."""
    path = tmp_path / "dragoman.key"
    create_key_file(path)
    one, other = read_key_file(path), read_key_file(path)
    other.admit(1, one.new_data_key())
    assert other.open(other.seal(1, PLAIN, "c"), "c") == PLAIN


def test_many_at_once_lose_no_line(tmp_path: Path) -> None:
    """Processes that add and strike at the same time leave just the lines that should be there."""
    path = tmp_path / "dragoman.key"
    create_key_file(path)

    def make_two(_: int) -> str:
        keyring = read_key_file(path)
        kept, struck = secret_of(keyring.new_data_key()), secret_of(keyring.new_data_key())
        assert keyring.strike(struck or "")
        return kept or ""

    with ThreadPoolExecutor(6) as pool:
        kept = sorted(pool.map(make_two, range(24)))
    assert sorted(line.split()[0] for line in path.read_text().splitlines() if " " in line) == kept
    assert [entry.name for entry in tmp_path.iterdir()] == ["dragoman.key"]


def test_what_was_struck_is_written_over(tmp_path: Path) -> None:
    """The bytes that the old file had on the disk are no longer there for whoever still has it open."""
    path = tmp_path / "dragoman.key"
    create_key_file(path)
    keyring = read_key_file(path)
    wrapped = keyring.new_data_key()
    with path.open("rb") as old:
        keyring.strike(secret_of(wrapped) or "")
        assert not old.read().strip(b"\0")


def test_a_link_to_the_key_file_stays_one(tmp_path: Path) -> None:
    """What is changed is the file that the link leads to."""
    path, link = tmp_path / "kept.key", tmp_path / "dragoman.key"
    create_key_file(path)
    link.symlink_to(path)
    read_key_file(link).new_data_key()
    assert link.is_symlink()
    assert len(path.read_text().splitlines()) == 2


def test_a_key_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """Neither making nor purging leaves it half done: the file is as it was, and the sentence says what to do."""
    path = tmp_path / "dragoman.key"
    create_key_file(path)
    keyring = read_key_file(path)
    name, before = secret_of(keyring.new_data_key()) or "", path.read_bytes()
    most, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # nothing can be written, whoever runs the test
    try:
        with pytest.raises(KeyProblem, match="a new coalition needs a line of its own"):
            keyring.new_data_key()
        with pytest.raises(KeyProblem, match=f"take out the one that begins with {name}"):
            keyring.strike(name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    assert path.read_bytes() == before


def test_the_same_number_with_another_key_is_another_coalition() -> None:
    """What a process remembers of a coalition does not outlive it: SQLite and backups give numbers again."""
    keyring = Keyring([OLD])
    keyring.admit(1, keyring.new_data_key())
    sealed = keyring.seal(1, PLAIN, "c")
    keyring.admit(1, keyring.new_data_key())
    with pytest.raises(KeyProblem):
        keyring.open(sealed, "c")
