"""Messages for Matrix: each block as HTML and words, hostile text, who is notified, folding, what an event holds."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from bot.adapters.matrix.reactions import REACTIONS, reaction_command
from bot.adapters.matrix.render import MOST_BODY, MOST_CONTENT, files, render
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
    Redline,
    Table,
    Text,
    actions,
    count,
    joined,
    message,
    say,
)  # fmt: skip
from bot.plain import Reader

READER = Reader(ZoneInfo("Europe/Vienna"), personal=True)
ACCOUNTS = {1: "@ana:example.org", 2: "@luis/x=ü?:example.org"}
ALLOWED = set(
    """h1 h2 h3 h4 h5 h6 blockquote p a ul ol li b strong i em u s del ins code pre table thead tbody tr th td caption
    div span br hr details summary""".split()
)
"""What the specification of m.room.message recommends to show (client-server API 1.18, 11.2.1.8), without pictures."""
AT = dt.datetime(2024, 2, 6, 20, tzinfo=dt.UTC)
RTL, END = "\u2068", "\u2069"


def rendered(*parts: Block | Inline, **options: Any) -> dict[str, Any]:
    """Render a message of these parts."""
    return render(message(*parts), READER, ACCOUNTS, **({"notice": False} | options))


def html_of(*parts: Block | Inline, **options: Any) -> str:
    """Give the HTML of a message of these parts."""
    html = rendered(*parts, **options)["formatted_body"]
    assert isinstance(html, str)
    return html


def size(content: dict[str, Any]) -> int:
    """Measure a content as nio sends it."""
    return len(json.dumps(content, separators=(",", ":")))


def test_an_alert_whole() -> None:
    """Heading, lines, redline and next steps, in HTML and in words."""
    ops = (("equal", "1. Same.\n2. Each State Party "), ("delete", "shall "), ("insert", "may "), ("equal", "act."))
    assert rendered(
        Heading(say("New text: your {old} is now {new}", old="article 24", new="25")),
        say("On the floor {when}.", when=Moment(AT, "America/New_York")),
        Redline(Text("Safeguards"), ops),
        say("“shall” became “may”."),
        actions((say("It stands"), "stands 25"), (say("Done"), "done 25")),
    ) == {
        "msgtype": "m.text",
        "body": "New text: your article 24 is now 25\n"
        "On the floor Tue 6 Feb 21:00 your time (15:00 New York).\n"
        "Safeguards\n"
        "Para 2: Each State Party ~~shall~~ **may** act.\n"
        "“shall” became “may”.\n"
        "`stands 25` · `done 25` or react ✅",
        "format": "org.matrix.custom.html",
        "formatted_body": "<p><strong>New text: your article 24 is now 25</strong><br/>"
        "On the floor Tue 6 Feb 21:00 your time (15:00 New York).</p>"
        "<p><strong>Safeguards</strong></p>"
        "<blockquote>Para 2: Each State Party <del>shall</del> <ins><strong>may</strong></ins> act.</blockquote>"
        "<p>“shall” became “may”.<br/><code>stands 25</code> · <code>done 25</code> or react ✅</p>",
        "m.mentions": {},
    }


def test_a_notice_for_a_room_whole() -> None:
    """A countdown is silent, shows the venue's time and UTC, and explains the reaction."""
    tree = message(
        Heading(count(30, "In {n} minute: {what}", "In {n} minutes: {what}", what="Plenary")),
        Moment(AT, "America/New_York"),
        say("{what} has no owner: `take {task}`", what="Article 27", task="27"),
    )
    assert render(tree, Reader(ZoneInfo("Europe/Vienna")), {}, notice=True) == {
        "msgtype": "m.notice",
        "body": "In 30 minutes: Plenary\nTue 6 Feb 15:00 New York (20:00 UTC)\n"
        "Article 27 has no owner: `take 27`\nReact 🙋 for `take 27`.",
        "format": "org.matrix.custom.html",
        "formatted_body": "<p><strong>In 30 minutes: Plenary</strong><br/>Tue 6 Feb 15:00 New York (20:00 UTC)<br/>"
        "Article 27 has no owner: <code>take 27</code><br/>React 🙋 for <code>take 27</code>.</p>",
        "m.mentions": {},
    }


