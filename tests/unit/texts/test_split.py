"""How drafts are taken apart, on short texts of our own."""

import pytest
from fpdf import FPDF

from bot.texts.document import Document, Unreadable
from bot.texts.read import read

DRAFT = """A/AC.999/3/Rev.1
Distr.: General
PREAMBLE
The Parties to this Convention,
Recalling that readers are tired,
Have agreed as follows:
PART I GENERAL
PROVISIONS
Article 1
Use of terms
For the purposes of this Convention:
(a) “Reader” means a person who reads;
(b) “Draft” means a text in accordance with
Article 2 of this Convention.
12-34567 2/9
[Article 1 bis
Scope of the work that is done by readers and
others
1. This Convention [shall] [may] apply to precau-
tionary reading.]
Article 2
Deleted.
PART II [INSTITUTIONS]
Section 1. Bodies
OPTION I:
Article 3
The secretariat
A secretariat is hereby established.
OPTION II:
Article 3
The office
An office is hereby established.
Article 4
The Parties shall meet every year in the
city of their choice.
ANNEX I
List of readers
Article 1
1. This number belongs to the annex.
"""


def parsed(text: str) -> Document:
    """The document in a text."""
    return read(text.encode(), "draft.txt")


def test_a_draft_is_taken_apart() -> None:
    """Labels, kinds, headings, chapters, placeholders and brackets of a short draft."""
    document = parsed(DRAFT)
    rows = [
        (row.label, row.kind, row.heading, row.chapter, row.placeholder, row.brackets) for row in document.provisions
    ]
    assert (document.language, document.label) == ("en", "A/AC.999/3/Rev.1")
    assert rows == [
        ("PREAMBLE", "preamble", "", "", False, 0),
        ("1", "article", "Use of terms", "PART I GENERAL PROVISIONS", False, 0),
        (
            "1 bis",
            "article",
            "Scope of the work that is done by readers and others",
            "PART I GENERAL PROVISIONS",
            False,
            3,
        ),
        ("2", "article", "", "PART I GENERAL PROVISIONS", True, 0),
        ("3 (OPTION I)", "article", "The secretariat", "PART II [INSTITUTIONS] / SECTION 1 Bodies", False, 0),
        ("3 (OPTION II)", "article", "The office", "PART II [INSTITUTIONS] / SECTION 1 Bodies", False, 0),
        ("4", "article", "", "PART II [INSTITUTIONS] / SECTION 1 Bodies", False, 0),
        ("ANNEX I", "annex", "List of readers", "", False, 0),
    ]


def test_paragraphs_are_whole() -> None:
    """A wrapped line goes on in its paragraph, furniture between them or not; a paragraph is a line of the text."""
    texts = {row.label: row.text.split("\n") for row in parsed(DRAFT).provisions}
    assert texts["PREAMBLE"] == [
        "The Parties to this Convention,",
        "Recalling that readers are tired,",
        "Have agreed as follows:",
    ]
    assert texts["1"] == [
        "For the purposes of this Convention:",
        "(a) “Reader” means a person who reads;",
        "(b) “Draft” means a text in accordance with Article 2 of this Convention.",
    ]
    assert texts["4"] == ["The Parties shall meet every year in the city of their choice."]
    assert texts["ANNEX I"] == ["Article 1", "1. This number belongs to the annex."]


@pytest.mark.parametrize(
    ("language", "text", "labels"),
    [
        (
            "fr",
            "Article premier\nObjet\nLe présent accord est pour les parties.\nArticle 2 bis\nPortée\nLa loi des uns.",
            ["1", "2 bis"],
        ),
        (
            "es",
            "Artículo 5\nObjeto\nEl presente acuerdo es para las partes.\nArtículo 6\nAlcance\nLa ley de los unos.",
            ["5", "6"],
        ),
        (
            "ru",
            "Статья 5\nЦель\nСтороны и государства не могут в этом.\n"
            "Правило 7\nи так далее\nСтатья 6\nОбъем\nЭто не для всех.",
            ["5", "6"],
        ),
        (
            "zh",
            "第五条\n目的\n各缔约国应在本协定的范围内合作。\n第十二条\n范围\n本协定的规定适用于所有的国家。",
            ["5", "12"],
        ),
        (
            "ar",
            "المادة ١\nالغرض\nتلتزم الدول الأطراف في هذه الاتفاقية بأن تتعاون على ذلك.\n"
            "المادة 2\nالنطاق\nلا تخل هذه الاتفاقية بما في غيرها من.",
            ["1", "2"],
        ),
    ],
)
def test_labels_in_other_languages(language: str, text: str, labels: list[str]) -> None:
    """Each language's labels are known, with numerals of its script, and the language is told by its words."""
    document = parsed(text)
    assert (document.language, [row.label for row in document.provisions]) == (language, labels)


