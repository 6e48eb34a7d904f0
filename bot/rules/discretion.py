"""Where people who are discreet may be named."""

from __future__ import annotations

from collections.abc import Collection

_NAMING = frozenset(("matrix", "console"))
"""On Matrix the bot hears and speaks in encrypted rooms alone; the console is on the machine that has the key file."""


def names_all(platform: str) -> bool:
    """Tell whether everybody may be named on a platform: where what is said is encrypted from end to end."""
    return platform in _NAMING


def is_default(platforms: Collection[str]) -> bool:
    """Tell whether somebody with accounts on these platforms is discreet unless they say otherwise.

    They are where they are known only on Matrix; the console, on which whoever runs the bot rehearses, does not count.
    """
    return set(platforms) - {"console"} == {"matrix"}
