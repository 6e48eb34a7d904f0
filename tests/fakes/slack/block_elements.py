"""What Slack refuses in interactive elements and images. From its public limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.fakes.slack import block_rich_text
from tests.fakes.slack.block_objects import (
    Check,
    Notes,
    boolean,
    confirm,
    conversation_filter,
    dispatch,
    fields,
    focus,
    kind_of,
    many,
    number,
    one_of,
    option,
    option_group,
    plain,
    slack_file,
    string,
)

Fields = Mapping[str, Check]
ID: Fields = {"action_id": string(255)}
CHOICE: Fields = {**ID, "placeholder": plain(150), "confirm": confirm, "focus_on_load": focus}
MULTIPLE: Fields = {**CHOICE, "max_selected_items": number(1, 1000)}
LISTED: Fields = {"options": many(option(), 1, 100), "option_groups": many(option_group, 1, 100)}
RICH_OPTION = option(("plain_text", "mrkdwn"))
BOXES: Fields = {**ID, "confirm": confirm, "focus_on_load": focus}
TYPED: Fields = {**ID, "placeholder": plain(150), "focus_on_load": focus, "dispatch_action_config": dispatch}
ANY_ID = string(255)


def matching(pattern: str, example: str) -> Check:
    """Ask for a string of a form."""

    def check(notes: Notes, value: Any, path: str) -> None:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            notes.add(path, f"must look like {example}")

    return check


DATE = matching(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "2024-02-06")
TIME = matching(r"([01]\d|2[0-3]):[0-5]\d", "15:00")
NUMBER = matching(r"-?\d+(\.\d+)?", "12")
MOMENT = number(1_000_000_000, 9_999_999_999)
CHOOSING: Fields = {"response_url_enabled": boolean}
ALSO_HERE: Fields = {"default_to_current_conversation": boolean, "filter": conversation_filter}

ELEMENTS: Mapping[str, tuple[Fields, Fields]] = {
    "button": (
        {"text": plain(75)},
        {
            **ID,
            "url": string(3000),
            "value": string(2000),
            "style": one_of("primary", "danger"),
            "confirm": confirm,
            "accessibility_label": string(75),
        },
    ),
    "overflow": ({"options": many(option(url=True), 2, 5)}, {**ID, "confirm": confirm}),
    "static_select": ({}, {**CHOICE, **LISTED, "initial_option": option()}),
    "multi_static_select": ({}, {**MULTIPLE, **LISTED, "initial_options": many(option(), 1, 100)}),
    "external_select": ({}, {**CHOICE, "initial_option": option(), "min_query_length": number(0, 100)}),
    "multi_external_select": (
        {},
        {**MULTIPLE, "initial_options": many(option(), 1, 100), "min_query_length": number(0, 100)},
    ),
    "users_select": ({}, {**CHOICE, "initial_user": ANY_ID}),
    "multi_users_select": ({}, {**MULTIPLE, "initial_users": many(ANY_ID, 1, 1000)}),
    "conversations_select": ({}, {**CHOICE, **CHOOSING, **ALSO_HERE, "initial_conversation": ANY_ID}),
    "multi_conversations_select": ({}, {**MULTIPLE, **ALSO_HERE, "initial_conversations": many(ANY_ID, 1, 1000)}),
    "channels_select": ({}, {**CHOICE, **CHOOSING, "initial_channel": ANY_ID}),
    "multi_channels_select": ({}, {**MULTIPLE, "initial_channels": many(ANY_ID, 1, 1000)}),
    "datepicker": ({}, {**CHOICE, "initial_date": DATE}),
    "timepicker": ({}, {**CHOICE, "initial_time": TIME, "timezone": string(255)}),
    "datetimepicker": ({}, {**BOXES, "initial_date_time": MOMENT}),
    "checkboxes": ({"options": many(RICH_OPTION, 1, 10)}, {**BOXES, "initial_options": many(RICH_OPTION, 1, 10)}),
    "radio_buttons": ({"options": many(RICH_OPTION, 1, 10)}, {**BOXES, "initial_option": RICH_OPTION}),
    "plain_text_input": (
        {},
        {
            **TYPED,
            "initial_value": string(3000, 0),
            "multiline": boolean,
            "min_length": number(0, 3000),
            "max_length": number(1, 3000),
        },
    ),
    "email_text_input": ({}, {**TYPED, "initial_value": string(3000, 0)}),
    "url_text_input": ({}, {**TYPED, "initial_value": string(3000, 0)}),
    "number_input": (
        {"is_decimal_allowed": boolean},
        {**TYPED, "initial_value": NUMBER, "min_value": NUMBER, "max_value": NUMBER},
    ),
    "rich_text_input": ({}, {**TYPED, "initial_value": block_rich_text.block}),
    "file_input": ({}, {**ID, "filetypes": many(string(255), 1, 100), "max_files": number(1, 10)}),
    "image": (
        {"alt_text": string(2000)},
        {"image_url": string(3000), "slack_file": slack_file},
    ),
}
TYPING = {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input"}
SELECTS = {name for name in ELEMENTS if name.endswith("_select")}
PICKERS = {"datepicker", "timepicker"}
IN_SECTION = {"button", "overflow", "image", "checkboxes", "radio_buttons", *SELECTS, *PICKERS}
IN_ACTIONS = IN_SECTION - {"image"} | {"datetimepicker", "rich_text_input"}
IN_INPUT = TYPING | SELECTS | PICKERS | {"datetimepicker", "checkboxes", "radio_buttons"}
MODAL_ONLY = {"file_input"}


def element(kinds: set[str]) -> Check:
    """Ask for an element of one of these types."""

    def check(notes: Notes, value: Any, path: str) -> None:
        kind = kind_of(value)
        if kind not in kinds or kind not in ELEMENTS:
            notes.add(path, f"unsupported type: {kind}")
            return
        if kind in MODAL_ONLY and notes.surface != "modal":
            notes.add(path, f"{kind} is for modals only")
        required, optional = ELEMENTS[kind]
        fields(notes, value, path, required, optional)
        _agreeing(notes, value, path)

    return check


def _agreeing(notes: Notes, value: dict[str, Any], path: str) -> None:
    """Check what one field says of another."""
    kind = value["type"]
    if kind == "image" and ("image_url" in value) == ("slack_file" in value):
        notes.add(path, "needs either image_url or slack_file")
    if kind in ("static_select", "multi_static_select") and ("options" in value) == ("option_groups" in value):
        notes.add(path, "needs either options or option_groups")
    if kind == "plain_text_input":
        _lengths(notes, value, path)
    if kind in ("static_select", "multi_static_select", "checkboxes", "radio_buttons"):
        _initial(notes, value, path)


def _lengths(notes: Notes, value: dict[str, Any], path: str) -> None:
    least, most = value.get("min_length", 0), value.get("max_length", 3000)
    if not isinstance(least, int) or not isinstance(most, int):
        return
    if least > most:
        notes.add(path, "min_length is more than max_length")
    initial = value.get("initial_value", "")
    if isinstance(initial, str) and initial and not least <= len(initial) <= most:
        notes.add(path, "initial_value is not within min_length and max_length")


def _initial(notes: Notes, value: dict[str, Any], path: str) -> None:
    """Check that what is chosen at first is among the options, and is the very same object."""
    groups = value.get("option_groups", [])
    offered = list(value.get("options") or [])
    offered += [one for group in groups if isinstance(group, dict) for one in group.get("options", [])]
    initial = [*(value.get("initial_options") or []), *([value["initial_option"]] if "initial_option" in value else [])]
    if any(one not in offered for one in initial):
        notes.add(path, "the initial option is not among the options")
