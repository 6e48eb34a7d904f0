"""What Slack refuses in rich text. From its public structure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.slack.block_objects import Check, Notes, boolean, fields, kind_of, many, number, one_of, string

MANY = 10_000


def style(*names: str) -> Check:
    """Ask for a style with some of these."""

    def check(notes: Notes, value: Any, path: str) -> None:
        fields(notes, value, path, {}, dict.fromkeys(names, boolean))

    return check


LETTERS = style("bold", "italic", "strike", "code", "underline", "unlink", "highlight", "client_highlight")
STYLED: Mapping[str, Check] = {"style": LETTERS}
URL, ID = string(3000), string(255)
INLINE: Mapping[str, tuple[Mapping[str, Check], Mapping[str, Check]]] = {
    "text": ({"text": string(40_000)}, STYLED),
    "link": ({"url": URL}, {"text": string(40_000), "unsafe": boolean, **STYLED}),
    "user": ({"user_id": ID}, STYLED),
    "channel": ({"channel_id": ID}, STYLED),
    "usergroup": ({"usergroup_id": ID}, STYLED),
    "team": ({"team_id": ID}, STYLED),
    "emoji": ({"name": ID}, {"unicode": ID, "skin_tone": number(1, 6), **STYLED}),
    "broadcast": ({"range": one_of("here", "channel", "everyone")}, STYLED),
    "color": ({"value": ID}, STYLED),
    "date": ({"timestamp": number(0, 99_999_999_999), "format": ID}, {"url": URL, "fallback": string(3000), **STYLED}),
}


def _typed(table: Mapping[str, tuple[Mapping[str, Check], Mapping[str, Check]]]) -> Check:
    def check(notes: Notes, value: Any, path: str) -> None:
        kind = kind_of(value)
        if kind not in table:
            notes.add(path, f"unsupported type: {kind}")
            return
        fields(notes, value, path, *table[kind])

    return check


INSIDE = many(_typed(INLINE), 0, MANY)
BORDER: Mapping[str, Check] = {"border": number(0, 1)}
SECTION: Mapping[str, tuple[Mapping[str, Check], Mapping[str, Check]]] = {
    "rich_text_section": ({"elements": INSIDE}, {})
}
PLAIN_INLINE = {name: INLINE[name] for name in ("text", "link", "emoji")}
PARTS: Mapping[str, tuple[Mapping[str, Check], Mapping[str, Check]]] = {
    **SECTION,
    "rich_text_list": (
        {"style": one_of("bullet", "ordered"), "elements": many(_typed(SECTION), 1, MANY)},
        {"indent": number(0, 8), "offset": number(0, MANY), **BORDER},
    ),
    "rich_text_preformatted": (
        {"elements": many(_typed(PLAIN_INLINE), 1, MANY)},
        {"language": ID, **BORDER},
    ),
    "rich_text_quote": ({"elements": INSIDE}, BORDER),
}


def block(notes: Notes, value: Any, path: str) -> None:
    """Check a whole rich_text block, as it stands alone or in a table or an input."""
    if isinstance(value, dict) and value.get("type") != "rich_text":
        notes.add(path, "must be of type rich_text")
    fields(notes, value, path, {"elements": parts}, {"block_id": ID})


parts = many(_typed(PARTS), 1, MANY)
