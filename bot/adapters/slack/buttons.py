"""Buttons: what stands behind each is the command that does the same when it is typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import ActionsBlock, ButtonElement

from bot.adapters.slack.limits import LONGEST_BUTTON, LONGEST_VALUE, MOST_BUTTONS, size
from bot.adapters.slack.words import plain_text
from bot.grammar import read_targets
from bot.message import Action, Inline
from bot.plain import Reader, plain_inline

SAY, FORM = "say", "form"
"""How the action id of a button begins: it says the command in its value, or opens the form for it."""

PRIMARY = ("accept", "done")
"""Verbs whose button may be the green one."""

PLACES = re.compile(
    r"(?<![\w/.-])@?(?:NAME|ARTICLES?|WORDS|WHEN|WHAT|WHY|WORDING|NOTE|SYMBOL|NUMBER|ROLE|CITY|DATE|TIME|LENGTH|TITLE|"
    r"TEXT|CODE|VERB|ALIAS|MEETING|MINUTES)(?![\w/.-])|@name\b|[\[\]|]"
)
"""What a command says where its reader has still to fill something in."""

_FORMS = ("assign", "reassign")
"""Verbs whose form asks for the people; `review` has one for what was found."""


def is_pressable(command: str) -> bool:
    """Tell whether a command can stand behind a button: it is whole or has a form, and is no longer than a value."""
    whole = asks_for_form(command) or not PLACES.search(command)
    return bool(command.strip()) and size(command) <= LONGEST_VALUE and whole


def asks_for_form(command: str) -> bool:
    """Tell whether a command says of what, and leaves the rest to a form: `review 24`, `assign 24 @NAME`."""
    verb, _, rest = command.partition(" ")
    if verb in _FORMS:
        targets, left = read_targets(PLACES.sub("", rest))
        return bool(targets) and not left.strip() and PLACES.search(rest) is not None
    return verb == "review" and not read_targets(rest)[1].strip()


@dataclass
class Buttons:
    """Numbers the buttons of one message, so that their ids differ, and lets one of them be green."""

    reader: Reader
    number: int = 0
    is_green: bool = False

    def button(self, words: Inline | str, command: str) -> ButtonElement:
        """Make a button that says a command, or opens its form."""
        label = words if isinstance(words, str) else plain_inline(words, self.reader)
        kind = FORM if asks_for_form(command) else SAY
        action_id, self.number = f"{kind}:{self.number}", self.number + 1
        green = not self.is_green and command.partition(" ")[0] in PRIMARY
        self.is_green = self.is_green or green
        return ButtonElement(
            text=plain_text(label, LONGEST_BUTTON),
            action_id=action_id,
            value=command,
            style="primary" if green else None,
            accessibility_label=plain_text(f"{label}: {command}", LONGEST_BUTTON).text,
        )

    def rows(self, actions: Sequence[Action]) -> Iterator[dict[str, Any]]:
        """Give blocks of buttons, as many to each as Slack takes; what cannot be pressed is left out."""
        made = [self.button(action.words, action.command) for action in actions if is_pressable(action.command)]
        for at in range(0, len(made), MOST_BUTTONS):
            yield ActionsBlock(elements=made[at : at + MOST_BUTTONS]).to_dict()
