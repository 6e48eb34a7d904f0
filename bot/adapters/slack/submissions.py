"""What was filled into a form, as the command that says the same; nothing typed into one field reaches another."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.adapters.slack.modals import (
    BACKUP,
    DAY,
    HOUR,
    NOTE,
    PEOPLE,
    PROVISIONS,
    SYMBOL,
    VERDICT,
    WHAT,
    WORDING,
    carried,
)  # fmt: skip
from bot.assigning import LONGEST_WORDS
from bot.commands import clean
from bot.grammar import Arguments, format_targets, read_arguments, read_targets
from bot.message import Phrase, say
from storage.tables import Verdict

_PROPOSE = re.compile(r"\bpropose(?=\s*:)", re.IGNORECASE)
_DATED = re.compile(r"\bdated\b", re.IGNORECASE)
_MARK = re.compile(r"^(?=[:,.;–-])")
_JOINER = "\u034f"
"""Shows as nothing, and keeps apart what would be read together; it is part of the note as it is kept."""


@dataclass(frozen=True)
class Said:
    """A command, and the accounts that pieces of it mean: `Invocation.words` and `Invocation.mentions`."""

    words: str
    mentions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Unfit(Exception):
    """What was filled in cannot be taken; `errors` says why, by the id of the block it stands in."""

    def __init__(self, errors: Mapping[str, Phrase]) -> None:
        """Take the sentences."""
        super().__init__(", ".join(errors))
        self.errors = dict(errors)


def review_said(view: Mapping[str, Any]) -> Said:
    """Give the `review` that a submitted form means; raises Unfit."""
    targets = carried(view)[PROVISIONS] or _targets(_typed(view, PROVISIONS))
    verdict = _chosen(view, VERDICT, "selected_option")
    if verdict is None or verdict["value"] not in list(Verdict):
        raise Unfit({VERDICT: say("Please choose one.")})
    note = _MARK.sub(_JOINER, _PROPOSE.sub(rf"\g<0>{_JOINER}", _typed(view, NOTE)))
    wording = _typed(view, WORDING)
    words = [f"review {targets} {verdict['value']}", note, f"propose: {wording}" if wording else ""]
    return Said(" ".join(word for word in words if word))


def assign_said(view: Mapping[str, Any]) -> Said:
    """Give the `assign` or `reassign` that a submitted form means; raises Unfit."""
    people: Sequence[str] = _chosen(view, PEOPLE, "selected_users") or ()
    if not people:
        raise Unfit({PEOPLE: say("Please choose somebody.")})
    backup, by = _chosen(view, BACKUP, "selected_user"), _moment(view)
    if backup in people:
        raise Unfit({BACKUP: say("One person cannot be lead and backup at once.")})
    what = _what(_typed(view, PROVISIONS), len(people), with_backup=backup is not None, by=by)
    pieces = {f"<@{account}>": (account,) for account in (*people, *([backup] if backup else []))}
    named = [f"<@{account}>" for account in people]
    words = [carried(view)["verb"], what, *named, *([f"backup <@{backup}>"] if backup else [])]
    return Said(" ".join([*words, *([f"by {by}"] if by else [])]), pieces)


def remind_said(view: Mapping[str, Any]) -> Said:
    """Give the `remind me` that a submitted form means; raises Unfit."""
    what, when = _typed(view, WHAT), _moment(view)
    if not what:
        raise Unfit({WHAT: say("Please say of what.")})
    if when is None:
        raise Unfit({DAY: say("Please choose a day.")})
    # With the time first, no time that stands in the words is taken for it.
    return Said(f"remind me on {when} to {what}")


def draft_said(view: Mapping[str, Any]) -> Said:
    """Give the `draft add` that a submitted form means; raises Unfit. The file comes with it from elsewhere."""
    symbol, day = " ".join(_typed(view, SYMBOL).split()), _chosen(view, DAY, "selected_date")
    if not symbol or _DATED.search(symbol):
        raise Unfit({SYMBOL: say("Please give the symbol alone, for example `A/AC.291/22/Rev.2`.")})
    date = f" dated {dt.date.fromisoformat(day):%Y-%m-%d}" if day else ""
    return Said(f"draft add {symbol}{date}")


def _typed(view: Mapping[str, Any], name: str) -> str:
    return clean(_chosen(view, name, "value") or "", straight=False)


def _chosen(view: Mapping[str, Any], name: str, key: str) -> Any:
    return view["state"]["values"].get(name, {}).get(name, {}).get(key)


def _targets(typed: str) -> str:
    targets, left = read_targets(typed)
    if not targets or left:
        raise Unfit({PROVISIONS: say("I do not understand this. For example `24`, `5-9, 12` or `preamble`.")})
    return format_targets(targets)


def _moment(view: Mapping[str, Any]) -> str | None:
    day, hour = _chosen(view, DAY, "selected_date"), _chosen(view, HOUR, "selected_time")
    if not day:
        if hour:
            raise Unfit({DAY: say("Please choose a day.")})
        return None
    moment = dt.datetime.fromisoformat(f"{day}T{hour or '18:00'}")  # in the speaker's zone, as the command reads it
    return f"{moment:%Y-%m-%d %H:%M}"


def _what(typed: str, people: int, *, with_backup: bool, by: str | None) -> str:
    """Give articles as they are written, or free words in quotes, if they are read back as just that."""
    targets, left = read_targets(clean(typed))
    is_targets = bool(targets) and not left
    words = format_targets(targets) if is_targets else f'"{" ".join(typed.split())}"'
    names = tuple(f"@p{n}" for n in range(people))
    wanted = Arguments(
        targets if is_targets else (), "" if is_targets else words, names, "@b" if with_backup else None, by
    )
    if not is_targets and (len(words) > LONGEST_WORDS or not 0 < words.count('"') <= 2 or words == '""'):
        raise Unfit({PROVISIONS: say("Please say it in other words, without quotes and shorter.")})
    if read_arguments(clean(str(wanted))) != wanted:
        raise Unfit(
            {PROVISIONS: say("Please say it without people, `backup` and `by`: they have fields of their own.")}
        )
    return words
