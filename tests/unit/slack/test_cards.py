"""What is offered behind buttons beyond a message's actions."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from bot.adapters.slack.cards import MOST, hinted, with_snooze
from bot.adapters.slack.parts import render
from bot.message import Action, Actions, Code, List, Message, Phrase, actions, message, say
from bot.plain import Reader, plain, plain_inline

READER = Reader(ZoneInfo("America/New_York"))


def offered(content: Message) -> list[tuple[str, str]]:
    """Give words and command of what the sentences offer."""
    return [(plain_inline(action.words, READER), action.command) for action in hinted(content.blocks).actions]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (say("{p} has no owner: `take {take}`", p="Article 27", take="27"), [("Take it: article 27", "take 27")]),
        (
            say("Next: {assign}, or {take}.", assign=Code("assign 27 @NAME"), take=Code("take 27")),
            [("Assign: article 27", "assign 27 @NAME"), ("Take it: article 27", "take 27")],
        ),
        (
            say("`reassign {task} @name` puts one into other hands.", task="task 20"),
            [("Assign anew: task 20", "reassign task 20 @name")],
        ),
        (
            say("What did you find? `review {task} support`, `concern`, `oppose` or `neutral`.", task="16"),
            [("Review: article 16", "review 16")],
        ),
        (say("`next` says what is on, `tasks` what is yours."), []),
        (say("For example `review article 24 concern paragraph 2 is vague`."), []),
        (say("{usage}", usage=Code("take [ARTICLES]")), []),
        (say("{verb}", verb=Code("take")), []),
        (say("{typed}", typed=Code("take 24 <!channel>")), []),
        (say("Unknown: {words}", words="`take 24`"), []),
    ],
)
def test_commands_in_sentences_can_be_pressed(line: Phrase, wanted: list[tuple[str, str]]) -> None:
    """What a sentence was filled with is offered by name; examples in our own words and text of others are not."""
    assert offered(message(line)) == wanted


def test_what_is_an_action_is_not_offered_again() -> None:
    """One button for one command."""
    line = say("`take {take}`", take="27")
    assert offered(message(line, actions((say("Take it"), "take 27")))) == []


def test_no_more_than_a_few_are_offered() -> None:
    """A long list of commands stays a list."""
    lines = tuple(say("`take {n}`", n=n) for n in range(20))
    assert len(offered(message(List(lines)))) == MOST


def test_what_can_be_done_can_be_snoozed() -> None:
    """A snooze makes a reminder of one's own, in an hour, that names the task."""
    block = actions((say("Review"), "review 1-3, 16"), (say("Done"), "done 1-3, 16"))
    assert with_snooze(block, READER).actions[-1].command == "remind me in 1h to look at article 1-3, article 16"
    for other in (actions((say("Accept"), "accept 24")), actions((say("Snooze"), "snooze")), Actions(())):
        assert with_snooze(other, READER) == other


def test_the_text_says_what_the_terminal_says() -> None:
    """Buttons that Slack adds change nothing of the words."""
    content = message(say("`take {n}`", n="27"), Actions((Action(say("Done"), "done 24"),)))
    (payload,) = render(content, READER, {})
    assert payload.text == plain(content, READER)
