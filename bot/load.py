"""`dragoman load FILE.toml`: a coalition with its people, rooms, programme and texts, in one transaction.

Loading again applies what changed in the file since the last load. What was changed in chat stays, and is told.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from bot.audit import HOST, record
from bot.load_people import load_members, load_rooms
from bot.load_programme import load_sessions
from bot.load_texts import ReadDrafts, load_texts, read_drafts
from bot.loadfile import LoadFile, LoadProblem, read_load_file
from bot.loading import Loading, considered, differences
from bot.merge import plain
from bot.planning import replan
from storage.coalitions import founding
from storage.tables import Coalition
from storage.work import Store, Work

PLACEHOLDER = "Coalition"
"""What `init` calls the coalition that nobody has named yet."""


async def load_file(store: Store, path: Path, now: dt.datetime) -> list[str]:
    """Load a file and give the lines that say what changed; nobody is told anything by a first load.

    Drafts that are new are read in the child process before the transaction. Raises LoadProblem; nothing is changed
    then.
    """
    file = read_load_file(path)
    cause = f"load/{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}/{now:%Y%m%dT%H%M%S}"
    coalition_id = await store.read(None, lambda work: _find(work, file.coalition.name))
    read = await read_drafts(store, coalition_id, path, file)

    def load(work: Work) -> list[str]:
        if coalition_id is not None:
            return _load(work, work.get_one(Coalition, coalition_id), path, file, read, now, cause)
        named = file.coalition
        with founding(work, named.name, now, timezone=named.timezone, language=named.language) as coalition:
            return [f"added coalition {coalition.name}", *_load(work, coalition, path, file, read, now, cause)]

    try:
        return await store.write(coalition_id, load)
    except IntegrityError:
        # Which row it was, the driver says only by quoting it.
        raise LoadProblem(
            "{file}: two members, rooms, sessions or texts would have the same name. Please tell them apart.",
            file=path.name,
        ) from None


def _find(work: Work, name: str) -> int | None:
    """Find the coalition of that name, or the only one there is if nobody has named it yet."""
    known = list(work.exec(select(Coalition.id, Coalition.name).order_by(col(Coalition.id))))
    for coalition_id, called in known:
        if called.casefold() == name.casefold():
            return coalition_id
    untouched = select(Coalition.id).where(Coalition.name == PLACEHOLDER, col(Coalition.loaded).is_(None))
    return work.exec(untouched).first() if len(known) == 1 else None


def _load(
    work: Work, coalition: Coalition, path: Path, file: LoadFile, read: ReadDrafts, now: dt.datetime, cause: str
) -> list[str]:
    before = coalition.loaded or {}
    loading = Loading(work, coalition, path, now, coalition.loaded is None, cause)
    _load_coalition(loading, file, before.get("coalition", {}))
    loaded = {
        "coalition": plain(file.coalition.model_dump()),
        "members": load_members(loading, file, dict(before.get("members", {}))),
        "rooms": load_rooms(loading, file, dict(before.get("rooms", {}))),
        "texts": load_texts(loading, file, read, before.get("texts", {})),
        "sessions": load_sessions(loading, file, dict(before.get("sessions", {}))),
        "calendars": before.get("calendars", {}),
    }
    if loaded != coalition.loaded:
        coalition.loaded = loaded
        record(work, now, "load", HOST, coalition)
    if loading.changed:
        coalition.changes += 1
        work.flush()
        replan(work, now)
    return loading.report


def _load_coalition(loading: Loading, file: LoadFile, old: dict[str, str]) -> None:
    row, wanted = loading.coalition, file.coalition.model_dump()
    before = loading.settle(row, "coalition", considered(wanted, file.coalition.model_fields_set, old or None), old)
    if before:
        loading.changed.append(f"coalition: {differences(before, row)}")
