"""The checker of limits finds what Slack refuses, the whole of a message or view looked at."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.slack.limits import problems, size, view_problems

Given = dict[str, Any]


def section(text: str = "x", **others: Any) -> Given:
    """Make a section."""
    return {"type": "section", "text": {"type": "plain_text", "text": text}, **others}


def button(**others: Any) -> Given:
    """Make a button."""
    return {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Go"}, "value": "go", **others}


def row(*elements: Given) -> Given:
    """Make a row of buttons."""
    return {"type": "actions", "elements": list(elements)}


def rich(*elements: Given) -> Given:
    """Make a block of rich text."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def field(**others: Any) -> Given:
    """Make a field of a form."""
    return {
        "type": "input", "block_id": "note", "label": {"type": "plain_text", "text": "Note"},
        "element": {"type": "plain_text_input", "action_id": "note", **others},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        ([], "no-blocks"),
        ([section()] * 51, "too-many-blocks"),
        ([section(block_id="b"), section(block_id="b")], "duplicate-block_id"),
        ([section(block_id="b" * 256)], "length-block_id"),
        ([section("x" * 3_001)], "length-section-text"),
        ([section("")], "length-section-text"),
        ([{"type": "section"}], "section-empty"),
        ([section(fields=[{"type": "plain_text", "text": "x"}] * 11)], "section-fields"),
        ([section(fields=[{"type": "plain_text", "text": "x" * 2_001}])], "length-field"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "length-header-text"),
        ([row()], "actions-count"),
        ([row(*(button(action_id=str(n)) for n in range(26)))], "actions-count"),
        ([row(button(), button())], "duplicate-action_id"),
        ([row(button(text={"type": "plain_text", "text": "\U0001f600" * 38}))], "length-button-text"),
        ([row(button(value="x" * 2_001))], "button-value"),
        ([section(accessory=button(value="x" * 2_001))], "button-value"),
        ([row(button(accessibility_label="x" * 76))], "button-accessibility_label"),
        ([rich({"type": "text", "text": ""})], "rich-text-element"),
        ([rich({"type": "text", "text": "x" * 6_001})], "rich-text-length"),
        ([{"type": "rich_text", "elements": []}], "rich-text-empty"),
        ([field(initial_value="x" * 3_001)], "plain_text_input-initial_value"),
        ([field(placeholder={"type": "plain_text", "text": "x" * 151})], "length-placeholder"),
        ([{"type": "sparkle"}], "unknown-block"),
    ],
)
def test_what_slack_refuses_is_found(blocks: list[Given], code: str) -> None:
    """Each limit has a code, which holds nothing of what was written."""
    assert code in problems(blocks)


def test_what_is_within_limits_passes() -> None:
    """The longest that is allowed is allowed."""
    blocks = [section("x" * 3_000, block_id=str(n)) for n in range(48)]
    buttons = row(*(button(action_id=str(n), value="x" * 2_000) for n in range(25)))
    assert problems([*blocks, buttons, rich({"type": "text", "text": "x" * 6_000})]) == []
    assert problems([section()] * 100, "home") == []


@pytest.mark.parametrize(
    ("others", "code"),
    [
        ({"title": {"type": "plain_text", "text": "x" * 25}}, "view-length-title"),
        ({"submit": {"type": "plain_text", "text": "x" * 25}}, "view-length-submit"),
        ({"callback_id": "x" * 256}, "view-long-callback_id"),
        ({"private_metadata": "x" * 3_001}, "view-long-private_metadata"),
        ({"blocks": [section()] * 101}, "too-many-blocks"),
        ({"blocks": [section("é" * 3_000)] * 30}, "view-too-large"),
        ({"blocks": [section("x", block_id="a"), section(block_id="a")]}, "duplicate-block_id"),
    ],
)
def test_views_have_limits_of_their_own(others: Given, code: str) -> None:
    """Titles, notes and the size of a view are looked at."""
    assert code in view_problems({"type": "modal", "blocks": [section()], **others})


def test_length_is_the_longest_way_to_count() -> None:
    """A character outside of the basic plane counts twice, as it does in JavaScript."""
    assert size("a\U0001f600") == 3