@pytest.mark.parametrize(
    ("part", "html", "body"),
    [
        (Heading(Text("a")), "<p><strong>a</strong></p>", "a"),
        (Paragraph(Text("a\nb")), "<p>a<br/>b</p>", "a\nb"),
        (List((Text("a"), say("`b`"))), "<ul><li>a</li><li><code>b</code></li></ul>", "- a\n- `b`"),
        (
            Table((Text("Nr"), Text("Who")), ((Text("24"), Text("")), (Text("9"), Text("Mei")))),
            "<table><thead><tr><th>Nr</th><th>Who</th></tr></thead>"
            "<tbody><tr><td>24</td><td></td></tr><tr><td>9</td><td>Mei</td></tr></tbody></table>",
            "Nr: 24\nNr: 9; Who: Mei",
        ),
        (
            Redline(Text("9"), (("delete", "a\nb "), ("insert", " c")), whole=True),
            "<p><strong>9</strong></p>"
            "<blockquote><del>a</del><br/><del>b</del>  <ins><strong>c</strong></ins></blockquote>",
            "9\n~~a~~\n~~b~~  **c**",
        ),
        (actions((say("Accept"), "accept 7")), "<p><code>accept 7</code></p>", "`accept 7`"),
        (File("my <draft>.ics", "BEGIN"), "<p>File: my &lt;draft&gt;.ics</p>", "File: my <draft>.ics"),
        (Bold(" a "), "<p> <strong>a</strong> </p>", " a "),
        (Inserted("a"), "<p><ins><strong>a</strong></ins></p>", "**a**"),
        (Deleted("a"), "<p><del>a</del></p>", "~~a~~"),
        (Link("a", "https://x.org/?a=1&b"), '<p><a href="https://x.org/?a=1&amp;b">a</a></p>', "a (https://x.org/?a=1&b)"),
        (Link("a", "mailto:a@x.org"), '<p><a href="mailto:a@x.org">a</a></p>', "a (mailto:a@x.org)"),
        (joined(["a", Code("b")], " - "), "<p>a - <code>b</code></p>", "a - `b`"),
    ],
)  # fmt: skip
def test_each_block_and_inline(part: Block | Inline, html: str, body: str) -> None:
    """What each node becomes, alone."""
    content = rendered(part)
    assert (content["formatted_body"], content["body"]) == (html, body)


def test_lines_stay_together_and_headings_stand_apart() -> None:
    """Several messages in one read as several."""
    seen = html_of(
        Heading(Text("a")), Text("b"), List((Text("c"),)), Text("d"), Text(""), Text("e"), Heading(Text("f"))
    )
    assert seen == "<p><strong>a</strong><br/>b</p><ul><li>c</li></ul><p>d<br/>e</p><p><strong>f</strong></p>"


def test_members_with_an_account_are_mentioned_and_nobody_else() -> None:
    """Each once, in order of appearance; the address of the pill is percent-encoded."""
    who = say("{b}, {a}, {c}, {b}", a=Mention(1, "Ana"), b=Mention(2, "Luis <3"), c=Mention(3, "Mei"))
    assert rendered(who) == {
        "msgtype": "m.text",
        "body": "@Luis <3, @Ana, @Mei, @Luis <3",
        "format": "org.matrix.custom.html",
        "formatted_body": '<p><a href="https://matrix.to/#/@luis%2Fx%3D%C3%BC%3F:example.org">Luis &lt;3</a>, '
        '<a href="https://matrix.to/#/@ana:example.org">Ana</a>, @Mei, '
        '<a href="https://matrix.to/#/@luis%2Fx%3D%C3%BC%3F:example.org">Luis &lt;3</a></p>',
        "m.mentions": {"user_ids": ["@luis/x=ü?:example.org", "@ana:example.org"]},
    }


