"""The App Home as a view: what one member sees at a glance, within Slack's limits however much there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import structlog
from slack_sdk.models.blocks import ActionsBlock, HeaderBlock

from bot.adapters.slack.blocks import Writer
from bot.adapters.slack.buttons import Buttons, is_pressable
from bot.adapters.slack.cards import with_snooze
from bot.adapters.slack.cutting import cost
from bot.adapters.slack.limits import LONGEST_HEADER, MOST_BLOCKS, view_problems
from bot.adapters.slack.parts import sections
from bot.adapters.slack.pieces import Piece, pieces, together
from bot.adapters.slack.richtext import RichText
from bot.adapters.slack.words import plain_text, shortened
from bot.harmless import clean
from bot.home import Home, Item
from bot.message import Actions, Block, Message, Paragraph, Phrase, Text, count, say
from bot.plain import Reader, plain, plain_inline

MOST_OF_A_PART = 3_000
"""Characters that one part of a home shows at most, tasks aside."""
MOST_BUTTONS_OF_A_PART = 10
MOST_BUTTONS_OF_A_TASK = 5
LONGEST_TASK = 400
"""Characters of a task's line: a view holds 250 kB, and one character can take twelve bytes of them."""
MOST_WORDS = 12
"""Sections of a home that is shown without any form."""
MOST_BUTTONS_OF_A_TASK = 5

Blocks = list[dict[str, Any]]
_log = structlog.get_logger()


def home_view(home: Home, reader: Reader, accounts: Mapping[int, str]) -> dict[str, Any]:
    """Give the view that views.publish takes, for the reader whose home it is.

    It has at most 100 blocks and 250 kB: of many tasks the soonest are shown, as many as fit, and the others counted.
    """
    page = _Page(reader, accounts)
    before = page.part(say("What is next"), home.next)
    after = [
        *page.part(say("What changed in what is yours"), home.changes),
        *page.part(say("What nobody looks at"), home.coverage),
        *page.part(say("Your settings"), home.settings),
    ]
    room = MOST_BLOCKS["home"] - len(before) - len(after)
    view = {"type": "home", "blocks": [*before, *page.tasks(home, room), *after]}
    if found := view_problems(view):
        _log.error("home outside of limits", codes=found)
        view["blocks"] = _in_words(home, reader)
    return view


class _Page:
    """What all parts of one home share: the reader, and the numbers of the buttons."""

    def __init__(self, reader: Reader, accounts: Mapping[int, str]) -> None:
        self._reader = reader
        self._text, self._buttons = RichText(reader, accounts), Buttons(reader)

    def part(self, title: Phrase, content: Sequence[Block]) -> Blocks:
        """Write a part under its title; nothing where there is nothing to say."""
        if not content:
            return []
        kept = together(list(_within(pieces(Message(tuple(content)), self._reader), self._reader)))
        shown = [block for block in kept if not isinstance(block, Actions)]
        offered = [action for block in kept if isinstance(block, Actions) for action in block.actions]
        return [self._header(title), *self._write([*shown, Actions(tuple(offered[:MOST_BUTTONS_OF_A_PART]))])]

    def tasks(self, home: Home, room: int) -> Blocks:
        """Write the tasks, two blocks each, as many as there is room for; and how many more there are."""
        title = count(home.total, "Your {n} task", "Your {n} tasks") if home.total else say("Your tasks")
        if not home.tasks:
            return [self._header(title), *self._write([Paragraph(say("You have nothing to do."))])]
        # The title and the line that counts the others take one each.
        shown = home.tasks[: (room - 2) // 2]
        blocks = [self._header(title), *(block for item in shown for block in self._task(item))]
        if left := home.total - len(shown):
            line = count(left, "… and {n} more: `tasks`", "… and {n} more: `tasks`")
            blocks += self._write([Paragraph(line)])
        return blocks

    def _task(self, item: Item) -> Iterator[dict[str, Any]]:
        words = plain_inline(item.line, self._reader)
        is_long = cost(words) > LONGEST_TASK
        line = Text(f"{shortened(clean(words), LONGEST_TASK)}…") if is_long else item.line
        yield from self._write([Paragraph(line)])[:1]
        offered = [one for one in with_snooze(item.actions, self._reader).actions if is_pressable(one.command)]
        if offered:
            made = [self._buttons.button(one.words, one.command) for one in offered[:MOST_BUTTONS_OF_A_TASK]]
            yield ActionsBlock(elements=made).to_dict()

    def _header(self, title: Phrase) -> dict[str, Any]:
        return HeaderBlock(text=plain_text(plain_inline(title, self._reader), LONGEST_HEADER)).to_dict()

    def _write(self, content: Sequence[Block]) -> Blocks:
        return Writer(self._text, self._buttons).write(content, header=False)


def _within(all_pieces: Iterable[Piece], reader: Reader) -> Iterator[Piece]:
    """Give pieces while there is room; buttons in any case."""
    total = 0
    for piece in all_pieces:
        total += cost(plain(Message((piece.block,)), reader))
        if total <= MOST_OF_A_PART or isinstance(piece.block, Actions):
            yield piece


def _in_words(home: Home, reader: Reader) -> Blocks:
    """Say the same without any form, as far as one view takes it."""
    lines = [*home.next, *(Paragraph(item.line) for item in home.tasks), *home.changes, *home.coverage, *home.settings]
    return sections(plain(Message(tuple(lines)), reader))[:MOST_WORDS]
