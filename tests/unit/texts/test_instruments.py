"""Long drafts in five styles and six languages: every label found, every provision followed through a revision."""

import re

import pytest

from bot.texts.compare import compare
from bot.texts.read import read
from tests.benchmarks.instruments import PROVISIONS, STYLES, revise
from tests.benchmarks.tongues import TONGUES


@pytest.mark.parametrize("language", TONGUES)
@pytest.mark.parametrize("style", STYLES)
def test_labels_and_successors(style: str, language: str) -> None:
    """The labels are those that were printed, in order, and 98 % of the provisions have their successor."""
    revision = revise(style, language)
    old, new = (read(side.text.encode(), "draft") for side in (revision.old, revision.new))
    for document, side in ((old, revision.old), (new, revision.new)):
        assert (document.language, tuple(row.label for row in document.provisions)) == (language, side.labels)
    comparison = compare(old, new)
    continued = {label: {name for row in comparison.of(label) for name in row.new} for label in revision.successors}
    assert len(revision.successors) > PROVISIONS
    assert revision.right(continued) >= 0.98 * len(revision.successors)


@pytest.mark.parametrize("language", TONGUES)
def test_notes_of_a_long_draft_are_no_text(language: str) -> None:
    """Of a draft with a note on many pages neither rule nor note nor call is in a provision."""
    draft = revise("treaty", language).old.text
    printed = draft.split("\n")
    notes = [printed[at + 1] for at, line in enumerate(printed) if line == "__________"]
    assert len(notes) > PROVISIONS // 5
    text = "\n".join(row.text for row in read(draft.encode(), "draft").provisions)
    assert not any(note in text for note in notes)
    assert not re.search(r"__|\f|\.\d|\(\d+\)。", text)
