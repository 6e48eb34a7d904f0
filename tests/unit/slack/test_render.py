"""Messages as Slack gets them: within its limits, the whole sense, and nothing of ours or of others that it obeys."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.slack.buttons import asks_for_form, is_pressable
from bot.adapters.slack.cutting import clusters, cost, cut
from bot.adapters.slack.limits import problems, size
from bot.adapters.slack.parts import Payload, files, render
from bot.harmless import clean
from bot.message import (
    Action,
    Actions,
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
    Redline,
    Table,
    Text,
    actions,
    message,
    say,
)  # fmt: skip
from bot.plain import Reader, plain

ROOM = Reader(ZoneInfo("America/New_York"))
ANA = Reader(ZoneInfo("Europe/Vienna"), personal=True)
ACCOUNTS = {1: "U0ANA", 2: "W0LUIS"}
HOSTILE = (
    "<!channel> <!here> <@U0ANA> <#C1|general> <!subteam^S1> @here @channel *bold* _it_ ~gone~ `code` ```pre``` "
    "> quote :smile: https://example.org <https://evil.example|bank> <!date^1^{date}|x> &lt;!channel&gt; \u202eevil"
)


def parts_of(content: Message, reader: Reader = ROOM, accounts: Mapping[int, str] = ACCOUNTS) -> list[Payload]:
    """Render for a reader."""
    return render(content, reader, accounts)


def only(content: Message, reader: Reader = ROOM) -> Payload:
    """Render what fits into one part."""
    payload, *more = parts_of(content, reader)
    assert not more
    return payload


def nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Give every node of what is sent."""
    if isinstance(value, Mapping):
        yield value
        for item in value.values():
            yield from nodes(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from nodes(item)


def shown(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Give what Slack shows of blocks, buttons aside; dates as their fallback."""
    return "\n".join(words(block) for block in blocks if block["type"] != "actions")


def words(node: Mapping[str, Any]) -> str:
    """Give what Slack shows of a node."""
    match node["type"]:
        case "date":
            return str(node["fallback"])
        case "user":
            return f"<{node['user_id']}>"
        case "link":
            return f"{node.get('text', '')}[{node['url']}]"
        case "header" | "section":
            return str(node["text"]["text"])
        case "text" | "plain_text":
            return str(node["text"])
        case kind:
            separator = "\n" if kind in ("rich_text", "rich_text_list") else ""
            return separator.join(words(part) for part in node["elements"])


def styled(blocks: Any) -> list[tuple[str, Any]]:
    """Give the text elements with their styles."""
    return [(node["text"], node.get("style")) for node in nodes(blocks) if node.get("type") == "text"]


def bare(text: str) -> str:
    """Take the isolating marks out."""
    return text.replace("\u2068", "").replace("\u2069", "")


# Messages of every shape, with text that would like to be obeyed.

hostile = st.one_of(
    st.sampled_from(
        ["<!channel>", "<@U0ANA>", "*b*", "_", "~", "`", "&amp;", "\u202e", "\u2067אב\u2069", "http://e.org"]
    ),
    st.text(max_size=40),
    st.text(alphabet="ab <>&*\n\u0301\U0001f468\u200d\U0001f469אب界\ud800\u202e", max_size=200),
    st.integers(1, 4_000).map(lambda n: "w" * n),
    st.integers(1, 1_500).map(lambda n: "<& " * n),
)
plain_inlines = st.one_of(
    hostile.map(Text), hostile.map(Bold), hostile.map(Code), hostile.map(Inserted), hostile.map(Deleted),
    st.builds(Link, hostile, st.one_of(hostile, st.just("https://un.org/a"))),
    st.builds(Mention, st.integers(1, 3), hostile),
    st.builds(Moment, st.integers(10**9, 4 * 10**9).map(lambda at: dt.datetime.fromtimestamp(at, dt.UTC)),
              st.sampled_from([None, "America/New_York", "UTC", "Asia/Kolkata"]),
              st.sampled_from(["full", "moment", "time", "day"])),
)  # fmt: skip
inlines: st.SearchStrategy[Inline] = st.one_of(
    plain_inlines,
    st.lists(plain_inlines, min_size=1, max_size=4).map(lambda own: Joined(tuple(own), "; ")),
    st.builds(lambda value: say("Due {what}: `done 24` **now**.", what=value), plain_inlines),
)
runs = st.lists(st.tuples(st.sampled_from(["equal", "delete", "insert"]), hostile), max_size=8).map(tuple)
commands = st.one_of(st.sampled_from(["done 24", "accept 24", "review 24", "assign 24 @NAME"]), hostile)
blocks_of_messages = st.one_of(
    inlines.map(Heading), inlines.map(Paragraph), st.lists(inlines, max_size=6).map(lambda own: List(tuple(own))),
    st.lists(st.tuples(inlines, inlines), max_size=4).map(
        lambda rows: Table((Text("What"), Text("")), tuple(rows))),
    st.builds(Redline, inlines, runs, st.booleans()),
    st.lists(commands, max_size=30).map(lambda own: Actions(tuple(Action(say("Do it"), one) for one in own))),
    st.builds(File, st.just("a.csv"), hostile),
)  # fmt: skip
messages = st.lists(blocks_of_messages, max_size=8).map(lambda own: Message(tuple(own)))


@settings(max_examples=150, deadline=None)
@given(messages, st.sampled_from([ROOM, ANA]))
def test_nothing_is_outside_of_limits_or_obeyed(content: Message, reader: Reader) -> None:
    """Whatever a message says, Slack takes it, and mentions, links and dates are those of the tree alone."""
    for payload in parts_of(content, reader):
        assert problems(payload.blocks) == []
        assert 1 <= size(payload.text) <= 4_000
        assert not {"<", ">"} & set(payload.text)
        kinds = {node.get("type") for node in nodes(payload.blocks)}
        assert not kinds & {"mrkdwn", "broadcast", "usergroup", "channel", "emoji", "image"}
        assert all(node["user_id"] in ACCOUNTS.values() for node in nodes(payload.blocks) if node.get("type") == "user")
        for node in nodes(payload.blocks):
            assert node.get("type") != "link" or node["url"].startswith(("https://", "http://"))


@settings(max_examples=150, deadline=None)
@given(messages, st.sampled_from([ROOM, ANA]))
def test_no_word_is_lost(content: Message, reader: Reader) -> None:
    """The texts of the parts, one after the other, are the plain text of the message; only marks may come anew."""
    named = Message(
        tuple(
            Paragraph(say("File: {name}", name=block.name)) if isinstance(block, File) else block
            for block in content.blocks
        )
    )
    said = "".join(html.unescape(payload.text) for payload in parts_of(content, reader))
    assert _letters(said.replace("…", "")) == _letters(clean(plain(named, reader)).replace("…", ""))


@settings(max_examples=60, deadline=None)
@given(messages)
def test_same_message_gives_same_parts(content: Message) -> None:
    """A part that is sent again after a crash is the part it was."""
    assert parts_of(content) == parts_of(Message.from_data(content.to_data()))


def _letters(text: str) -> str:
    """Leave out white space and the marks that are set again where a run is cut."""
    return "".join(character for character in text if not character.isspace() and character not in "~*`-;:·")


@given(st.text(alphabet="ab \n\u0301", max_size=400), st.integers(20, 60))
def test_words_are_cut_only_where_they_must(text: str, most: int) -> None:
    """No part is too long, and a word that fits is whole in one part."""
    parts = ["".join(run for _, run in part.runs) for part in cut([(0, text)], most)]
    assert all(cost(part) <= most for part in parts)
    long = [word for word in text.split() if cost(word) > most - 4]
    if not long:
        assert [word for part in parts for word in part.split()] == text.split()


def test_a_long_word_is_cut_between_characters_as_people_see_them() -> None:
    """A family of emoji, a flag and a letter with its accent stay whole."""
    family, flag, letter = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e6\U0001f1f7", "e\u0301"
    assert clusters(family + flag + letter + letter) == [family, flag, letter, letter]
    for payload in parts_of(message(Text(family * 900))):
        assert html.unescape(payload.text).replace("\n", "").replace(family, "") == ""


def test_hostile_text_shows_as_typed() -> None:
    """Marks, mentions and links that somebody typed are text elements, as they are, without what reorders a line."""
    payload = only(message(Heading(Text(HOSTILE)), Text(HOSTILE), List((Text(HOSTILE),))))
    typed = HOSTILE.replace("\u202e", "")
    assert [text.strip("\n") for text, style in styled(payload.blocks) if style is None] == [typed, typed]
    assert html.unescape(payload.text) == f"{typed}\n{typed}\n- {typed}"
    assert "&lt;!channel&gt;" in payload.text


@pytest.mark.parametrize("length", [2_999, 3_000, 3_001, 40_000])
def test_long_words_and_pastes_are_taken(length: int) -> None:
    """What is longer than a section or a message comes in parts, none of it lost."""
    for text in ("x" * length, "word " * (length // 5), "<" * length, "é" * length):
        parts = parts_of(message(Text(text)))
        assert [problems(part.blocks) for part in parts] == [[]] * len(parts)
        assert "".join("".join(html.unescape(part.text).split()) for part in parts) == "".join(text.split())
        assert bare(shown([block for part in parts for block in part.blocks])).split() != []


def test_lines_of_a_long_paste_stay_lines_within_a_part() -> None:
    """What was cut into pieces and stays in one part reads as it was: no break is added, none goes."""
    text = "\n".join("a line of some words" for _ in range(120))
    payload = only(message(Text(text)))
    assert html.unescape(payload.text) == text
    assert shown(payload.blocks) == text


def test_parts_begin_where_provisions_begin() -> None:
    """Redlines of several provisions are not torn where a whole one fits into the next part; buttons come last."""
    ops = (("equal", "w " * 700), ("delete", "shall"), ("insert", "may"))
    content = message(
        Heading(Text("New text")),
        *(part for n in range(5) for part in (Redline(Text(f"article {n}"), ops, whole=True), Text(f"Look at {n}."))),
        actions((say("Done"), "done 24")),
    )
    parts = parts_of(content)
    assert [html.unescape(part.text).split("\n")[0] for part in parts] == ["New text", "article 2", "article 4"]
    assert [[b["type"] for b in part.blocks].count("actions") for part in parts] == [0, 0, 1]


def test_a_redline_is_struck_and_bold_and_short() -> None:
    """What is gone is struck through, what is new is bold, inside of words too; long equal runs are left out."""
    ops = (("equal", "word " * 40), ("delete", "shall"), ("insert", "may"), ("equal", "be " * 40))
    payload = only(message(Redline(Text("article 24"), ops)))
    found = styled(payload.blocks)
    assert ("article 24", {"bold": True}) in found
    assert ("shall", {"strike": True}) in found
    assert ("may", {"bold": True}) in found
    assert "… " in shown(payload.blocks)
    assert len(shown(payload.blocks)) < 120


def test_mentions_only_whom_slack_knows() -> None:
    """A member with an account is mentioned; another is a name in bold."""
    payload = only(message(say("{one} and {other}", one=Mention(1, "Ana"), other=Mention(3, "Mei"))))
    assert [node["user_id"] for node in nodes(payload.blocks) if node.get("type") == "user"] == ["U0ANA"]
    assert ("@Mei", {"bold": True}) in styled(payload.blocks)
    assert payload.text == "@Ana and @Mei"


def test_moments_show_everybody_their_own_time() -> None:
    """Slack fills in the reader's time; the venue's stands beside it, in a room with UTC; the fallback is plain's."""
    at = dt.datetime(2024, 2, 6, 20, tzinfo=dt.UTC)
    for reader, shape, wanted in (
        (ROOM, "moment", "Tue 6 Feb 15:00 New York (20:00 UTC; {date_short_pretty} {time} your time)"),
        (ROOM, "time", "15:00 New York (20:00 UTC; {date_short_pretty} {time} your time)"),
        (ANA, "full", "{date_short_pretty} {time} your time (15:00 New York)"),
    ):
        content = message(Moment(at, "America/New_York", shape))
        payload = only(content, reader)
        (date,) = [node for node in nodes(payload.blocks) if node.get("type") == "date"]
        assert date["format"] == wanted
        assert date["timestamp"] == 1707249600
        assert date["fallback"] == payload.text == plain(content, reader)


def test_a_day_needs_no_clock() -> None:
    """A day is a day at the venue, for everybody."""
    payload = only(message(Moment(dt.datetime(2024, 2, 6, 20, tzinfo=dt.UTC), "America/New_York", "day")))
    assert not [node for node in nodes(payload.blocks) if node.get("type") == "date"]


def test_buttons_say_their_command() -> None:
    """Each action is a button with the command as its value; one is green; what opens a form says so by its id."""
    content = message(
        Heading(say("For you")),
        actions((say("Accept"), "accept 24"), (say("Done"), "done 24"), (say("Review"), "review 24")),
        actions((say("Add a draft"), "draft add SYMBOL")),
    )
    payload = only(content)
    buttons = [node for node in nodes(payload.blocks) if node.get("type") == "button"]
    assert [(b["action_id"], b["value"], b.get("style")) for b in buttons] == [
        ("say:0", "accept 24", "primary"), ("say:1", "done 24", None), ("form:2", "review 24", None),
        ("say:3", "remind me in 1h to look at article 24", None),
    ]  # fmt: skip
    assert ("draft add SYMBOL", {"code": True}) in styled(payload.blocks)
    assert "`draft add SYMBOL`" in payload.text


def test_many_buttons_stand_in_several_blocks() -> None:
    """A block takes 25 of them."""
    content = message(Text("x"), Actions(tuple(Action(say("Do"), f"take {n}") for n in range(60))))
    rows = [len(block["elements"]) for block in only(content).blocks if block["type"] == "actions"]
    assert rows == [25, 25, 10]


def test_long_button_words_are_cut() -> None:
    """A label has 75 characters at most, whatever a name in it is."""
    payload = only(message(actions((say("Admit {name}", name="é\U0001f600" * 90), "admit @x"))))
    (button,) = [node for node in nodes(payload.blocks) if node.get("type") == "button"]
    assert size(button["text"]["text"]) <= 75
    assert button["text"]["text"].endswith("…")


@pytest.mark.parametrize(
    ("command", "pressable", "form"),
    [
        ("done 24", True, False), ("review 1-3, 16-18", True, True), ("review preamble, articles 12-15", True, True),
        ("review 24 support", True, False), ("diff 24 A/AC.291/22 A/AC.291/22/Rev.1", True, False),
        ("assign 24 @NAME", True, True), ("reassign task 20 @name", True, True), ("x" * 2_001, False, False),
        ("assign 24 @ana", True, False), ("assign WORDS @NAME", False, False), ("take [ARTICLES]", False, False),
    ],
)  # fmt: skip
def test_which_commands_stand_behind_buttons(command: str, pressable: bool, form: bool) -> None:
    """A command that still has places to fill in cannot be pressed, unless there is a form for that."""
    assert is_pressable(command) is pressable
    assert asks_for_form(command) is form


def test_a_header_is_short_plain_words() -> None:
    """A first heading of words is Slack's header; one with a mention, or too long, is a line in bold."""
    for line, kind in (
        (Text("New text"), "header"), (say("For {who}", who=Mention(1, "Ana")), "rich_text"),
        (Text("x " * 80), "rich_text"),
    ):  # fmt: skip
        assert only(message(Heading(line))).blocks[0]["type"] == kind


def test_right_to_left_words_stay_where_they_are() -> None:
    """Arabic within a line is isolated, so that it moves nothing beside it."""
    payload = only(message(say("{one}, due", one="المادة 24")))
    assert ("\u2068المادة 24\u2069, due", None) in styled(payload.blocks)


def test_tables_read_on_a_phone() -> None:
    """A row is a line, each value behind its title."""
    content = message(Table((Text("What"), Text("Who")), ((Text("24"), Text("Ana")), (Text("25"), Text("")))))
    assert shown(only(content).blocks) == "What: 24; Who: Ana\nWhat: 25"


def test_files_are_named_and_given() -> None:
    """A file does not travel in the message; its name does."""
    content = message(Text("Here."), File("tasks.csv", "a,b"))
    assert only(content).text == "Here.\nFile: tasks.csv"
    assert files(content) == [File("tasks.csv", "a,b")]


def test_an_empty_message_is_something() -> None:
    """Slack refuses empty words: what has none is three dots."""
    assert only(message()).text == "…"
    assert only(message(Text("\x00"))).text == "…"
