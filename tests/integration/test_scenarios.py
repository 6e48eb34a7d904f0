"""Every scenario of tests/scenarios, played to the letter."""

from pathlib import Path

import pytest

from tests.scenarios.play import FOLDER, play_file

SHARED = FOLDER.parents[2] / "shared" / "data"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_scenario(path: Path, tmp_path: Path) -> None:
    """What appears is exactly what the scenario says."""
    if "shared/data" in path.read_text("utf-8") and not SHARED.exists():
        pytest.skip("the real drafts of ../shared/data are not here")
    script, played = play_file(path, tmp_path)
    assert played == script
