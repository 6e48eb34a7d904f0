"""What is erased of the Matrix store, and when, and that its bytes are gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nio.crypto import InboundGroupSession, OutboundGroupSession

from bot.adapters.matrix.groupsessions import GroupSessions
from bot.adapters.matrix.retention import EVERY, KEPT, Retention
from bot.adapters.matrix.rooms import Rooms
from bot.adapters.matrix.sealed import SealedStore
from storage.cipher import Keyring

ME, ROOM, OTHER = "@dragoman:example.org", "!room:example.org", "!other:example.org"
KEY = "A" * 43
NOW = 1_700_000_000_000
DAY = 24 * 3_600_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SealedStore]:
    """Give an empty store."""
    store = SealedStore(tmp_path / "matrix" / "matrix.db", Keyring([bytes(32)]))
    yield store
    store.close()


def sessions_of(store: SealedStore) -> GroupSessions:
    """Give the room keys in a store."""
    return GroupSessions(store, (ME, "BOX"), "pickle")


def erase(store: SealedStore, now: int, sessions: GroupSessions | None = None) -> None:
    """Erase what is old, as after a start."""
    Retention(store, sessions or sessions_of(store), Rooms(ME, store)).erase_old(now)


def heard(store: SealedStore, now: int, room: str = ROOM) -> InboundGroupSession:
    """Take a new session that opens one message, and give it."""
    made, sessions = OutboundGroupSession(), sessions_of(store)
    session = InboundGroupSession(made.session_key, KEY, KEY, room)
    sessions.add(session)
    hear(store, session, 0, now)
    return session


def hear(store: SealedStore, session: InboundGroupSession, index: int, now: int) -> None:
    """Open one more message with a session."""
    sessions_of(store).used(session.room_id, session.id, now)
    store.put("index", f"{session.id}/{index}", f"$event{index}")


def is_kept(store: SealedStore, session: InboundGroupSession) -> bool:
    """Tell whether a session is there."""
    return bool(sessions_of(store).of(session.room_id, session.id))


def test_a_session_and_what_it_opened_go_together(store: SealedStore) -> None:
    """Not used for a week, it is erased with the marks of its messages; the others stay with theirs."""
    old, new = heard(store, NOW - KEPT - 1), heard(store, NOW - KEPT)
    erase(store, NOW)
    assert (is_kept(store, old), is_kept(store, new)) == (False, True)
    assert store.all("index") == {f"{new.id}/0": "$event0"}
    assert len(store.all("used")) == 1


def test_an_old_session_in_use_stays(store: SealedStore) -> None:
    """It began eight days ago and was used yesterday: its first message, too, is still known as heard."""
    session = heard(store, NOW - 8 * DAY)
    hear(store, session, 1, NOW - DAY)
    erase(store, NOW)
    assert is_kept(store, session)
    assert set(store.all("index")) == {f"{session.id}/0", f"{session.id}/1"}


def test_marks_stay_while_any_session_could_open_their_messages(store: SealedStore) -> None:
    """A session of the same id elsewhere keeps them; the erased one is gone from memory too."""
    session, sessions = heard(store, NOW - 8 * DAY), sessions_of(store)
    other = InboundGroupSession.from_pickle(session.pickle("x"), KEY, KEY, OTHER, "x", [])
    sessions.add(other)
    sessions.of(ROOM, session.id)
    erase(store, NOW, sessions)
    assert sessions.get(ROOM, KEY, session.id) is None
    assert sessions.get(OTHER, KEY, session.id) is not None
    assert set(store.all("index")) == {f"{session.id}/0"}
    erase(store, NOW + KEPT + 1)
    assert store.all("index") == {}


def test_a_session_without_a_moment_counts_from_now(store: SealedStore) -> None:
    """One that opened nothing yet, that an older version kept, or whose moment lies ahead of the clock."""
    session = heard(store, NOW * 2)
    unused = InboundGroupSession(OutboundGroupSession().session_key, KEY, KEY, ROOM)
    sessions_of(store).add(unused)
    for now in (NOW, NOW + KEPT):
        erase(store, now)
        assert is_kept(store, session)
        assert is_kept(store, unused)
    erase(store, NOW + KEPT + 1)
    assert (is_kept(store, session), is_kept(store, unused)) == (False, False)
    assert store.all("used") == {}


def test_the_keys_of_files(store: SealedStore) -> None:
    """They go after a week; one with a moment that no clock gives, or none, counts from now."""
    for kind in ("file", "latest"):
        for name, at in (("old", NOW - KEPT - 1), ("new", NOW - KEPT), ("future", NOW * 2), ("odd", None)):
            store.put(kind, name, {"file": {}, "at": at, "sender": "@ana:example.org"})
    erase(store, NOW)
    left = {"new": NOW - KEPT, "future": NOW, "odd": NOW}
    for kind in ("file", "latest"):
        assert {name: row["at"] for name, row in store.all(kind).items()} == left


def test_where_encryption_was_asked_for(store: SealedStore) -> None:
    """It is remembered for the rooms that the bot is in."""
    rooms = Rooms(ME, store)
    rooms.open(ROOM).members[ME] = "join"
    rooms.save(rooms.open(ROOM))
    for room in (ROOM, OTHER):
        store.put("asked", room, True)
    erase(store, NOW)
    assert store.all("asked") == {ROOM: True}


def test_hourly(store: SealedStore) -> None:
    """At first, and then each hour, by the clock; also one that went back."""
    retention = Retention(store, sessions_of(store), Rooms(ME, store))
    row: dict[str, Any] = {"file": {}, "at": 0, "sender": "@ana:example.org"}
    found = []
    for now in (NOW, NOW + EVERY - 1, NOW + EVERY, NOW - 1):
        store.put("file", "old", row)
        retention.erase_old(now)
        found.append("old" in store.all("file"))
    assert found == [False, True, False, False]


def test_the_bytes_are_gone_while_the_store_is_open(store: SealedStore, tmp_path: Path) -> None:
    """From the database and from its log, though other rows were written before and after."""
    for n in range(50):
        store.put("file", f"old{n}", {"file": {"key": "x" * 300}, "at": 0, "sender": "@ana:example.org"})
        store.put("other", str(n), "y" * 300)
    bodies = [bytes(body) for (body,) in store._run("SELECT body FROM sealed WHERE kind = 'file'")]
    assert any(body[50:90] in on_disk(tmp_path) for body in bodies)
    erase(store, NOW)
    assert not any(body[50:90] in on_disk(tmp_path) for body in bodies)
    assert len(store.all("other")) == 50


def on_disk(folder: Path) -> bytes:
    """Give all bytes of the store's files."""
    return b"".join(path.read_bytes() for path in sorted((folder / "matrix").iterdir()))
