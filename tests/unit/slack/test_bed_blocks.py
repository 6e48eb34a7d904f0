"""The test bed's checker of blocks and views: what Slack takes passes, what it refuses is named with its place."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.slack.blocks import problems, view_problems

Json = dict[str, Any]


def plain(text: str) -> Json:
    """Give a plain text object."""
    return {"type": "plain_text", "text": text}


def marked(text: str) -> Json:
    """Give a mrkdwn text object."""
    return {"type": "mrkdwn", "text": text}


def section(text: str = "hello", **more: Any) -> Json:
    """Give a section."""
    return {"type": "section", "text": marked(text), **more}


def button(text: str = "Accept", **more: Any) -> Json:
    """Give a button."""
    return {"type": "button", "text": plain(text), **more}


def option(text: str = "one", value: str = "1") -> Json:
    """Give an option."""
    return {"text": plain(text), "value": value}


def actions(*elements: Json) -> Json:
    """Give an actions block."""
    return {"type": "actions", "elements": list(elements)}


def menu(**more: Any) -> Json:
    """Give a static select."""
    return {"type": "static_select", **more}


def field(element: Json, label: str = "Verdict", **more: Any) -> Json:
    """Give an input block."""
    return {"type": "input", "label": plain(label), "element": element, **more}


def line(**more: Any) -> Json:
    """Give a text input."""
    return {"type": "plain_text_input", **more}


def rich(*elements: Json) -> Json:
    """Give a rich text block with one section."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def table(rows: int, columns: int) -> Json:
    """Give a table."""
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns] * rows}


CONFIRM = {"title": plain("Sure?"), "text": marked("It goes"), "confirm": plain("Yes"), "deny": plain("No")}
OPTIONS = [option(str(number), str(number)) for number in range(100)]

