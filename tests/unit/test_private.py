"""What other users of the machine can look at is not served; `init` closes the folder that it fills."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.terminal.opening import CommandProblem
from bot.terminal.private import check_private, make_private
from config.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give a deployment with all that may be there, closed."""
    for folder in ("", "matrix", "slack"):
        (tmp_path / folder).mkdir(mode=0o700, exist_ok=True)
    for file in ("dragoman.key", "dragoman.db", "dragoman.db-wal", "dragoman.db-shm", "matrix/store.db", "slack/lock"):
        (tmp_path / file).touch(mode=0o600)
    (tmp_path / "dragoman.toml").write_text('database_url = "dragoman.db"\nkey_file = "dragoman.key"\n')
    return load_settings(tmp_path / "dragoman.toml")


def test_what_is_closed_is_served(settings: Settings, tmp_path: Path) -> None:
    """Also where others may pass through the folder, and where something is not there yet."""
    tmp_path.chmod(0o711)
    (tmp_path / "dragoman.db-wal").unlink()
    check_private(settings)


@pytest.mark.parametrize("mode", [0o040, 0o004, 0o020, 0o002])
@pytest.mark.parametrize(
    "name",
    ["", "matrix", "slack", "dragoman.key", "dragoman.db", "dragoman.db-wal", "dragoman.db-shm", "matrix/store.db",
     "slack/lock"],
)  # fmt: skip
def test_what_is_open_is_named_with_what_to_run(settings: Settings, tmp_path: Path, name: str, mode: int) -> None:
    """Whoever of the group or of all others can read or change it."""
    path = tmp_path / name
    path.chmod(path.stat().st_mode | mode)
    closed = 700 if path.is_dir() else 600
    with pytest.raises(CommandProblem, match=f"is open to other users: run `chmod {closed} {path}`$"):
        check_private(settings)
    path.chmod(closed // 100 * 0o100)
    check_private(settings)


def test_a_folder_is_closed_but_nobodys_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there for its owner stays so."""
    for name, mode, after in (("new", 0o755, 0o700), ("closed", 0o711, 0o711), ("home", 0o755, 0o755)):
        folder = tmp_path / name
        folder.mkdir()
        folder.chmod(mode)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        make_private(folder)
        assert (name, folder.stat().st_mode & 0o777) == (name, after)
