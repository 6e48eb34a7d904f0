"""Messages: kept as JSON they come back the same, and what people type is never read as markup."""

from __future__ import annotations

import datetime as dt
import json
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.message import (
    Action,
    Actions,
    Block,
    Bold,
    Code,
    Deleted,
    File,
    Heading,
    Inline,
    Inserted,
    Joined,
    Link,
    List,
    Mention,
    Message,
    Moment,
    Paragraph,
    Phrase,
    Redline,
    Table,
    Text,
    count,
    joined,
    mentioned,
    message,
    say,
)  # fmt: skip
from bot.phrases import expand
from bot.plain import Reader, plain

READER = Reader(ZoneInfo("UTC"), personal=True)

words = st.text(max_size=20)
names = st.from_regex(r"\A[a-z_]{3,8}\Z")
moments = st.builds(
    Moment,
    st.datetimes(timezones=st.just(dt.UTC)),
    st.sampled_from([None, "America/New_York", "Europe/Vienna"]),
    st.sampled_from(["full", "moment", "time", "day"]),
)
leaves: st.SearchStrategy[Inline] = st.one_of(
    st.builds(Text, words), st.builds(Bold, words), st.builds(Code, words), st.builds(Link, words, words),
    st.builds(Mention, st.integers(), words), moments, st.builds(Inserted, words), st.builds(Deleted, words),
)  # fmt: skip


def nested(inner: st.SearchStrategy[Inline]) -> st.SearchStrategy[Inline]:
    """Build phrases and joined lines of other inlines."""
    values = st.dictionaries(names, st.one_of(inner, words, st.integers()), max_size=3)
    phrases = st.builds(Phrase, words, values, st.none() | words)
    return st.one_of(phrases, st.builds(Joined, st.lists(inner, max_size=3).map(tuple), words))


inlines = st.recursive(leaves, nested, max_leaves=5)
ops = st.lists(st.tuples(st.sampled_from(["equal", "delete", "insert"]), words), max_size=3).map(tuple)
lines = st.lists(inlines, max_size=3).map(tuple)
blocks: st.SearchStrategy[Block] = st.one_of(
    st.builds(Heading, inlines),
    st.builds(Paragraph, inlines),
    st.builds(List, lines),
    st.builds(Table, lines, st.lists(lines, max_size=2).map(tuple)),
    st.builds(Redline, inlines, ops, st.booleans()),
    st.builds(Actions, st.lists(st.builds(Action, st.builds(say, words), words), max_size=2).map(tuple)),
    st.builds(File, words, words),
)


@given(st.lists(blocks, max_size=3).map(tuple))
def test_a_message_comes_back_from_json_the_same(given_blocks: tuple[Block, ...]) -> None:
    """Every node, whatever words are in it, survives being kept."""
    whole = Message(given_blocks)
    assert Message.from_data(json.loads(json.dumps(whole.to_data()))) == whole


@given(st.text())
def test_values_are_never_read_as_markup(typed: str) -> None:
    """What fills a place stays text, even when it looks like a place, code or bold of ours."""
    assert expand(say("{who} said so", who=typed), "en")[0] == Text(typed)
    looks = f"{{who}} `{typed}` **{typed}**"
    assert expand(say("{who}{again}", who=looks, again="x"), "en") == [Text(looks), Text("x")]
    assert expand(say("`take {what}`", what=looks), "en") == [Code(f"take {looks}")]


def test_a_phrase_marks_code_and_bold_and_takes_inlines() -> None:
    """Our own words may mark code and bold; a place takes any inline."""
    who = Mention(2, "Luis")
    found = expand(say("**Now** {who}: `take {n}` or {x}.", who=who, n=7, x="{n}"), "en")
    assert found == [Bold("Now"), Text(" "), who, Text(": "), Code("take 7"), Text(" or "), Text("{n}"), Text(".")]


def test_a_person_cannot_stand_inside_of_code() -> None:
    """A mention in code would be dead text on every platform: that is a mistake of ours, found at once."""
    with pytest.raises(TypeError):
        expand(say("`tell {who}`", who=Mention(2, "Luis")), "en")


@pytest.mark.parametrize(("n", "seen"), [(0, "0 tasks"), (1, "1 task"), (2, "2 tasks")])
def test_a_number_chooses_its_form(n: int, seen: str) -> None:
    """`count` says one and many rightly."""
    assert plain(message(count(n, "{n} task", "{n} tasks")), READER) == seen


def test_a_message_takes_bare_inlines_and_leaves_out_none() -> None:
    """Inlines become paragraphs, absent parts vanish."""
    assert message(None, say("a"), Heading(Text("b"))) == Message((Paragraph(say("a")), Heading(Text("b"))))


def test_json_of_anything_else_is_refused() -> None:
    """A tree is not guessed."""
    with pytest.raises(KeyError):
        Message.from_data({"blocks": [{"is": "Script", "text": "x"}]})


def test_mentions_are_found_wherever_they_stand() -> None:
    """In a phrase's values, a list, a table's cell, a joined line; a message without any gives none."""
    deep = joined([say("{who} asks", who=Mention(1, "Ana")), "x"])
    table = Table((Text("a"),), ((Mention(4, "Lu"),), (Text("b"),)))
    content = message(Heading(deep), List((Mention(2, "Mei"), Mention(1, "Ana"))), table, Mention(3, "Sol"))
    assert mentioned(content) == {1, 2, 3, 4}
    assert mentioned(message(say("{who}", who="@Ana"))) == set()