@pytest.mark.parametrize(
    "part",
    [
        Heading(Mention(1, "Ana")),
        List((joined([Mention(1, "Ana")]),)),
        Table((Text("Who"),), ((Mention(1, "Ana"),),)),
        Redline(Mention(1, "Ana"), ()),
    ],
)
def test_a_mention_counts_wherever_it_stands(part: Block) -> None:
    """In each block."""
    assert rendered(part)["m.mentions"] == {"user_ids": ["@ana:example.org"]}


def test_only_a_loud_message_notifies_the_room() -> None:
    """A coordinator's announcement does; the words @room do not."""
    assert rendered(Text("@room"), loud=True)["m.mentions"] == {"room": True}
    assert rendered(Mention(1, "Ana"), loud=True)["m.mentions"] == {"user_ids": ["@ana:example.org"], "room": True}
    assert rendered(Text("@room @ana:example.org"))["m.mentions"] == {}


def test_text_from_outside_is_only_ever_text() -> None:
    """Tags, markdown, quotes and addresses of other schemes do nothing."""
    hostile = """<script>x</script> </del> **b** `c` @room "q" 'a'"""
    assert html_of(Text(hostile)) == (
        "<p>&lt;script&gt;x&lt;/script&gt; &lt;/del&gt; **b** `c` @room &quot;q&quot; &#x27;a&#x27;</p>"
    )
    assert html_of(say("{w} said", w="`x` <b>")) == "<p>`x` &lt;b&gt; said</p>"
    assert (
        html_of(Link("<i>", 'https://x.org/"><b>'))
        == '<p><a href="https://x.org/&quot;&gt;&lt;b&gt;">&lt;i&gt;</a></p>'
    )
    for url in ("javascript:alert(1)", "java\nscript:x", "data:text/html,x", "//x.org", "https:", "https://[", "x"):
        assert "<a" not in html_of(Link("here", url))
    redline = Redline(Text("9"), (("delete", "</del><b>"), ("insert", "a")), whole=True)
    assert html_of(redline).endswith("<del>&lt;/del&gt;&lt;b&gt;</del><ins><strong>a</strong></ins></blockquote>")


def test_controls_and_reordering_are_taken_out_of_both() -> None:
    """An override cannot turn "exe" round, an isolation cannot be closed, a bell does not ring."""
    content = rendered(Text("a\u202egpj.exe\u2069\x07\x1b[0m\ud800\tb\r\nc\u2028d"), Mention(1, "A\u202eb\n"))
    assert content["body"] == "agpj.exe[0m\tb\nc\nd\n@Ab\n"
    assert content["formatted_body"] == (
        '<p>agpj.exe[0m\tb<br/>c<br/>d<br/><a href="https://matrix.to/#/@ana:example.org">Ab</a></p>'
    )


def test_right_to_left_words_move_nothing_around_them() -> None:
    """They are isolated, outside of code and pills that people copy; a redline's line as a whole, in its own order."""
    seen = html_of(say("{who}: {n} of {c}", who=Mention(1, "أحمد"), n=27, c=Code("find ما")))
    assert seen == (
        f'<p>{RTL}<a href="https://matrix.to/#/@ana:example.org">أحمد</a>{END}: 27 of '
        f"{RTL}<code>find ما</code>{END}</p>"
    )
    ops = (("equal", "1. سطر\n2. تعتمد كل دولة "), ("delete", "ما قد "), ("insert", "ما "), ("equal", "يلزم."))
    assert html_of(Redline(Text("المادة 24"), ops)) == (
        f"<p><strong>{RTL}المادة 24{END}</strong></p><blockquote>Para 2: {RTL}تعتمد كل دولة <del>ما قد</del> "
        f"<ins><strong>ما</strong></ins> يلزم.{END}</blockquote>"
    )


