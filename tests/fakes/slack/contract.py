"""What Slack's Web API accepts: method names, arguments and scopes, from the public reference where it is there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.fakes.slack.records import Json

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "data" / "slack" / "slack_methods.json"
"""322 methods with arguments, scopes and errors; beside the repository, and not on every machine."""
CONVERSATION_KINDS = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
TRUTH = {"true", "false", "1", "0"}


@cache
def reference() -> Mapping[str, Json] | None:
    """Give the methods of the reference, or None where it is absent."""
    if not REFERENCE.is_file():
        return None
    methods: dict[str, Json] = json.loads(REFERENCE.read_text("utf-8"))
    return methods


def problems(methods: Mapping[str, Json], method: str, arguments: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with the arguments of a call, argument names only; nothing if all is well."""
    entry = methods[method]
    known: Mapping[str, Json] = entry["args"]
    found = [f"[ERROR] unknown argument: {name}" for name in arguments if name not in known]
    missing = [name for name in entry["required"] if arguments.get(name) in (None, "")]
    found += [f"[ERROR] missing required field: {name}" for name in missing]
    for name, value in arguments.items():
        if name in known and (trouble := _wrong(known[name], value)):
            found.append(f"[ERROR] {trouble} [argument: {name}]")
    return found


def _wrong(rule: Json, value: Any) -> str:
    kinds = set(rule["t"])
    if "enum" in rule and isinstance(value, str) and any(part not in rule["enum"] for part in value.split(",")):
        return "must be one of the listed values"
    if "maxLength" in rule and isinstance(value, str) and len(value) > rule["maxLength"]:
        return f"must be at most {rule['maxLength']} characters"
    if kinds == {"boolean"} and not (isinstance(value, bool) or str(value).lower() in TRUTH):
        return "must be a boolean"
    if kinds <= {"integer", "number"}:
        return _wrong_number(rule, value)
    return ""


def _wrong_number(rule: Json, value: Any) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return "must be a number"
    if "minimum" in rule and number < rule["minimum"]:
        return f"must be at least {rule['minimum']}"
    if "maximum" in rule and number > rule["maximum"]:
        return f"must be at most {rule['maximum']}"
    return ""


def needed(listed: Iterable[str] | None, kinds: Iterable[str] | None) -> list[list[str]]:
    """Give the scopes a call needs: of each group one. `kinds` are the kinds of conversation it touches, if any."""
    scopes = list(listed or [])
    if not scopes:
        return []
    if kinds is None or len(scopes) == 1:
        return [scopes]
    groups = [[one for one in scopes if one.split(":")[0] == CONVERSATION_KINDS[kind]] for kind in kinds]
    return [group for group in groups if group]
