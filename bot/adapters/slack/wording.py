"""What somebody typed, out of Slack's markup: the words as they were meant, and whom they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST = 50_000
"""How many characters of a message are looked at: Slack itself cuts at 40,000, before it escapes them."""

_MARKUP = re.compile(r"<([^<>]*)>|&(amp|lt|gt);")
_PLAIN = {"amp": "&", "lt": "<", "gt": ">"}
_USER = re.compile(r"@([UW][A-Z0-9]+)(?:\|.*)?", re.DOTALL)
_FENCE = re.compile(r"(`{1,3}|\*|_)(?!\s)([^`*\n]+)(?<!\s)\1")


@dataclass(frozen=True)
class Typed:
    """Words as they were meant."""

    words: str
    mentions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Pieces of the words, and the accounts that each may mean."""
    names_bot: bool = False


def read(text: str, me: str, names: Mapping[str, str]) -> Typed:
    """Read the `text` of a message or command; `me` is the bot's user id.

    What Slack escaped is put back once. A mention of an account becomes `@` and its id, which nobody else can be
    called; one that was typed as `@name` is found among `names`, display names by user id. The bot's own mention is
    taken off the front.
    """
    accounts: dict[str, tuple[str, ...]] = {}
    named = False

    def piece(found: re.Match[str]) -> str:
        nonlocal named
        if found[2]:
            return _PLAIN[found[2]]
        user = _USER.fullmatch(found[1])
        if user is None:
            return _spoken(found[1])
        named = named or user[1] == me
        if user[1] != me:
            accounts[f"@{user[1]}"] = (user[1],)
        return f"@{user[1]}"

    words = _MARKUP.sub(piece, text[:LONGEST]).strip()
    if me and (words == f"@{me}" or re.match(rf"@{me}(?![A-Z0-9])", words)):
        words = words[len(me) + 1 :].lstrip(" :,\u00a0\n")
    if (whole := _FENCE.fullmatch(words)) is not None:  # copied from where the bot showed it as code
        words = whole[2]
    return Typed(words, {**_by_name(words, names, me), **accounts}, named)


def _spoken(inside: str) -> str:
    """Give what stood where Slack put markup: a channel, a group, a link, a moment."""
    target, bar, label = inside.partition("|")
    label = _unescape(label)
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        words = label or target[1:].partition("^")[0]
        return words if target.startswith(("!date", "!subteam")) or words.startswith("@") else f"@{words}"
    return label if bar and label else _unescape(target).removeprefix("mailto:")


def _unescape(text: str) -> str:
    return re.sub(r"&(amp|lt|gt);", lambda found: _PLAIN[found[1]], text)


def _by_name(words: str, names: Mapping[str, str], me: str) -> dict[str, tuple[str, ...]]:
    """Find `@name` for those whose display names are known, with everybody who is called so."""
    if "@" not in words:
        return {}
    folded, found = words.casefold(), dict[str, list[str]]()
    for user, name in names.items():
        if user != me and len(name) > 1 and f"@{name.casefold()}" in folded:
            found.setdefault(name.casefold(), []).append(user)
    pieces: dict[str, tuple[str, ...]] = {}
    for name, users in found.items():
        start = folded.find(f"@{name}")
        pieces[words[start : start + len(name) + 1]] = tuple(sorted(users))
    return pieces
