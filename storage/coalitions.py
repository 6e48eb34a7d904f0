"""New coalitions: a row, a data key, and a transaction that goes on within them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from sqlmodel import col, func, select

from storage.cipher import KeyProblem, active, sealing, secret_of
from storage.tables import PURGED, Coalition, Pulse
from storage.work import Work


def create(work: Work, name: str, now: datetime, *, timezone: str = "UTC", language: str = "en") -> Coalition:
    """Make a coalition with a data key of its own; `now` is aware. Its rows follow in transactions of its own."""
    keyring, _ = active()
    wrapped = keyring.new_data_key()
    coalition = Coalition(name=name, timezone=timezone, language=language, wrapped_key=wrapped, created_at=now)
    if not work.shared:
        coalition.id = _free_id(work)
    work.put(coalition)
    keyring.admit(coalition.id, wrapped)
    return coalition


@contextmanager
def founding(
    work: Work, name: str, now: datetime, *, timezone: str = "UTC", language: str = "en"
) -> Iterator[Coalition]:
    """Make a coalition in a transaction that belongs to none, and let what is done within belong to it.

    The transaction is the new coalition's from then on; what raises within leaves nothing behind.
    """
    coalition = create(work, name, now, timezone=timezone, language=language)
    work.coalition_id = coalition.id
    try:
        with sealing(active()[0], coalition.id):
            yield coalition
            work.flush()
    except BaseException:
        _give_up(coalition)
        raise


def line_of(work: Work) -> str | None:
    """Give the id of the coalition's line in the key file; None where it was made before there were lines."""
    return secret_of(work.exec(select(Coalition.wrapped_key).where(Coalition.id == work.tenant)).one())


def _give_up(coalition: Coalition) -> None:
    """Take the line of a coalition that is not made after all out of the key file; one that stays harms nothing."""
    line = secret_of(coalition.wrapped_key)
    if line is not None:
        with suppress(KeyProblem):  # what is raised already says more
            active()[0].strike(line)


def _free_id(work: Work) -> int:
    """Give a number that no coalition has or had: SQLite would give that of the last one again.

    Whoever still works for one that was purged must not find another in its place. PostgreSQL counts on by itself.
    """
    gone = work.exec(select(Pulse.name).where(col(Pulse.name).startswith(PURGED, autoescape=True)))
    last = work.exec(select(func.max(Coalition.id))).one() or 0
    return max([last, *(int(name.removeprefix(PURGED)) for name in gone)]) + 1
