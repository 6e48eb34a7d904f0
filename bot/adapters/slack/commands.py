"""Slash commands: all verbs behind /dragoman, and the frequent ones as commands of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import structlog

from bot.adapters.slack.intake import Intake, Where, event_key, is_direct
from bot.adapters.slack.manifest import EVERYTHING
from bot.adapters.slack.wording import Typed, read
from bot.phrases import translate
from storage.trouble import DatabaseTrouble

PATIENCE = 2.0
"""How many seconds a command may take to be kept: an acknowledgement that comes after three is none."""
_NOT_KEPT = "I could not keep that: my database does not answer. Please say it again in a minute."
_SLOW = "My database is slow. If nothing comes within a minute, please say it again."
_log = structlog.get_logger()


class Commands:
    """Takes slash commands."""

    def __init__(self, intake: Intake, me: str) -> None:
        """Take the bot's user id."""
        self._intake, self._me = intake, me

    async def command(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Keep a command. Its acknowledgement says nothing, unless it could not be kept: Slack never sends it again."""
        try:
            where, typed, delivery = self._read(body)
        except (KeyError, TypeError, ValueError) as problem:
            _log.warning("command skipped", code=type(problem).__name__)
            return None
        said = self._intake.invocation(event_key("command", *delivery), where, typed)
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(self._intake.begin(self._intake.receive(said)))
        except TimeoutError:
            return {"response_type": "ephemeral", "text": translate(_SLOW, "en")}
        except DatabaseTrouble as trouble:
            _log.error("command not kept", code=trouble.code)
            return {"response_type": "ephemeral", "text": translate(_NOT_KEPT, "en")}
        self._intake.look_up(where)
        return None

    def _read(self, body: Mapping[str, Any]) -> tuple[Where, Typed, tuple[str, ...]]:
        channel = str(body["channel_id"])
        where = Where(
            str(body["user_id"]), channel, is_direct(channel), thread=str(body.get("thread_ts") or ""),
            response_url=str(body.get("response_url") or ""),
        )  # fmt: skip
        words = words_of(str(body["command"]), str(body.get("text") or ""))
        typed = read(words, self._me, self._intake.people.names)
        marks = str(body.get("trigger_id") or ""), where.response_url
        # Only a delivery that bears some mark of its own can be told from the same words said again.
        unmarked = () if any(marks) else (uuid4().hex,)
        return where, typed, (*marks, where.channel, where.user, words, *unmarked)


def words_of(command: str, text: str) -> str:
    """Give the words of a slash command: those of the command, those behind it, or the question for help about it."""
    verb, text = command.removeprefix("/").strip(), text.strip()
    if command.startswith(EVERYTHING):
        return text or "help"
    return f"help {verb}" if text.casefold() in ("help", "?") else f"{verb} {text}".strip()
