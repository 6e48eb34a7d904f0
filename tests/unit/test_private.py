"""What other users of the machine can look at is not served; `init` closes the folder that it fills."""

from __future__ import annotations

import os
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
    """What was there for its owner stays so, and so does what is for all users."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name, mode, after in (
        ("new", 0o755, 0o700), ("closed", 0o711, 0o711), ("home", 0o755, 0o755), ("tmp", 0o1777, 0o1777),
    ):  # fmt: skip
        folder = tmp_path / name
        folder.mkdir()
        folder.chmod(mode)
        make_private(folder, set())
        assert (name, folder.stat().st_mode & 0o7777) == (name, after)


def test_root_does_not_close_a_folder_that_others_use(tmp_path: Path) -> None:
    """`init` in `/opt` would keep everybody from all that is below; another user's folder is theirs alone."""
    (tmp_path / "dragoman.toml").touch()
    for name, closed in (("dragoman.toml", True), ("program", os.getuid() != 0)):
        tmp_path.chmod(0o755)
        (tmp_path / name).touch()
        make_private(tmp_path, {tmp_path / "dragoman.toml"})
        assert (name, tmp_path.stat().st_mode & 0o777) == (name, 0o700 if closed else 0o755)


def test_a_folder_for_all_users_is_not_to_be_closed(settings: Settings, tmp_path: Path) -> None:
    """To close `/tmp` would do more harm than good."""
    tmp_path.chmod(0o1777)
    with pytest.raises(CommandProblem, match="is for all users: move what Dragoman keeps to a folder of its own"):
        check_private(settings)
