"""A stand-in for Slack that drives a real app from outside: the Web API, both transports, people who do things."""

from __future__ import annotations

from tests.fakes.slack.bed import Bed
from tests.fakes.slack.records import Appearance, Channel, Person, Posted, View
from tests.fakes.slack.stage import NotPossible

__all__ = ["Appearance", "Bed", "Channel", "NotPossible", "Person", "Posted", "View"]
