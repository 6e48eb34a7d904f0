"""docs/threats.md says what is true: each test that it names exists, and no threat stands without one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.reference import ROOT

PAGE = ROOT / "docs" / "threats.md"


def rows() -> Iterator[tuple[str, list[str]]]:
    """Give each threat with what shows what is done about it."""
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0] != "threat" and set(line) - set("|-"):
            assert len(cells) == 4, line
            yield cells[0], re.findall(r"`([^`]+)`", cells[2])


def exists(name: str) -> bool:
    """Tell whether there is such a scenario or test."""
    if name.endswith(".txt"):
        return (ROOT / "tests" / "scenarios" / name).is_file()
    file, _, test = name.partition("::")
    path = ROOT / file
    return path.is_file() and re.search(rf"^def {re.escape(test)}\(", path.read_text("utf-8"), re.MULTILINE) is not None


@pytest.mark.parametrize(("threat", "shown"), list(rows()))
def test_what_shows_it_exists(threat: str, shown: list[str]) -> None:
    """A threat names at least one test or scenario, and all that it names are there."""
    assert shown, threat
    assert [name for name in shown if not exists(name)] == []


def test_what_is_looked_for_is_found() -> None:
    """A name of no test and of no scenario is told; the page has threats at all."""
    assert [exists(name) for name in ("suspend.txt", "nothing.txt", "tests/unit/test_threats.py::test_nothing")] == [
        True, False, False,
    ]  # fmt: skip
    assert len(list(rows())) > 20


def test_the_pages_lead_to_each_other() -> None:
    """Who reads for people, of threats or of how to report finds the other pages."""
    safety, security = ((ROOT / name).read_text("utf-8") for name in ("docs/safety.md", "SECURITY.md"))
    assert "(../SECURITY.md)" in safety
    assert "(threats.md)" in safety
    assert "(safety.md)" in PAGE.read_text("utf-8")
    assert "private vulnerability reporting" in " ".join(security.split())
    assert "(docs/threats.md)" in security
