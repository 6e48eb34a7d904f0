"""How the database finds what the core asks for: for one coalition it reads no other's rows, for all what is due."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import re
from pathlib import Path

import pytest

from bot.app import writers
from bot.clock import SimulatedClock
from bot.outbox import Outbox
from bot.watching import Watch
from storage.cipher import read_key_file
from storage.work import Store
from tests.fakes.chat import RecordingChat
from tests.fakes.plans import Access, plans, recording
from tests.fakes.postgres import Postgres
from tests.scenarios.play import FOLDER, KEY_FILE, Play, database
from tests.unit.test_watching import Web

PLAYED = ("drafts", "relink", "digest", "undo", "link", "sources", "rooms-and-people", "floor", "retention")
"""Scenarios that together touch what the core asks; the first is the one whose rows are multiplied."""
ONE = {"id", "key", "event_id", "fingerprint", "sha256", "name", "number", "lead_id", "added_by", "made_by"}
"""Columns whose values belong to one coalition, and to few of its rows, beside those whose names end in `_id`."""
OF_ALL = {
    # index: what is given of it
    "ix_inbox_state": ("state", "state id"),  # what waits to be done
    "ix_inbox_kept": (" send_at", " done_at"),  # what is to be erased: the index has nothing that is erased already
    "ix_notice_kept": (" send_at",),
    "ix_parcel_kept": (" created_at",),
    "ix_notice_due": ("state send_at",),  # what is due
    "ix_draft_waiting": ("state",),  # what waits to be read
    "ix_correction_applied": ("applied",),  # what waits to be compared anew
    "ix_failed_try_old": (" tried_at",),  # what is older than an hour
    "ix_request_old": (" expires_at",),  # what is older than a day
    "ix_erasure_next": (" next_at",),  # what is to be deleted, and the first of it
    "ix_source_next": ("active", "active next_at"),  # what is to be looked at; the first of all
    "ix_lane_bound": ("",),  # the lanes that are held or leased: the index has no others
}
"""Indexes for what is asked of all coalitions at once: they read what is due, whatever else there is."""
WHOLE = (
    (r"^DELETE FROM link ", "accounts that are being linked: nothing in it is older than ten minutes"),
    (r"^DELETE FROM wrong_codes ", "wrong codes: nothing in it is older than an hour"),
    (r"^SELECT coalition.id, coalition.name FROM coalition\b", "a console's: it names the coalition, in any case"),
    (r"^SELECT coalition.id FROM coalition ORDER BY", "the chores: once an hour, for each of the coalitions"),
    (r"^SELECT coalition.id FROM coalition LEFT OUTER JOIN retention", "the sweep: once a night, for each of them"),
    (r"^SELECT coalition.id FROM coalition LIMIT", "whether there is one only: reads two rows"),
    (r"^SELECT max\(coalition.id\)", "the last of all: by its key, from its end"),
    (r"^SELECT coalition.name FROM coalition ORDER BY", "the test's own"),
    (r"^UPDATE member SET discreet = .* WHERE standing = 'suspended' OR", "a migration's: once for all coalitions"),
    (r"FROM notice .* LIMIT", "the first that is planned: reads one row"),
    (
        r"notice.coalition_id = .* notice.id > ",
        "what a coalition owes beyond one notice: by whichever index reads less",
    ),
    (r"notice.send_at <= .* notice.state = ", "what is due, and what is on its way"),
)
"""What may be read without either, by the statement, and why."""
SYSTEM = re.compile(r"\b(sqlite_master|sqlite_temp_master|pg_\w+|alembic_version|duty|leftover|pulse)\b")
"""Tables that do not grow with the coalitions."""


def is_narrow(access: Access, statement: str) -> bool:
    """Tell whether reading a table like this takes as long whatever other coalitions there are."""
    if SYSTEM.search(access.table) or any(column in ONE or column.endswith("_id") for column in access.equal):
        return True
    given = " ".join([*sorted(access.equal), *sorted(access.ranged)]) if access.equal else " ".join(
        ["", *sorted(access.ranged)]
    ).rstrip()  # fmt: skip
    if access.index is not None and given in OF_ALL.get(access.index, ()):
        return True
    return any(re.search(pattern, statement) for pattern, _ in WHOLE)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_no_query_reads_what_grows_with_the_coalitions(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each statement of a fortnight's work: commands, planning, sending, drafts, sources, erasing."""
    urls = {}
    with recording() as recorder:
        for name in PLAYED:
            folder = tmp_path / name
            folder.mkdir()
            urls[name] = database(folder)
            if kind == "postgres":
                server: Postgres = request.getfixturevalue("postgres")
                urls[name] = server.url(server.database())
            script = (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
            with contextlib.chdir(FOLDER):
                asyncio.run(Play(folder, url=urls[name]).play(script))
        asyncio.run(serve(urls["sources"], tmp_path / "sources"))
    wide = [
        f"{access}\n    {words[-600:]}"
        for statement, accesses in plans(urls[PLAYED[0]], recorder)
        for words in [" ".join(statement.split())]
        for access in accesses
        if not is_narrow(access, words)
    ]
    assert len(recorder.statements) > 150
    assert wide == [], "\n".join(wide)


async def serve(url: str, folder: Path) -> None:
    """Do what `run` does and a console does not: look at sources, and ask what is due next in all coalitions."""
    store, clock = Store(url, read_key_file(folder / KEY_FILE)), SimulatedClock(dt.datetime(2024, 3, 1, tzinfo=dt.UTC))
    watch = Watch(store, clock, Web(), store.write)
    assert await watch.drain()
    await watch.next_moment()
    outbox = Outbox(store, clock, {"console": RecordingChat()}, writers(), lanes=2)
    await outbox.drain()
    await outbox.next_moment()
    await store.close()


def test_a_full_scan_is_told_from_an_index() -> None:
    """The rule itself: what has no index, or only its beginning that is no coalition's, is wide."""
    assert not is_narrow(Access("task", None), "SELECT")
    assert not is_narrow(Access("notice", "ix_notice_due", frozenset({"state"})), "SELECT min(notice.send_at)")
    assert not is_narrow(Access("member", "member_pkey"), "SELECT")
    assert not is_narrow(Access("inbox", "rowid", frozenset(), frozenset({"id"})), "SELECT")
    assert is_narrow(Access("task", "ix_task_state", frozenset({"coalition_id"})), "SELECT")
    assert is_narrow(Access("source", "ix_source_next", frozenset({"active"}), frozenset({"next_at"})), "SELECT")
