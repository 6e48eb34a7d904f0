"""New coalitions: a row, a data key, and a transaction that goes on within them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from storage.cipher import active, sealing
from storage.tables import Coalition
from storage.work import Work


def create(work: Work, name: str, now: datetime, *, timezone: str = "UTC", language: str = "en") -> Coalition:
    """Make a coalition with a data key of its own; `now` is aware. Its rows follow in transactions of its own."""
    keyring, _ = active()
    wrapped = keyring.new_data_key()
    row = Coalition(name=name, timezone=timezone, language=language, wrapped_key=wrapped, created_at=now)
    coalition = work.put(row)
    keyring.forget(coalition.id)  # an id whose making was rolled back comes again, and would open with the lost key
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
    with sealing(active()[0], coalition.id):
        yield coalition
        work.flush()
