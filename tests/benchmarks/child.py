"""The process in which files are read: what it costs before it has read anything."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from bot.reading import read_file
from tests.benchmarks.measuring import Row, fastest

DRAFT = b"Article 1\nAim\nThe aim of this work is to be read.\n"
ROUNDS = 12


def measure() -> list[Row]:
    """Measure a text of one article, from the start of its process to the result, beside Python's own start."""
    found = fastest({"child": _child, "python": _python}, ROUNDS)
    return [
        Row("a text of one article, from the start of its process to the result", f"{found['child']:.3f} s", "0.2 s"),
        Row("of it, Python's own start", f"{found['python']:.3f} s"),
    ]


def _child() -> None:
    asyncio.run(read_file(DRAFT, "draft"))


def _python() -> None:
    subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)