def test_markdown_and_headings_on_the_label_line() -> None:
    """Marks of Markdown are no text; "Regulation 2. Fees" carries its heading."""
    document = parsed(
        "# Draft rules\n\n## Regulation 1. Use of terms\n\nThe terms are *used*.\n\n"
        "## Regulation 2. Fees\n\nThere are none.\n"
    )
    assert [(row.label, row.kind, row.heading) for row in document.provisions if row.kind != "preamble"] == [
        ("1", "regulation", "Use of terms"),
        ("2", "regulation", "Fees"),
    ]


def test_a_table_of_contents_is_no_text() -> None:
    """Rows with dot leaders are left out."""
    document = parsed(
        "Article 1 Scope ........ 2\nArticle 2 Aim ........ 3\n\n"
        "Article 1\nScope\nThis is it.\n\nArticle 2\nAim\nAnd that.\n"
    )
    assert [(row.label, row.text) for row in document.provisions] == [("1", "This is it."), ("2", "And that.")]


def pdf(pages: list[list[tuple[str, str]]]) -> bytes:
    """A PDF with a header and a page number on each page; lines are (style, text)."""
    made = FPDF()
    for number, page in enumerate(pages, 1):
        made.add_page()
        made.set_font("helvetica", size=9)
        made.text(20, 10, "A/CONF.1/2/L.3")
        made.text(100, 290, f"- {number} -")
        made.set_xy(20, 30)
        for style, text in page:
            made.set_font("helvetica", style=style, size=11)
            made.multi_cell(160, 6, text, new_x="LMARGIN", new_y="NEXT")
            made.ln(4)
    return bytes(made.output())


def test_a_pdf_without_its_furniture() -> None:
    """Header and page number are no text, and a paragraph goes on over the page."""
    sentence = "The Parties shall cooperate in the reading of drafts and in the writing of notes on them " * 3
    document = read(
        pdf(
            [
                [("B", "Article 1"), ("B", "Cooperation"), ("", "1. " + sentence + "and")],
                [("", "of other things."), ("B", "Article 2"), ("B", "Notes"), ("", "Notes may be written.")],
                [("B", "Article 3"), ("B", "Ends"), ("", "This is the end.")],
            ]
        ),
        "x.pdf",
    )
    assert document.label == "A/CONF.1/2/L.3"
    assert [(row.label, row.heading) for row in document.provisions] == [
        ("1", "Cooperation"),
        ("2", "Notes"),
        ("3", "Ends"),
    ]
    assert document.provisions[0].text == "1. " + sentence + "and of other things."


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"\x7fELF\x00\x01\x02", "neither a PDF, a Word file"),
        (b"PK\x03\x04rest", "Word or zip file is damaged"),
        (b"<!DOCTYPE html><p>x", "No articles"),
        (b"%PDF-1.7\nnothing of the sort", "damaged"),
        (b"A letter about the weather, and no more than that.", "No articles"),
        ("ɋɈȽɅȺɒȿɇɂȿ ɇȺ ȻȺɁȿ ".encode() * 300, "wrongly mapped"),
        (b"x" * 5_000_000, "far longer"),
    ],
)
def test_what_cannot_be_read_is_named(data: bytes, reason: str) -> None:
    """Each kind of file that gives no provisions has its own sentence."""
    with pytest.raises(Unreadable, match=reason):
        read(data, "x")


def test_a_scan_and_a_locked_pdf_are_named() -> None:
    """A PDF of pictures and one with a password say what they are."""
    scan, locked = FPDF(), FPDF()
    for page in range(3):
        scan.add_page()
        scan.rect(10, 10, 100 + page, 100)
    locked.set_encryption(owner_password="owner", user_password="user")
    locked.add_page()
    for made, reason in ((scan, "pictures"), (locked, "password")):
        with pytest.raises(Unreadable, match=reason):
            read(bytes(made.output()), "x.pdf")
