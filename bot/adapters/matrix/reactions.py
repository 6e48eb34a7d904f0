"""Reactions that do what a command does, and the words that explain them in a message."""

from __future__ import annotations

import re

from bot.hints import filled_codes, lines_of
from bot.message import (
    Action,
    Actions,
    Code,
    Inline,
    Message,
    Paragraph,
    joined,
    say,
)  # fmt: skip

REACTIONS = {"✅": "done", "🙋": "take", "💤": "snooze"}
"""Which verb an emoji stands for. Reactions are not encrypted and a server can forge one: own, reversible acts only."""

_VARIANTS = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]|\u200d[\u2640\u2642]")
"""How an emoji is drawn (as text or picture, skin, gender), which changes nothing of what it means."""


def reaction_command(message: Message, emoji: str) -> str | None:
    """Give the command that an emoji on this message stands for; None when the message offers no such thing.

    It is the first action with that verb; without one, the only command with it that a sentence was filled with
    ("Needs someone: 27. `take 27`"). Commands that merely stand as examples in our own words are none.
    """
    verb = REACTIONS.get(_VARIANTS.sub("", emoji))
    if verb is None:
        return None
    return _acting(message, verb) or _hinted(message, verb)


def next_steps(message: Message, block: Actions, *, reactions: bool) -> Paragraph:
    """Write a block of actions as one line of commands; with `reactions`, also which emoji does the same."""
    return Paragraph(joined([_step(message, action, reactions=reactions) for action in block.actions], " · "))


def hint_lines(message: Message) -> tuple[Paragraph, ...]:
    """Say in a line of its own which emoji does what a command in a sentence does, where no action does it."""
    found = {emoji: _hinted(message, verb) for emoji, verb in REACTIONS.items() if not _acting(message, verb)}
    return tuple(
        Paragraph(say("React {emoji} for {command}.", emoji=emoji, command=Code(command)))
        for emoji, command in found.items()
        if command
    )


def _step(message: Message, action: Action, *, reactions: bool) -> Inline:
    emoji = next((emoji for emoji, verb in REACTIONS.items() if _acting(message, verb) == action.command), None)
    if emoji is None or not reactions:
        return Code(action.command)
    return say("{command} or react {emoji}", command=Code(action.command), emoji=emoji)


def _acting(message: Message, verb: str) -> str | None:
    offered = (action for block in message.blocks if isinstance(block, Actions) for action in block.actions)
    return next((action.command for action in offered if _verb(action.command) == verb), None)


def _hinted(message: Message, verb: str) -> str | None:
    codes = {code for block in message.blocks for line in lines_of(block) for code in filled_codes(line)}
    # The bare verb is a name in a list, as in `help`; a command says of what.
    found = [code for code in codes if _verb(code) == verb and code != verb]
    return found[0] if len(found) == 1 else None


def _verb(command: str) -> str:
    return command.partition(" ")[0]