def test_chinese() -> None:
    """Marks stand at the characters."""
    ops = (("equal", "各缔约国"), ("delete", "应当"), ("insert", "可以"), ("equal", "采取措施。"))
    content = rendered(Redline(Text("第二十四条"), ops, whole=True))
    assert content["body"] == "第二十四条\n各缔约国~~应当~~**可以**采取措施。"
    assert content["formatted_body"] == (
        "<p><strong>第二十四条</strong></p>"
        "<blockquote>各缔约国<del>应当</del><ins><strong>可以</strong></ins>采取措施。</blockquote>"
    )


def test_a_long_list_folds_and_its_next_steps_stay_in_sight() -> None:
    """The first lines stand open, the rest is a tap away, and the words have all of it."""
    items = tuple(Text(f"article {n}") for n in range(40))
    content = rendered(Heading(Text("Yours")), List(items), actions((say("Later"), "snooze")))
    shown, rest = ("".join(f"<li>article {n}</li>" for n in numbers) for numbers in (range(5), range(5, 40)))
    assert content["formatted_body"] == (
        f"<p><strong>Yours</strong></p><ul>{shown}</ul>"
        f"<details><summary>About 35 more lines</summary><ul>{rest}</ul></details>"
        "<p><code>snooze</code> or react 💤</p>"
    )
    assert content["body"] == "\n".join(["Yours", *(f"- article {n}" for n in range(40)), "`snooze` or react 💤"])


def test_tables_and_redlines_fold_in_the_middle() -> None:
    """The title row stands over both halves; a redline goes on at its next line."""
    head = "<table><thead><tr><th>Nr</th></tr></thead><tbody>"
    seen = html_of(Table((Text("Nr"),), tuple((Text(str(n)),) for n in range(30))))
    assert seen.count(head) == 2
    assert seen.startswith(f"{head}<tr><td>0</td></tr>")
    assert "<details><summary>About 24 more lines</summary>" + head + "<tr><td>6</td></tr>" in seen
    lines = "\n".join(f"line {n}" for n in range(30))
    seen = html_of(Redline(Text("9"), (("insert", lines),), whole=True))
    assert "line 4</strong></ins></blockquote><details><summary>About 25 more lines</summary><blockquote><ins>" in seen


def test_no_heading_is_left_alone_above_the_fold() -> None:
    """The title of a long redline goes with its words."""
    redline = Redline(Text("Article 9"), (("insert", "word " * 900),), whole=True)
    seen = html_of(Heading(Text("Diff")), Text("two drafts"), redline)
    assert seen.startswith("<p><strong>Diff</strong><br/>two drafts</p><details><summary>About ")
    assert "</summary><p><strong>Article 9</strong></p><blockquote>" in seen


@pytest.mark.parametrize("lines", [1, 25])
def test_a_message_of_a_screen_does_not_fold(lines: int) -> None:
    """Up to 25 lines and 2,000 characters stand open; so does what cannot be divided."""
    assert "details" not in html_of(*(Text("x" * 79) for _ in range(lines)))
    assert "details" not in html_of(Text("x" * 3_000))
    assert "<details><summary>About 67 more lines</summary>" in html_of(Heading(Text("a")), Text("x" * 3_000))


@pytest.mark.parametrize("word", ["word ", "كلمة ", "字", "😀"])
def test_what_does_not_fit_is_cut_at_a_line_and_says_so(word: str) -> None:
    """In every script the event stays within its size, and the next steps survive."""
    text = "\n".join(f"{n}: {word * 20}" for n in range(2_000))
    content = rendered(Heading(Text("a")), Text(text), actions((say("Later"), "snooze")))
    end = "Ask for a part of it, for example `diff 24` or `article 24`.\n`snooze` or react 💤"
    *kept, cut, _ = content["body"].split("\n")
    assert content["body"].endswith(end)
    assert cut.startswith("There is more than fits into one message.")
    assert kept == ["a", *text.split("\n")[: len(kept) - 1]]
    assert MOST_BODY // 2 < len(json.dumps(content["body"])) <= MOST_BODY + 2
    assert size(content) <= MOST_CONTENT
    assert "There is more than fits" in content["formatted_body"]


