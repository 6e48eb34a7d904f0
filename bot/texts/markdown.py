"""A comparison as Markdown: ~~what is gone~~ and **what is new**, readable as it is."""

import re
from collections import Counter

from bot.texts.compare import Change, Comparison, worth_showing
from bot.texts.notes import english, moved, notes, trends
from bot.texts.rows import Row, folded, rows

_MARKS = re.compile(r"([\\`*_{}\[\]<>#+~|!])|^(\s*\d+)([.)])|^(\s*)(-)", re.MULTILINE)
_SIGNS = {"delete": "~~", "insert": "**"}


def markdown(comparison: Comparison) -> str:
    """The whole comparison; what a draft says is never markup."""
    counts = Counter(change.relation for change in comparison.changes)
    changed = [change for change in comparison.changes if worth_showing(change)]
    lines = [
        f"# {escaped(comparison.old.label)} → {escaped(comparison.new.label)}",
        f"{', '.join(f'{n} {relation}' for relation, n in counts.most_common())}. "
        f"{'. '.join(trends(comparison, english))}.",
        *(_section(comparison, change) for change in changed),
    ]
    return "\n\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text whose signs mean nothing in Markdown."""
    return _MARKS.sub(lambda sign: _escape(*sign.groups(default="")), text)


def _escape(sign: str, number: str, dot: str, indent: str, dash: str) -> str:
    if sign:
        return f"\\{sign}"
    return f"{number}\\{dot}" if number else f"{indent}\\{dash}"


def _section(comparison: Comparison, change: Change) -> str:
    old, new = " + ".join(change.old), " + ".join(change.new)
    number = new if old == new or not old else old if not new else f"{old} → {new}"
    title = f"## {escaped(number)} {escaped(change.heading)}".rstrip()
    facts = "; ".join([change.relation, *notes(change)])
    return "\n\n".join([title, f"*{escaped(facts)}*", *(_row(row) for row in rows(comparison, change))])


def _row(row: Row) -> str:
    text = "".join(_marked(op, words) for op, words in folded(row.ops))
    away, here = row.gone_to, row.come_from
    note = moved(away, away=True) if away else moved(here, away=False) if here else ""
    return f"{text} *({escaped(note)})*" if note else text


def _marked(op: str, text: str) -> str:
    if op == "folded":
        return f"*… {len(text.split())} words unchanged …*"
    sign, core = _SIGNS.get(op, ""), text.strip()
    if not sign or not core:
        return escaped(text)
    start = text.index(core)
    # Markdown sees a mark only where it touches a word.
    return f"{text[:start]}{sign}{escaped(core)}{sign}{text[start + len(core) :]}"
