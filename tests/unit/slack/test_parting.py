"""Leaving a channel: where the workspace gave the app the right to, and without a word."""

from __future__ import annotations

import asyncio

import pytest

from bot.adapters.slack.chat import SlackChat
from bot.adapters.slack.web import Away, Refused
from bot.ports import SendLater, SendRefused
from tests.fakes.workspace import CHANNEL, FakeWeb


class Granted(FakeWeb):
    """A workspace that has given the app some scopes."""

    given: frozenset[str] = frozenset({"chat:write"})

    async def scopes(self) -> frozenset[str]:
        return self.given


def leave(web: Granted) -> None:
    """Have the chat leave #team."""
    asyncio.run(SlackChat(web).leave(CHANNEL))


def test_without_the_right_nothing_is_tried() -> None:
    """It may be given later."""
    web = Granted()
    with pytest.raises(SendRefused, match="missing_scope"):
        leave(web)
    assert web.asked == []


@pytest.mark.parametrize("scope", ["channels:manage", "groups:write"])
@pytest.mark.parametrize("answer", [{"ok": True}, Refused("channel_not_found"), Refused("is_archived")])
def test_with_it_the_channel_is_left(scope: str, answer: object) -> None:
    """Nothing else is asked for; one that the bot is not in is left."""
    web = Granted({"conversations.leave": answer})
    web.given = frozenset({scope})
    leave(web)
    assert web.asked == [("conversations.leave", {"channel": CHANNEL})]


def test_while_slack_is_away_it_is_tried_later() -> None:
    """What may pass is told as such."""
    web = Granted({"conversations.leave": Away("TimeoutError")})
    web.given = frozenset({"channels:manage"})
    with pytest.raises(SendLater):
        leave(web)
