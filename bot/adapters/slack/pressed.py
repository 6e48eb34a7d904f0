"""A message on which a button was pressed, as all see it afterwards: without what is done, and saying that it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.adapters.slack.limits import MOST_BLOCKS
from bot.adapters.slack.parts import Payload
from bot.adapters.slack.richtext import escape
from bot.adapters.slack.words import plain_section
from bot.grammar import format_targets, read_targets
from bot.message import Code, say
from bot.plain import Reader, plain_inline

MOST_TEXT = 3_900
"""Characters of a text that chat.update takes: 4,000."""


def note(message: Mapping[str, Any], command: str) -> dict[str, Any]:
    """Give what to keep of a message on which the button for a command was pressed."""
    return {"text": str(message.get("text") or ""), "blocks": message.get("blocks") or [], "command": command}


def updated(pressed: Mapping[str, Any], reader: Reader) -> Payload | None:
    """Give the message that takes its place; None for one that has no such button any more, or is none of ours."""
    command, blocks = str(pressed.get("command", "")), pressed.get("blocks")
    if not command or not isinstance(blocks, list):
        return None
    left = [kept for block in blocks if isinstance(block, Mapping) and (kept := _without(block, command)) is not None]
    if left == blocks:
        return None
    line = plain_inline(say("Done: {command}", command=Code(command)), reader)
    text = f"{pressed.get('text', '')}\n{escape(line)}".strip()
    return Payload(
        text if len(text) <= MOST_TEXT else escape(line), [*left, plain_section(line)][-MOST_BLOCKS["message"] :]
    )


def _without(block: Mapping[str, Any], command: str) -> dict[str, Any] | None:
    """Take out the buttons that are about the same; None where no button is left."""
    elements = block.get("elements")
    if block.get("type") != "actions" or not isinstance(elements, list):
        return dict(block)
    left = [one for one in elements if not (isinstance(one, Mapping) and _is_same(str(one.get("value", "")), command))]
    return {**block, "elements": left} if left else None


def _is_same(other: str, command: str) -> bool:
    """Tell whether two commands are about the same: whoever accepted 24 cannot decline it on the same card."""
    if other == command:
        return True
    targets, _ = read_targets(command.partition(" ")[2])
    if not targets:
        return False
    return read_targets(other.partition(" ")[2])[0] == targets or other.endswith(f" {format_targets(targets)}")
