"""A process that ends and starts again before every line says the same, message for message."""

from pathlib import Path

import pytest

from tests.scenarios.play import FOLDER, play_file


@pytest.mark.soak
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_restarts_change_nothing(path: Path, tmp_path: Path) -> None:
    """The scenario appears to the letter, whatever is planned, waiting or asked when the process ends."""
    script, played = play_file(path, tmp_path, restless=True)
    assert played == script
