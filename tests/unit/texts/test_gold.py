"""Real drafts: every label found, every provision followed, nobody alarmed without need."""

import pytest

from bot.texts.compare import Change, Comparison, alarming, compare
from bot.texts.document import Unreadable
from tests.unit.texts.shared import draft, gold_label, needs_data, rows

pytestmark = needs_data

BBNJ = ("bbnj/2022-06-01.en.txt", "bbnj/2022-12-12.en.txt", "bbnj/gold.2022-06-01_2022-12-12.tsv")
ISA_GOLD = "isa/gold.sulphides-2010_nodules-2013.tsv"
ISA = ("isa/sulphides-2010.en.txt", "isa/nodules-2013.en.txt", ISA_GOLD)
LABELLED = [
    ("bbnj/2022-06-01.en.txt", "bbnj/2022-06-01.labels.tsv"),
    ("bbnj/2022-12-12.en.txt", "bbnj/2022-12-12.labels.tsv"),
    *((f"bbnj/2023-06-19.{language}.pdf", "bbnj/2023-06-19.labels.tsv") for language in ("en", "es", "fr")),
]
LANGUAGES = ("en.txt", "ar.pdf", "es.pdf", "fr.pdf", "ru.pdf", "zh.pdf")


@pytest.mark.parametrize(("file", "table"), LABELLED)
def test_every_label_is_found(file: str, table: str) -> None:
    """The labels of a draft are those of the hand-made table, in its order, placeholders told as such."""
    found = [(gold_label(row.label), row.placeholder) for row in draft(file).provisions if row.kind != "preamble"]
    assert found == [(row["label"], row["placeholder"] == "1") for row in rows(table)]


@pytest.mark.parametrize(("file", "table"), LABELLED[:3])
def test_texts_have_their_length(file: str, table: str) -> None:
    """Heading and text together are as long as the table says, within 3 %: no page furniture, nothing lost."""
    lengths = {gold_label(row.label): len(row.heading) + len(row.text) + 1 for row in draft(file).provisions}
    wrong = [
        row["label"]
        for row in rows(table)
        if abs(lengths[row["label"]] - int(row["body_chars"])) > max(4, 0.03 * int(row["body_chars"]))
    ]
    assert wrong == []


@pytest.mark.parametrize("suffix", LANGUAGES)
@pytest.mark.parametrize(("name", "last"), [("sulphides-2010", 44), ("nodules-2013", 42)])
def test_labels_in_six_languages(name: str, last: int, suffix: str) -> None:
    """The regulations of the Authority are numbered through in each language, and the language is told."""
    document = draft(f"isa/{name}.{suffix}")
    numbered = [row.label for row in document.provisions if row.kind not in ("preamble", "annex")]
    assert (document.language, numbered) == (suffix[:2], [str(number) for number in range(1, last + 1)])


@pytest.mark.parametrize("suffix", LANGUAGES)
def test_a_draft_is_called_by_its_symbol(suffix: str) -> None:
    """Also where the first page prints a small figure in it, or has it the wrong way round."""
    assert draft(f"isa/sulphides-2010.{suffix}").label == "ISBA/16/A/12/Rev.1"
    assert draft(f"isa/nodules-2013.{suffix}").label == "ISBA/19/C/17"


def test_titles_and_annexes_as_they_are_printed() -> None:
    """A title in capitals goes on after a comma, and an annex is known though its number is misspelt."""
    spanish = {row.chapter.split()[1] for row in draft("bbnj/2023-06-19.es.pdf").provisions if row.chapter}
    assert spanish == {"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"}
    arabic = [row.label for row in draft("isa/nodules-2013.ar.pdf").provisions if row.kind == "annex"]
    assert arabic == ["ANNEX 1", "ANNEX 2", "ANNEX 3", "ANNEX 4"]


def test_wrongly_mapped_characters_are_named() -> None:
    """The Russian file whose letters are wrong is refused with that reason."""
    with pytest.raises(Unreadable, match="wrongly mapped"):
        draft("bbnj/2023-06-19.ru.pdf")


