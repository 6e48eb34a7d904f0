"""Documents and comparisons as plain JSON values: for people's tools, and between the child process and the bot."""

from typing import Any

from bot.texts.compare import Change, Comparison
from bot.texts.document import Document, Provision

Json = dict[str, Any]


def document_json(document: Document) -> Json:
    """A document as `dragoman text parse --json` prints it."""
    return {
        "language": document.language,
        "label": document.label,
        "provisions": [_provision_json(provision) for provision in document.provisions],
    }


def comparison_json(comparison: Comparison) -> Json:
    """A comparison as `dragoman text compare --json` prints it; `provisions` counts placeholders too."""
    return {
        "old": {"label": comparison.old.label, "provisions": len(comparison.old.provisions)},
        "new": {"label": comparison.new.label, "provisions": len(comparison.new.provisions)},
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
        )
        for ordinal, row in enumerate(value["provisions"])
    )
    return Document(str(value["language"]), str(value["label"]), provisions)


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
        "text": provision.text,
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
