"""Buttons and menus: what they stand for is done as if it had been said; some open a form first."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.adapters.slack.buttons import FORM
from bot.adapters.slack.intake import Intake, Where, event_key, is_direct, message_id
from bot.adapters.slack.pressed import note
from bot.adapters.slack.wording import Typed

LONGEST = 2_000
"""How many characters of a button's value are looked at: that is how long one can be."""
_log = structlog.get_logger()


@dataclass(frozen=True)
class Press:
    """One button that somebody pressed, or one choice from a menu."""

    where: Where
    command: str
    trigger: str
    marks: tuple[str, ...] = ()
    """What else tells its delivery from others."""
    opens: bool = False
    """It opens the form for its command instead of saying it."""

    def key(self, number: int = 0) -> str:
        """Give the id under which it is kept once; `number` counts what is delivered together."""
        where = self.where
        return event_key("press", self.trigger, str(number), where.channel, where.message, where.user, *self.marks)

    @property
    def answers(self) -> str | None:
        """Give the message that it stands on, by the id under which the chat posted it."""
        where = self.where
        return message_id(where.channel, where.message) if where.channel and where.message else None


Open = Callable[[Press], Coroutine[Any, Any, None]]
"""Opens the form for the command of a button."""


class Pressing:
    """Takes what is pressed."""

    def __init__(self, intake: Intake, opened: Open) -> None:
        """Take what opens forms."""
        self._intake, self._open = intake, opened

    async def actions(self, body: Mapping[str, Any]) -> None:
        """Take the buttons that were pressed. Links open by themselves, and fields of a form wait for its end."""
        for number, press in enumerate(self._read(body)):
            if press.opens:
                self._intake.later(self._open(press))
                continue
            key = press.key(number)
            said = self._intake.invocation(key, press.where, Typed(press.command))
            await self._intake.receive(replace(said, reply_to=press.answers))

    def _read(self, body: Mapping[str, Any]) -> list[Press]:
        try:
            trigger, in_form = str(body.get("trigger_id") or ""), (body.get("view") or {}).get("type") == "modal"
            return [
                Press(where_pressed(body, command), command, trigger, _marks(action, command), _opens(action))
                for action in body["actions"]
                if (command := _command(action)) and not in_form
            ]
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            _log.warning("press skipped", code=type(problem).__name__)
            return []


def where_pressed(body: Mapping[str, Any], command: str) -> Where:
    """Tell who pressed something and where: on a message in a channel or direct chat, or in the App Home."""
    box, message = body.get("container") or {}, body.get("message") or {}
    channel = str((body.get("channel") or {}).get("id") or box.get("channel_id") or "")
    stamp = str(message.get("ts") or box.get("message_ts") or "")
    thread = str(message.get("thread_ts") or box.get("thread_ts") or "")
    # What one person alone sees in a channel cannot be changed for everybody.
    pressed = note(message, command) if message and not box.get("is_ephemeral") else {}
    return Where(
        str(body["user"]["id"]), channel, is_direct(channel), stamp, thread if thread != stamp else "",
        response_url=str(body.get("response_url") or ""), pressed=pressed,
    )  # fmt: skip


def _command(action: Mapping[str, Any]) -> str:
    """Give the command that a button or a choice stands for; none for a link or an empty choice."""
    chosen = action.get("selected_option")
    value = chosen.get("value") if isinstance(chosen, Mapping) else action.get("value")
    return value[:LONGEST] if isinstance(value, str) and not action.get("url") else ""


def _opens(action: Mapping[str, Any]) -> bool:
    return str(action.get("action_id", "")).startswith(f"{FORM}:")


def _marks(action: Mapping[str, Any], command: str) -> tuple[str, ...]:
    return str(action.get("action_id") or ""), str(action.get("action_ts") or ""), command
