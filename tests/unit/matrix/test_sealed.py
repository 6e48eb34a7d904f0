"""The sealed store: what it keeps, what it undoes, what can be read in its files, and what it says when it cannot."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.matrix.sealed import SealedStore, StoreProblem
from storage.cipher import Keyring

OLD, NEW = bytes([1] * 32), bytes([2] * 32)
ROOM, USER = "!quetzalcoatlus:treaty.example", "@ana.of.the.coast:treaty.example"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give where a store may be made, in a folder that is not there yet."""
    return tmp_path / "matrix" / "store.db"


_OPEN: list[SealedStore] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close after each test what it opened."""
    yield
    while _OPEN:
        _OPEN.pop().close()


def opened(path: Path, *keys: bytes) -> SealedStore:
    """Open a store under keys, until the end of the test."""
    store = SealedStore(path, Keyring(keys or (OLD,)))
    _OPEN.append(store)
    return store


def write_and_fail(store: SealedStore, **values: int) -> None:
    """Put values of kind `a` in one transaction, see them there, and fail."""
    with store.transaction():
        for name, value in values.items():
            store.put("a", name, value)
            assert store.get("a", name) == value
        raise ZeroDivisionError


def rows(path: Path) -> list[Any]:
    """Read the table as somebody without the key does."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT kind, print, body FROM sealed ORDER BY kind, print").fetchall()
    finally:
        connection.close()


def test_what_is_put_is_there_after_reopening(path: Path) -> None:
    """Values come back by kind and name, the newest only; others are None."""
    store = opened(path)
    store.put("room", ROOM, {"encrypted": False})
    store.put("room", ROOM, {"encrypted": True, "by": [1, None, "é"]})
    store.put("user", ROOM, 5)
    store.close()
    store = opened(path)
    assert store.get("room", ROOM) == {"encrypted": True, "by": [1, None, "é"]}
    assert store.get("user", ROOM) == 5
    assert store.get("room", USER) is None
    assert store.all("room") == {ROOM: {"encrypted": True, "by": [1, None, "é"]}}
    assert store.all("nothing") == {}
    store.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealedStore]:
    """Give one store to all examples of a law."""
    store = SealedStore(tmp_path_factory.mktemp("sealed") / "store.db", Keyring([OLD]))
    yield store
    store.close()


@given(values=st.dictionaries(st.text(max_size=5), st.integers() | st.text() | st.none()))
def test_all_gives_back_what_was_put(shared: SealedStore, values: dict[str, Any]) -> None:
    """Any names and values, the empty name included."""
    with shared.transaction():
        for name in shared.all("kind"):
            shared.delete("kind", name)
        for name, value in values.items():
            shared.put("kind", name, value)
    assert shared.all("kind") == values
    assert {name: shared.get("kind", name) for name in values} == values


def test_what_is_deleted_is_gone_from_the_file(path: Path) -> None:
    """Neither a name nor a byte of its sealed body is left once the store is closed."""
    store = opened(path)
    store.put("room", ROOM, "x" * 500)
    store.close()
    body = next(body for kind, _, body in rows(path) if kind == "room")
    assert body[50:90] in path.read_bytes()
    store = opened(path)
    store.delete("room", ROOM)
    store.delete("room", "never put")
    assert store.get("room", ROOM) is None
    store.close()
    assert body[50:90] not in path.read_bytes()


def test_nothing_that_names_anybody_is_in_the_files(path: Path) -> None:
    """Names and values are in no file of the folder, WAL included, in none of the usual spellings."""
    store = opened(path)
    store.put("room", ROOM, {"member": USER, "key": "c2VlZHNlZWRzZWVk"})
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["store.db", "store.db-shm", "store.db-wal"]
    held = b"".join(file.read_bytes() for file in files)
    for secret in (ROOM, USER, "quetzalcoatlus", "ana.of.the.coast", "treaty.example", "c2VlZHNlZWRzZWVk", "member"):
        for spelled in (secret.encode(), secret.encode().hex().encode(), secret.encode("utf-16-le")):
            assert spelled not in held
    assert b"room" in held  # kinds are readable, so the search does find what is there
    store.close()


def test_one_name_under_two_kinds_looks_like_two(path: Path) -> None:
    """Hashes depend on the kind, and bodies are sealed anew each time."""
    store = opened(path)
    store.put("a", ROOM, 1)
    store.put("b", ROOM, 1)
    store.close()
    assert len({print_ for _, print_, _ in rows(path)}) == len({body for *_, body in rows(path)}) == 3


