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


def exposes_more(before: Label | None, after: Label, *, was_shared: bool, shared: bool) -> bool:
    """Tell whether a room that saw `before` (None: it was not served) would see more, or more people would, as `after`.

    A higher ceiling exposes more. So does anything but public items where other organisations read along, unless they
    did already and it saw as much. To serve a room of one's own for the first time is no lowering of its protection.
    """
    if shared and after is not Label.PUBLIC:
        return not (was_shared and before is not None and after.rank <= before.rank)
    return before is not None and after.rank > before.rank
