"""Word files: automatic numbers, recorded changes, and what is no text of a provision."""

from bot.texts.compare import compare
from bot.texts.document import Document
from bot.texts.read import read
from tests.unit.texts.office import docx, in_list, level, p, r

LISTS = (
    '<w:abstractNum w:abstractNumId="0">'
    + level(0, "decimal", "Article %1", '<w:pStyle w:val="Art"/>')
    + level(1, "decimal", "%2.")
    + level(2, "lowerLetter", "(%3)")
    + level(3, "upperRoman", "%2.%3.%4", "<w:isLgl/>")
    + '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="0"/>'
    '<w:lvlOverride w:ilvl="1"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
)
STYLES = (
    '<w:style w:type="paragraph" w:styleId="Base"><w:name w:val="Base"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr>'
    '</w:pPr></w:style><w:style w:type="paragraph" w:styleId="Art"><w:name w:val="Article"/><w:basedOn w:val="Base"/>'
    '</w:style><w:style w:type="paragraph" w:styleId="T"><w:name w:val="toc 1"/></w:style>'
)
ARTICLE = '<w:pStyle w:val="Art"/>'


def parsed(data: bytes, reading: str = "new") -> Document:
    """The document in a Word file."""
    return read(data, "draft.docx", reading)


def test_numbers_are_counted_as_word_prints_them() -> None:
    """Lists of several levels, numbers from styles, restarts below each article, a start of its own, legal numbers."""
    body = (
        p("Scope", ARTICLE)
        + p("This Convention applies.", in_list(1, 1))
        + p("It does so:", in_list(1, 1))
        + p("here;", in_list(1, 2))
        + p("there.", in_list(1, 2))
        + p("Deeper.", in_list(1, 3))
        + p("Aim", ARTICLE)
        + p("The aim is this.", in_list(1, 1))
        + p("It goes on.", in_list(2, 1))
    )
    found = parsed(docx(body, LISTS, STYLES)).provisions
    assert [(row.label, row.heading, row.text.split("\n")) for row in found] == [
        (
            "1",
            "Scope",
            ["1. This Convention applies.", "2. It does so:", "(a) here;", "(b) there.", "2.2.1 Deeper."],
        ),
        ("2", "Aim", ["1. The aim is this.", "5. It goes on."]),
    ]


TRACKED = docx(
    p("Article 1")
    + p(r("Each Party ") + '<w:del w:id="1"><w:r><w:delText>shall</w:delText></w:r></w:del>'
        + f'<w:ins w:id="2">{r("may")}</w:ins>' + r(" act."))
    + p("Each Party reports.", '<w:rPr><w:del w:id="3"/></w:rPr>').replace(
        r("Each Party reports."), '<w:del w:id="4"><w:r><w:delText>Each Party reports.</w:delText></w:r></w:del>')
    + p("Article 2")
    + p(f'<w:moveTo w:id="5">{r("The board meets.")}</w:moveTo>')
    + p("It is here.")
)  # fmt: skip


def test_recorded_changes_give_two_readings() -> None:
    """What was put in is in the new reading alone, what was taken out in the old one, and both are counted."""
    new, old = parsed(TRACKED), parsed(TRACKED, "old")
    assert [row.text for row in new.provisions] == ["Each Party may act.", "The board meets.\nIt is here."]
    assert [row.text for row in old.provisions] == ["Each Party shall act.\nEach Party reports.", "It is here."]
    assert (new.inserted, new.deleted) == (old.inserted, old.deleted) == (4, 4)


def test_bold_and_strike_give_two_readings() -> None:
    """Where words are struck out, bold words in a paragraph and bold paragraphs are new; bold headings stay."""
    body = (
        p(r("Article 1", "<w:b/>"))
        + p(r("Aims", "<w:b/>"))
        + p(r("1. Parties ") + r("shall", "<w:strike/>") + r(" may", "<w:b/>") + r(" act."))
        + p(r("2. Parties report.", "<w:b/>"))
    )
    new, old = (parsed(docx(body), which).provisions[0] for which in ("new", "old"))
    assert (new.heading, new.text) == ("Aims", "1. Parties may act.\n2. Parties report.")
    assert (old.heading, old.text) == ("Aims", "1. Parties shall act.")


def test_what_is_no_text_is_left_out() -> None:
    """Comments, footnote calls, field codes, hidden words, contents and drawings are not in any provision."""
    body = (
        p("Article 1 Scope", '<w:pStyle w:val="T"/>')
        + p("Article 1")
        + p(
            '<w:commentRangeStart w:id="1"/>' + r("The area is ten km") + r("2", '<w:vertAlign w:val="superscript"/>')
            + '<w:commentRangeEnd w:id="1"/><w:r><w:commentReference w:id="1"/></w:r>'
            + r(" wide,") + r("3", '<w:vertAlign w:val="superscript"/>')
            + '<w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>'
            + r("hidden", "<w:vanish/>") + "<w:r><w:drawing><w:p>box</w:p></w:drawing></w:r>" + r(" not more.")
        )
    )  # fmt: skip
    found = parsed(docx(body, "", STYLES, {"word/comments.xml": "<x/>"}))
    assert [(row.label, row.text) for row in found.provisions] == [("1", "The area is ten km2 wide, not more.")]


MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
BOX = "<w:txbxContent>{}</w:txbxContent>"


