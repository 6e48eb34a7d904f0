"""Run all benchmarks, or those that are named: `python -m tests.benchmarks texts`."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.benchmarks import child, commands, growth, lateness, memory, notices, startup, texts
from tests.benchmarks.measuring import Row, table

BENCHMARKS: dict[str, Callable[[], list[Row]]] = {
    "texts": texts.measure,
    "growth": growth.measure,
    "child": child.measure,
    "notices": notices.measure,
    "startup": startup.measure,
    "commands": commands.measure,
    "lateness": lateness.measure,
    "memory": memory.measure,
}


def main(names: list[str]) -> int:
    """Print the results of each as a table in Markdown."""
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(f"There is no benchmark {unknown[0]}: there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    for name in names or list(BENCHMARKS):
        print(f"\n## {name}\n\n{table(BENCHMARKS[name]())}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
