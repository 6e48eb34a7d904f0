"""What became of provisions, on short texts of our own, and how it is shown."""

import pytest

from bot.texts.compare import Change, alarming, compare
from bot.texts.edits import redline
from bot.texts.page import page
from bot.texts.payload import comparison_json
from bot.texts.read import read
from bot.texts.redline import excerpt, obligations

OLD = {
    "1": ("Aim", "The aim of this Convention is to protect readers of long documents from needless work."),
    "2": ("Notice", "Each Party shall give notice of new drafts to all readers without delay and free of charge."),
    "3": ("Appeal", "A reader may appeal to the board within thirty days of the notice mentioned in article 2."),
    "4": ("Funds", "The board shall keep a fund for translations, fed by yearly contributions of the Parties."),
}


def draft(articles: dict[str, tuple[str, str]]) -> str:
    """A draft with these articles."""
    return "\n\n".join(f"Article {label}\n{heading}\n{text}" for label, (heading, text) in articles.items())


def changes(old: dict[str, tuple[str, str]], new: dict[str, tuple[str, str]]) -> list[Change]:
    """The changes between two drafts."""
    before, after = (read(draft(side).encode(), "x") for side in (old, new))
    return list(compare(before, after).changes)


def relations(old: dict[str, tuple[str, str]], new: dict[str, tuple[str, str]]) -> list[tuple[object, ...]]:
    """Labels, relation and flags of each change."""
    return [(" ".join(row.old), " ".join(row.new), row.relation, *row.flags) for row in changes(old, new)]


def test_renumbering_alone_alarms_nobody() -> None:
    """An article put in front renumbers the rest; the reference that follows is flagged and alarms nobody."""
    moved = {
        "1": ("Words", "Words have the meaning that they have in the dictionary of the seat of the board."),
        **{str(int(label) + 1): article for label, article in OLD.items()},
    }
    moved["4"] = ("Appeal", OLD["3"][1].replace("article 2", "article 3"))
    assert relations(OLD, moved) == [
        ("", "1", "added"),
        ("1", "2", "renumbered"),
        ("2", "3", "renumbered"),
        ("3", "4", "renumbered+changed", "references-only"),
        ("4", "5", "renumbered"),
    ]
    assert not any(alarming(change) for change in changes(OLD, moved))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (OLD["2"][1].replace("shall", "may"), ("changed",)),
        (OLD["2"][1].replace("new drafts", "new  drafts").replace("free of", "free-of"), ("unchanged", "typography")),
        (OLD["2"][1].replace("readers", "Readers"), ("changed", "case-only")),
        ("Deleted.", ("removed",)),
    ],
)
def test_relations(text: str, expected: tuple[str, ...]) -> None:
    """A word, typography, capitals, a placeholder: each has its relation and flag."""
    heading = "" if text == "Deleted." else "Notice"
    row = next(row for row in relations(OLD, OLD | {"2": (heading, text)}) if row[0] == "2")
    assert row[2:] == expected


def test_a_split_and_a_merge() -> None:
    """An article split in two has both as its new labels, the one that continues it first; the way back is a merge."""
    long = OLD["2"][1] + "\n2. Notice is given in writing, in each official language, and by the quickest means."
    old = OLD | {"2": ("Notice", long)}
    new = OLD | {"2 bis": ("Form", "Notice is given in writing, in each official language, and by the quickest means.")}
    assert ("2", "2 2 bis", "split") in relations(old, new)
    assert ("2 2 bis", "2", "merged") in relations(new, old)


def test_what_is_new_and_what_is_gone() -> None:
    """An article with other words under an old number is another article."""
    new = OLD | {"3": ("Seat", "Vienna hosts the permanent office, whose staff enjoy immunities under national law.")}
    assert {("3", "", "removed"), ("", "3", "added")} <= set(relations(OLD, new))


