"""How long something takes, several of them in turn so that a busy machine slows all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the results: what was measured, what it came to, what it is held against."""

    what: str
    came_to: str
    goal: str = ""


def fastest(works: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, float]:
    """Give the least time of each work in seconds, of `rounds` rounds in which all had their turn."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def table(rows: list[Row]) -> str:
    """Give the results as Markdown."""
    lines = [f"| {row.what} | {row.came_to} | {row.goal} |" for row in rows]
    return "\n".join(["| measured | came to | goal |", "|---|---|---|", *lines])
