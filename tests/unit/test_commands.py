"""The command table: how a verb is found, what is near to a slip, and how typed words are cleaned."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import Call, CommandTable, Verb, clean, nearest, without_prefix
from bot.message import Message


def _act(call: Call) -> Message | None:
    return None


TABLE = CommandTable(
    (
        Verb("take", _act, "take WHAT", "Takes.", aliases=("claim it",)),
        Verb("draft", _act, "draft WORDS", "Drafts."),
        Verb("draft add", _act, "draft add SYMBOL", "Adds."),
        Verb("draft publish", _act, "draft publish", "Publishes."),
        Verb("room here", _act, "room here for WHAT", "Serves."),
        Verb("tasks", _act, "tasks", "Lists."),
    )
)


@pytest.mark.parametrize(
    ("typed", "name", "rest"),
    [
        ("take 24 by fri", "take", "24 by fri"),
        ("TAKE  24", "take", "24"),
        ("draft add  A/1", "draft add", "A/1"),
        ("Draft  Add", "draft add", ""),
        ("draft a letter", "draft", "a letter"),
        ("claim it 24", "take", "24"),
        ("take", "take", ""),
    ],
)
def test_a_verb_is_found_with_the_rest(typed: str, name: str, rest: str) -> None:
    """Two words before one, whatever the case and the spaces; an alias is the same verb."""
    found = TABLE.find(typed)
    assert found is not None
    assert (found[0].name, found[1]) == (name, rest)


@pytest.mark.parametrize("typed", ["", "takes 24", "room", "room there", "please take 24"])
def test_what_begins_with_no_verb_is_none(typed: str) -> None:
    """Half a verb and words before it are not guessed at."""
    assert TABLE.find(typed) is None


def test_two_verbs_of_one_name_are_refused() -> None:
    """An alias that is a verb already is a mistake of ours, found when the table is made."""
    with pytest.raises(ValueError, match="take"):
        CommandTable((*TABLE.verbs, Verb("grab", _act, "grab", "Grabs.", aliases=("take",))))


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("tkae 24", "take"), ("TASKZ", "tasks"), ("draft publsih now", "draft publish"), ("drat add", "draft add"),
        ("hello there", None), ("", None), ("x", None),
    ],
)  # fmt: skip
def test_a_slip_gets_the_nearest_verb(typed: str, near: str | None) -> None:
    """Swapped and missing letters are slips; another word is none."""
    assert TABLE.nearest(typed) == near


def test_a_family_is_the_verbs_that_begin_with_a_word() -> None:
    """Half of a two-word verb shows the choices."""
    assert [verb.name for verb in TABLE.family("Draft")] == ["draft add", "draft publish"]


@given(st.text(max_size=30))
def test_no_words_upset_the_table(typed: str) -> None:
    """Whatever is typed is found, near to something, or nothing; cleaning it twice changes no more."""
    words = clean(typed)
    assert clean(words) == words
    found = TABLE.find(words)
    assert found is None or words.split()[0].casefold() in ("take", "draft", "claim", "room", "tasks")
    assert TABLE.nearest(words) in (None, *TABLE.names)


@given(st.sampled_from(sorted(TABLE.names)))
def test_each_name_is_nearest_to_itself(name: str) -> None:
    """A name without a slip is that name."""
    assert nearest(name, TABLE.names) == name


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("\u200bnote “the chair’s text”\u00a0", 'note "the chair\'s text"'),
        ("cafe\u0301 \ufeff24", "café 24"),
        ("take 24 \u202e@Luis", "take 24 @Luis"),
        ("＠Mei", "@Mei"),
    ],
)
def test_words_are_cleaned(typed: str, meant: str) -> None:
    """Phones write curly quotes, hard spaces and invisible marks."""
    assert clean(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant", "prefixed"),
    [
        ("/dragoman take 24", "take 24", True), ("!take 24", "take 24", True), ("/Dragoman", "", True),
        ("take 24", "take 24", False), ("dragoman take", "dragoman take", False), ("/dragomans", "dragomans", True),
    ],
)  # fmt: skip
def test_a_prefix_is_taken_off(typed: str, meant: str, prefixed: bool) -> None:
    """A slash or an exclamation mark, with or without the name, says that it is for the bot."""
    assert without_prefix(typed) == (meant, prefixed)
