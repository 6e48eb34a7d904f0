"""Each benchmark of the notices runs, on a tiny size: how fast anything is, is no test's matter."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.benchmarks import commands, lateness, memory, notices, startup
from tests.benchmarks.measuring import Row, table
from tests.integration.fortnight import Size

TINY: dict[str, tuple[Callable[[], list[Row]], int]] = {
    "notices": (lambda: notices.measure(200, 20), 5),
    "startup": (lambda: startup.measure(1_000, 1), 2),
    "commands": (lambda: commands.measure(3, 2, 2), 1),
    "lateness": (lambda: lateness.measure(100, 0.5), 2),
    "memory": (lambda: memory.measure(Size(1, 5, 2, 4, 4)), 1),
}


@pytest.mark.parametrize("name", TINY)
def test_it_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives its rows, each with a figure."""
    monkeypatch.setattr(notices, "READY_SECONDS", 3.0)
    measure, rows = TINY[name]
    lines = table(measure()).splitlines()
    assert len(lines) == 2 + rows
    assert all(any(sign.isdigit() for sign in line.split("|")[2]) for line in lines[2:])
