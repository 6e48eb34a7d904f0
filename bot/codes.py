"""Single-use codes: made for whoever sets the bot up or links an account, kept as keyed hashes, redeemed once."""

from __future__ import annotations

import datetime as dt
import secrets

from sqlmodel import col, select

from storage.cipher import active
from storage.tables import Code
from storage.work import Work

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"
"""No I, L or O: they look like digits."""
_GROUP = 4


def new_code(work: Work, now: dt.datetime, purpose: str, ttl: dt.timedelta, identity_id: int | None = None) -> str:
    """Make a code, such as "KDRW-MEAT", that redeem() takes once, for that purpose, until `now + ttl`.

    It is good for the coalition of this transaction; made in one that belongs to none, for any.
    """
    letters = "".join(secrets.choice(LETTERS) for _ in range(2 * _GROUP))
    work.put(
        Code(
            coalition_id=work.coalition_id, purpose=purpose, fingerprint=active()[0].fingerprint(letters),
            expires_at=now + ttl, identity_id=identity_id,
        )
    )  # fmt: skip
    return f"{letters[:_GROUP]}-{letters[_GROUP:]}"


def redeem(work: Work, now: dt.datetime, purpose: str, typed: str) -> bool:
    """Use a code up; False when it is wrong, expired, used, another coalition's or for something else."""
    code = code_that_fits(work, now, purpose, typed)
    if code is not None:
        code.used_at = now
    return code is not None


def code_that_fits(work: Work, now: dt.datetime, purpose: str, typed: str) -> Code | None:
    """Give the code that may be used up, or None. In a transaction that belongs to no coalition, any coalition's."""
    letters = "".join(letter for letter in typed.upper() if letter.isalpha())
    known = select(Code).where(col(Code.fingerprint).in_(active()[0].fingerprints(letters)), Code.purpose == purpose)
    code = work.exec(known.with_for_update()).first()  # two people may type it at once
    if code is None or code.used_at is not None or code.expires_at <= now:
        return None
    if code.coalition_id is not None and work.coalition_id not in (None, code.coalition_id):
        return None
    return code
