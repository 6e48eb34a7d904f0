"""Web pages, Markdown, plain text and PDFs as they are sent, and the markings in them."""

import io

import pypdfium2
import pytest
from fpdf import FPDF

from bot.texts.brackets import agreement, brackets_of
from bot.texts.document import Document
from bot.texts.read import read

PAGE = """<!doctype html><html><head><title>Article 9</title><style>p{}</style></head><body>
<nav><p>Article 7</p></nav><script>var x = "Article 8";</script>
<h2>Article 1</h2><h3>Scope</h3>
<p>This Convention <del>shall</del><ins>may</ins> apply<sup><a href="#n1">1</a></sup> to ten km<sup>2</sup>.</p>
<ol><li>One thing;</li><li>another:<ol type="a"><li>first;</li><li value="4">fourth.</li></ol></li></ol>
<h2>Article 2</h2><table><tr><td>(a)</td><td>A cell.</td></tr><tr><td>(b)</td><td>Another.</td></tr></table>
<p style="display:none">Hidden.</p><p class="footnote-text">1 A note.</p><footer>Page 2</footer></body></html>"""
MARKDOWN = """Draft
=====

## Article 1
**Aims**

1. Parties ~~shall~~ **may** act[^1] on [the list](https://list.example/).

## Article 2

[shall] [may] be done \\[later\\].

[^1]: A note.
"""


def parsed(data: str | bytes, reading: str = "new") -> Document:
    """The document in a file."""
    return read(data.encode() if isinstance(data, str) else data, "file", reading)


def test_a_page_without_its_furniture() -> None:
    """Lists have their numbers, cells their letters; navigation, notes and their calls are left out."""
    assert [(row.label, row.heading, row.text.split("\n")) for row in parsed(PAGE).provisions] == [
        (
            "1",
            "Scope",
            [
                "This Convention may apply to ten km2.",
                "1. One thing;",
                "2. another:",
                "(a) first;",
                "(d) fourth.",
            ],
        ),
        ("2", "", ["(a) A cell.", "(b) Another."]),
    ]
    assert parsed(PAGE, "old").provisions[0].text.startswith("This Convention shall apply")


def test_markdown_in_two_readings() -> None:
    """Struck-out words are the old text, bold ones beside them the new; a bold heading is in both."""
    new, old = parsed(MARKDOWN), parsed(MARKDOWN, "old")
    assert [(row.label, row.heading, row.text) for row in new.provisions if row.label == "1"] == [
        ("1", "Aims", "1. Parties may act on the list.")
    ]
    assert [row.text for row in old.provisions if row.label == "1"] == ["1. Parties shall act on the list."]
    assert [row.brackets for row in new.provisions if row.label == "2"] == [3]
    assert (new.inserted, new.deleted) == (1, 1)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251"])
def test_encodings_are_recognised(codec: str) -> None:
    """A Russian text in each of its usual encodings."""
    text = "Статья 1\nЦель\nСтороны и государства не могут в этом.\nСтатья 2\nОбъем\nЭто не для всех и не от них."
    assert [row.text for row in parsed(text.encode(codec)).provisions] == [
        "Стороны и государства не могут в этом.",
        "Это не для всех и не от них.",
    ]


def test_a_western_text_is_read() -> None:
    """A French text in Windows-1252."""
    text = "Article premier\nPortée\nLes États « parties » à la présente convention ne sont pas liés."
    assert parsed(text.encode("cp1252")).provisions[0].heading == "Portée"


def struck_pdf() -> bytes:
    """A PDF in which a word is struck out and another one bold."""
    made = FPDF()
    made.add_page()
    made.set_font("helvetica", style="B", size=12)
    made.text(20, 30, "Article 1")
    made.text(20, 40, "Aims of it")
    made.set_font("helvetica", size=12)
    at = 20.0
    for text, style in (("1. The Parties ", ""), ("shall", "S"), (" ", ""), ("may", "B"), (" act on the list.", "")):
        made.set_font("helvetica", style=style.replace("S", ""), size=12)
        made.text(at, 50, text)
        width = made.get_string_width(text)
        if style == "S":
            made.line(at, 48.7, at + width, 48.7)
        at += width
    made.text(20, 60, "2. This one is underlined.")
    made.line(20, 60.6, 60, 60.6)
    made.set_font("helvetica", style="B", size=12)
    made.text(20, 70, "Article 2")
    made.set_font("helvetica", size=12)
    made.text(20, 80, "The Parties shall meet every year in the city of their choice.")
    return bytes(made.output())


