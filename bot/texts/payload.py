"""Documents and comparisons as plain JSON values: for people's tools, and between the child process and the bot."""

from typing import Any

from bot.texts.brackets import Bracket, brackets_of
from bot.texts.compare import Change, Comparison
from bot.texts.document import Document, Provision

Json = dict[str, Any]
_MOST_SHOWN = 80  # characters of a bracketed stretch that are repeated beside its place


def document_json(document: Document) -> Json:
    """A document as `dragoman text parse --json` prints it."""
    return {
        "language": document.language,
        "label": document.label,
        "brackets": document.brackets,
        "agreed": document.agreed,
        "inserted": document.inserted,
        "deleted": document.deleted,
        "provisions": [_provision_json(provision) for provision in document.provisions],
    }


def comparison_json(comparison: Comparison) -> Json:
    """A comparison as `dragoman text compare --json` prints it; `provisions` counts placeholders too."""
    return {
        "old": _side_json(comparison.old),
        "new": _side_json(comparison.new),
        "changes": [_change_json(change) for change in comparison.changes],
    }


def document_from(value: Json) -> Document:
    """The document of which `document_json` gave this value. Raises KeyError or TypeError for another shape."""
    provisions = tuple(
        Provision(
            str(row["label"]),
            str(row["kind"]),
            str(row["heading"]),
            str(row["chapter"]),
            str(row["text"]),
            bool(row["placeholder"]),
            int(row["brackets"]),
            ordinal,
            str(row["agreed"]),
        )
        for ordinal, row in enumerate(value["provisions"])
    )
    marked = int(value["inserted"]), int(value["deleted"])
    return Document(str(value["language"]), str(value["label"]), provisions, *marked)


def changes_json(comparison: Comparison) -> list[Json]:
    """The changes in full, the old headings too, for `changes_from`."""
    return [_change_json(change) | {"old_heading": change.old_heading} for change in comparison.changes]


def changes_from(values: list[Json]) -> tuple[Change, ...]:
    """The changes of which `changes_json` gave these values. Raises KeyError or TypeError for another shape."""
    return tuple(
        Change(
            tuple(row["old"]),
            tuple(row["new"]),
            str(row["relation"]),
            tuple(row["flags"]),
            str(row["heading"]),
            float(row["similarity"]),
            tuple((str(op), str(text)) for op, text in row["ops"]),
            str(row["old_heading"]),
        )
        for row in values
    )


def _provision_json(provision: Provision) -> Json:
    return {
        "label": provision.label,
        "kind": provision.kind,
        "heading": provision.heading,
        "chapter": provision.chapter,
        "placeholder": provision.placeholder,
        "brackets": provision.brackets,
        "bracketed": [_bracket_json(provision.text, bracket) for bracket in brackets_of(provision.text)],
        "agreed": provision.agreed,
        "text": provision.text,
    }


def _bracket_json(text: str, bracket: Bracket) -> Json:
    return {
        "start": bracket.start,
        "end": bracket.end,
        "text": text[bracket.start : bracket.end][:_MOST_SHOWN],
        "depth": bracket.depth,
        "option": bracket.option,
        "alternatives": bracket.alternatives,
        "closed": bracket.closed,
    }


def _side_json(document: Document) -> Json:
    return {
        "label": document.label,
        "provisions": len(document.provisions),
        "brackets": document.brackets,
        "agreed": document.agreed,
    }


def _change_json(change: Change) -> Json:
    return {
        "old": list(change.old),
        "new": list(change.new),
        "relation": change.relation,
        "flags": list(change.flags),
        "heading": change.heading,
        "similarity": change.similarity,
        "ops": [list(op) for op in change.ops],
    }