GOOD: dict[str, list[Json]] = {
    "nothing": [],
    "fifty blocks": [section()] * 50,
    "the longest section": [section("x" * 3000)],
    "ten fields": [{"type": "section", "fields": [marked("x" * 2000)] * 10}],
    "the longest header": [{"type": "header", "text": plain("x" * 150)}],
    "a full button": [
        actions(
            button("x" * 75, value="v" * 2000, url="h" * 3000, style="primary", confirm=CONFIRM, action_id="a" * 255)
        )
    ],
    "25 elements": [actions(*[button(action_id=str(number)) for number in range(25)])],
    "a full select": [actions(menu(placeholder=plain("x" * 150), options=OPTIONS, initial_option=OPTIONS[3]))],
    "grouped options": [actions(menu(option_groups=[{"label": plain("x" * 75), "options": OPTIONS}] * 100))],
    "overflow": [section(accessory={"type": "overflow", "options": [option()] * 5})],
    "ten in a context": [{"type": "context", "elements": [marked("x")] * 10}],
    "an image": [{"type": "image", "image_url": "https://example.org/a.png", "alt_text": "x" * 2000}],
    "a divider": [{"type": "divider", "block_id": "b" * 255}],
    "an input": [field(line(max_length=3000, initial_value="x"), hint=plain("x" * 2000), optional=True)],
    "pickers": [actions({"type": "datepicker", "initial_date": "2024-02-06"}, {"type": "timepicker"})],
    "rich text": [rich({"type": "text", "text": "no", "style": {"strike": True}}, {"type": "user", "user_id": "U1"})],
    "markdown": [{"type": "markdown", "text": "x" * 6000}, {"type": "markdown", "text": "x" * 6000}],
    "a table": [table(100, 20)],
    "checkboxes": [actions({"type": "checkboxes", "options": [{"text": marked("*a*"), "value": "a"}]})],
}
BAD: dict[str, list[Json]] = {
    "51 blocks": [section()] * 51,
    "a long section": [section("x" * 3001)],
    "an empty section": [section("")],
    "a section of nothing": [{"type": "section"}],
    "11 fields": [{"type": "section", "fields": [marked("x")] * 11}],
    "a long field": [{"type": "section", "fields": [marked("x" * 2001)]}],
    "a long header": [{"type": "header", "text": plain("x" * 151)}],
    "a header in mrkdwn": [{"type": "header", "text": marked("x")}],
    "a long button": [actions(button("x" * 76))],
    "a button in mrkdwn": [actions({"type": "button", "text": marked("x")})],
    "a long value": [actions(button(value="x" * 2001))],
    "a long link": [actions(button(url="x" * 3001))],
    "a wrong style": [actions(button(style="default"))],
    "26 elements": [actions(*[button(action_id=str(number)) for number in range(26)])],
    "no elements": [actions()],
    "101 options": [actions(menu(options=[*OPTIONS, option("z", "z")]))],
    "a long option": [actions(menu(options=[option("x" * 76)]))],
    "a long option value": [actions(menu(options=[option(value="x" * 151)]))],
    "101 groups": [actions(menu(option_groups=[{"label": plain("x"), "options": OPTIONS}] * 101))],
    "options and groups": [actions(menu(options=OPTIONS, option_groups=[{"label": plain("x"), "options": OPTIONS}]))],
    "neither options nor groups": [actions(menu())],
    "another initial option": [actions(menu(options=OPTIONS, initial_option=option("x", "x")))],
    "one in an overflow": [section(accessory={"type": "overflow", "options": [option()]})],
    "six in an overflow": [section(accessory={"type": "overflow", "options": [option()] * 6})],
    "a long placeholder": [actions(menu(options=OPTIONS, placeholder=plain("x" * 151)))],
    "11 in a context": [{"type": "context", "elements": [marked("x")] * 11}],
    "a button in a context": [{"type": "context", "elements": [button()]}],
    "two with one block_id": [section(block_id="a"), section(block_id="a")],
    "a long block_id": [section(block_id="b" * 256)],
    "two with one action_id": [actions(button(action_id="a"), button(action_id="a"))],
    "a long action_id": [actions(button(action_id="a" * 256))],
    "a long alt text": [{"type": "image", "image_url": "https://example.org/a.png", "alt_text": "x" * 2001}],
    "no alt text": [{"type": "image", "image_url": "https://example.org/a.png"}],
    "no image": [{"type": "image", "alt_text": "x"}],
    "a long label": [field(line(), "x" * 2001)],
    "a long hint": [field(line(), hint=plain("x" * 2001))],
    "a long input": [field(line(max_length=3001))],
    "a long initial value": [field(line(max_length=3, initial_value="four"))],
    "a button as an input": [field(button())],
    "a text input among actions": [actions(line())],
    "a wrong date": [actions({"type": "datepicker", "initial_date": "2024-2-6"})],
    "a wrong time": [actions({"type": "timepicker", "initial_time": "24:00"})],
    "an unknown block": [{"type": "banner"}],
    "an unknown element": [actions({"type": "slider"})],
    "an unknown key": [section(colour="red")],
    "an unknown key in a text": [{"type": "section", "text": {**marked("x"), "size": 3}}],
    "no object": ["hello"],  # type: ignore[list-item]  # what is wrong with it
    "a long confirmation title": [actions(button(confirm={**CONFIRM, "title": plain("x" * 101)}))],
    "a long confirmation": [actions(button(confirm={**CONFIRM, "text": plain("x" * 301)}))],
    "a long yes": [actions(button(confirm={**CONFIRM, "confirm": plain("x" * 31)}))],
    "long markdown": [{"type": "markdown", "text": "x" * 6001}, {"type": "markdown", "text": "x" * 6000}],
    "101 rows": [table(101, 1)],
    "21 columns": [table(1, 21)],
    "two tables": [table(1, 1), table(1, 1)],
    "an empty rich text": [{"type": "rich_text", "elements": []}],
    "rich text without a section": [{"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}],
    "rich text of an unknown kind": [rich({"type": "underline", "text": "x"})],
    "rich text with an empty piece": [rich({"type": "text", "text": ""})],
    "a file input in a message": [field({"type": "file_input"})],
}


@pytest.mark.parametrize("name", GOOD)
def test_what_slack_takes_passes(name: str) -> None:
    """Blocks at the very limits are well in a message."""
    assert problems(GOOD[name], "message") == []


@pytest.mark.parametrize("name", BAD)
def test_what_slack_refuses_is_named(name: str) -> None:
    """Blocks one step over a limit are refused with one problem that says where."""
    found = problems(BAD[name], "message")
    assert len(found) == 1
    assert "[json-pointer:/blocks" in found[0]


def modal(*blocks: Json, **more: Any) -> Json:
    """Give a modal."""
    return {"type": "modal", "title": plain("Review"), "blocks": list(blocks), **more}


GOOD_VIEWS: dict[str, Json] = {
    "a hundred blocks": modal(*[section()] * 100),
    "an input": modal(field(line()), submit=plain("x" * 24), close=plain("x" * 24)),
    "all that is kept": modal(section(), private_metadata="x" * 3000, callback_id="x" * 255),
    "a home": {"type": "home", "blocks": [section()] * 100},
    "a file input": modal(field({"type": "file_input", "filetypes": ["pdf"]}), submit=plain("Send")),
}
BAD_VIEWS: dict[str, Json] = {
    "101 blocks": modal(*[section()] * 101),
    "101 blocks at home": {"type": "home", "blocks": [section()] * 101},
    "a long title": modal(section(), title=plain("x" * 25)),
    "no title": {"type": "modal", "blocks": [section()]},
    "a long submit": modal(section(), submit=plain("x" * 25)),
    "a long close": modal(section(), close=plain("x" * 25)),
    "inputs without submit": modal(field(line())),
    "a title at home": {"type": "home", "title": plain("x"), "blocks": []},
    "long private_metadata": modal(private_metadata="x" * 3001),
    "a long callback_id": modal(callback_id="x" * 256),
    "more than 250 kB": modal(*[section("x" * 2900) for _ in range(90)]),
    "a table in a modal": modal(table(1, 1)),
    "markdown in a modal": modal({"type": "markdown", "text": "x"}),
    "two with the focus": modal(field(line(focus_on_load=True)), field(line(focus_on_load=True)), submit=plain("x")),
    "an unknown type": {"type": "workflow_step", "blocks": []},
    "an unknown key": modal(colour="red"),
}


@pytest.mark.parametrize("name", GOOD_VIEWS)
def test_views_that_slack_takes_pass(name: str) -> None:
    """Views at the very limits are well."""
    assert view_problems(GOOD_VIEWS[name]) == []


@pytest.mark.parametrize("name", BAD_VIEWS)
def test_views_that_slack_refuses_are_named(name: str) -> None:
    """Views one step over a limit are refused with one problem."""
    assert len(view_problems(BAD_VIEWS[name])) == 1


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "elements"]), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(GOOD)), st.sampled_from(["type", "text", "elements", "element", "block_id"]), values)
def test_any_shape_is_judged_and_left_as_it_was(name: str, key: str, value: Any) -> None:
    """Whatever stands in a field, the checker says what is wrong, never fails, and changes nothing."""
    blocks = copy.deepcopy(GOOD[name])
    if blocks:
        blocks[0][key] = value
    before = copy.deepcopy(blocks)
    assert isinstance(problems(blocks, "message"), list)
    assert blocks == before
