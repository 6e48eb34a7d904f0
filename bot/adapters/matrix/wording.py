"""What somebody typed, out of an event's content: words, whom they name, what they answer, correct or attach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from lxml import etree, html

_USER = re.compile(r"@[a-z0-9._=/+\-]+:[a-z0-9.\-]+(?::\d+)?", re.IGNORECASE)
_LINK = re.compile(r"^https://matrix\.to/#/(@[^?/]+)(?:\?.*)?$")
_BREAKS = {"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre"}
_FILES = {"m.file", "m.image", "m.audio", "m.video"}
LONGEST = 100_000
"""How many characters of markup are looked at."""


@dataclass(frozen=True)
class Said:
    """A message as it was meant."""

    words: str
    mentions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Pieces of the words, and the accounts that each may mean."""
    names_bot: bool = False
    answers: str | None = None
    """The event it is a reply to."""
    thread: str | None = None
    """The event that its thread began with."""
    corrects: str | None = None
    """The event that it takes the place of."""
    file: Mapping[str, Any] | None = None
    """What is attached: name, and where and how its encrypted bytes are kept."""


def read(content: Mapping[str, Any], names: Mapping[str, str], me: str) -> Said | None:
    """Read the content of a message; None when it is no person's words (a notice, a sticker, a malformed one).

    `names` gives display names by user id, of those who are in the room; `me` is the bot's own user id.
    """
    relation = _mapping(content.get("m.relates_to"))
    corrects = _word(relation, "event_id") if relation.get("rel_type") == "m.replace" else None
    if corrects:
        content = _mapping(content.get("m.new_content"))
    kind, body = content.get("msgtype"), content.get("body")
    if not isinstance(body, str) or (kind != "m.text" and kind not in _FILES):
        return None
    file = _file(content) if kind in _FILES else None
    if kind in _FILES and (file is None or file["name"] == body):
        body = ""  # a file without a caption
    reply = _word(_mapping(relation.get("m.in_reply_to")), "event_id")
    thread = _word(relation, "event_id") if relation.get("rel_type") == "m.thread" else None
    if thread and relation.get("is_falling_back", True):
        reply = None  # for clients without threads only
    words = _without_fallback(body) if reply else body
    words = _with_pills(content, words)
    named = _word(_mapping(content.get("m.mentions")), "user_ids", list) or []
    words, at_front = _without_bot(words.strip(), me, names.get(me, ""))
    return Said(words, _mentions(words, names, me), at_front or me in named, reply, thread, corrects, file)


def _without_fallback(body: str) -> str:
    """Take the quoted message off a reply."""
    lines = body.split("\n")
    quoted = next((n for n, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[quoted + 1 :] if 0 < quoted < len(lines) and not lines[quoted] else lines[quoted:] or lines)


def _with_pills(content: Mapping[str, Any], words: str) -> str:
    """Put the user id in the place of each pill: display names are not unique."""
    markup = content.get("formatted_body")
    if not isinstance(markup, str) or "matrix.to" not in markup or len(markup) > LONGEST:
        return words
    try:
        root = html.fragment_fromstring(markup, create_parent="div")
    except (etree.LxmlError, ValueError):
        return words
    return "".join(_text(root)).strip() or words


def _text(node: Any) -> Iterator[str]:
    """Give the text of an element in order, pills as user ids, without what a reply quotes.

    It does not recurse: how deep the markup nests is the sender's choice.
    """
    silent = 0
    for event, element in etree.iterwalk(node, events=("start", "end")):
        pill, quoted = _pill(element), element.tag == "mx-reply"
        if event == "start":
            yield "" if silent else pill or ("" if quoted else element.text or "")
            silent += bool(pill) or quoted
        else:
            silent -= bool(pill) or quoted
            if not silent and element is not node:
                yield ("\n" if element.tag in _BREAKS else "") + (element.tail or "")


def _pill(element: Any) -> str | None:
    found = _LINK.match(str(element.get("href", ""))) if element.tag == "a" else None
    user = unquote(found[1]) if found else ""
    return user if _USER.fullmatch(user) else None


def _without_bot(words: str, me: str, name: str) -> tuple[str, bool]:
    """Take the bot's own name off the front, and tell whether it stood there."""
    for own in (me, f"@{name}" if name else "", name):
        if own and words.casefold().startswith(own.casefold()):
            rest = words[len(own) :]
            if not rest or not rest[0].isalnum():
                return rest.lstrip(" :,\u00a0"), True
    return words, False


def _mentions(words: str, names: Mapping[str, str], me: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {typed: (typed.casefold(),) for typed in _USER.findall(words)}
    folded = words.casefold()
    by_name: dict[str, list[str]] = {}
    for user, name in names.items():
        if user != me and len(name) > 1 and f"@{name.casefold()}" in folded:
            by_name.setdefault(name.casefold(), []).append(user)
    for name, users in by_name.items():
        start = folded.find(f"@{name}")
        piece = words[start : start + len(name) + 1]
        if not any(piece != typed and typed.startswith(piece) for typed in found):
            found[piece] = tuple(sorted(users))
    return found


def _file(content: Mapping[str, Any]) -> dict[str, Any] | None:
    file, name = content.get("file"), content.get("filename") or content.get("body")
    if not isinstance(file, Mapping) or not isinstance(name, str):
        return None
    key, hashes = _mapping(file.get("key")), _mapping(file.get("hashes"))
    found = {
        "name": name, "url": file.get("url"), "key": key.get("k"), "hash": hashes.get("sha256"), "iv": file.get("iv")
    }  # fmt: skip
    return found if all(isinstance(value, str) for value in found.values()) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _word(values: Mapping[str, Any], name: str, kind: type[Any] = str) -> Any:
    value = values.get(name)
    return value if isinstance(value, kind) else None