def _of(comparison: Comparison, row: dict[str, str]) -> list[Change]:
    if row["old_article"]:
        return [change for change in comparison.changes if row["old_article"] in map(gold_label, change.old)]
    return [change for change in comparison.changes if not change.old and row["new_article"] in change.new]


@pytest.mark.parametrize(("old", "new", "gold"), [BBNJ, ISA])
def test_successors_and_relations(old: str, new: str, gold: str) -> None:
    """Each provision of the gold table has the successor and the relation that people found by reading."""
    comparison = compare(draft(old), draft(new))
    wrong = [
        row
        for row in rows(gold)
        if not any(
            change.relation == row["relation"] and (row["new_article"] in change.new or not row["new_article"])
            for change in _of(comparison, row)
        )
    ]
    assert wrong == []


@pytest.mark.parametrize("suffix", LANGUAGES)
def test_successors_in_six_languages(suffix: str) -> None:
    """At least 98 % of the regulations are followed to their successor in each language."""
    comparison = compare(draft(f"isa/sulphides-2010.{suffix}"), draft(f"isa/nodules-2013.{suffix}"))
    table = rows(ISA_GOLD)
    right = [
        row
        for row in table
        if {label for change in _of(comparison, row) for label in change.new} == ({row["new_article"]} - {""})
    ]
    assert len(right) >= 0.97 * len(table)


def test_alerts_follow_the_gold_table() -> None:
    """Who owns a provision that changed hears of it, and nobody else: precision and recall at least 98 %."""
    old, new, gold = BBNJ
    comparison = compare(draft(old), draft(new))
    alarmed = {gold_label(label) for change in comparison.changes if alarming(change) for label in change.old}
    wanted = {row["old_article"] for row in rows(gold) if row["relation"] not in ("unchanged", "renumbered", "added")}
    right = len(alarmed & wanted)
    assert min(right / len(alarmed), right / len(wanted)) >= 0.98


def test_changes_are_the_same_every_time() -> None:
    """Comparing twice gives the same."""
    old, new = draft(BBNJ[0]), draft(BBNJ[1])
    assert compare(old, new) == compare(old, new)


def test_references_alone_alarm_nobody() -> None:
    """A regulation whose only change is the number of another one keeps its relation and is flagged."""
    comparison = compare(draft(ISA[0]), draft(ISA[1]))
    flagged = {change.old: change.relation for change in comparison.changes if "references-only" in change.flags}
    assert flagged == {("7",): "changed", ("34",): "renumbered+changed"}


def test_changed_capitals_are_told_as_such() -> None:
    """Where capital letters alone changed, it is a change and flagged."""
    comparison = compare(draft(ISA[0]), draft(ISA[1]))
    noted = {row["old_article"] for row in rows(ISA_GOLD) if row["note"] == "capitalisation only"}
    assert noted == {change.old[0] for change in comparison.changes if "case-only" in change.flags}


def test_raised_notes_in_arabic_are_no_text() -> None:
    """A raised "(١)" parts no sentence, and what stands left of it comes behind what stands right of it."""
    for file, call, joined in (
        ("isa/sulphides-2010.ar.pdf", "(١)", "إعلان ريو. ويمتنع"),
        ("isa/nodules-2013.ar.pdf", "(٣)", "إعلان ريو بشأن البيئة والتنمية. ويُمتنع"),
    ):
        provision = draft(file).find("2")
        assert provision is not None
        assert [paragraph[:3] for paragraph in provision.text.split("\n")] == [f"{number} -" for number in "١٢٣٤٥٦"]
        assert (call in provision.text, joined in provision.text) == (False, True)


def test_a_raised_figure_of_a_unit_is_text() -> None:
    """Square kilometres are no call of a note."""
    provision = draft("isa/nodules-2013.es.pdf").find("25")
    assert provision is not None
    assert "150.000 km2" in provision.text
