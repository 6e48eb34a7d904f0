"""The documentation stays true."""

import re

from bot.adapters.slack.manifest import SCOPES
from bot.app import command_table
from config.settings import Settings
from tests.reference import ROOT, TARGET, reference


def test_every_verb_and_refusal_is_in_the_reference() -> None:
    """docs/commands.md is what the table and the source say; `make docs` writes it anew."""
    assert TARGET.read_text("utf-8") == reference()


def test_every_setting_is_documented() -> None:
    """Each setting stands in docs/settings.md, as key and as environment variable."""
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    missing = [name for name in Settings.model_fields if f"DRAGOMAN_{name.upper()}" not in page]
    assert missing == []


def test_every_subcommand_is_documented() -> None:
    """Each subcommand of `dragoman` stands in docs/settings.md."""
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    commands = ["setup", "init", "load", "console", "demo", "run", "confirm", "doctor", "text parse", "text compare"]
    commands += ["suspend", "unsuspend", "purge", "status", "db upgrade", "db backup", "db restore"]
    commands += ["matrix login", "matrix status", "matrix recover", "matrix trust", "slack manifest"]
    assert [name for name in commands if f"dragoman {name}" not in page] == []


def test_links_of_the_readme_lead_somewhere() -> None:
    """Every file that the README names is there."""
    words = (ROOT / "README.md").read_text("utf-8").replace("(", " ").replace(")", " ").split()
    named = [word for word in words if word.startswith(("docs/", "config/"))]
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_verb_has_a_scenario() -> None:
    """Each verb is typed in at least one scenario."""
    table = command_table()
    typed = set()
    for path in (ROOT / "tests" / "scenarios").glob("*.txt"):
        for line in path.read_text("utf-8").splitlines():
            found = table.find(line[2:].lstrip("/!")) if line.startswith("> ") else None
            if found is not None:
                typed.add(found[0].name)
    assert [verb.name for verb in table.verbs if verb.name not in typed] == []


def test_every_scope_of_the_slack_app_is_explained() -> None:
    """docs/slack.md says of each scope why it is asked for, and of no other."""
    page = (ROOT / "docs" / "slack.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z_:]+)` \| (.+) \|$", page, re.MULTILINE)
    assert rows == [(name, scope.why) for name, scope in SCOPES.items()]