def as_a_form(data: bytes) -> bytes:
    """A PDF whose page is drawn as one form, somewhat smaller and moved."""
    given, made = pypdfium2.PdfDocument(data), pypdfium2.PdfDocument.new()
    form = given.page_as_xobject(0, made).as_pageobject()
    form.set_matrix(pypdfium2.PdfMatrix().scale(0.9, 0.8).translate(30, 40))
    page = made.new_page(600, 850)
    page.insert_obj(form)
    page.gen_content()
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("data", [struck_pdf(), as_a_form(struck_pdf())], ids=["page", "form"])
def test_a_struck_pdf_has_two_readings(data: bytes) -> None:
    """A line through words takes them out, an underline does not; bold words beside them are new."""
    new, old = parsed(data), parsed(data, "old")
    assert [row.text.split("\n")[0] for row in (new.provisions[0], old.provisions[0])] == [
        "1. The Parties may act on the list.",
        "1. The Parties shall act on the list.",
    ]
    assert new.provisions[0].text.split("\n")[1] == "2. This one is underlined."
    assert (new.inserted, new.deleted) == (1, 1)


@pytest.mark.parametrize(
    ("text", "bare", "state"),
    [
        ("[agreed ad referendum] Parties act.", "Parties act.", "ad referendum"),
        ("Parties act. [Agreed ad ref.]", "Parties act.", "ad referendum"),
        ("Parties act [agreed].", "Parties act.", "agreed"),
        ("(agreed ad referendum)", "", "ad referendum"),
        ("[Provisionally agreed, 5 May] Parties act.", "Parties act.", "agreed"),
        ("[convenu ad referendum] Les parties.", "Les parties.", "ad referendum"),
        ("[acordado ad referéndum] Las partes.", "Las partes.", "ad referendum"),
        ("[согласовано ad referendum] Стороны.", "Стороны.", "ad referendum"),
        ("[暂时议定] 各方应合作。", "各方应合作。", "agreed"),
        ("[متفق عليه] تتعاون الأطراف.", "تتعاون الأطراف.", "agreed"),
        ("[agreed terms] of trade (agreed upon by all)", "[agreed terms] of trade (agreed upon by all)", ""),
    ],
)
def test_notes_of_agreement(text: str, bare: str, state: str) -> None:
    """A note of agreement is a mark and not words, in six languages; wording that only has the word stays."""
    assert agreement(text) == (bare, state)


def test_every_provision_has_its_state() -> None:
    """Agreed above the text, below it, in one paragraph of two, and not at all."""
    document = parsed(
        "Article 1\nAim\n[agreed ad referendum]\n1. It is so.\n2. It stays so.\n\n"
        "Article 2\nEnd\n1. It ends. [agreed]\n2. It does [not] end.\n\n"
        "Article 3\nRest\n1. It rests.\n[Agreed ad ref.]\n\nArticle 4\nNone\nIt is open.\n"
    )
    rows = [(row.heading, row.agreed, row.brackets) for row in document.provisions]
    assert rows == [("Aim", "ad referendum", 0), ("End", "partly", 1), ("Rest", "ad referendum", 0), ("None", "", 0)]
    assert (document.brackets, document.agreed) == (1, 2)


def test_brackets_have_depth_options_and_alternatives() -> None:
    """Nesting, names of options, neighbours that are alternatives, one that is never closed, one never opened."""
    text = "Parties [shall] [may] act] [OPTION A: [soon] now"
    rows = [(text[row.start : row.end], row.depth, row.option, row.alternatives) for row in brackets_of(text)]
    assert rows == [
        ("[shall]", 1, "", 1),
        ("[may]", 1, "", 1),
        ("[OPTION A: [soon] now", 1, "OPTION A", 0),
        ("[soon]", 2, "", 0),
    ]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Art. 1er\nObjet\nLa loi des parties est ici.\nArt. 2\nPortée\nLe reste.", [("1", "Objet"), ("2", "Portée")]),
        ("ARTICLE PREMIER\nObjet\nLa loi des parties.\nARTICLE II\nFin\nLe reste.", [("1", "Objet"), ("II", "Fin")]),
        ("ARTICLE I\nAim\nThe aim is it.\nARTICLE II\nEnd\nThe end.", [("I", "Aim"), ("II", "End")]),
        ("Article 1 - Aim\nThe aim is it.\nArticle 2 – End\nThe end.", [("1", "Aim"), ("2", "End")]),
        ("Article 1. The States Parties shall act.\nArticle 2. The States rest.", [("1", ""), ("2", "")]),
    ],
)
def test_labels_in_other_forms(text: str, rows: list[tuple[str, str]]) -> None:
    """Labels as other drafts print them, and what of them is a heading."""
    assert [(row.label, row.heading) for row in parsed(text).provisions] == rows
