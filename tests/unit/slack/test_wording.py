"""What was typed, out of Slack's markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.slack.wording import LONGEST, read

ME = "U0DRAGOMAN"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("assign 24 &amp; 25", "assign 24 & 25"),
        ("&amp;lt;b&amp;gt; &lt;i&gt;", "&lt;b&gt; <i>"),
        ("see <http://example.org/?a=1&amp;b=2>", "see http://example.org/?a=1&b=2"),
        ("see <http://example.org|example.org>", "see example.org"),
        ("write to <mailto:ana@example.org|ana@example.org>", "write to ana@example.org"),
        ("<#C0TEAM|team> and <#C0OTHER>", "#team and #C0OTHER"),
        ("<!here> <!channel|@channel> <!subteam^S1|@drafters>", "@here @channel @drafters"),
        ("by <!date^1706533200^{date}|29 Jan>", "by 29 Jan"),
        ("`take 27`", "take 27"),
        ("*take 27*", "take 27"),
        ("say `take 27` now", "say `take 27` now"),
        (f"<@{ME}>: tasks", "tasks"),
        (f"<@{ME}|dragoman>\u00a0tasks", "tasks"),
        (f"thanks <@{ME}>", f"thanks @{ME}"),
        (f"<@{ME}>", ""),
    ],
)
def test_words_are_those_that_were_typed(text: str, words: str) -> None:
    """Markup and escapes are put back once, and the bot's own name is taken off the front."""
    assert read(text, ME, {}).words == words


def test_whom_a_message_names_are_accounts() -> None:
    """A mention by its id, whatever the label claims; a typed name by all who are called so; never the bot."""
    names = {"U0ANA": "Ana Ruiz", "U0TWIN": "ana ruiz", "U0LUIS": "Luis", ME: "dragoman"}
    typed = read("assign 24 <@U0LUIS|Ana Ruiz> backup @Ana Ruiz and @dragoman", ME, names)
    assert typed.words == "assign 24 @U0LUIS backup @Ana Ruiz and @dragoman"
    assert typed.mentions == {"@U0LUIS": ("U0LUIS",), "@Ana Ruiz": ("U0ANA", "U0TWIN")}
    assert not typed.names_bot


def test_a_name_within_a_longer_id_is_not_the_bots() -> None:
    """Whoever's id begins with the bot's is somebody else."""
    assert read(f"<@{ME}X> tasks", ME, {}).words == f"@{ME}X tasks"


@given(st.text(alphabet="<>&;@#!|^amplgtUC0 \n`*", max_size=200))
def test_nothing_that_is_typed_breaks_it(text: str) -> None:
    """Whatever stands there, words come out, never longer than what went in."""
    assert len(read(text, ME, {"U0": "a"}).words) <= len(text) + 1


def test_a_flood_is_cut() -> None:
    """What is longer than any message of Slack's is not looked at."""
    assert len(read("a" * (LONGEST + 10), ME, {}).words) == LONGEST