@pytest.mark.parametrize(
    "part",
    [
        Redline(Text("9"), (("insert", "word & " * 9_000),), whole=True),  # cannot be divided
        Paragraph(Text("<&> <&>\n" * 3_000)),  # escaped, it is many times as long
    ],
)
def test_html_that_would_show_too_little_gives_way_to_the_words(part: Block) -> None:
    """The words are cut at a line or a word, and there is no HTML."""
    content = rendered(Heading(Text("a")), part)
    assert set(content) == {"msgtype", "body", "m.mentions"}
    assert re.search(r"(&|word|<&>)\nThere is more than fits", content["body"])
    assert MOST_BODY // 2 < len(json.dumps(content["body"])) <= MOST_BODY + 2


def test_a_thousand_mentions_fit() -> None:
    """As many as the event holds are notified; all names are in the words while those fit."""
    accounts = {n: f"@{n:0200}:example.org" for n in range(1_000)}
    content = render(message(joined([Mention(n, f"m{n}") for n in accounts])), READER, accounts, notice=False)
    assert content["m.mentions"]["user_ids"] == [accounts[n] for n in range(len(content["m.mentions"]["user_ids"]))]
    assert len(content["m.mentions"]["user_ids"]) > 40
    assert size(content) <= MOST_CONTENT


def test_files_are_given_apart() -> None:
    """The text names them; what is in them travels by itself."""
    one, other = File("a.ics", "secret"), File("b.txt", "")
    assert files(message(one, Text("x"), other)) == [one, other]
    assert rendered(one, Text("x"), other)["body"] == "File: a.ics\nx\nFile: b.txt"


@pytest.mark.parametrize("parts", [(), (Text(""),), (Text("\u202e\n "),), (List(()),), (Actions(()),)])
def test_a_body_is_never_empty(parts: tuple[Block | Inline, ...]) -> None:
    """Servers and notifications want words."""
    assert rendered(*parts)["body"] == "…"


OFFERS = message(
    say("`take {n}` and `take {n}`", n="9"),
    actions((say("Done"), "done 3"), (say("Done"), "done 4"), (say("Later"), "snooze"), (say("Give"), "release 3")),
)


@pytest.mark.parametrize(
    ("emoji", "command"),
    [("✅", "done 3"), ("✅\ufe0f", "done 3"), ("🙋", "take 9"), ("🙋🏽", "take 9"), ("🙋🏿\u200d♀\ufe0f", "take 9"),
     ("🙋\u200d♂️", "take 9"), ("💤", "snooze"), ("👍", None), ("", None), ("✅✅", None)],
)  # fmt: skip
def test_what_a_reaction_stands_for(emoji: str, command: str | None) -> None:
    """However it is drawn; the first action of the verb, else the one command that a sentence was filled with."""
    assert reaction_command(OFFERS, emoji) == command


@pytest.mark.parametrize(
    "tree",
    [
        message(say("`take article 24` takes it yourself, `done 3` ends it, `snooze` puts it off.")),
        message(say("`take {n}` or `take {m}`", n="9", m="10"), actions((say("No"), "undone 3"))),
        message(say("{words}", words="`take 9` `done 9` `snooze`"), File("done 9", "take 9"), Text("`snooze`")),
    ],
)
def test_examples_choices_and_quotes_offer_nothing(tree: Message) -> None:
    """A reaction acts only where the message says what it does."""
    assert [reaction_command(tree, emoji) for emoji in REACTIONS] == [None, None, None]
    assert "eact" not in render(tree, READER, {}, notice=False)["body"]


def test_reactions_are_explained_where_they_count() -> None:
    """Beside the action, else in a line at the end; with buttons off, nowhere."""
    steps = "`done 3` or react ✅ · `done 4` · `snooze` or react 💤 · `release 3`"
    assert render(OFFERS, READER, {}, notice=False)["body"] == (
        f"`take 9` and `take 9`\n{steps}\nReact 🙋 for `take 9`."
    )
    assert render(OFFERS, READER, {}, notice=False, buttons=False)["body"] == (
        "`take 9` and `take 9`\n`done 3` · `done 4` · `snooze` · `release 3`"
    )


