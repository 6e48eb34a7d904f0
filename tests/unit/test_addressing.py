"""What people say among themselves in a room is let be; what reads as a command is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.addressing import reads_as_command
from bot.app import command_table
from bot.commands import Verb

TABLE = command_table()
TITLES = ("Plenary", "Drafting group")

COMMANDS = (
    "take 27", "take", "now article 24", "late 20", "late 20 Informals", "over", "over Plenary", "over in 2",
    "resumed drafting group", "done 5", "done all", "take 999", "take chapter IV", "tasks open", "tasks @ana",
    "assign article 24 @ana", "assign preamble @ana", "programme tomorrow", "programme 6 Feb", "programme", "next",
    "digest at 19:30", "snooze 2h", "snooze until fri", "admit @sol", "role @luis coordinator",
    "meeting cancel 3", "meeting cancel Plenary", "meeting move 3 to 16:00", "article 24", "diff 24", "help tasks",
    "review 24 concern too wide", "room here for tasks, alerts", "decline 24 no time this week", "my quiet off",
)  # fmt: skip
TALK = (
    "take care", "over to you, Mei!", "over the hill", "release the hounds", "find it funny", "note I think we wait",
    "announce it to everyone please", "announce", "hello", "hello all, nice day, friends", "remind me to eat at 5pm",
    "assign book a room @mei", "next time we should wait", "undo that please", "done deal", "late again",
    "review of the text is due", "decline to answer", "help me please", "article 24 is a mess", "programme may change",
    "now we wait", "tasks are hard", "meeting add Plenary tue 15:00 to 18:00", "digest this", "my goodness",
    "accept it", "resumed the talk", "diff is large", "members of the group", "claim ABC",
)  # fmt: skip


@pytest.mark.parametrize(("words", "taken"), [*((words, True) for words in COMMANDS), *((w, False) for w in TALK)])
def test_words_are_taken_only_where_they_begin_as_the_usage_says(words: str, taken: bool) -> None:
    """Nothing after the verb, or a number, a target, a name, a keyword of its usage, a day or hour, a known title."""
    found = TABLE.find(words)
    assert found is not None
    verb, rest = found
    assert reads_as_command(verb.usage, verb.name, rest, [*TITLES, *TABLE.names]) is taken


@given(st.text(max_size=40), st.sampled_from(TABLE.verbs))
def test_no_words_crash_it_and_a_verb_alone_is_taken_unless_it_takes_words_of_ones_own(words: str, verb: Verb) -> None:
    """Whatever follows there is an answer, and marks at the end change nothing."""
    taken = reads_as_command(verb.usage, verb.name, words, TITLES)
    assert reads_as_command(verb.usage, verb.name, f" {words}! ", TITLES) is taken
