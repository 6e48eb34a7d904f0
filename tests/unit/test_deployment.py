"""The systemd unit and the Containerfile: shut in as far as the program bears, and made by the README's set-up."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from config.settings import Settings

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "config" / "dragoman.service"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
HARDENED = {
    "CapabilityBoundingSet": "",
    "LimitCORE": "0",
    "MemoryDenyWriteExecute": "yes",
    "MemorySwapMax": "0",
    "NoNewPrivileges": "yes",
    "ProtectHome": "yes",
    "ProtectSystem": "strict",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "StateDirectoryMode": "0700",
    "UMask": "0077",
    "User": "dragoman",
}


def unit() -> dict[str, str]:
    """Read the last value of each key of the unit."""
    lines = [line.partition("=") for line in UNIT.read_text("utf-8").splitlines() if re.match(r"[A-Z]\w*=", line)]
    return {key: value for key, _, value in lines}


def stages() -> list[list[tuple[str, str]]]:
    """Read the Containerfile's instructions, by stage."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Containerfile").read_text("utf-8"))
    lines = [line.partition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    found: list[list[tuple[str, str]]] = []
    for word, _, rest in lines:
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def test_the_unit_is_shut_in() -> None:
    """It may write to its own folder alone, gains no rights, and leaves no image of its memory."""
    assert {key: unit().get(key) for key in HARDENED} == HARDENED


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd's own checker is not on this machine")
def test_systemd_finds_little_exposed() -> None:
    """By systemd's own count (0 is best, 10 is worst) it is among the least exposed services."""
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_is_made_by_the_set_up_of_the_readme() -> None:
    """`make setup` installs pinned and hashed packages; nothing else is installed from an index."""
    ran = [rest for stage in stages() for word, rest in stage if word == "RUN"]
    assert "make setup" in ran
    assert not [rest for rest in ran if "pip" in rest]


def test_the_image_runs_as_nobody_of_importance() -> None:
    """Its last user is not root, its program belongs to root, and it writes to one volume."""
    last = stages()[-1]
    assert [rest for word, rest in last if word == "USER"] == ["dragoman"]
    assert [rest for word, rest in last if word == "VOLUME"] == ["/var/lib/dragoman"]
    assert [rest for word, rest in last if word == "COPY"] == ["--from=build /opt/dragoman /opt/dragoman"]


def test_the_image_takes_no_secret_along() -> None:
    """Only what is named goes in, so a key or database that lies in the folder stays out."""
    lines = [line for line in (ROOT / ".containerignore").read_text("utf-8").splitlines() if line[0] != "#"]
    assert lines[0] == "*"
    named = {line.removeprefix("!") for line in lines if line.startswith("!")}
    rooms = {"bot", "config", "handlers", "storage"}
    assert named == rooms | {"LICENSE", "Makefile", "README.md", "pyproject.toml", "requirements.lock"}


def test_unit_image_and_manual_name_the_same_places() -> None:
    """What the manual tells to type fits what the unit and the image expect."""
    assert unit()["ExecStart"] == "/opt/dragoman/.venv/bin/dragoman run"
    assert unit()["EnvironmentFile"].removeprefix("-") in OPERATIONS
    assert f"/var/lib/{unit()['StateDirectory']}" in OPERATIONS
    keys = set(re.findall(r"`(\w+_\w+)`", OPERATIONS)) - {"pg_dump", "statement_timeout"}
    assert keys <= {field.removeprefix("-") for field in Settings.model_fields}