def boxed(inner: str, old: str = "") -> str:
    """A run with a text box, as Word writes it: once for itself, once for older readers."""
    drawing, picture = BOX.format(inner), BOX.format(old or inner)
    choice = f'<mc:Choice Requires="wps"><w:drawing><w:docPr/>{drawing}</w:drawing></mc:Choice>'
    fallback = f"<mc:Fallback><w:pict>{picture}</w:pict></mc:Fallback>"
    return f"<w:r><mc:AlternateContent {MC}>{choice}{fallback}</mc:AlternateContent></w:r>"


def test_a_text_box_is_read_once_behind_its_anchor() -> None:
    """The words of a box are read once, also those of a box in a box; one that was taken out is in the old reading."""
    gone = f'<w:del w:id="1">{boxed(p("Struck box."))}</w:del>'
    inner = p("In the box.") + p(r("Deeper.") + boxed(p("Deepest.")))
    old_way = f"<w:r><w:pict>{BOX.format(p('An old box.'))}</w:pict></w:r>"
    data = docx(p("Article 1") + p(r("Before ") + boxed(inner) + r("and after.")) + p(r("Next.") + gone + old_way))
    shared = "Before and after.\nIn the box.\nDeeper.\nDeepest.\nNext."
    assert parsed(data).provisions[0].text == f"{shared}\nAn old box."
    assert sorted(parsed(data, "old").provisions[0].text.removeprefix(shared).split("\n")) == [
        "", "An old box.", "Struck box.",
    ]  # fmt: skip


def field(instruction: str, shown: str, last: str = "end") -> str:
    """A field in runs."""
    marks = [f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", last)]
    return f"{marks[0]}<w:r><w:instrText>{instruction}</w:instrText></w:r>{marks[1]}{r(shown)}{marks[2]}"


def test_of_fields_what_they_show_is_read() -> None:
    """A reference shows its number; page numbers, calls of notes, contents and instructions are no text."""
    nested = field("IF " + "</w:instrText></w:r>" + field("PAGE", "7") + r("hidden") + "<w:r><w:instrText>", "shown")
    body = (
        p(field("TOC \\o", "Article 1 Aim") + r(""))
        + p("Article 1")
        + p(r("See article ") + '<w:fldSimple w:instr=" REF a ">' + r("4") + "</w:fldSimple>" + r(", ")
            + field(" HYPERLINK x ", "here") + field("NOTEREF b", "9") + '<w:fldSimple w:instr="PAGE">' + r("12")
            + "</w:fldSimple>" + r(" and ") + nested + r("."))
    )  # fmt: skip
    (found,) = parsed(docx(body)).provisions
    assert found.text == "See article 4, here and shown."


def test_a_field_that_never_ends_swallows_nothing() -> None:
    """Where the end of a field is missing, what follows is read all the same."""
    body = p(field("TOC", "Aims", last="none") + r(" of it.")) + p("Article 1") + p("It is so.")
    unended = p('<w:r><w:fldChar w:fldCharType="begin"/></w:r>') + p("Article 1") + p("It is so.")
    assert [parsed(docx(words)).provisions[-1].text for words in (body, unended)] == ["It is so."] * 2


def test_content_controls_are_read_and_what_waits_to_be_filled_in_is_not() -> None:
    """A control's words are text; its prompt and a table of contents in it are not; nor are notes, headers, footers."""

    def control(properties: str, inner: str) -> str:
        return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{inner}</w:sdtContent></w:sdt>"

    gallery = '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj>'
    mark = '<w:r><w:footnoteReference w:customMarkFollows="1" w:id="2"/><w:t>**</w:t></w:r>'
    body = (
        control(gallery, p("Article 1 Aim"))
        + control("", p("Article 1"))
        + p(r("It is ") + control("", r("so")) + control("<w:showingPlcHdr/>", r("Click here")) + r(".") + mark)
    )
    parts = {f"word/{name}.xml": "<w:x/>" for name in ("header1", "footer1", "footnotes", "endnotes")}
    (found,) = parsed(docx(body, parts=parts)).provisions
    assert (found.label, found.text) == ("1", "It is so.")


def test_tracked_moves_are_where_they_were_and_where_they_are() -> None:
    """A paragraph that Word records as moved is in one place in each reading, and comparing them tells the move."""
    words = "The board shall meet in public twice a year, and shall publish what it has decided within thirty days."

    def moved(kind: str) -> str:
        run = f'<w:{kind}RangeStart w:id="1"/><w:{kind} w:id="2">{r(words)}</w:{kind}><w:{kind}RangeEnd w:id="1"/>'
        return p(run, f'<w:rPr><w:{kind} w:id="3"/></w:rPr>')

    first, second = "The fund is fed by the Parties alone.", "Seats are given by lot among all of those who ask."
    data = docx(
        p("Article 1") + p(first) + moved("moveFrom") + p("Money comes late.")
        + p("Article 2") + p(second) + moved("moveTo") + p("Nobody has two of them.")
    )  # fmt: skip
    old, new = parsed(data, "old"), parsed(data)
    assert [words in row.text for row in old.provisions] == [True, False]
    assert [words in row.text for row in new.provisions] == [False, True]
    (found,) = compare(old, new).moves
    assert (found.old, found.new) == ("1", "2")


def test_cells_are_read_in_order() -> None:
    """The text of a table stands in its cells' order."""
    table = "<w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr></w:tbl>".format(p("First cell."), p("Second cell."))
    found = parsed(docx(p("Article 1") + table + p("After it.")))
    assert found.provisions[0].text == "First cell.\nSecond cell.\nAfter it."