def test_a_corrected_link_stands() -> None:
    """What a person says of an article holds against the words; what names no article of the drafts is passed over."""
    before, after = read(draft(OLD).encode(), "x"), read(draft(OLD).encode(), "x")
    found = compare(before, after, {"2": "3", "3": "", "99": "1"}).changes
    assert {(row.old, row.new, row.relation, row.why) for row in found if {"2", "3"} & {*row.old, *row.new}} == {
        (("3",), (), "removed", ""),
        ((), ("2",), "added", ""),
        (("2",), ("3",), "renumbered+changed", "corrected"),
    }


def test_json_has_the_promised_shape() -> None:
    """The keys and types of `text compare --json`."""
    old, new = (
        read(draft(side).encode(), name) for side, name in ((OLD, "old.txt"), (OLD | {"4": ("Funds", "None.")}, "new"))
    )
    value = comparison_json(compare(old, new))
    assert value["old"] == {"label": "old.txt", "provisions": 4, "brackets": 0, "agreed": 0}
    assert value["changes"][3] | {"similarity": 0.0, "ops": []} == {
        "old": ["4"],
        "new": ["4"],
        "relation": "changed",
        "flags": [],
        "heading": "Funds",
        "similarity": 0.0,
        "why": "heading",
        "callouts": {"obligations": [["shall", ""]]},
        "ops": [],
    }
    assert value["moves"] == []
    assert "".join(text for op, text in value["changes"][3]["ops"] if op != "delete") == "None."


def test_edits_take_whole_words() -> None:
    """No chopped words, and no island of one common word between two rewrites."""
    assert redline("The Party shall cooperate.", "The Party may cooperate.") == (
        ("equal", "The Party"), ("delete", " shall"), ("insert", " may"), ("equal", " cooperate."),
    )  # fmt: skip
    old, new = "give quick notice of the planned work to all", "give written warning of the several tests to all"
    assert [op for op, _ in redline(old, new)] == ["equal", "delete", "insert", "equal"]


def test_a_new_paragraph_is_one_edit() -> None:
    """A paragraph put in is inserted whole, whatever words it shares with its neighbours."""
    old = "1. Each Party shall report to the board.\n2. The board shall publish the reports."
    new = old.replace("\n2.", "\n2. The report names the board of each Party.\n3.")
    assert [text for op, text in redline(old, new) if op == "insert"] == [
        "\n2. The report names the board of each Party.",
        "3",
    ]


def test_an_excerpt_is_short() -> None:
    """Only the paragraph that changed, by its number, and its long equal run shortened."""
    old = "1. Nothing here.\n2. " + "Each Party shall, with all the means at its disposal and in good faith, do so."
    shown = excerpt(redline(old, old.replace("do so", "try to do so")), words=3)
    assert shown == (
        ("paragraph", "Para 2: "),
        ("skipped", "… "),
        ("equal", "in good faith,"),
        ("insert", " try to"),
        ("equal", " do so."),
    )


def test_obligation_words_are_called_out() -> None:
    """A modal verb that became another, a "not" that came; not what stands on both sides of an edit."""
    assert obligations(redline("Parties shall report.", "Parties may report.")) == (("shall", "may"),)
    assert obligations(redline("Parties shall report.", "Parties shall not report.")) == (("", "not"),)
    assert obligations(redline("Parties shall not report.", "Parties shall not speak.")) == ()


def test_the_page_escapes_and_runs_right() -> None:
    """Text from a draft is text; Arabic runs from right to left."""
    old = read(b"Article 1\nAim\nThe <b>aim</b> & end of the work.", "<old>")
    new = read("المادة 1\nالغرض\nتلتزم الدول الأطراف في هذه الاتفاقية بأن تتعاون على ذلك.".encode(), "new")
    html = page(compare(old, new))
    assert "<b>" not in html
    assert "&lt;b&gt;aim&lt;/b&gt; &amp; end" in html
    assert '<html lang="en" dir="ltr">' in html
    assert '<div class=inline lang="ar" dir="rtl">' in html
    assert '<bdi lang="ar" dir="rtl">الغرض</bdi>' in html
