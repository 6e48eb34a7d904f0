"""Each benchmark runs, at a tiny size: what it comes to is asserted nowhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.benchmarks import __main__ as program
from tests.benchmarks import commands, lateness, memory, notices, startup
from tests.benchmarks.ground import ENGINES
from tests.benchmarks.measuring import Row

TINY: dict[str, Callable[[], list[Row]]] = {
    "notices": lambda: notices.measure(notices=40, rooms=10),
    "startup": lambda: startup.measure(planned=100, coalitions=1, rounds=1, engines=ENGINES[:1]),
    "commands": lambda: commands.measure(coalitions=2, tasks=2, times=1, over_http=1, engines=ENGINES[:1]),
    "lateness": lambda: lateness.measure(notices=20, seconds=0.5, before=1.0, engines=ENGINES[:1]),
    "memory": lambda: memory.measure(hours=2, coalitions=1, people=2),
}


@pytest.mark.parametrize("name", TINY)
def test_it_runs(name: str) -> None:
    """Every row has something that was measured, and those that have a goal say so."""
    rows = TINY[name]()
    assert all(row.what and any(mark.isdigit() for mark in row.came_to) for row in rows)
    assert any(row.goal for row in rows)


def test_all_but_those_of_texts_are_tried_here() -> None:
    """Those of the text engine have no size: they take as long as they do."""
    assert set(program.BENCHMARKS) == {"texts", "growth", "child", *TINY}


def test_an_unknown_name_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence says which there are."""
    assert program.main(["speed"]) == 2
    assert capsys.readouterr().err == f"There is no benchmark speed: there are {', '.join(program.BENCHMARKS)}.\n"
