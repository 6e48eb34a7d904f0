"""The real drafts beside the project, read once; tests that need them are skipped where they are absent."""

import csv
from functools import cache
from pathlib import Path

import pytest

from bot.texts.document import Document
from bot.texts.read import read

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real drafts of ../shared/data are not on this machine")


@cache
def draft(path: str) -> Document:
    """A draft of the shared data, by its path there."""
    file = DATA / path
    return read(file.read_bytes(), file.name)


def rows(path: str) -> list[dict[str, str]]:
    """The rows of a table of the shared data."""
    with (DATA / path).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table, delimiter="\t"))


def gold_label(label: str) -> str:
    """A label as the tables print it: the first of two articles 53 plainly, the second with its option."""
    return label.replace(" (OPTION I)", "").replace("(OPTION II)", "[II]")
