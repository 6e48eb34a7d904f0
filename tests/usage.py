"""What a reading child uses: a launcher beside it tells its processor time and its largest size."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from bot import reading

# A process of its own, and a small one: what a child was before it became another program counts in its size.
_LAUNCHER = """
import os, resource, subprocess, sys
child = subprocess.run(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as told:
    told.write(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss}")
if child.returncode < 0:
    os.kill(os.getpid(), -child.returncode)
sys.exit(child.returncode)
"""


@dataclass(frozen=True)
class Usage:
    """Processor time in seconds, and the largest size in bytes."""

    seconds: float
    peak: int


def told_to(path: Path) -> tuple[str, ...]:
    """Give the command that starts a reading child and writes what it used to a file."""
    return (sys.executable, "-I", "-S", "-c", _LAUNCHER, str(path), *reading.COMMAND)


def used(path: Path) -> Usage:
    """Read what a child used."""
    seconds, kilobytes = path.read_text().split()
    return Usage(float(seconds), int(kilobytes) * 1024)
