"""What Slack refuses in the small parts of Block Kit: texts, options, confirmations. From its public limits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

Check = Callable[["Notes", Any, str], None]


@dataclass
class Notes:
    """What was found, each with where; and what must be unique over all blocks."""

    surface: str
    found: list[str] = field(default_factory=list)
    block_ids: set[str] = field(default_factory=set)
    markdown: int = 0
    focused: int = 0
    tables: int = 0

    def add(self, path: str, words: str) -> None:
        """Note a problem."""
        self.found.append(f"{words} [json-pointer:{path}]")


def kind_of(value: Any) -> str:
    """Give the type of an object, or an empty string for what has none."""
    kind = value.get("type") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else ""


def fields(
    notes: Notes, value: Any, path: str, required: Mapping[str, Check], optional: Mapping[str, Check]
) -> bool:  # fmt: skip
    """Check an object: nothing missing, nothing unknown, each field well; False if it is no object."""
    if not isinstance(value, dict):
        notes.add(path, "must be an object")
        return False
    for name in required:
        if name not in value:
            notes.add(path, f"missing required field: {name}")
    for name, part in value.items():
        check = required.get(name) or optional.get(name)
        if name == "type":
            continue
        if check is None:
            notes.add(path, f"invalid additional property: {name}")
        else:
            check(notes, part, f"{path}/{name}")
    return True


def string(most: int, least: int = 1) -> Check:
    """Ask for a string of so many characters."""

    def check(notes: Notes, value: Any, path: str) -> None:
        if not isinstance(value, str):
            notes.add(path, "must be a string")
        elif len(value) < least:
            notes.add(path, f"must be more than {least - 1} characters")
        elif len(value) > most:
            notes.add(path, f"must be less than {most + 1} characters")

    return check


def number(least: int, most: int) -> Check:
    """Ask for a whole number between two, both included."""

    def check(notes: Notes, value: Any, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            notes.add(path, f"must be a number from {least} to {most}")

    return check


def boolean(notes: Notes, value: Any, path: str) -> None:
    """Ask for true or false."""
    if not isinstance(value, bool):
        notes.add(path, "must be a boolean")


def focus(notes: Notes, value: Any, path: str) -> None:
    """Ask for true or false, and true once in a view."""
    boolean(notes, value, path)
    notes.focused += value is True
    if notes.focused > 1 and value is True:
        notes.add(path, "only one element may have focus_on_load")


def one_of(*values: str) -> Check:
    """Ask for one of these strings."""

    def check(notes: Notes, value: Any, path: str) -> None:
        if value not in values:
            notes.add(path, f"must be one of {', '.join(values)}")

    return check


def many(check: Check, least: int, most: int) -> Check:
    """Ask for a list with so many items, each well."""

    def check_all(notes: Notes, value: Any, path: str) -> None:
        if not isinstance(value, list):
            notes.add(path, "must be an array")
            return
        if len(value) < least:
            notes.add(path, f"no less than {least} items are allowed")
        if len(value) > most:
            notes.add(path, f"no more than {most} items are allowed")
        for index, item in enumerate(value):
            check(notes, item, f"{path}/{index}")

    return check_all


def text(most: int, kinds: Collection[str] = ("plain_text", "mrkdwn"), least: int = 1) -> Check:
    """Ask for a text object."""

    def check(notes: Notes, value: Any, path: str) -> None:
        kind = kind_of(value)
        if isinstance(value, dict) and kind not in kinds:
            notes.add(path, f"must be of type {' or '.join(kinds)}")
            return
        extra: Mapping[str, Check] = {"emoji": boolean} if kind == "plain_text" else {"verbatim": boolean}
        fields(notes, value, path, {"text": string(most, least)}, extra)

    return check


def plain(most: int) -> Check:
    """Ask for a plain_text object."""
    return text(most, ("plain_text",))


def confirm(notes: Notes, value: Any, path: str) -> None:
    """Check a confirmation dialog."""
    required = {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)}
    fields(notes, value, path, required, {"style": one_of("primary", "danger")})


def option(kinds: Collection[str] = ("plain_text",), *, url: bool = False) -> Check:
    """Ask for an option; in an overflow menu it may have a link."""
    more: dict[str, Check] = {"description": text(75, kinds)}
    more |= {"url": string(3000)} if url else {}

    def check(notes: Notes, value: Any, path: str) -> None:
        fields(notes, value, path, {"text": text(75, kinds), "value": string(150)}, more)

    return check


def option_group(notes: Notes, value: Any, path: str) -> None:
    """Check a group of options."""
    fields(notes, value, path, {"label": plain(75), "options": many(option(), 1, 100)}, {})


def conversation_filter(notes: Notes, value: Any, path: str) -> None:
    """Check the filter of a menu of conversations."""
    kinds = many(one_of("im", "mpim", "private", "public"), 1, 4)
    optional = {"include": kinds, "exclude_external_shared_channels": boolean, "exclude_bot_users": boolean}
    if fields(notes, value, path, {}, optional) and not value:
        notes.add(path, "must have at least one field")


def dispatch(notes: Notes, value: Any, path: str) -> None:
    """Check when a text field tells the app."""
    events = many(one_of("on_enter_pressed", "on_character_entered"), 1, 2)
    fields(notes, value, path, {"trigger_actions_on": events}, {})


def slack_file(notes: Notes, value: Any, path: str) -> None:
    """Check a file of Slack's in an image: by id or by address."""
    if fields(notes, value, path, {}, {"id": string(255), "url": string(3000)}) and len(value) != 1:
        notes.add(path, "needs either id or url")
