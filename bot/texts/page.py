"""A comparison as one self-contained HTML file: no script, no outside request; on a phone, in the dark and in print."""

from collections import Counter
from collections.abc import Iterable
from html import escape

from bot.texts.compare import Change, Comparison, worth_showing
from bot.texts.edits import Op
from bot.texts.grammar import LANGUAGES
from bot.texts.notes import Say, english, moved, notes, trends
from bot.texts.page_style import STYLE
from bot.texts.rows import Row, folded, rows

_TAGS = {"delete": "del", "insert": "ins"}


def page(comparison: Comparison, say: Say[str] = english, language: str = "en") -> str:
    """The comparison as HTML.

    Texts are escaped, and run right to left where their language does; the page's own words are translated by `say`
    into `language`. Filters and the view side by side are radio buttons and style.
    """
    changes = comparison.changes
    changed = [change for change in changes if worth_showing(change)]
    names = [f"change-{number}" for number in range(1, len(changed) + 1)]
    way, old_way = _way(comparison.new.language), _way(comparison.old.language)
    title = f"{comparison.old.label} → {comparison.new.label}"
    relations = [relation for relation, _ in Counter(change.relation for change in changed).most_common()]
    index = "".join(
        f'<li class="{_class(change)}"><a href="#{name}">{_name(change, way)}</a>: {escape(say(change.relation))}</li>'
        for change, name in zip(changed, names, strict=True)
    )
    sections = "".join(
        _section(comparison, change, name, (old_way, way), say) for change, name in zip(changed, names, strict=True)
    )
    quiet = ", ".join(escape(" ".join(change.new)) for change in changes if not worth_showing(change))
    return (
        f'<!doctype html>\n<html {_way(language)}>\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}\n{_filters(relations)}</style></head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n<p class=facts>{escape(_counts(comparison, say))}</p>\n"
        f"{_controls(relations, say)}\n<main>\n<nav><ul>{index}</ul></nav>\n{sections}"
        f"<section><h2>{escape(say('unchanged'))}</h2><p>{quiet or '–'}</p></section>\n</main>\n</body>\n</html>\n"
    )


def _counts(comparison: Comparison, say: Say[str]) -> str:
    counts = Counter(change.relation for change in comparison.changes)
    relations = ", ".join(f"{number} {say(relation)}" for relation, number in counts.most_common())
    return f"{relations}. {'. '.join(trends(comparison, say))}."


def _class(change: Change) -> str:
    return change.relation.replace("+", "-")


def _controls(relations: list[str], say: Say[str]) -> str:
    """The radio buttons, which stand before what they change, and their labels."""
    shown = [("all", say("all")), *((f"only-{relation.replace('+', '-')}", say(relation)) for relation in relations)]
    views = [("together", say("in one text")), ("beside", say("side by side"))]
    return "".join(
        "".join(
            f'<input class=choice type=radio name={group} id="{name}"{" checked" if at == 0 else ""}>'
            for at, (name, _) in enumerate(choices)
        )
        for group, choices in (("show", shown), ("view", views))
    ) + "".join(
        "<div class=controls>"
        + "".join(f'<label for="{name}">{escape(words)}</label>' for name, words in choices)
        + "</div>"
        for choices in (shown, views)
    )


def _filters(relations: list[str]) -> str:
    names = [relation.replace("+", "-") for relation in relations]
    hide = [
        f"#only-{name}:checked ~ main section:not(.{name}), #only-{name}:checked ~ main li:not(.{name})"
        for name in names
    ]
    chosen = [
        f'#{name}:checked ~ .controls label[for="{name}"]'
        for name in ("all", "together", "beside", *(f"only-{name}" for name in names))
    ]
    rules = [f"{', '.join(hide)} {{ display: none; }}"] if hide else []
    return "\n".join([*rules, f"{', '.join(chosen)} {{ border-color: currentColor; font-weight: 700; }}"])


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


def _section(comparison: Comparison, change: Change, name: str, ways: tuple[str, str], say: Say[str]) -> str:
    old_way, way = ways
    facts = ", ".join([say(change.relation), say("{share} alike", share=f"{change.similarity:.0%}")])
    called = "".join(f"<li>{escape(note)}</li>" for note in notes(change, say))
    was = f" <del><bdi {old_way}>{escape(change.old_heading)}</bdi></del>" if "heading" in change.flags else ""
    found = rows(comparison, change)
    # Not <p>: a browser ends one where <details> begins.
    together = "".join(f"<div{_moved(row)}>{_marked(row.ops, say)}{_note(row, say)}</div>" for row in found)
    beside = "".join(
        f"<p{_moved(row)} {old_way}>{_marked(row.before, say, whole=True)}</p>"
        f"<p{_moved(row)} {way}>{_marked(row.after, say, whole=True)}</p>"
        for row in found
    )
    return (
        f'<section id="{name}" class="{_class(change)}"><h2>{_name(change, way)}{was}</h2>\n'
        f"<p class=facts>{escape(facts)}</p>\n{f'<ul class=notes>{called}</ul>' if called else ''}"
        f"<div class=inline {way}>{together}</div>\n<div class=beside><div {way}>{beside}</div></div></section>\n"
    )


def _moved(row: Row) -> str:
    return " class=moved" if row.gone_to or row.come_from else ""


def _note(row: Row, say: Say[str]) -> str:
    away, here = row.gone_to, row.come_from
    words = moved(away, say, away=True) if away else moved(here, say, away=False) if here else ""
    return f" <small dir=auto>({escape(words)})</small>" if words else ""


def _marked(ops: Iterable[Op], say: Say[str], *, whole: bool = False) -> str:
    return "".join(_piece(op, text, say) for op, text in (ops if whole else folded(ops)))


def _piece(op: str, text: str, say: Say[str]) -> str:
    if op == "folded":
        words = say("… {n} words unchanged …", n=len(text.split()))
        return f"<details><summary>{escape(words)}</summary><span> {escape(text)} </span></details>"
    tag = _TAGS.get(op)
    return f"<{tag}>{escape(text)}</{tag}>" if tag else escape(text)
