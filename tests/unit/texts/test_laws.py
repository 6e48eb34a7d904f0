"""What holds for any text whatever."""

import string

from hypothesis import example, given
from hypothesis import strategies as st

from bot.texts.compare import Comparison, compare
from bot.texts.document import Document, Unreadable
from bot.texts.edits import redline
from bot.texts.normal import bare, words
from bot.texts.page import page
from bot.texts.payload import comparison_from, document_from, document_json, result_json
from bot.texts.read import read
from bot.texts.redline import excerpt, obligations

LABELS = [
    "Article {}",
    "[Article {} bis]",
    "Rule {}",
    "Regulation {}.",
    "Статья {}",
    "第{}条",
    "المادة {}",
    "ARTICLE {}",
]
WORDS = st.text(alphabet=string.ascii_letters + " ,.;[]()\n“”-é", max_size=80)
LINES = st.one_of(
    st.builds(lambda form, number: form.format(number), st.sampled_from(LABELS), st.integers(1, 30)),
    st.sampled_from(
        ["PREAMBLE", "PART I GENERAL", "OPTION II:", "ANNEX I", "Annex", "Deleted.", "5/56", "1. Scope", "(a) The"]
    ),
    WORDS,
)
DRAFTS = st.lists(LINES, max_size=25).map("\n".join)


def joined(ops: tuple[tuple[str, str], ...], side: str) -> str:
    """One side of a redline."""
    return "".join(text for op, text in ops if op in ("equal", side))


def document(text: str) -> Document:
    """The draft in a text, an empty one where there is none."""
    try:
        return read(text.encode(), "any")
    except Unreadable:
        return Document("en", "any", ())


def outcome(data: bytes) -> object:
    """The provisions in some bytes, or the sentence that says why there are none."""
    try:
        return read(data, "any").provisions
    except Unreadable as reason:
        return str(reason)


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    """Any bytes give a document or one sentence."""
    assert outcome(data)


@given(st.text(max_size=400))
def test_no_text_raises(text: str) -> None:
    """Any text gives a document or one sentence."""
    assert outcome(text.encode("utf-8", "surrogatepass"))


@given(DRAFTS)
def test_labels_are_unique(text: str) -> None:
    """No two provisions of a document share a label, and they are counted through."""
    provisions = document(text).provisions
    assert len({row.label for row in provisions}) == len(provisions)
    assert [row.ordinal for row in provisions] == list(range(len(provisions)))


@given(st.text(max_size=200), st.text(max_size=200))
def test_ops_join_to_both_texts(old: str, new: str) -> None:
    """Equal and deleted text is the old one, equal and inserted text the new one, for any two texts."""
    ops = redline(old, new)
    assert (joined(ops, "delete"), joined(ops, "insert")) == (old, new)


@given(st.lists(WORDS, max_size=6), st.lists(WORDS, max_size=6), st.integers(1, 8))
def test_an_excerpt_is_empty_only_where_nothing_changed(old: list[str], new: list[str], words: int) -> None:
    """Whatever changed in wording shows in the excerpt, and what it shows is made of edits and text of both sides."""
    left, right = "\n".join(old), "\n".join(new)
    ops = redline(left, right)
    shown = excerpt(ops, words)
    assert shown or bare(left) == bare(right)
    assert all(text in left for op, text in shown if op == "delete")
    assert all(word == "" or word in left.casefold() + right.casefold() for pair in obligations(ops) for word in pair)


@given(DRAFTS)
@example("[Article 1 bis]\nDeleted.\n[Article 1 bis]\nDeleted.")
@example("Article 1\n[\n;")
def test_a_text_and_itself(text: str) -> None:
    """Comparing a text with itself gives only unchanged."""
    one = document(text)
    assert {change.relation for change in compare(one, one).changes} <= {"unchanged"}


@given(DRAFTS, DRAFTS)
def test_swapping_sides_swaps_added_and_removed(old: str, new: str) -> None:
    """What is added one way is removed the other way; the ops of every change join back to its texts."""
    one, two = document(old), document(new)
    there, back = compare(one, two), compare(two, one)
    assert labels(there, "added") == labels(back, "removed")
    assert labels(there, "removed") == labels(back, "added")
    for change in there.changes:
        for labels_of, side, source in ((change.old, "delete", one), (change.new, "insert", two)):
            texts = [row.text for label in labels_of if (row := source.find(label))]
            assert joined(change.ops, side) == "\n\n".join(texts)


def labels(comparison: Comparison, relation: str) -> set[tuple[str, ...]]:
    """The labels of the changes of one relation."""
    return {change.old or change.new for change in comparison.changes if change.relation == relation}


@given(DRAFTS, DRAFTS)
def test_json_there_and_back(old: str, new: str) -> None:
    """Documents and changes survive the way to the child process and back, and become a page."""
    one, two = document(old), document(new)
    comparison = compare(one, two)
    assert document_from(document_json(one)) == one
    assert comparison_from(comparison.old, comparison.new, result_json(comparison)) == comparison
    assert page(comparison).startswith("<!doctype html>")


@given(st.text(alphabet=[chr(code) for code in range(128)]))
def test_plain_letters_are_read_like_any_others(text: str) -> None:
    """The quick way with texts of plain letters finds what the way with all letters finds."""
    assert words(f"{text} я") == [*words(text), "я"]
    assert bare(f"{text}я") == f"{bare(text)}я"


def test_a_redline_takes_zeros() -> None:
    """A text that holds what stands between tokens while they are numbered is compared like any other."""
    assert redline("a\0 b -", "a\0 c -") == (("equal", "a\0"), ("delete", " b"), ("insert", " c"), ("equal", " -"))
