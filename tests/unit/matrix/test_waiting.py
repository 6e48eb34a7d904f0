"""Messages that wait for their keys: in order, for a day by our clock, and only so many of each sender."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.adapters.matrix.sealed import SealedStore
from bot.adapters.matrix.waiting import KEPT, PER_SENDER, Waiting
from storage.cipher import Keyring

ROOM, ANA, EVE = "!room:example.org", "@ana:example.org", "@eve:example.org"
NOW = 1_700_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SealedStore]:
    """Give an empty store."""
    store = SealedStore(tmp_path / "matrix" / "matrix.db", Keyring([bytes(32)]))
    yield store
    store.close()


def event(name: str, sender: str = ANA, at: int = NOW) -> dict[str, Any]:
    """Make a message that nobody can read."""
    return {"event_id": name, "sender": sender, "origin_server_ts": at, "content": {}}


def names(waiting: Waiting, now: int = NOW) -> list[str]:
    """Give the ids of what waits."""
    return [event_id for event_id, _ in waiting.rows(now)]


def test_they_wait_in_the_order_they_came(store: SealedStore) -> None:
    """Whatever they say of when they were said, also after a restart; heard again, one stays where it was."""
    waiting = Waiting(store)
    for n, name in enumerate(("$c", "$a", "$b")):
        waiting.add(ROOM, event(name, at=NOW - n), NOW)
    waiting.told("$a")
    waiting.add(ROOM, event("$c"), NOW)
    waiting.add(ROOM, event("$a"), NOW)
    assert names(waiting) == names(Waiting(store)) == ["$c", "$a", "$b"]
    assert [row["told"] for _, row in Waiting(store).rows(NOW)] == [False, True, False]


def test_a_day_counts_from_when_one_was_heard(store: SealedStore) -> None:
    """One from the far future, or long ago, waits as long as the others."""
    waiting = Waiting(store)
    for name, at in (("$future", NOW * 10), ("$past", 5), ("$now", NOW)):
        waiting.add(ROOM, event(name, at=at), NOW)
    assert len(names(waiting, NOW + KEPT)) == 3
    assert names(waiting, NOW + KEPT + 1) == []
    assert store.all("waiting") == {}


@pytest.mark.parametrize("at", [{}, {"at": NOW * 2, "order": 1}])
def test_what_an_older_version_kept_waits_from_now_on(store: SealedStore, at: dict[str, int]) -> None:
    """A row without a moment gets one when it is first looked at; so does one from a clock that was ahead."""
    row = {"room": ROOM, "event": event("$old", at=NOW * 10), "told": True}
    store.put("waiting", "$old", row | at)
    assert names(Waiting(store), NOW) == ["$old"]
    assert names(Waiting(store), NOW + KEPT + 1) == []


def test_one_sender_takes_nobody_elses_place(store: SealedStore) -> None:
    """The oldest of theirs are given up, and logged by their ids."""
    waiting = Waiting(store)
    waiting.add(ROOM, event("$ana"), NOW)
    with capture_logs() as logs:
        for n in range(PER_SENDER + 2):
            waiting.add(ROOM, event(f"$eve{n}", EVE), NOW)
    assert names(waiting) == ["$ana", *(f"$eve{n}" for n in range(2, PER_SENDER + 2))]
    assert [log["event_id"] for log in logs] == ["$eve0", "$eve1"]
    assert waiting.senders() == {ANA, EVE}
    assert len(store.all("waiting")) == PER_SENDER + 1
