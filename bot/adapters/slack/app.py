"""The Bolt app: signatures checked, one door for all that Slack delivers, and nothing of it in any log."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

_log = structlog.get_logger()

Delivered = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]
"""Takes in what was delivered, and gives what the acknowledgement says; when it raises, nothing is acknowledged."""


@dataclass(frozen=True)
class Me:
    """Who the bot is in its workspace."""

    user: str
    bot: str
    team: str

    @staticmethod
    def from_answer(answer: Mapping[str, Any]) -> Me:
        """Read what `auth.test` says."""
        return Me(str(answer.get("user_id", "")), str(answer.get("bot_id", "")), str(answer.get("team_id", "")))


def bolt_app(client: AsyncWebClient, me: Me, signing_secret: str, delivered: Delivered) -> AsyncApp:
    """Build the app that hands everything on to `delivered` before it is acknowledged.

    Slack is asked nothing for each event: who the bot is is known, and events from the workspaces of guests are the
    bot's too. What the bot itself said is left out.
    """

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=me.team, bot_user_id=me.user, bot_id=me.bot, bot_token=client.token
        )  # fmt: skip

    async def door(body: Mapping[str, Any], ack: AsyncAck) -> BoltResponse:
        return await ack(dict(await delivered(body) or {}) or "")

    app = AsyncApp(
        name="dragoman",
        logger=_silent(),
        client=client,
        authorize=authorize,
        signing_secret=signing_secret,
        process_before_response=True,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    # A middleware and no listeners: Bolt's matchers raise on events that are not as documented, it acknowledges events
    # before their listener ran, and looks for an acknowledgement every hundredth of a second only.
    app.middleware(door)
    app.error(_failed)
    return app


async def _failed(error: Exception) -> BoltResponse:
    """Answer what could not be kept so that Slack delivers it again."""
    _log.error("delivery not taken", code=type(error).__name__)
    return BoltResponse(status=503, body="")


def _silent() -> logging.Logger:
    """Give a logger for Bolt, which writes what it was sent, with names and tokens, at every level."""
    logger = logging.Logger("slack_bolt", logging.CRITICAL)
    logger.disabled = True
    return logger
