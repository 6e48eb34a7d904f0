"""Writes docs/commands.md from the command table and from the sentences in the source: `python -m tests.reference`.

A test compares, so a new verb or refusal is in the reference or the build is red.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from bot.app import FAMILIES
from bot.commands import Verb
from bot.terminal.opening import MENDS
from storage.migrate import CANNOT
from storage.tables import Role
from storage.trouble import SENTENCES

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "commands.md"
SPEAKERS = {
    None: "anybody",
    Role.OBSERVER: "observers and up",
    Role.MEMBER: "members",
    Role.COORDINATOR: "coordinators",
}
SAYING = {"say", "count"}
REFUSING = {"Refusal", "Denied", "NeedsYes", "LimitReached"}
INTRODUCTION = """\
# Commands

Type them with `/`, `!` or nothing in a direct chat, with `/` or `!` in a room. Without either a room's words are taken
only where they begin as a command does: a verb alone, or with a number, a target, `@name`, a keyword, a day or hour, or
a meeting's title behind it (`take 27`, `over`, `late 20`); verbs whose arguments are words of your own (`note`,
`announce`, `find`, `hello`, `remind me`, `meeting add`) always need one there. A room that is not served knows
`room here` alone. Upper and lower case, curly quotes and "artículo 24" for "article 24" make no difference. People are
`@name`; "24" is article 24; CAPITALS stand for what you fill in, [brackets] for what may be left out. Times are read in
your own zone and echoed back in full: `fri 17:00`, `6 Feb 15:00`, `tomorrow`, `in 2h`; without a time, 18:00 is meant.
`yes` confirms what asked for it, `no` leaves it as it was. What a room may not see is answered in the direct chat.
"""


def reference() -> str:
    """Give the whole page."""
    parts = [INTRODUCTION]
    for family in FAMILIES:
        parts.append(f"\n## {(family.__doc__ or '').splitlines()[0].rstrip('.')}\n")
        parts += [_verb(verb) for verb in family.VERBS]
    parts.append(
        "\n## What may be refused\n\nEach refusal is one sentence with the next step; nothing was changed.\n\n"
    )
    parts += [f"- {sentence}\n" for sentence in sorted(set(refusals()))]
    parts.append("\n## What may be wrong with a file, a time, a setting, the key or the database\n\n")
    parts += [f"- {sentence}\n" for sentence in sorted({*problems(), *SENTENCES, *MENDS.values(), CANNOT})]
    return "".join(parts)


def refusals() -> Iterator[str]:
    """Give the sentence of each refusal and question in the source."""
    for path in sorted([*(ROOT / "bot").rglob("*.py"), *(ROOT / "handlers").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _name(node) in REFUSING:
                yield from (sentence for part in node.args for sentence in _sentences(part))


def problems() -> Iterator[str]:
    """Give the sentence of each problem with a file, a time, a setting, the key or the database in the source."""
    for room in ("bot", "config", "handlers", "storage"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                named = isinstance(node, ast.Call) and (_name(node).endswith("Problem") or _name(node) == "Unreadable")
                if isinstance(node, ast.Call) and named and node.args and (sentence := _words(node.args[0])):
                    yield sentence


def _words(part: ast.expr) -> str:
    """Give a literal sentence; what is filled in later shows as an ellipsis."""
    if isinstance(part, ast.Constant) and isinstance(part.value, str):
        return part.value
    if isinstance(part, ast.JoinedStr):
        return "".join(str(piece.value) if isinstance(piece, ast.Constant) else "…" for piece in part.values)
    return ""


def _verb(verb: Verb) -> str:
    notes = [f"for {SPEAKERS[verb.role]}"]
    notes += ["answered in the direct chat"] if verb.private else []
    notes += ["from a verified device"] if verb.guarded else []
    notes += ["`undo` takes it back"] if verb.undoable else []
    notes += [f"also `{alias}`" for alias in verb.aliases]
    lines = [f"\n**`{verb.usage}`**: {verb.summary} ({'; '.join(notes)})\n"]
    lines += [f"\n    {example}" for example in verb.examples]
    return "".join(lines) + ("\n" if verb.examples else "")


def _sentences(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node) in SAYING:
            for part in node.args[:2]:
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def _name(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


if __name__ == "__main__":
    TARGET.write_text(reference(), "utf-8")
