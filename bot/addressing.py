"""Whether words among people in a room read as a command, where nothing says that they are meant for the bot."""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.days import begins_with_day
from bot.grammar import read_targets

_FREE = frozenset(("TEXT", "WORDS", "WHAT", "ALIAS", "CITY", "CODE", "SYMBOL", "TITLE"))
"""What people fill in with words of their own: verbs that begin so are never guessed at."""
_TIMES = frozenset(("WHEN", "DATE", "TIME", "LENGTH"))
_NAMES = frozenset(("MEETING", "TITLE-or-number", "VERB"))
_LINK = re.compile(r"(?:at|on|in|by|until|for)\s+")
_STOPS = " .!?…"


def reads_as_command(usage: str, name: str, rest: str, known: Collection[str] = ()) -> bool:
    """Tell whether what follows a verb begins as its usage says, or nothing follows; `known` are titles and verbs.

    A verb that takes words of one's own ("note TEXT") needs a prefix in a room, and so has none that read as it.
    """
    arguments = usage.removeprefix(name).strip()
    slots = re.findall(r"@?[\w-]+", arguments)
    rest = rest.strip(_STOPS)
    if next((slot for slot in slots if slot.isupper()), None) in _FREE:
        return False
    if not rest or not slots:
        return not rest
    if slots == ["NUMBER"]:  # people begin sentences with "article 24"
        targets, left = read_targets(rest, "article")
        return bool(targets) and not left
    head = rest.split(maxsplit=1)[0].strip(",;:.!?")
    return (
        head in {slot for slot in slots if slot.islower()}
        or ("@NAME" in slots and head.startswith("@"))
        or (_takes_number(slots) and _begins_with_target(rest))
        or (not _TIMES.isdisjoint(slots) and _begins_with_time(rest))
        or (not _NAMES.isdisjoint(slots) and _begins_with_name(rest, known))
    )


def _takes_number(slots: Collection[str]) -> bool:
    return not {"ARTICLES", "ARTICLE", "NUMBER", "MINUTES", "TITLE-or-number", "article"}.isdisjoint(slots)


def _begins_with_target(rest: str) -> bool:
    return rest[0].isdigit() or bool(read_targets(rest)[0])


def _begins_with_time(rest: str) -> bool:
    words = _LINK.sub("", rest.casefold(), count=1)
    return words[:1].isdigit() or begins_with_day(words)


def _begins_with_name(rest: str, known: Collection[str]) -> bool:
    words = re.sub(r"^(?:in|of|at)\s+", "", rest, flags=re.IGNORECASE).casefold()
    return words[:1].isdigit() or any(re.match(rf"{re.escape(name.casefold())}(?!\w)", words) for name in known if name)
