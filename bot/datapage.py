"""What is kept of a person as one self-contained page: no script, no outside request; on a phone, in the dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h2 { margin: 2rem 0 0; font-size: 1.2rem; }
p { margin: .2rem 0 .6rem; opacity: .8; }
dl { margin: .5rem 0; padding: .5rem .8rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent);
     display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dt { opacity: .7; }
dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
"""


@dataclass(frozen=True)
class Part:
    """One kind of what is kept: its title, when it goes, and rows of named values."""

    title: str
    goes: str
    rows: Sequence[Mapping[str, str | int | bool | None]]


def data_page(title: str, times: str, nothing: str, parts: Sequence[Part], language: str) -> str:
    """Give the page; all that comes from outside is escaped."""
    body = "\n".join(_part(part, nothing) for part in parts)
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n<p>{escape(times)}</p>\n{body}\n</body>\n</html>\n"
    )


def _part(part: Part, nothing: str) -> str:
    rows = "\n".join(_row(row) for row in part.rows) or f"<p>{escape(nothing)}</p>"
    return f"<section><h2>{escape(part.title)}</h2><p>{escape(part.goes)}</p>\n{rows}</section>"


def _row(row: Mapping[str, str | int | bool | None]) -> str:
    shown = ((name, value) for name, value in row.items() if value not in (None, ""))
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in shown) + "</dl>"
