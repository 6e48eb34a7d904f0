"""Interactive elements as the client of a person knows them: finding, choosing, filling in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.fakes.slack.records import Json

Found = tuple[Json, Json]
"""A block, and an element in it."""
ANSWERS: Mapping[str, tuple[str, str]] = {
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "overflow": ("selected_option", ""),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
}
"""For each type: the key of its answer, and of what it holds at first."""


class NotThere(LookupError):
    """There is nothing like that to press or to fill in."""


class NotAllowed(ValueError):
    """The client of a person would not send that: something required is empty, too long, not among the options."""


def elements(blocks: Sequence[Json]) -> Iterator[Found]:
    """Give every interactive element with its block, in order."""
    for block in blocks:
        inside = [block.get("accessory"), block.get("element")]
        inside += block.get("elements", []) if block.get("type") == "actions" else []
        for element in inside:
            if isinstance(element, dict) and "action_id" in element:
                yield block, element


def find(blocks: Sequence[Json], name: str, nth: int = 0) -> tuple[Json, Json, Json | None]:
    """Give block, element and option for an action_id, the text of a button, or the text of an option."""
    hits: list[tuple[Json, Json, Json | None]] = []
    for block, element in elements(blocks):
        text = element.get("text", {}).get("text") if isinstance(element.get("text"), dict) else None
        if name in (element["action_id"], text):
            hits.append((block, element, None))
        if element["type"] == "overflow":
            hits += [(block, element, one) for one in element["options"] if one["text"]["text"] == name]
    if nth >= len(hits):
        raise NotThere(f"nothing called {name!r} to press")
    return hits[nth]


def action(block: Json, element: Json, option: Json | None, value: Any, ts: str) -> Json:
    """Give what the app is told of one press or choice."""
    done = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": ts,
    }
    if element["type"] == "button":
        return done | {key: element[key] for key in ("text", "value", "style", "url") if key in element}
    key, initial = ANSWERS[element["type"]]
    if initial and initial in element:
        done[initial] = element[initial]
    return done | {key: option if option is not None else chosen(element, value)}


def chosen(element: Json, value: Any) -> Any:
    """Give an answer as Slack writes it: options as objects, people and channels by their ids."""
    key, _ = ANSWERS[element["type"]]
    if key == "selected_option":
        return None if value is None else _option(element, value)
    if key == "selected_options":
        return [_option(element, one) for one in value or []]
    if isinstance(value, list | tuple):
        return [getattr(one, "id", one) for one in value]
    return getattr(value, "id", value)


def _option(element: Json, wanted: Any) -> Json:
    options = [
        *element.get("options", []),
        *(o for group in element.get("option_groups", []) for o in group["options"]),
    ]
    for option in options:
        if wanted in (option, option.get("value"), option["text"]["text"]):
            return dict(option)
    if isinstance(wanted, dict) and element["type"].endswith("external_select"):
        return wanted
    raise NotAllowed("not one of the options")


def state(blocks: Sequence[Json], values: Mapping[str, Any] | None = None) -> Json:
    """Give `state.values`: what is filled in, by block and action; raises NotThere for a name that fits nothing.

    `values` are by block_id, action_id or label; what they leave out holds what it held at first.
    """
    left = dict(values or {})
    filled: Json = {}
    for block, element in elements(blocks):
        if element["type"] not in ANSWERS or element["type"] == "overflow":
            continue
        key, initial = ANSWERS[element["type"]]
        names = [block["block_id"], element["action_id"], block.get("label", {}).get("text")]
        name = next((one for one in names if one in left), None)
        given = element.get(initial) if name is None else chosen(element, left.pop(name))
        empty: Any = [] if key in ("selected_options", "selected_users") else None
        answer = {"type": element["type"], key: empty if given is None else given}
        filled.setdefault(block["block_id"], {})[element["action_id"]] = answer
    if left:
        raise NotThere(f"nothing called {sorted(left)} to fill in")
    return filled


def refuse_incomplete(blocks: Sequence[Json], values: Json) -> None:
    """Raise NotAllowed for what a client does not let be submitted."""
    for block, element in elements(blocks):
        if block["type"] != "input":
            continue
        key, _ = ANSWERS[element["type"]]
        answer = values[block["block_id"]][element["action_id"]][key]
        if not answer and not block.get("optional", False):
            raise NotAllowed(f"{block['block_id']} is required")
        written = isinstance(answer, str) and answer and element["type"] == "plain_text_input"
        if written and not element.get("min_length", 0) <= len(answer) <= element.get("max_length", 3000):
            raise NotAllowed(f"{block['block_id']} is too short or too long")
