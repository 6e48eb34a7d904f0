"""Rules by which entries of a calendar repeat (RFC 5545): which ones are for meetings, and which come to an end."""

from __future__ import annotations

import math

from icalendar import Component
from icalendar.prop import vRecur

_CLOCK = ("BYHOUR", "BYMINUTE", "BYSECOND")
# Daily and weekly rules that say more can match no day at all, which dateutil finds out after counting 8,000 years.
_OFTEN = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH", *_CLOCK})
_SELDOM = _OFTEN | {"BYMONTHDAY", "BYSETPOS", "BYYEARDAY", "BYWEEKNO"}
_RULES = {"DAILY": _OFTEN, "WEEKLY": _OFTEN, "MONTHLY": _SELDOM, "YEARLY": _SELDOM}


def rules_of(part: Component) -> list[vRecur]:
    """Give the rules by which an entry, or a part of a time zone, repeats."""
    value = part.get("RRULE", [])
    return [rule for rule in (value if isinstance(value, list) else [value]) if isinstance(rule, vRecur)]


def ends(rule: vRecur) -> bool:
    """Tell whether a rule comes to an end."""
    return bool({"COUNT", "UNTIL"} & set(rule))


def is_bounded(rule: vRecur) -> bool:
    """Say whether a rule names days, several times a day at most, and will come to one soon."""
    frequency = str(rule.get("FREQ", [""])[0]).upper()
    interval = int(rule.get("INTERVAL", [1])[0])
    times_a_day = math.prod(len(rule.get(name, [0])) for name in _CLOCK)
    if frequency not in _RULES or not set(rule) <= _RULES[frequency]:
        return False
    if frequency == "DAILY" and "BYDAY" in rule and interval % 7 == 0:
        return False
    return (
        1 <= interval <= 999 and times_a_day <= 24 and all(1 <= int(month) <= 12 for month in rule.get("BYMONTH", []))
    )
