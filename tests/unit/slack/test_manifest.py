"""The manifest: valid, made from the command table, and asking for nothing that is not needed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.adapters.slack.manifest import EVENTS, FREQUENT, RESERVED, SCOPES, UNASKED, as_yaml, manifest
from bot.app import command_table
from tests.reference import ROOT

DATA = ROOT.parent / "shared" / "data" / "slack"
FILE = ROOT / "config" / "slack-manifest.yaml"
ADAPTER = ROOT / "bot" / "adapters" / "slack"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="Slack's schema and methods are not on this machine")


def read(name: str) -> Any:
    """Read one of Slack's own files."""
    return json.loads((DATA / name).read_text("utf-8"))


def test_the_file_is_what_the_table_says() -> None:
    """config/slack-manifest.yaml is what `dragoman slack manifest` writes."""
    assert FILE.read_text("utf-8") == as_yaml(manifest(command_table()))


@pytest.mark.parametrize("url", [None, "https://bot.example.org/"])
def test_yaml_reads_back(url: str | None) -> None:
    """What is written is what was meant."""
    made = manifest(command_table(), url)
    assert yaml.safe_load(as_yaml(made)) == made


@needs_data
@pytest.mark.parametrize("url", [None, "https://bot.example.org"])
def test_the_manifest_passes_its_schema(url: str | None) -> None:
    """Slack takes it, in Socket Mode and over HTTP."""
    made = manifest(command_table(), url)
    assert list(Draft7Validator(read("manifest.schema.1.0.0.json")).iter_errors(made)) == []
    assert made["settings"]["socket_mode_enabled"] is (url is None)


def test_frequent_verbs_are_commands_that_slack_does_not_keep() -> None:
    """Each command is the first word of a verb, has its hint, and gets users and channels escaped."""
    table = command_table()
    commands = manifest(table)["features"]["slash_commands"]
    assert {"/dragoman", "/assign", "/tasks", "/draft", "/digest"} <= {row["command"] for row in commands}
    assert not set(FREQUENT) & RESERVED
    assert [word for word in FREQUENT if not (word in table.names or table.family(word))] == []
    assert all(row["should_escape"] for row in commands)
    hints = {row["command"]: row.get("usage_hint") for row in commands}
    assert hints["/assign"] == "ARTICLES | WORDS @NAME [@NAME ...] [backup @NAME] [by WHEN]"
    assert hints["/next"] is None


def test_no_scope_is_missing_for_an_event_or_without_a_use() -> None:
    """Each event has its scope; each scope has a call, an event, or is what slash commands need."""
    asked = {scope for scope in EVENTS.values() if scope}
    assert asked <= set(SCOPES)
    assert [name for name, scope in SCOPES.items() if not (scope.methods or name in asked or name == "commands")] == []


@needs_data
def test_scopes_are_those_of_the_methods() -> None:
    """Each scope is one that each of its methods accepts from a bot."""
    methods = read("slack_methods.json")
    wrong = [
        (name, method)
        for name, scope in SCOPES.items()
        for method in scope.methods
        if name not in (methods[method]["scope_bot"] or ())
    ]
    assert wrong == []


@needs_data
def test_scopes_are_those_of_the_calls() -> None:
    """A method that the adapter calls and that needs a scope is listed with it, and none that it does not call."""
    methods = read("slack_methods.json")
    sources = "\n".join(path.read_text("utf-8") for path in ADAPTER.glob("*.py") if path.name != "manifest.py")
    called = {name for name in re.findall(r'"([a-z]+\.[A-Za-z.]+)"', sources) if name in methods}
    listed = {method for scope in (*SCOPES.values(), *UNASKED.values()) for method in scope.methods}
    assert {name for name in called if methods[name]["scope_bot"]} - listed == set()
    if "views.publish" in called:  # the adapter is whole
        assert listed - called == set()
