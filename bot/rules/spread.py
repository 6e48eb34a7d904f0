"""How several tasks are shared out among several people."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Person = TypeVar("Person", bound=Hashable)


def spread(items: Sequence[Item], people: Sequence[Person], load: Mapping[Person, int]) -> dict[Person, list[Item]]:
    """Give each person a run of neighbouring items, the runs as even as they can be.

    `load` counts what each has already (none: 0): where it does not come out even, those with least get one more,
    and whoever was named first goes first among equals. People come back in the order they were named; those who get
    nothing are left out.
    """
    named = list(dict.fromkeys(people))
    each, over = divmod(len(items), len(named))
    lucky = set(sorted(named, key=lambda person: load.get(person, 0))[:over])
    shares: dict[Person, list[Item]] = {}
    start = 0
    for person in named:
        end = start + each + (person in lucky)
        if end > start:
            shares[person] = list(items[start:end])
        start = end
    return shares
