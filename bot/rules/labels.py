"""Who may see what: an item is shown where the ceiling is at least its label."""

from __future__ import annotations

from storage.tables.words import Label, Role

PLATFORM_CEILING = {"slack": Label.COALITION}
"""The most that may pass through a platform, whatever a room's own ceiling is."""


_FITTED = frozenset(("meeting.countdown", "session.countdown", "deadline.countdown", "digest", "reminder.due"))
"""Occasions whose writers show readers only what they may see, or what they wrote; all others are the members'."""


def occasion_label(occasion: str) -> Label:
    """Give how sensitive a planned notice of an occasion is."""
    return Label.PUBLIC if occasion in _FITTED else Label.COALITION


def may_show(label: Label, ceiling: Label) -> bool:
    """Tell whether an item may be shown under a ceiling."""
    return label.rank <= ceiling.rank


def room_ceiling(label: Label, platform: str) -> Label:
    """Give the ceiling of a room on a platform."""
    return min(label, PLATFORM_CEILING.get(platform, Label.CLOSED), key=lambda item: item.rank)


def direct_ceiling(role: Role, platform: str) -> Label:
    """Give the ceiling of a member's direct chat on a platform: observers see public items only."""
    if role is Role.OBSERVER:
        return Label.PUBLIC
    return PLATFORM_CEILING.get(platform, Label.CLOSED)
