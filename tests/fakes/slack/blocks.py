"""What Slack refuses in blocks and views."""

from __future__ import annotations

from typing import Any


def problems(blocks: Any, surface: str) -> list[str]:
    """Say what Slack would refuse in these blocks on a surface (message, modal, home); nothing if all is well."""
    return []


def view_problems(view: dict[str, Any]) -> list[str]:
    """Say what Slack would refuse in a modal or home view; nothing if all is well."""
    return []
