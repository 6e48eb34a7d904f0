"""What Slack refuses in blocks and views, from its public limits: independent of the SDK's models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.fakes.slack import block_rich_text
from tests.fakes.slack.block_elements import IN_ACTIONS, IN_INPUT, IN_SECTION, Fields, element
from tests.fakes.slack.block_objects import (
    Check,
    Notes,
    boolean,
    fields,
    kind_of,
    many,
    one_of,
    plain,
    slack_file,
    string,
    text,
)

MOST = {"message": 50, "modal": 100, "home": 100}
MOST_MARKDOWN = 12_000
MOST_VIEW_BYTES = 250_000
MOST_TABLE = 10_000
ONLY_IN_MESSAGES = {"markdown", "table"}


def _context(notes: Notes, value: Any, path: str) -> None:
    if isinstance(value, dict) and value.get("type") == "image":
        element({"image"})(notes, value, path)
    else:
        text(3000)(notes, value, path)


def _markdown(notes: Notes, value: Any, path: str) -> None:
    string(MOST_MARKDOWN)(notes, value, path)
    notes.markdown += len(value) if isinstance(value, str) else 0
    if notes.markdown > MOST_MARKDOWN >= len(value):
        notes.add(path, f"all markdown blocks together must be less than {MOST_MARKDOWN + 1} characters")


def _cell(notes: Notes, value: Any, path: str) -> None:
    kind = kind_of(value)
    if kind == "rich_text":
        block_rich_text.block(notes, value, path)
    elif kind == "raw_text":
        fields(notes, value, path, {"text": string(MOST_TABLE)}, {})
    elif kind == "raw_number":
        fields(notes, value, path, {"value": lambda *_: None}, {"text": string(MOST_TABLE)})
    else:
        notes.add(path, f"unsupported type: {kind}")


def _column(notes: Notes, value: Any, path: str) -> None:
    if value is not None:
        fields(notes, value, path, {}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


BLOCKS: Mapping[str, tuple[Fields, Fields]] = {
    "section": (
        {},
        {
            "text": text(3000),
            "fields": many(text(2000), 1, 10),
            "accessory": element(IN_SECTION),
            "expand": boolean,
        },
    ),
    "header": ({"text": plain(150)}, {}),
    "divider": ({}, {}),
    "image": (
        {"alt_text": string(2000)},
        {"image_url": string(3000), "slack_file": slack_file, "title": plain(2000)},
    ),
    "context": ({"elements": many(_context, 1, 10)}, {}),
    "actions": ({"elements": many(element(IN_ACTIONS), 1, 25)}, {}),
    "input": (
        {"label": plain(2000), "element": element(IN_INPUT)},
        {"dispatch_action": boolean, "hint": plain(2000), "optional": boolean},
    ),
    "rich_text": ({"elements": block_rich_text.parts}, {}),
    "markdown": ({"text": _markdown}, {}),
    "table": (
        {"rows": many(many(_cell, 1, 20), 1, 100)},
        {"column_settings": many(_column, 1, 20)},
    ),
}
BLOCK_ID: Mapping[str, Check] = {"block_id": string(255)}


def problems(blocks: Any, surface: str) -> list[str]:
    """Say what Slack would refuse in these blocks on a surface (message, modal, home); nothing if all is well."""
    notes = Notes(surface)
    _blocks(notes, blocks, "/blocks")
    return notes.found


def _blocks(notes: Notes, blocks: Any, path: str) -> None:
    many(_block, 0, MOST[notes.surface])(notes, blocks, path)


def _block(notes: Notes, block: Any, path: str) -> None:
    kind = kind_of(block)
    if kind not in BLOCKS or (kind in ONLY_IN_MESSAGES and notes.surface != "message"):
        notes.add(path, f"unsupported type: {kind}")
        return
    required, optional = BLOCKS[kind]
    fields(notes, block, path, required, {**optional, **BLOCK_ID})
    _unique(notes, block, path)
    if kind == "section" and not ("text" in block or "fields" in block):
        notes.add(path, "needs text or fields")
    if kind == "image" and ("image_url" in block) == ("slack_file" in block):
        notes.add(path, "needs either image_url or slack_file")
    if kind == "table":
        _table(notes, block, path)


def _unique(notes: Notes, block: dict[str, Any], path: str) -> None:
    block_id = block.get("block_id")
    if isinstance(block_id, str):
        if block_id in notes.block_ids:
            notes.add(path, f"block_id {block_id} already exists")
        notes.block_ids.add(block_id)
    listed = block.get("elements") if block["type"] == "actions" else []
    inside = [*(listed if isinstance(listed, list) else []), block.get("accessory"), block.get("element")]
    ids = [one["action_id"] for one in inside if isinstance(one, dict) and isinstance(one.get("action_id"), str)]
    for action_id in sorted({one for one in ids if ids.count(one) > 1}):
        notes.add(path, f"action_id {action_id} already exists in this block")


def _table(notes: Notes, block: dict[str, Any], path: str) -> None:
    notes.tables += 1
    if notes.tables > 1:
        notes.add(path, "only one table is allowed in a message")
    rows = block.get("rows")
    if isinstance(rows, list) and sum(map(len, _words(rows))) > MOST_TABLE:
        notes.add(path, "the table is too long")


def _words(value: Any) -> list[str]:
    if isinstance(value, list):
        return [word for part in value for word in _words(part)]
    if isinstance(value, dict):
        return [word for name, part in value.items() if name != "type" for word in _words(part)]
    return [value] if isinstance(value, str) else []


MODAL: Fields = {
    "close": plain(24),
    "submit": plain(24),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
    "submit_disabled": boolean,
}
BOTH: Fields = {"private_metadata": string(3000, 0), "callback_id": string(255, 0), "external_id": string(255, 0)}


def view_problems(view: Any) -> list[str]:
    """Say what Slack would refuse in a modal or home view; nothing if all is well."""
    kind = kind_of(view)
    if kind not in ("modal", "home"):
        return [f"unsupported type: {kind} [json-pointer:/view]"]
    notes = Notes(kind)
    required: dict[str, Check] = {"blocks": _blocks}
    optional: dict[str, Check] = dict(BOTH)
    if kind == "modal":
        required["title"] = plain(24)
        optional |= MODAL
    fields(notes, view, "/view", required, optional)
    blocks = view.get("blocks")
    inputs = [one for one in blocks if kind_of(one) == "input"] if isinstance(blocks, list) else []
    if kind == "modal" and inputs and not view.get("submit"):
        notes.add("/view", "a view with input blocks needs submit")
    if len(json.dumps(view, ensure_ascii=False, separators=(",", ":")).encode()) > MOST_VIEW_BYTES:
        notes.add("/view", "view_too_large")
    return notes.found
