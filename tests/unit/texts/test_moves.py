"""Paragraphs that moved are found, and what is less sure is called possible."""

from bot.texts.compare import Comparison, compare
from bot.texts.places import places
from bot.texts.read import read
from tests.unit.texts.shared import draft, needs_data, rows

REPORT = "Each Party shall report every second year to the board on what it has done to carry out these rules."
ACCESS = "Readers have access, free of charge and in every official language, to whatever the board has decided."
OPEN = "The meetings of the board are open to the public unless two thirds of its members decide otherwise."
SEAT = "The board has its seat in Vienna, where its secretariat keeps the records of all of its meetings."


def compared(old: list[list[str]], new: list[list[str]]) -> Comparison:
    """Two drafts of numbered paragraphs, an article each."""
    before, after = (
        read(
            "\n\n".join(
                f"Article {n}\nHeading {n}\n" + "\n".join(f"{at}. {words}" for at, words in enumerate(article, 1))
                for n, article in enumerate(side, 1)
            ).encode(),
            "x",
        )
        for side in (old, new)
    )
    return compare(before, after)


def test_a_paragraph_in_another_article() -> None:
    """A paragraph that went from one article to another, both of which go on, is told with both places."""
    comparison = compared([[SEAT, ACCESS], [OPEN, REPORT]], [[SEAT], [OPEN, ACCESS, REPORT]])
    found = [(move.old, move.old_place, move.new, move.new_place, move.sure) for move in comparison.moves]
    assert found == [("1", "2", "2", "2", True), ("2", "2", "2", "3", True)]


def test_paragraphs_that_stay() -> None:
    """A text compared with itself has no moves, nor has one whose articles are renumbered only."""
    articles = [[SEAT, ACCESS], [OPEN, REPORT]]
    assert compared(articles, articles).moves == ()
    assert compared(articles, [["A new article stands in front of the others and says little."], *articles]).moves == ()


def test_places() -> None:
    """Numbers, letters, small Roman numbers and options as they are printed tell where a paragraph stands."""
    text = [
        "Heading",
        "1. x",
        "(a) x",
        "(i) x",
        "(b) z",
        "2. x",
        "(h)",
        "(i)",
        "3 bis. q",
        "[4. r",
        "Option A: f",
        "5. n",
    ]
    assert places(text) == [
        "", "1", "1(a)", "1(a)(i)", "1(b)", "2", "2(h)", "2(i)", "3 bis", "4", "OPTION A", "5",
    ]  # fmt: skip
    assert places(["OPTION I:", "1. x", "OPTION II:", "1. y"]) == [
        "OPTION I",
        "OPTION I(1)",
        "OPTION II",
        "OPTION II(1)",
    ]


def _printed(label: str, place: str) -> str:
    if place.startswith("OPTION"):
        return f"{label} {place}"
    number, bracket, rest = place.partition("(")
    return f"{label}({number}){bracket}{rest}" if number else f"{label}{place}"


@needs_data
def test_moves_of_a_real_pair() -> None:
    """Nine of ten paragraphs that people saw move are found, those that kept place or article aside."""
    comparison = compare(draft("bbnj/2022-06-01.en.txt"), draft("bbnj/2022-12-12.en.txt"))
    found = {(_printed(row.old, row.old_place), _printed(row.new, row.new_place)) for row in comparison.moves}
    table = [
        (row["old_paragraph"].split(" =")[0].split(",")[0], row["new_paragraph"].split(",")[0])
        for row in rows("bbnj/paragraph-moves.2022-06-01_2022-12-12.tsv")
        if row["old_paragraph"] and row["old_paragraph"] != row["new_paragraph"] and row["old_paragraph"] != "54 bis"
    ]
    missed = [pair for pair in table if pair not in found]
    assert len(missed) <= 0.1 * len(table)