def test_folder_and_files_are_their_owners_only(path: Path) -> None:
    """0700 and 0600, WAL included, and a file that was open to others is closed to them."""
    store = opened(path)
    store.put("a", "b", 1)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    store.close()
    path.chmod(0o644)
    opened(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_transaction_is_kept_whole_or_not_at_all(path: Path) -> None:
    """After an exception nothing of it is there, and the store goes on."""
    store = opened(path)
    store.put("a", "kept", 1)
    with pytest.raises(ZeroDivisionError):
        write_and_fail(store, kept=2, new=3)
    assert store.all("a") == {"kept": 1}
    with store.transaction():
        store.put("a", "new", 4)
    store.close()
    assert opened(path).all("a") == {"kept": 1, "new": 4}


def test_an_inner_transaction_that_fails_leaves_the_outer_one(path: Path) -> None:
    """Its own writes are undone, those around it kept; nothing is committed before the outermost ends."""
    store, other = opened(path), opened(path)
    with store.transaction():
        store.put("a", "before", 1)
        with pytest.raises(ZeroDivisionError):
            write_and_fail(store, inner=2, before=4)
        with store.transaction():
            store.put("a", "after", 3)
        assert other.all("a") == {}
    assert other.all("a") == {"before": 1, "after": 3}
    store.close()
    other.close()


def test_a_killed_process_leaves_what_it_committed(path: Path) -> None:
    """Without a close, what was put is there and an open transaction is not."""
    opened(path).close()
    child = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from bot.adapters.matrix.sealed import SealedStore\n"
        "from storage.cipher import Keyring\n"
        "store = SealedStore(Path(sys.argv[1]), Keyring([bytes([1] * 32)]))\n"
        "store.put('a', 'kept', 1)\n"
        "with store.transaction():\n"
        "    store.put('a', 'lost', 2)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", child, str(path)], check=False).returncode == -9
    store = opened(path)
    assert store.all("a") == {"kept": 1}
    store.close()


def test_threads_wait_for_each_others_transactions(path: Path) -> None:
    """Writes of another thread come after the transaction, not into it."""
    store = opened(path)
    other = threading.Thread(target=lambda: store.put("a", "other", 2))
    with store.transaction():
        other.start()
        with pytest.raises(ZeroDivisionError):
            write_and_fail(store, mine=1)
        assert store.all("a") == {}
    other.join()
    assert store.all("a") == {"other": 2}
    store.close()


def test_a_store_of_another_key_says_so(path: Path) -> None:
    """One sentence, at once, and the file is not changed."""
    opened(path).close()
    before = rows(path)
    with pytest.raises(StoreProblem, match="made with another key"):
        opened(path, NEW)
    assert rows(path) == before


def test_a_changed_key_still_finds_what_the_old_one_kept(path: Path) -> None:
    """With a new key on top old values are read, replaced without a second copy, and deleted."""
    store = opened(path, OLD)
    for name in ("one", "two", "three"):
        store.put("a", name, 1)
    store.close()
    store = opened(path, NEW, OLD)
    store.put("a", "one", 2)
    store.delete("a", "two")
    assert store.all("a") == {"one": 2, "three": 1}
    assert store.get("a", "three") == 1
    store.close()
    assert len(rows(path)) == 3


@pytest.mark.parametrize(
    "content", [b"not a database at all, but some longer text" * 50, b"SQLite format 3\0" + bytes(200)]
)
def test_a_file_that_is_no_store_says_so(path: Path, content: bytes) -> None:
    """Anything else in its place is called damaged."""
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreProblem, match=r"damaged|cannot be opened"):
        opened(path)


def test_a_store_overwritten_in_the_middle_says_so(path: Path) -> None:
    """Damage found while reading is told in the same words."""
    store = opened(path)
    for number in range(200):
        store.put("a", str(number), "x" * 200)
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * (size - 4096 * 4))
    with pytest.raises(StoreProblem, match="damaged"):
        opened(path).all("a")


def change(path: Path, statement: str) -> None:
    """Change the table as somebody without the key can."""
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sealed SET body = (SELECT body FROM sealed WHERE kind = 'b') WHERE kind = 'a'",
        "UPDATE sealed SET body = x'00' WHERE kind = 'a'",
        "UPDATE sealed SET body = 5 WHERE kind = 'a'",
        "DELETE FROM sealed WHERE kind = 'store'",
    ],
)
def test_a_value_put_in_the_place_of_another_is_refused(path: Path, statement: str) -> None:
    """A body moved between kinds or mangled, and a store without its mark, are called damaged."""
    store = opened(path)
    store.put("a", "name", 1)
    store.put("b", "name", 2)
    store.close()
    change(path, statement)
    with pytest.raises(StoreProblem, match="damaged"):
        opened(path).get("a", "name")


def test_two_values_of_a_kind_cannot_be_swapped(path: Path) -> None:
    """The name is sealed with the value: a body that answers for another name is refused."""
    store = opened(path)
    store.put("a", "ana", "trusted")
    one = next(body for kind, _, body in rows(path) if kind == "a")
    store.put("a", "ben", "not trusted")
    store.close()
    change(path, f"UPDATE sealed SET body = x'{one.hex()}' WHERE kind = 'a'")
    store = opened(path)
    assert store.get("a", "ana") == "trusted"
    with pytest.raises(StoreProblem, match="damaged"):
        store.get("a", "ben")
    store.close()


def test_a_store_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    """A folder in its place, and a file where its folder should be."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "store.db"):
        with pytest.raises(StoreProblem, match="cannot be opened"):
            opened(path)


def test_a_closed_store_says_so(path: Path) -> None:
    """Closing twice is harmless, using it afterwards is not taken for damage."""
    store = opened(path)
    store.close()
    store.close()
    with pytest.raises(StoreProblem, match="closed"):
        store.put("a", "b", 1)


def test_problems_name_nobody(path: Path) -> None:
    """The sentence tells the path and the reason, no name or value."""
    store = opened(path)
    store.put("room", ROOM, USER)
    store.close()
    change(path, "UPDATE sealed SET body = x'00' WHERE kind = 'room'")
    with pytest.raises(StoreProblem) as caught:
        opened(path).get("room", ROOM)
    assert "quetzal" not in str(caught.value)
    assert str(caught.value).count("\n") == 0
