"""Files that people name: only ordinary ones, and never more of one than is of use."""

from __future__ import annotations

import errno
import stat
from pathlib import Path


def read_ordinary(path: Path, most: int) -> bytes:
    """Give a file's bytes; of a larger one, one byte more than `most`, so that whoever checks its size refuses it.

    Raises OSError, also for a device or a pipe: those may never end, or never begin.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # of a folder, opening it says so
        raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
    with path.open("rb") as file:
        return file.read(most + 1)
