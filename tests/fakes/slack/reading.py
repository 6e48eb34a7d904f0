"""What a person reads: blocks and mrkdwn as their client shows them, and whom it notifies."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.slack.records import Json, Person
from tests.fakes.slack.workspace import Workspace

TOKEN = re.compile(r"<([^<>]*)>")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
DATES = {
    "date_num": "%Y-%m-%d",
    "date": "%B {day}, %Y",
    "date_short": "%b {day}, %Y",
    "date_long": "%A, %B {day}, %Y",
    "time": "{hour}:%M %p",
    "time_secs": "{hour}:%M:%S %p",
}


def moment(seconds: float, form: str, person: Person) -> str:
    """Give a moment as the reader's client writes it, in their own zone (12-hour clock, as an English client has)."""
    at = dt.datetime.fromtimestamp(seconds, ZoneInfo(person.tz))

    def filled(match: re.Match[str]) -> str:
        name = match[1].removesuffix("_pretty")
        name = {"date_short_pretty": "date_short", "date_long_pretty": "date_long"}.get(match[1], name)
        pattern = DATES.get(name)
        if pattern is None:
            return match[0]
        return at.strftime(pattern.replace("{day}", str(at.day)).replace("{hour}", str(at.hour % 12 or 12)))

    return PLACEHOLDER.sub(filled, form)


def mrkdwn(space: Workspace, words: str, person: Person) -> str:
    """Give mrkdwn as read: names, dates and links in place of their tokens, entities as the characters they are."""
    return _unescaped(TOKEN.sub(lambda match: _token(space, match[1], person), words))


def _token(space: Workspace, inside: str, person: Person) -> str:
    what, _, label = inside.partition("|")
    if what.startswith("@"):
        return f"@{space.people[what[1:]].name}" if what[1:] in space.people else f"@{label or what[1:]}"
    if what.startswith("#"):
        return f"#{space.channels[what[1:]].name}" if what[1:] in space.channels else f"#{label}"
    if what.startswith("!date^"):
        _, seconds, form, *_ = what.split("^")
        return moment(float(seconds), form, person)
    if what.startswith("!"):
        return f"@{what[1:]}"
    return f"{label} ({what})" if label and label != what else what


def _unescaped(words: str) -> str:
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def read(space: Workspace, shown: Any, person: Person) -> str:
    """Give what a person reads on an Appearance, Posted or View, a piece a line; buttons stand in brackets.

    Where there are blocks, Slack shows them and not the text.
    """
    blocks = list(shown.content.get("blocks", [])) if hasattr(shown, "content") else list(shown.blocks)
    if not blocks:
        return mrkdwn(space, shown.text, person)
    return "\n".join(line for block in blocks for line in _block(space, block, person))


def spoken(space: Workspace, shown: Any, person: Person) -> str:
    """Give the top-level text: what notifications and screen readers say."""
    return mrkdwn(space, shown.text, person)


def _block(space: Workspace, block: Json, person: Person) -> Iterator[str]:
    if block["type"] == "rich_text":
        yield from (_rich(space, part, person) for part in block["elements"])
        return
    if block["type"] == "markdown":
        yield block["text"]
        return
    if block["type"] == "table":
        for row in block["rows"]:
            yield " | ".join(_cell(space, cell, person) for cell in row)
        return
    for key in ("label", "text", "title"):
        if isinstance(block.get(key), dict):
            yield _text(space, block[key], person)
    for part in [*block.get("fields", []), *block.get("elements", []), block.get("accessory"), block.get("element")]:
        if part is not None:
            yield from _element(space, part, person)
    if block["type"] == "image":
        yield block["alt_text"]


def _element(space: Workspace, part: Json, person: Person) -> Iterator[str]:
    if part["type"] in ("plain_text", "mrkdwn"):
        yield _text(space, part, person)
    elif part["type"] == "button":
        yield f"[{_text(space, part['text'], person)}]"
    elif part["type"] == "image":
        yield part["alt_text"]
    elif part["type"] in ("overflow", "checkboxes", "radio_buttons"):
        yield from (f"[{_text(space, option['text'], person)}]" for option in part["options"])


def _text(space: Workspace, part: Json, person: Person) -> str:
    return mrkdwn(space, part["text"], person) if part["type"] == "mrkdwn" else _unescaped(part["text"])


def _cell(space: Workspace, cell: Json, person: Person) -> str:
    if cell["type"] == "rich_text":
        return " ".join(_rich(space, part, person) for part in cell["elements"])
    return str(cell.get("text", cell.get("value", "")))


def _rich(space: Workspace, part: Json, person: Person) -> str:
    kind = part["type"]
    if kind == "rich_text_list":
        return "\n".join(f"- {_rich(space, one, person)}" for one in part["elements"])
    if "elements" in part:
        return "".join(_rich(space, one, person) for one in part["elements"])
    if kind == "user":
        return f"@{space.people[part['user_id']].name}" if part["user_id"] in space.people else f"@{part['user_id']}"
    if kind == "link":
        return f"{part['text']} ({part['url']})" if part.get("text") else str(part["url"])
    if kind == "date":
        return moment(part["timestamp"], part["format"], person)
    if kind == "emoji":
        return f":{part['name']}:"
    return str(part.get("text") or part.get("range") or part.get("channel_id") or "")


def _called_in(space: Workspace, words: str) -> Iterator[str]:
    for inside in TOKEN.findall(words):
        what = inside.partition("|")[0]
        if what.startswith("@") and what[1:] in space.people:
            yield space.people[what[1:]].name
        elif what in ("!channel", "!here", "!everyone"):
            yield what[1:]


def notified(space: Workspace, shown: Any) -> set[str]:
    """Give whom a message calls out to: display names, and channel, here or everyone."""
    return set(_called(space, [{"type": "mrkdwn", "text": shown.text}, *shown.blocks]))


def _called(space: Workspace, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for part in value:
            yield from _called(space, part)
    elif isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield from _called_in(space, str(value.get("text", "")))
        elif value.get("type") == "user" and value.get("user_id") in space.people:
            yield space.people[value["user_id"]].name
        elif value.get("type") == "broadcast":
            yield str(value["range"])
        else:
            for part in value.values():
                yield from _called(space, part)
