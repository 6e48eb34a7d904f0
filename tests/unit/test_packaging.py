"""What a newcomer installs is pinned, hashed, and names no registry."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "requirements-test.lock"]
PINNED = re.compile(
    r"(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)(?: ; [^\\]+?)?(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})+)"
)


def pins(lock: str) -> dict[str, str]:
    """Read a lock's packages and versions; fails on a line that is not a pinned, hashed requirement."""
    lines = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    found = [PINNED.fullmatch(re.sub(r" +", " ", line)) for line in lines]
    unread = [line[:60] for line, match in zip(lines, found, strict=True) if match is None]
    assert unread == []
    return {match["name"]: match["version"] for match in found if match}


def declared(requirements: list[str]) -> set[str]:
    """Name the packages of a list of requirements."""
    return {re.split(r"[^A-Za-z0-9-]", requirement, maxsplit=1)[0] for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_only_pinned_and_hashed_packages(lock: str) -> None:
    """Each entry of a lock has one version and its hashes, so there is no address or option in it."""
    assert len(pins(lock)) > len(declared(project()["project"]["dependencies"]))


def test_both_locks_agree() -> None:
    """The tests run on exactly the versions that users get."""
    users, tests = pins(LOCKS[0]), pins(LOCKS[1])
    assert {name: tests.get(name) for name in users} == users


def test_locks_hold_what_the_project_declares() -> None:
    """A dependency that was added or renamed without `make lock` is noticed."""
    data = project()
    groups = data["dependency-groups"]
    runtime = declared(data["project"]["dependencies"]) | declared(groups["build"])
    assert runtime - pins(LOCKS[0]).keys() == set()
    assert declared(groups["test"]) - pins(LOCKS[1]).keys() == set()


@pytest.mark.parametrize("package", ["cryptography", "greenlet", "lxml", "pydantic-core", "rapidfuzz", "sqlalchemy"])
def test_compiled_packages_serve_every_platform(package: str) -> None:
    """A package with compiled parts has the hashes of its files for other processors and Python versions too."""
    text = (ROOT / LOCKS[0]).read_text(encoding="utf-8")
    entry = re.search(rf"^{package}==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert entry is not None
    assert entry[0].count("--hash=sha256:") > 20


def project() -> dict[str, dict[str, list[str]]]:
    """Read pyproject.toml, typed for the lists of requirements in it."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
