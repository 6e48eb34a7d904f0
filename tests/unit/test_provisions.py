"""A provision is found by what people call it, in any script and however they space it."""

from __future__ import annotations

import pytest

from bot.changes import number
from bot.commands import Refusal
from bot.grammar import read_targets
from bot.provisions import resolve, titles
from storage.tables import Provision


def draft(*labels: str) -> list[Provision]:
    """Make a draft of articles and annexes with these labels."""
    return [
        Provision(
            id=ordinal, coalition_id=1, draft_id=1, label=label, heading="", chapter="", text="Words.", ordinal=ordinal,
            kind="annex" if label.startswith("ANNEX") else "article",
        )
        for ordinal, label in enumerate(labels)
    ]  # fmt: skip


def found(typed: str, *labels: str) -> list[str]:
    """What a person finds in a draft with these labels."""
    targets, left = read_targets(typed, "article")
    assert targets
    assert not left
    return [row.label for row in resolve(draft(*labels), targets)]


@pytest.mark.parametrize(
    ("label", "ways"),
    [
        ("5a", ("5a", "article 5a", "5 a", "5A", "article 5 A")),
        ("5 A", ("5 A", "5A", "5-A", "5a")),
        ("5 bis", ("5 bis", "5bis", "5-BIS", "article 5 bis", "[Article 5 bis]", "статья 5 бис")),
        ("5 бис", ("5 бис", "5-бис", "5 bis", "Статья 5 бис", "статью 5 бис")),
        ("5 之二", ("第五条之二", "第5条之二", "第五條之二", "5 之二", "5 bis")),
        ("5 مكرر", ("المادة ٥ مكرر", "المادة 5 مكررا", "المادّة 5 مكرّر", "5 bis")),
        ("5 مكرر ثانيا", ("المادة ٥ مكرراً ثانياً", "5 ter")),
        ("X", ("article X", "Article [X]", "x")),
        ("X (2)", ("article X (2)",)),
        ("53 (OPTION II)", ("53 (option ii)", "article 53 (Option II)")),
        (
            "1",
            ("Article One", "article first", "article premier", "artículo primero", "статья первая", "المادة الأولى"),
        ),
        ("21", ("article twenty-first", "第二十一条", "المادة ٢١")),
        ("5-1", ("article 5-1", "5-1", "article 5.1")),
        ("L.5", ("Article L. 5", "article L5", "article l.5")),
        ("5.1", ("article 5.1", "rule 5.1")),
        ("OP1", ("OP1", "op 1", "OP-1", "paragraph OP1")),
    ],
)
def test_found_as_printed_and_in_simple_variants(label: str, ways: tuple[str, ...]) -> None:
    """Beside its neighbours and by no other way of writing than theirs."""
    others = ("9", "10", "10 bis", "ANNEX I")
    assert {way: found(way, label, *others) for way in ways} == {way: [label] for way in ways}


def test_letter_by_letter_comes_first() -> None:
    """Where two labels are as good as one, each is found as it is printed; what is neither has both named."""
    assert [found(typed, "5a", "5 A") for typed in ("5a", "5 A")] == [["5a"], ["5 A"]]
    with pytest.raises(Refusal) as refused:
        found("5 bis", "5 бис", "5 之二")
    assert refused.value.phrase.values["options"] == "5 бис, 5 之二"


def test_runs_and_numbers_with_hyphens() -> None:
    """A hyphen makes a run unless an article is called so; a run ends where it says, with all that is between."""
    labels = ("5", "5-1", "5-2", "5-3", "5 bis", "6", "7")
    assert found("article 5-2", *labels) == ["5-2"]
    assert found("5-7", *labels) == list(labels)
    assert found("5-1 to 5-3", *labels) == ["5-1", "5-2", "5-3"]
    assert found("第五条至第六条", *labels) == list(labels[:-1])
    assert found(titles(draft(*labels[1:4])), *labels) == ["5-1", "5-2", "5-3"]


def test_figures_for_roman_numerals() -> None:
    """A draft that counts in Roman numerals is understood in figures; where it does not, X is no tenth article."""
    assert found("article 4", "I", "II", "III", "IV") == ["IV"]
    assert found("annex 2", "1", "ANNEX I", "ANNEX II") == ["ANNEX II"]
    with pytest.raises(Refusal, match="has no"):
        found("article 10", "1", "2", "3", "X")


@pytest.mark.parametrize(
    "label", ["5", "5a", "24h", "5 бис", "5 之二", "X", "X (2)", "IV", "L.5", "5-1", "5.1", "OP1", "ANNEX I"]
)
def test_what_the_bot_says_to_type_is_understood(label: str) -> None:
    """After a verb, what stands on a button finds its provision again."""
    row = draft(label, "99")[0]
    targets, left = read_targets(number(row))
    assert (resolve([row], targets), left) == ([row], "")


@pytest.mark.parametrize(
    ("typed", "near"), [("5b", "5a"), ("5 тер", "5a"), ("article Y", "X"), ("99", "9"), ("article B", "X")]
)
def test_what_is_not_there_is_said_with_what_is_near(typed: str, near: str) -> None:
    """One sentence, with the label that was most likely meant."""
    with pytest.raises(Refusal) as refused:
        found(typed, "5a", "5 бис", "X", "9")
    assert refused.value.phrase.values["near"] == near
