"""A comparison as one self-contained HTML file: no script, no outside request; readable in the dark and in print."""

from collections import Counter
from html import escape

from bot.texts.compare import Change, Comparison
from bot.texts.grammar import LANGUAGES

_STYLE = """
:root { color-scheme: light dark; --gone: #b3261e; --come: #1b6e3c; --edge: #8884; }
@media (prefers-color-scheme: dark) { :root { --gone: #ff9d94; --come: #8fe0a8; } }
body { font: 1rem/1.55 Georgia, "Noto Serif", serif; max-width: 46rem; margin: 1.5rem auto; padding: 0 1rem; }
h1, h2, nav, .facts { font-family: system-ui, "Noto Sans", sans-serif; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 0 0 .3rem; }
section { border-top: 1px solid var(--edge); padding: .8rem 0; break-inside: avoid-page; }
.facts { font-size: .85rem; opacity: .8; margin: 0 0 .5rem; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
del { color: var(--gone); text-decoration: line-through; }
ins { color: var(--come); text-decoration: underline; font-weight: 600; }
nav li { margin: .1rem 0; }
""".strip()
_TAGS = {"delete": "del", "insert": "ins"}


def page(comparison: Comparison) -> str:
    """The whole comparison as HTML; texts are escaped, and run right to left where their language does.

    The page's own words are English and run left to right, whatever the language of the texts.
    """
    changed = [change for change in comparison.changes if change.relation != "unchanged"]
    quiet = [change for change in comparison.changes if change.relation == "unchanged"]
    names = {id(change): f"change-{number}" for number, change in enumerate(changed, 1)}
    way = _way(comparison.new.language)
    title = f"{comparison.old.label} → {comparison.new.label}"
    index = "".join(
        f'<li><a href="#{names[id(change)]}">{_name(change, way)}</a>: {escape(change.relation)}</li>'
        for change in changed
    )
    sections = "".join(_section(change, names[id(change)], way) for change in changed)
    unchanged = ", ".join(escape(" ".join(change.new)) for change in quiet)
    return (
        '<!doctype html>\n<html lang="en" dir="ltr">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n<p class=facts>{escape(_counts(comparison))}</p>\n"
        f"<nav><ol>{index}</ol></nav>\n{sections}"
        f"<section><h2>unchanged</h2><p>{unchanged or '–'}</p></section>\n</body>\n</html>\n"
    )


def _counts(comparison: Comparison) -> str:
    counts = Counter(change.relation for change in comparison.changes)
    relations = ", ".join(f"{number} {relation}" for relation, number in counts.most_common())
    return f"{relations}. Brackets: {comparison.old.brackets} → {comparison.new.brackets}."


def _way(language: str) -> str:
    """The attributes of an element whose words are the texts'."""
    grammar = LANGUAGES.get(language)
    direction = "rtl" if grammar and grammar.right_to_left else "ltr"
    return f'lang="{escape(language)}" dir="{direction}"'


def _name(change: Change, way: str) -> str:
    old, new = " + ".join(change.old), " + ".join(change.new)
    number = new if old == new or not old else old if not new else f"{old} → {new}"
    heading = f" <bdi {way}>{escape(change.heading)}</bdi>" if change.heading else ""
    return escape(number) + heading


def _section(change: Change, name: str, way: str) -> str:
    facts = ", ".join([change.relation, *change.flags, f"{change.similarity:.0%} alike"])
    text = "".join(_marked(op, text) for op, text in change.ops)
    was = f" <del><bdi {way}>{escape(change.old_heading)}</bdi></del>" if "heading" in change.flags else ""
    return (
        f'<section id="{name}"><h2>{_name(change, way)}{was}</h2>\n<p class=facts>{escape(facts)}</p>\n'
        f"<div class=text {way}>{text}</div></section>\n"
    )


def _marked(op: str, text: str) -> str:
    tag = _TAGS.get(op)
    return f"<{tag}>{escape(text)}</{tag}>" if tag else escape(text)
