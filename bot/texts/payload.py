"""Documents and comparisons as plain JSON values: for people's tools, and between the child process and the bot."""

from collections.abc import Sequence
from typing import Any

from bot.texts.brackets import Bracket, brackets_of
from bot.texts.callouts import Callouts, Reference
from bot.texts.compare import Change, Comparison
from bot.texts.document import Document, Provision
from bot.texts.moves import Move

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
        "moves": moves_json(comparison),
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


def result_json(comparison: Comparison) -> Json:
    """What comparing gave, without the documents, for `comparison_from`."""
    changes = [_change_json(change) | {"old_heading": change.old_heading} for change in comparison.changes]
    return {"changes": changes, "moves": moves_json(comparison)}


def comparison_from(old: Document, new: Document, value: Json) -> Comparison:
    """The comparison of which `result_json` gave this value. Raises KeyError or TypeError for another shape."""
    changes = tuple(_change_from(row) for row in value["changes"])
    return Comparison(old, new, changes, moves_from(value["moves"]))


def _change_from(row: Json) -> Change:
    return Change(
        tuple(row["old"]),
        tuple(row["new"]),
        str(row["relation"]),
        tuple(row["flags"]),
        str(row["heading"]),
        float(row["similarity"]),
        tuple((str(op), str(text)) for op, text in row["ops"]),
        str(row["old_heading"]),
        callouts_from(row["callouts"]),
        str(row["why"]),
    )


def callouts_json(callouts: Callouts) -> Json:
    """What is called out in a change; what there is nothing of is left out."""
    references = [{"number": row.number, "became": row.became, "now": row.now} for row in callouts.references]
    rows = {
        "obligations": [list(pair) for pair in callouts.obligations],
        "figures": [list(pair) for pair in callouts.figures],
        "references": references,
        "terms": list(callouts.terms),
        "brackets_opened": callouts.opened,
        "brackets_closed": callouts.closed,
        "agreed": list(callouts.agreed) if any(callouts.agreed) else None,
    }
    return {name: row for name, row in rows.items() if row}


def callouts_from(row: Json) -> Callouts:
    """The callouts of which `callouts_json` gave this value."""
    return Callouts(
        tuple((str(before), str(after)) for before, after in row.get("obligations", ())),
        tuple((str(before), str(after)) for before, after in row.get("figures", ())),
        tuple(Reference(str(ref["number"]), str(ref["became"]), str(ref["now"])) for ref in row.get("references", ())),
        tuple(str(term) for term in row.get("terms", ())),
        int(row.get("brackets_opened", 0)),
        int(row.get("brackets_closed", 0)),
        _pair(row.get("agreed", ("", ""))),
    )


def _pair(values: Sequence[Any]) -> tuple[str, str]:
    before, after = values
    return str(before), str(after)


def moves_json(comparison: Comparison) -> list[Json]:
    """The paragraphs that moved, for `moves_from`."""
    return [
        {
            "old": move.old,
            "old_paragraph": move.old_place,
            "old_line": move.old_line,
            "new": move.new,
            "new_paragraph": move.new_place,
            "new_line": move.new_line,
            "share": move.share,
            "sure": move.sure,
        }
        for move in comparison.moves
    ]


def moves_from(values: list[Json]) -> tuple[Move, ...]:
    """The moves of which `moves_json` gave these values."""
    return tuple(_move_from(row) for row in values)


def _move_from(row: Json) -> Move:
    return Move(
        str(row["old"]),
        str(row["old_paragraph"]),
        int(row["old_line"]),
        str(row["new"]),
        str(row["new_paragraph"]),
        int(row["new_line"]),
        float(row["share"]),
        bool(row["sure"]),
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
        "why": change.why,
        "callouts": callouts_json(change.callouts),
        "ops": [list(op) for op in change.ops],
    }