words = st.text(max_size=30) | st.sampled_from(
    [
        "<script>",
        "</details>",
        "@room",
        "\u202e",
        "ما",
        "𐤀\n",
        "a\n\nb",
        '"',
        "&lt;",
        "x" * 3_000,
        "字" * 9_000,
        "l\n" * 900,
    ]
)
leaves: st.SearchStrategy[Inline] = st.one_of(
    st.builds(Text, words), st.builds(Bold, words), st.builds(Code, words), st.builds(Link, words, words),
    st.builds(Link, words, words.map("https://x.org/{}".format)), st.builds(Mention, st.integers(0, 3), words),
    st.just(Moment(AT, "America/New_York")), st.builds(Inserted, words), st.builds(Deleted, words),
)  # fmt: skip
inlines = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda a, b: say("{a} **and** `take {n}` {b}", a=a, b=b, n="9"), inner, words),
        st.builds(Joined, st.lists(inner, max_size=3).map(tuple), words),
    ),
    max_leaves=4,
)
ops = st.lists(st.tuples(st.sampled_from(["equal", "delete", "insert"]), words), max_size=4).map(tuple)
lines = st.lists(inlines, max_size=4).map(tuple)
long_lines = st.tuples(lines, st.integers(1, 400)).map(lambda pair: pair[0] * pair[1])
commands = st.sampled_from(["done 3", "take 4", "snooze", "release 3", "x" * 3_000])
blocks: st.SearchStrategy[Block] = st.one_of(
    st.builds(Heading, inlines),
    st.builds(Paragraph, inlines),
    st.builds(List, long_lines),
    st.builds(Table, lines, st.lists(lines, max_size=3).map(tuple)),
    st.builds(Redline, inlines, ops, st.booleans()),
    st.builds(Actions, st.lists(st.builds(Action, st.just(say("Do")), commands), max_size=3).map(tuple)),
    st.builds(File, words, words),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(blocks, max_size=5).map(tuple), st.booleans())
def test_any_tree_makes_an_event(given_blocks: tuple[Block, ...], buttons: bool) -> None:
    """Words that are never empty, HTML of recommended tags alone, nothing that reorders, never too large."""
    tree = Message(given_blocks)
    content = render(tree, READER, ACCOUNTS, notice=True, buttons=buttons)
    assert content["body"].strip()
    assert size(content) <= MOST_CONTENT
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", content["body"])
    shown = content.get("formatted_body", "")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067]", shown)
    assert not re.search(f"[{RTL}{END}]", re.sub(f"{RTL}[^{RTL}{END}]*{END}", "", shown))
    assert well_formed(shown)
    for element in lxml_html.fragment_fromstring(shown, create_parent="div").iter():
        assert element.tag in ALLOWED
        assert set(element.attrib) <= ({"href"} if element.tag == "a" else set())
        assert re.match("https?://|mailto:", element.get("href", "https://x"))


def well_formed(html: str) -> bool:
    """Tell whether every tag is closed in its turn and no bare < > or & is left, without a parser that mends."""
    still_open: list[str] = []
    for closing, name in re.findall(r"<(/?)([a-z0-9]+)(?: href=\"[^\"<>]*\")?>", html.replace("<br/>", "")):
        if not closing:
            still_open.append(name)
        elif not still_open or still_open.pop() != name:
            return False
    return not still_open and not re.search(r"<(?!/?[a-z])|&(?!amp;|lt;|gt;|quot;|#x27;)", html)


@settings(max_examples=60, deadline=None)
@given(st.lists(blocks, max_size=4).map(tuple))
def test_a_reaction_acts_exactly_where_it_is_explained(given_blocks: tuple[Block, ...]) -> None:
    """Unless the next steps are so many that they were cut, an emoji counts when the words name it."""
    tree = Message(given_blocks)
    body = render(tree, READER, ACCOUNTS, notice=True)["body"]
    if "There is more than fits" not in body:
        for emoji in REACTIONS:
            assert (reaction_command(tree, emoji) is not None) == (f"eact {emoji}" in body)
