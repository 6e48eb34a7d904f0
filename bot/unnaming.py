"""Where somebody is named in what the database keeps in words, and what stands there once they are gone for good."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table
from sqlmodel import SQLModel, col, select, update

from storage.tables import UNSETTLED, Member, Note, Notice, Parcel, ParcelState, Reminder, Review, Standing
from storage.tables.columns import Sealed, SealedBytes
from storage.work import Work

INSTEAD = "a former member"
ADDRESSES = frozenset(
    """identity.address room.address lane.address link.address source.address source.pattern source.etag
    source.modified snapshot.address parcel.message_id coalition.loaded member.alias
    member.alias_outside member.organisation suspension.accounts erasure.address erasure.name inbox.body""".split()
)
"""The encrypted columns that hold no words of people's: they are looked after row by row."""
_OURS = frozenset({"is", "msgid", "plural", "shape", "separator"})
"""The parts of a message that are the bot's own words."""
SHORT = 4
"""An alias of fewer letters is found as it is written only: "sol" is a word, too."""


@dataclass(frozen=True)
class Names:
    """What somebody is known by: alias, organisation where nobody else works there, accounts, and their own words."""

    member_id: int
    pattern: re.Pattern[str]
    words: tuple[str, ...] = ()
    """What they wrote: what others were sent of it is not kept."""

    @staticmethod
    def of(work: Work, member: Member, addresses: Sequence[str], *, with_reviews: bool) -> Names:
        """Read them while they are there."""
        others = work.rows(Member, Member.id != member.id, Member.standing != Standing.FORMER)
        organisation = member.organisation
        if any(row.organisation.casefold() == organisation.casefold() for row in others):
            organisation = ""
        found = [*called(member), *(re.escape(name) for name in (organisation, *addresses) if name)]
        return Names(
            member.id, re.compile(rf"(?<!\w)(?:{'|'.join(found)})(?!\w)"), tuple(_own_words(work, member, with_reviews))
        )

    def without(self, value: Any) -> Any:
        """Give a JSON value in which they are not named."""
        if isinstance(value, str):
            return self.pattern.sub(INSTEAD, value)
        if isinstance(value, list):
            return [self.without(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.get("is") == "Mention" and value.get("member_id") == self.member_id:
            return {"is": "Text", "text": INSTEAD}
        return {self.without(name): item if name in _OURS else self.without(item) for name, item in value.items()}

    def stand_in(self, value: Any) -> bool:
        """Tell whether a JSON value names them, or has their words in it."""
        if value is None:
            return False
        text = json.dumps(value, ensure_ascii=False)
        words = (json.dumps(word, ensure_ascii=False)[1:-1] for word in self.words)
        return self.without(value) != value or any(word in text for word in words)


def called(member: Member) -> list[str]:
    """Give patterns of what a member is called in words, with @ or without."""
    aliases = [alias for alias in (member.alias, member.alias_outside) if alias]
    return [
        pattern
        for name in map(re.escape, aliases)
        for pattern in (rf"(?i:@{name})", name if len(name) < SHORT else f"(?i:{name})")
    ]


def unname(work: Work, names: Names) -> None:
    """Put "a former member" where a coalition's words name somebody; what was sent that does is erased."""
    _erase_sent(work, names)
    work.flush()
    for table in SQLModel.metadata.sorted_tables:
        if "coalition_id" in table.c and (columns := worded(table)):
            _unname_table(work, table, columns, names)
    work.expire_all()


def worded(table: Table) -> list[str]:
    """Give the encrypted columns of a table in which people's words stand."""
    return [
        column.name
        for column in table.c
        if isinstance(column.type, Sealed)
        and not isinstance(column.type, SealedBytes)
        and column.type.context not in ADDRESSES
    ]


def _unname_table(work: Work, table: Table, columns: Sequence[str], names: Names) -> None:
    wanted = select(table.c.id, *(table.c[name] for name in columns)).where(table.c.coalition_id == work.tenant)
    for row_id, *values in work.execute(wanted).all():
        changed = {
            name: after for name, value in zip(columns, values, strict=True) if (after := names.without(value)) != value
        }
        if changed:
            work.execute(update(table).where(table.c.id == row_id).values(changed))


def _erase_sent(work: Work, names: Names) -> None:
    """Erase what left, or never will, and names them or says what they wrote."""
    for notice in work.rows(Notice, col(Notice.content).is_not(None), col(Notice.state).not_in(UNSETTLED)):
        if names.stand_in(notice.content) or names.stand_in(notice.origin):
            notice.content = notice.origin = None
    for parcel in work.rows(Parcel, col(Parcel.content).is_not(None), Parcel.state != ParcelState.SENDING):
        if names.stand_in(parcel.content):
            parcel.content = None


def _own_words(work: Work, member: Member, with_reviews: bool) -> list[str]:
    found: list[str | None] = [row.words for row in work.rows(Reminder, Reminder.member_id == member.id)]
    found += [row.words for row in work.rows(Note, Note.member_id == member.id)]
    reviews = work.rows(Review, Review.member_id == member.id) if with_reviews else []
    found += [words for row in reviews for words in (row.note, row.wording)]
    return [words for words in found if words]
