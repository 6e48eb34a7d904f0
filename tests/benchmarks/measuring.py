"""How long something takes, several of them in turn so that a busy machine slows all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


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


def each_in_turn(works: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Give what each gave, of `rounds` rounds in which all had their turn: what else goes on meets all of them."""
    found: dict[str, list[T]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(work())
    return found


async def alternating(works: Mapping[str, Callable[[], Awaitable[float]]], times: int) -> dict[str, float]:
    """Give the median of what each gives, of so many rounds in which all had their turn, after a tenth to warm up."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(times + times // 10):
        for name, work in works.items():
            found[name].append(await work())
    return {name: statistics.median(values[times // 10 :]) for name, values in found.items()}


def table(rows: list[Row]) -> str:
    """Give the results as Markdown."""
    lines = [f"| {row.what} | {row.came_to} | {row.goal} |" for row in rows]
    return "\n".join(["| measured | came to | goal |", "|---|---|---|", *lines])
