"""The App Home of one account, drawn from the facts of the moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.clock import Clock
from storage.work import Store


async def drawn(_store: Store, _clock: Clock, _user: str) -> Mapping[str, Any]:
    """Give the view of somebody's home."""
    return {"type": "home", "blocks": []}
