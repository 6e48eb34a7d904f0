"""The App Home as Slack shows it: short, within limits, with buttons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.slack.home import home_view
from bot.adapters.slack.limits import view_problems
from bot.home import MOST_TASKS, Home, Item
from bot.message import Heading, List, Paragraph, Text, actions, say
from bot.plain import Reader

READER = Reader(ZoneInfo("Asia/Singapore"), personal=True)


def item(n: int, words: str = "article") -> Item:
    """Make a task."""
    return Item(
        say("{task} {n}, due soon", task=words, n=n),
        actions((say("Review"), f"review {n}"), (say("Done"), f"done {n}"), (say("Give it back"), f"release {n}")),
    )


def home(tasks: int, words: str = "article", lines: int = 3) -> Home:
    """Make a home with so many tasks and lines in each part."""
    rows = tuple(Text(f"{words} {n}") for n in range(lines))
    return Home(
        next=(Heading(Text(f"In 30 minutes: {words}")), Paragraph(Text("Conference Room 4"))),
        tasks=tuple(item(n, words) for n in range(min(tasks, MOST_TASKS))),
        total=tasks,
        changes=(List(rows), actions(*((say("See {n}", n=n), f"diff {n}") for n in range(lines)))),
        settings=(Paragraph(Text("You are @Mei.")), actions((say("Help"), "help"))),
        coverage=(List(rows),),
    )


def nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Give every node of what is sent."""
    if isinstance(value, Mapping):
        yield value
        for own in value.values():
            yield from nodes(own)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for own in value:
            yield from nodes(own)


def texts(view: Mapping[str, Any]) -> str:
    """Give all words of a view."""
    return "\n".join(str(node["text"]) for node in nodes(view) if isinstance(node.get("text"), str))


@pytest.mark.parametrize("tasks", [0, 1, 39, 40, 41, 500])
def test_the_soonest_tasks_are_shown_and_the_others_counted(tasks: int) -> None:
    """However many there are, Slack takes the view, and it says how many are not in it."""
    view = home_view(home(tasks), READER, {})
    assert view_problems(view) == []
    shown = sum(node.get("type") == "button" and node["value"].startswith("done ") for node in nodes(view))
    assert shown == min(tasks, MOST_TASKS)
    assert ("… and 460 more: tasks" in texts(view).replace("\n", "")) is (tasks == 500)
    assert ("You have nothing to do." in texts(view)) is (tasks == 0)


def test_parts_have_titles() -> None:
    """Each part has one that screen readers find; a part with nothing to say is not there."""
    view = home_view(home(2), READER, {})
    titles = [block["text"]["text"] for block in view["blocks"] if block["type"] == "header"]
    assert titles == [
        "What is next", "Your 2 tasks", "What changed in what is yours", "What nobody looks at", "Your settings"
    ]  # fmt: skip
    bare = Home((Paragraph(Text("x")),), (), 0, (), (Paragraph(Text("y")),), ())
    titles = [b["text"]["text"] for b in home_view(bare, READER, {})["blocks"] if b["type"] == "header"]
    assert titles == ["What is next", "Your tasks", "Your settings"]


def test_tasks_can_be_acted_on() -> None:
    """Each task has its buttons, a snooze among them, with ids that differ."""
    view = home_view(home(2), READER, {})
    buttons = [node for node in nodes(view["blocks"]) if node.get("type") == "button"]
    values = [button["value"] for button in buttons]
    assert [v for v in values if v.endswith(" 1")] == [
        "review 1", "done 1", "release 1", "remind me in 1h to look at article 1", "diff 1"
    ]  # fmt: skip
    assert len({button["action_id"] for button in buttons}) == len(buttons)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 500), st.text(max_size=300).map(lambda words: words * 20), st.integers(0, 60))
def test_whatever_it_says_slack_takes_it(tasks: int, words: str, lines: int) -> None:
    """Long titles, hostile words and many lines are cut; nothing is parsed."""
    view = home_view(home(tasks, f"<!channel> {words}", lines), READER, {})
    assert view_problems(view) == []
    assert not {node.get("type") for node in nodes(view)} & {"mrkdwn", "broadcast", "channel", "emoji"}
