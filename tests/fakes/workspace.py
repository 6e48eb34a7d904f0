"""A workspace as an adapter's parts see it in a unit test: what it answers, what it was asked, what it delivers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.adapters.slack.web import Refused, Web
from bot.invocation import Invocation

ME, ANA, LUIS = "U0DRAGOMAN", "U0ANA", "U0LUIS"
TEAM, GUESTS = "T0HOME", "T0GUEST"
CHANNEL, DIRECT = "C0TEAM", "D0ANA"
STAMP = "1706533200.000100"
"""29 January 2024, 13:00 UTC: when tests begin."""


class FakeWeb(Web):
    """Answers from a list of what Slack would say, by method."""

    def __init__(self, answers: Mapping[str, Any] | None = None) -> None:
        super().__init__("xoxb-none")
        self.answers = dict(answers or {})
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        self.asked.append((method, arguments))
        answer = self.answers.get(method)
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            raise Refused("unknown_method")
        return dict(answer(**arguments) if callable(answer) else answer)


@dataclass
class HeardCore:
    """A core that keeps what it is given; it fails while `trouble` is set."""

    heard: list[Invocation] = field(default_factory=list)
    woken: int = 0
    trouble: Exception | None = None

    async def receive(self, invocation: Invocation) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.heard.append(invocation)

    def wake(self) -> None:
        self.woken += 1


def event(kind: str, *, shared: bool = False, **fields: Any) -> dict[str, Any]:
    """Make an event as Slack delivers it."""
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "event_id": "Ev0TEST",
        "is_ext_shared_channel": shared,
        "event": {"type": kind, **fields},
    }


def message(text: str, user: str | None = ANA, channel: str = DIRECT, ts: str = STAMP, **fields: Any) -> dict[str, Any]:
    """Make a message as an event."""
    kind = "im" if channel.startswith("D") else "channel"
    return event("message", text=text, user=user, channel=channel, ts=ts, channel_type=kind, **fields)


def command(name: str, text: str = "", user: str = ANA, channel: str = CHANNEL, **fields: Any) -> dict[str, Any]:
    """Make a slash command."""
    return {
        "command": name, "text": text, "user_id": user, "channel_id": channel, "trigger_id": f"1.2.{name}{text}",
        "response_url": "https://hooks.example/1", "team_id": TEAM, **fields,
    }  # fmt: skip


def press(value: str, user: str = ANA, channel: str = CHANNEL, **fields: Any) -> dict[str, Any]:
    """Make the press of a button on a message."""
    return {
        "type": "block_actions",
        "user": {"id": user},
        "channel": {"id": channel},
        "message": {"ts": STAMP},
        "container": {"type": "message", "message_ts": STAMP, "channel_id": channel},
        "trigger_id": f"3.4.{value}",
        "response_url": "https://hooks.example/2",
        "actions": [{"action_id": "a", "type": "button", "value": value, "action_ts": STAMP}],
        **fields,
    }
