"""What may go to a terminal: words as they are, without what it would obey instead of showing."""

from __future__ import annotations

import json
import re
from typing import Any

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Tabs and line ends aside, the controls of ASCII and of Latin-1 (C0, DEL, C1)."""


def clean(words: str) -> str:
    """Take the controls out; what is no text at all (half a character, undecodable bytes of a name) shows as ?."""
    return _CONTROLS.sub("", words).encode("utf-8", "replace").decode("utf-8")


def json_line(value: Any) -> str:
    """Write a value as JSON on one line, readable; controls are escaped, so that nothing is lost of it."""
    line = json.dumps(value, ensure_ascii=False)
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
