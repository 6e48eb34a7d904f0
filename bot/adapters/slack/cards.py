"""What a card of tasks offers on Slack beyond the actions of its message.

The core's messages name many next steps in their sentences ("Article 27 has no owner: `take 27`"); here they can be
pressed. They are no actions of the message, because a terminal would then say each of them twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.adapters.slack.buttons import PLACES, is_pressable
from bot.grammar import format_targets, read_targets
from bot.hints import filled_codes, lines_of
from bot.message import Action, Actions, Block, Phrase, say
from bot.plain import Reader, plain_inline

MOST = 5
"""How many next steps out of sentences one message offers: more would hide what is to be read."""
SNOOZE = "1h"

_WORDS = {
    "take": say("Take it"),
    "accept": say("Accept"),
    "done": say("Done"),
    "release": say("Give it back"),
    "review": say("Review"),
    "stands": say("My review stands"),
    "assign": say("Assign"),
    "reassign": say("Assign anew"),
    "diff": say("See all of it"),
}
"""The verbs that are offered out of sentences, as the core's own actions call them."""
_ASKING = ("review", "assign", "reassign")
"""Those whose button opens a form, for what the sentence leaves to the reader or gives as an example."""


def with_snooze(actions: Actions, reader: Reader) -> Actions:
    """Put a snooze behind what can be marked done: the task comes again, in an hour, as a reminder of one's own."""
    done = next((action for action in actions.actions if _verb(action.command) == "done"), None)
    if done is None or any(_verb(action.command) == "snooze" for action in actions.actions):
        return actions
    targets, left = read_targets(done.command.partition(" ")[2])
    if not targets or left:
        return actions
    wish = plain_inline(say("look at {what}", what=format_targets(targets)), reader)
    return Actions((*actions.actions, Action(say("Snooze"), f"remind me in {SNOOZE} to {wish}")))


def hinted(blocks: Sequence[Block]) -> Actions:
    """Give what the sentences of a message offer and its actions do not, at most MOST, in order of appearance."""
    offered = {action.command for block in blocks if isinstance(block, Actions) for action in block.actions}
    found: dict[str, Action] = {}
    for block in blocks:
        for action in _offers(block):
            if action.command not in offered:
                found.setdefault(action.command, action)
    return Actions(tuple(found.values())[:MOST])


def _offers(block: Block) -> Iterator[Action]:
    for line in lines_of(block):
        for code in filled_codes(line):
            if action := _offer(code):
                yield action


def _offer(code: str) -> Action | None:
    verb, _, rest = code.partition(" ")
    words = _WORDS.get(verb)
    targets, left = read_targets(PLACES.sub("", rest) if verb in _ASKING else rest)
    # The bare verb is a name in a list, as in `help`; a command says of what.
    if words is None or not targets or (left and verb not in _ASKING):
        return None
    what = rest.removesuffix(left).strip() if verb == "review" else rest
    command = f"{verb} {what}"
    return Action(_named(words, format_targets(targets)), command) if is_pressable(command) else None


def _named(words: Phrase, what: str) -> Phrase:
    """Name what a button is for: it does not stand beside the sentence that says it."""
    return say("{do}: {what}", do=words, what=what)


def _verb(command: str) -> str:
    return command.partition(" ")[0]
