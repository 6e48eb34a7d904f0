"""What Slack takes: the limits of blocks and views, checked on the whole of what is sent.

Each model of slack_sdk checks itself alone; 51 blocks, two blocks with one id, and several lengths pass them. Sources:
Slack's reference of Block Kit, of chat.postMessage and of views.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

MOST_BLOCKS = {"message": 50, "home": 100, "modal": 100}
MOST_BUTTONS = 25
MOST_VIEW = 250_000
"""Bytes of a view as JSON."""
LONGEST_BUTTON = 75
LONGEST_VALUE = 2_000
LONGEST_HEADER = 150
LONGEST_SECTION = 3_000
LONGEST_TITLE = 24
"""Of a modal, and of its two buttons."""
LONGEST_NOTE = 3_000
"""Of the private note that a view carries along."""
LONGEST_ID = 255

Found = Iterator[str]

_TEXTS = {
    "header": (("text", LONGEST_HEADER),),
    "section": (("text", LONGEST_SECTION),),
    "input": (("label", 2_000), ("hint", 2_000)),
    "button": (("text", LONGEST_BUTTON),),
}
_ELEMENTS = {"actions": MOST_BUTTONS, "context": 10}
_KNOWN = frozenset(("header", "section", "actions", "context", "divider", "input", "rich_text", "image"))
_SECTIONS = frozenset(("rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"))
_WORDS = {"text": "text", "date": "format", "user": "user_id", "link": "url", "emoji": "name"}
"""The elements that stand in rich text, and what each must have."""


def size(text: str) -> int:
    """Give the length that Slack counts: UTF-16 units, the longest of the ways in which characters are counted."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def problems(blocks: Sequence[Mapping[str, Any]], surface: str = "message") -> list[str]:
    """Tell, by codes without content, why Slack would refuse these blocks on a message, a home or a modal."""
    return list(dict.fromkeys(_all(blocks, surface)))


def view_problems(view: Mapping[str, Any]) -> list[str]:
    """Tell, by codes without content, why Slack would refuse a view."""
    found = problems(view.get("blocks", ()), view["type"])
    for name in ("title", "submit", "close"):
        found += [f"view-{code}" for code in _text(view.get(name), name, LONGEST_TITLE)]
    long = [name for name in ("callback_id", "external_id") if size(view.get(name, "")) > LONGEST_ID]
    found += [f"view-long-{name}" for name in long]
    if size(view.get("private_metadata", "")) > LONGEST_NOTE:
        found.append("view-long-private_metadata")
    if len(json.dumps(view).encode()) > MOST_VIEW:
        found.append("view-too-large")
    return found


def _all(blocks: Sequence[Mapping[str, Any]], surface: str) -> Found:
    if not blocks:
        yield "no-blocks"
    if len(blocks) > MOST_BLOCKS[surface]:
        yield "too-many-blocks"
    yield from _ids([block["block_id"] for block in blocks if "block_id" in block], "block_id")
    for block in blocks:
        yield from _block(block)


def _block(block: Mapping[str, Any]) -> Found:
    kind = block.get("type", "")
    if kind not in _KNOWN:
        yield "unknown-block"
    yield from _texts(block, kind)
    if kind == "section":
        yield from _section(block)
    if kind == "rich_text":
        yield from _rich_text(block.get("elements", ()))
    if kind in _ELEMENTS and not 1 <= len(block.get("elements", ())) <= _ELEMENTS[kind]:
        yield f"{kind}-count"
    elements = [*(block.get("elements", ()) if kind in _ELEMENTS else ()), *_single(block, "accessory", "element")]
    yield from _ids([element["action_id"] for element in elements if "action_id" in element], "action_id")
    for element in elements:
        yield from _element(element)


def _single(block: Mapping[str, Any], *names: str) -> list[Mapping[str, Any]]:
    return [block[name] for name in names if name in block]


def _section(block: Mapping[str, Any]) -> Found:
    fields = block.get("fields", ())
    if "text" not in block and not fields:
        yield "section-empty"
    if len(fields) > 10:
        yield "section-fields"
    for field in fields:
        yield from _text(field, "field", 2_000)


def _element(element: Mapping[str, Any]) -> Found:
    kind = element.get("type", "")
    yield from _texts(element, kind)
    lengths = {"value": LONGEST_VALUE, "url": 3_000, "accessibility_label": LONGEST_BUTTON, "initial_value": 3_000}
    yield from (f"{kind}-{name}" for name, most in lengths.items() if size(str(element.get(name, ""))) > most)
    yield from _text(element.get("placeholder"), "placeholder", 150)
    options = element.get("options", ())
    if len(options) > 100:
        yield f"{kind}-options"
    for option in options:
        yield from _text(option.get("text"), "option", 75)
        if not 1 <= size(option.get("value", "")) <= 150:
            yield "option-value"


def _texts(holder: Mapping[str, Any], kind: str) -> Found:
    for name, most in _TEXTS.get(kind, ()):
        yield from _text(holder.get(name), f"{kind}-{name}", most)


def _text(text: Any, name: str, most: int) -> Found:
    """Check a text object, where there is one."""
    if text is not None and not 1 <= size(text.get("text", "")) <= most:
        yield f"length-{name}"


def _rich_text(elements: Sequence[Mapping[str, Any]]) -> Found:
    if not elements:
        yield "rich-text-empty"
    total = 0
    for part in _leaves(elements):
        words = part.get(_WORDS.get(part.get("type", ""), ""))
        if not words:
            yield "rich-text-element"
        total += size(str(words or "")) + size(str(part.get("fallback", "")))
    if total > 2 * LONGEST_SECTION:
        yield "rich-text-length"


def _leaves(elements: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for element in elements:
        if element.get("type") in _SECTIONS:
            yield from _leaves(element.get("elements", ()))
        else:
            yield element


def _ids(ids: Sequence[str], name: str) -> Found:
    if len(set(ids)) < len(ids):
        yield f"duplicate-{name}"
    if any(not 1 <= size(own) <= LONGEST_ID for own in ids):
        yield f"length-{name}"
