"""A comparison as page, Markdown, PDF and picture: nothing of a draft is markup, and what moved is shown as moved."""

import re
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pypdfium2
import pytest
from lxml import html as reader

from bot.texts.compare import Comparison, compare
from bot.texts.markdown import markdown
from bot.texts.page import page
from bot.texts.pictures import NoPictures, pdf, picture
from bot.texts.read import read
from bot.texts.rows import folded, rows
from tests.unit.texts.test_moves import ACCESS, OPEN, REPORT, SEAT, compared

HOSTILE = "The <script>alert(1)</script> 2 * 3 & [link](http://x) ~ `code`."
LONG = " ".join(["Nothing of this sentence is new, so most of it may be left out."] * 20)


def moved() -> Comparison:
    """A pair in which one paragraph went to another article."""
    return compared([[SEAT, ACCESS], [OPEN, REPORT]], [[SEAT], [OPEN, ACCESS, REPORT]])


def reworded() -> Comparison:
    """A pair with hostile words, and a long sentence in which one word changed."""
    texts = (
        f"Article 1\nAim\n{HOSTILE} {first} {LONG} {second}" for first, second in (("Is", "Go."), ("Was", "Went."))
    )
    before, after = (read(text.encode(), "<draft>") for text in texts)
    return compare(before, after)


def drawable() -> bool:
    """Whether there is something to draw with."""
    try:
        pdf(reworded())
    except NoPictures:
        return False
    return True


needs_pictures = pytest.mark.skipif(
    find_spec("weasyprint") is None or not drawable(), reason="WeasyPrint or libpango is not on this machine"
)


def found(page: str, path: str) -> Any:
    """What an XPath finds in a page."""
    return reader.fromstring(page).xpath(path)


def test_a_moved_paragraph_says_so() -> None:
    """Where it was and where it is, both say that it moved; it is found by its line, not by its place alone."""
    comparison = moved()
    first, second = (rows(comparison, change) for change in comparison.changes)
    assert [row.gone_to.new if row.gone_to else "" for row in first] == ["", "2"]
    assert [row.come_from.old if row.come_from else "" for row in second] == ["", "1", ""]
    for shown in (page(comparison), markdown(comparison)):
        assert "moved to 2, paragraph 2" in shown
        assert "moved from 1, paragraph 2" in shown


def marked(msgid: str, **values: object) -> str:
    """A translation that can be seen."""
    return f"‹{msgid.format(**values)}›"


def test_the_page_s_own_words_are_in_the_reader_s_language() -> None:
    """Buttons, facts, notes, folded runs and moves go through the translation; the page runs as its language does."""
    for comparison in (moved(), reworded()):
        shown = page(comparison, marked, "ar")
        assert found(shown, "//html[@lang='ar' and @dir='rtl']")
        own = found(shown, "//label | //p[@class='facts'] | //small | //summary | //ul[@class='notes']/li | //body/p")
        assert own
        assert [words for one in own if "‹" not in (words := one.text_content())] == []


def test_side_by_side_the_old_text_comes_first_as_its_language_is_read() -> None:
    """Of an Arabic pair the old text stands on the right."""
    before, after = (
        read(f"المادة 1\n{text}".encode(), "x") for text in ("تتعاون الأطراف في هذا.", "تتعاون الأطراف من هذا.")
    )
    assert found(page(compare(before, after)), "//div[@class='beside']/div/@dir") == ["rtl"]


def test_the_page_needs_nothing_from_outside() -> None:
    """No script, no address, no reference; hostile words are words."""
    shown = page(reworded())
    assert not found(shown, "//script | //link | //img | //@src | //*[@onclick]")
    assert [address for address in found(shown, "//@href") if not address.startswith("#")] == []
    assert "url(" not in shown
    assert "@import" not in shown
    assert "<script>alert(1)</script>" in found(shown, "string(//div[@class='inline'])")


def test_what_is_folded_stays_in_its_paragraph() -> None:
    """A folded run stands between the words before and after it: in a <p> a browser would end the paragraph there."""
    shown = page(reworded())
    assert found(shown, "//div[@class='inline']/div/details")
    assert not found(shown, "//p//details")


def test_the_page_filters_by_relation() -> None:
    """Each relation there is has a button and a rule that hides the rest; anchors of the index lead somewhere."""
    shown = page(moved())
    assert {"all", "only-changed", "together", "beside"} <= set(found(shown, "//input/@id"))
    assert {f"#{name}" for name in found(shown, "//section/@id")} == set(found(shown, "//nav//a/@href"))


def test_one_provision_alone() -> None:
    """A reader's own provisions: the page of these, whose words are all there."""
    comparison = moved()
    shown = page(replace(comparison, changes=comparison.changes[1:]))
    assert len(found(shown, "//section[@id]")) == 1
    assert OPEN in found(shown, "string(//div[@class='inline'])")


def test_long_equal_runs_are_folded() -> None:
    """The words next to an edit stay, the rest can be opened; nothing is lost."""
    change = reworded().changes[0]
    shown = list(folded(rows(reworded(), change)[0].ops))
    assert "folded" in {op for op, _ in shown}
    kept = "".join(text if op == "equal" else f"|{text}|" for op, text in shown if op != "insert")
    assert re.sub(r"\|", "", kept).split() == "".join(text for op, text in change.ops if op != "insert").split()


def test_markdown_escapes_what_a_draft_says() -> None:
    """Marks that a draft holds are shown; only ours mean something."""
    shown = markdown(reworded())
    assert "\\<script\\>" in shown
    assert "2 \\* 3 & \\[link\\](http://x) \\~ \\`code\\`" in shown
    assert "~~Is~~ **Was**" in shown
    assert "words unchanged" in shown


@needs_pictures
def test_pdf_and_picture() -> None:
    """The PDF has the words; the picture is as wide as a chat shows it and no taller than its text."""
    comparison = moved()
    document = pypdfium2.PdfDocument(pdf(comparison))
    words = " ".join(" ".join(sheet.get_textpage().get_text_range() for sheet in document).split())
    assert "moved to 2, paragraph 2" in words
    translated = pypdfium2.PdfDocument(pdf(comparison, marked, "fr"))
    assert "‹moved to ‹2, paragraph 2››" in " ".join(translated[0].get_textpage().get_text_range().split())
    drawn = picture(comparison, comparison.changes[1])
    width, height = (int.from_bytes(drawn.png[at : at + 4], "big") for at in (16, 20))
    assert (drawn.label, drawn.whole, width) == ("2", True, 1020)
    assert 200 < height < 1200


@needs_pictures
def test_a_long_provision_is_cut_and_says_so() -> None:
    """What is taller than a picture may be tells that it is not whole."""
    old = "\n".join(f"{n}. {LONG}" for n in range(1, 60))
    before, after = (read(f"Article 1\nAim\n{text}".encode(), "x") for text in (old, old.replace("new", "old")))
    assert not picture(compare(before, after), compare(before, after).changes[0]).whole
