"""The labels of provisions in all the ways in which secretariats print them, and what only looks like one."""

import pytest

from bot.texts.compare import compare
from bot.texts.document import Document, Provision
from bot.texts.labels import key
from bot.texts.read import read
from tests.unit.texts.office import docx, p

TEXT = {
    "ar": "النطاق\nتلتزم الدول الأطراف في هذه الاتفاقية بأن تتعاون على ذلك، وفقا لما هو وارد في كل من أحكامها.",
    "en": "Scope\nThe Parties shall act together in all that is set out here, and in the way that is set out for it.",
    "es": "Alcance\nLas Partes deberán actuar de común acuerdo en todo lo que se dispone en la presente y en la forma.",
    "fr": "Portée\nLes Parties doivent agir de concert dans tout ce qui est prévu par la présente, et de la manière.",
    "ru": "Сфера\nСтороны должны действовать совместно во всем, что предусмотрено в настоящем документе, и для этого.",
    "zh": "范围\n各缔约国应在本协定的范围内合作，并按照本协定的规定采取措施。",
}


def parsed(text: str) -> Document:
    """The document in a text."""
    return read(text.encode(), "draft.txt")


def numbered(document: Document) -> list[Provision]:
    """Its provisions but for the preamble."""
    return [row for row in document.provisions if row.kind != "preamble"]


@pytest.mark.parametrize(
    ("language", "printed", "label"),
    [
        ("en", "Article One", "1"),
        ("en", "ARTICLE FIRST", "1"),
        ("en", "Article Twenty-first", "21"),
        ("en", "Article Thirteenth", "13"),
        ("fr", "ARTICLE PREMIER", "1"),
        ("fr", "Article 1er", "1"),
        ("fr", "Article vingt et unième", "21"),
        ("fr", "Article dix-septième", "17"),
        ("es", "Artículo primero", "1"),
        ("es", "ARTÍCULO SEGUNDO", "2"),
        ("es", "Artículo vigésimo primero", "21"),
        ("es", "Artículo 5.º", "5"),
        ("ru", "Статья первая", "1"),
        ("ru", "СТАТЬЯ ДВАДЦАТЬ ПЕРВАЯ", "21"),
        ("ar", "المادة الأولى", "1"),
        ("ar", "المادة الحادية عشرة", "11"),
        ("ar", "المادة الحادية والعشرون", "21"),
        ("ar", "مادة 5", "5"),
        ("zh", "第二十一条", "21"),
        ("en", "Article IV", "IV"),
        ("en", "ARTICLE XII.", "XII"),
        ("ru", "Статья IV", "IV"),
        ("en", "Article 5a", "5a"),
        ("en", "Article 5A", "5 A"),
        ("en", "Article 5-bis", "5 bis"),
        ("en", "ARTICLE 5 BIS", "5 bis"),
        ("en", "Article 5 bis.", "5 bis"),
        ("en", "Article 5bis", "5 bis"),
        ("en", "Article [5] bis", "5 bis"),
        ("en", "Article 5 [bis]", "5 bis"),
        ("en", "Article 5 alt.", "5 alt"),
        ("ru", "Статья 5-бис", "5 бис"),
        ("zh", "第五条之二", "5 之二"),
        ("ar", "المادة ٥ مكررا", "5 مكررا"),
        ("en", "Article [X]", "X"),
        ("en", "Article XX", "XX"),
        ("en", "Article [ ]", "X"),
        ("en", "Article …", "X"),
        ("en", "Article A", "A"),
        ("ru", "Статья Х", "X"),
        ("zh", "第[X]条", "X"),
        ("ar", "المادة [س]", "X"),
        ("en", "Article 5*", "5"),
        ("en", "Article 5¹", "5"),
        ("en", "[Article 5]", "5"),
        ("en", "[Article 5 bis]*", "5 bis"),
        ("en", "ARTICLE 5:", "5"),
        ("en", "Art. 5", "5"),
        ("en", "Article\u00a05", "5"),
        ("en", "Article\u202f5\u00a0bis", "5 bis"),
        ("en", "Article\n5", "5"),
        ("en", "Article 5\nbis", "5 bis"),
        ("en", "Article 5 (new)", "5"),
        ("en", "New Article 5 bis", "5 bis"),
        ("en", "[New] article 5 bis", "5 bis"),
        ("en", "Article 5 (former 7)", "5"),
        ("en", "Article 5 [formerly Article 7]", "5"),
        ("en", "Article 5 – Option 1", "5"),
        ("en", "Draft article 5", "5"),
        ("fr", "Nouvel article 5 bis", "5 bis"),
        ("fr", "Article 5 (ancien article 7)", "5"),
        ("es", "Nuevo artículo 5 bis", "5 bis"),
        ("es", "Artículo 5 (antes 7)", "5"),
        ("ru", "Новая статья 5 бис", "5 бис"),
        ("ru", "Статья 5 (бывшая статья 7)", "5"),
        ("zh", "新增第五条之二", "5 之二"),
        ("zh", "第五条（原第七条）", "5"),
        ("zh", "【第五条】", "5"),
        ("ar", "المادة 5 (جديدة)", "5"),
        ("ar", "المادة ٥ (المادة ٧ سابقا)", "5"),
        ("en", "Rule 5", "5"),
        ("zh", "规则5", "5"),
        ("en", "Section 5", "5"),
        ("en", "Clause 5", "5"),
        ("en", "§ 5", "5"),
        ("en", "Guideline 5.1", "5.1"),
        ("es", "Cláusula 5", "5"),
        ("ru", "Пункт 5", "5"),
        ("ar", "البند 5", "5"),
        ("en", "Article 5 [6]", "5"),
        ("en", "Article 5 [5 bis]", "5"),
        ("en", "Article 5.bis", "5 bis"),
        ("en", "Article 5 – bis", "5 bis"),
        ("en", "Article 5 [placeholder]", "5"),
        ("en", "Article 5 (Chair's proposal)", "5"),
        ("en", "Article 5 [agreed]", "5"),
        ("en", "Article 5 (agreed ad ref)", "5"),
        ("fr", "Article 1 er", "1"),
        ("fr", "Article 1ᵉʳ", "1"),
        ("fr", "REGLE 5", "5"),
        ("es", "ARTICULO 5", "5"),
        ("es", "Artículo 5o.", "5"),
        ("es", "Artículo 1.o", "1"),
        ("ru", "Проект статьи 5", "5"),
        ("ru", "Статья 5 квинквиес", "5 квинквиес"),
        ("ru", "Статья 5-прим", "5 прим"),
        ("zh", "第五之二条", "5 之二"),
        ("zh", "第5 bis条", "5 bis"),
        ("ar", "المادة 5 مكرراً ثانياً", "5 مكرراً ثانياً"),
        ("en", "Article 5-1", "5-1"),
        ("en", "ARTICLE 5\u20111", "5-1"),
        ("zh", "第5-1条", "5-1"),
        ("ar", "المادة ٥-١", "5-1"),
        ("fr", "Article L. 5", "L.5"),
        ("fr", "Article L. 121-3", "L.121-3"),
        ("en", "Article A1", "A1"),
        ("en", "Article I-1", "I-1"),
        ("ru", "Статья 5А", "5 А"),
        ("zh", "第五條", "5"),
        ("zh", "第五條之二", "5 之二"),
        ("ar", "المادّة 5", "5"),
        ("ar", "المَادَّة ٥", "5"),
        ("ar", "المـــادة ٥", "5"),
        ("ar", "المادّة الأُولى", "1"),
        ("ar", "المادة ٥ مكرّر", "5 مكرّر"),
    ],
)
def test_a_label_is_known(language: str, printed: str, label: str) -> None:
    """Its number is told, the line is in neither heading nor text, and both are what stands below it."""
    heading, text = TEXT[language].split("\n")
    document = parsed(f"{printed}\n{TEXT[language]}")
    assert [(row.label, row.heading, row.text) for row in document.provisions] == [(label, heading, text)]


@pytest.mark.parametrize(
    ("line", "heading", "text"),
    [
        ("Article 5. Scope. Each State Party shall act.", "Scope", "Each State Party shall act."),
        ("Article 5. Use of terms.— For the purposes of it: this.", "Use of terms", "For the purposes of it: this."),
        ("Article 5 – Scope: each State Party shall act in it.", "", "Scope: each State Party shall act in it."),
        ("Article 5. Scope. Each State Party shall act\nin the way it can.", "Scope",
         "Each State Party shall act in the way it can."),
        ("Article 5. Scope of the work that readers and\nothers do\n1. They read.", "Scope of the work that readers and"
         " others do", "1. They read."),
        ("Article 5. The Parties shall meet. They shall act.", "", "The Parties shall meet. They shall act."),
        ("Article 5. The Parties shall meet in all\nof the years.", "", "The Parties shall meet in all of the years."),
        ("Article 5 [Scope]\nThe Parties act as it is.", "[Scope]", "The Parties act as it is."),
        ("Article 5 (new): Scope\nThe Parties act as it is.", "Scope", "The Parties act as it is."),
        ("Article 5 The Parties shall meet each year.", "", "The Parties shall meet each year."),
        ("第五条 范围\n各缔约国应合作。", "范围", "各缔约国应合作。"),
        ("第五条　各缔约国应在本协定的范围内合作。", "", "各缔约国应在本协定的范围内合作。"),
        ("第五条【范围】各缔约国应在本协定的范围内合作。", "【范围】", "各缔约国应在本协定的范围内合作。"),
        ("第五条　本协定适用于所有的国家，但\n第七条的规定除外。", "", "本协定适用于所有的国家，但第七条的规定除外。"),
    ],
)  # fmt: skip
def test_heading_and_text_on_the_line_of_the_label(line: str, heading: str, text: str) -> None:
    """A short phrase before a sentence is the heading; a sentence is none."""
    assert [(row.label, row.heading, row.text) for row in parsed(line).provisions] == [("5", heading, text)]


@pytest.mark.parametrize(
    "reference",
    [
        "They shall act under article\n5. That is all of it.",
        "They shall act under\nArticle 5 of this Convention.",
        "They shall act as it is said in\nArticle 5. That is all of it.",
        "They shall act under the rules of the Court,\nArticle 5. That is all of it.",
        "They shall act with regard to paragraph 2,\nArticle X of the Charter.",
        "They shall act under\nArticle 5, paragraph 2, of it.",
        "They shall act under\nArticle 5(a) of it.",
        "They shall act under\nArticles 5 and 6 of it.",
        "They shall act and rest as is said in it,\nArticle 5 (2). That is all of it.",
        "They shall act under\nArticle Five of it.",
    ],
)
def test_a_reference_is_no_label(reference: str) -> None:
    """A reference that was wrapped to a line's start stays where it stands, in its paragraph."""
    document = parsed(f"Article 4\nScope\n{reference}\nArticle 5\nAim\nThe aim is it.")
    assert [(row.label, row.text) for row in document.provisions] == [
        ("4", reference.replace("\n", " ")),
        ("5", "The aim is it."),
    ]


@pytest.mark.parametrize(
    ("language", "reference"),
    [
        ("zh", "各缔约国应根据\n第五条的规定采取措施。"),
        ("ar", "تلتزم الدول الأطراف وفقا لأحكام\nالمادة 5 من هذه الاتفاقية بأن تتعاون على ذلك."),
    ],
)
def test_a_reference_without_capitals_is_no_label(language: str, reference: str) -> None:
    """The same in scripts that have no capital letters."""
    word = {"zh": "第{}条", "ar": "المادة {}"}[language]
    document = parsed(f"{word.format(4)}\n{reference}\n{word.format(5)}\n{TEXT[language]}")
    assert [row.label for row in document.provisions] == ["4", "5"]


@pytest.mark.parametrize("line", ["Short line number {}", "Fluvia canora {}", "{}. Ships"])
def test_a_long_list_in_a_word_file_hides_no_article(line: str) -> None:
    """Hundreds of short lines without a word that prose has are the text of their article, and the next follow."""
    listed = [line.format(number) for number in range(300)]
    body = "".join(p(text) for text in ("Article 1", "Scope", *listed, "Article 2", "Aim", "The aim is it."))
    first, second = read(docx(body), "draft.docx").provisions
    assert (first.label, first.heading, first.text.split("\n")) == ("1", "Scope", listed)
    assert (second.label, second.heading, second.text) == ("2", "Aim", "The aim is it.")


@pytest.mark.parametrize(
    ("line", "label", "heading"),
    [
        ("Article 5-1. Scope", "5-1", "Scope"),
        ("Article 5-1 Scope", "5-1", "Scope"),
        ("Article L. 5 Scope", "L.5", "Scope"),
        ("Article 5 - Scope", "5", "Scope"),
    ],
)
def test_a_number_with_a_hyphen_ends_before_the_heading(line: str, label: str, heading: str) -> None:
    """A hyphen between figures belongs to the number, a dash before words does not."""
    document = parsed(f"{line}\n1. The Parties shall act together in all that is set out here.")
    assert [(row.label, row.heading) for row in document.provisions] == [(label, heading)]


@pytest.mark.parametrize(
    "ways",
    [
        ("5 bis", "5 BIS", "5-bis", "5 бис", "5 之二", "5 مكرر", "5 مكررا", "5 مكرّر"),
        ("5 ter", "5 тер", "5 之三", "5 مكرراً ثانياً", "5 مكرر ثانيا"),
        ("5 quater", "5 之四", "5 مكرر ثالثا"),
        ("5a", "5 A", "5-a"),
        ("58 ante", "ante 58"),
        ("L.5", "L. 5", "l5"),
        ("5-1", "5.1"),
        ("53 (OPTION I)", "53 (option i)"),
    ],
)
def test_one_label_in_several_ways(ways: tuple[str, ...]) -> None:
    """All ways of writing one label have one key, and others have another."""
    others = {key(label) for label in ("5", "1", "51", "5 quinquies", "A 5", "58", "53", "53 (OPTION II)")}
    assert len({key(way) for way in ways}) == 1
    assert key(ways[0]) not in others


WORD = {
    "ar": "المادة {}",
    "en": "Article {}",
    "es": "Artículo {}",
    "fr": "Article {}",
    "ru": "Статья {}",
    "zh": "第{}条",
}


def between(language: str, line: str, before: int = 4, after: int = 11) -> Document:
    """A draft in which a line stands between two articles."""
    one, two = (f"{WORD[language].format(number)}\n{TEXT[language]}" for number in (before, after))
    return parsed(f"{one}\n{line}\n{two}")


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Articles 5 to 10 [deleted]"),
        ("en", "Articles 5-10 Deleted."),
        ("en", "Article 5-10 Deleted."),
        ("en", "[Articles 5 to 10 deleted]"),
        ("en", "ARTICLES 5–10. [Reserved]"),
        ("en", "Articles 5 to 10\n[Deleted]"),
        ("en", "Articles 5, 6, 7 and 8 to 10 have been moved to Part III"),
        ("fr", "Articles 5 à 10 [supprimés]"),
        ("es", "Artículos 5 a 10 (suprimidos)"),
        ("ru", "Статьи 5–10 исключены"),
        ("ru", "Статьи 5—10 были исключены."),
        ("zh", "第五条至第十条 删除"),
        ("zh", "第5至10条删除"),
        ("zh", "第五條至第十條（刪除）"),
        ("ar", "المواد 5 إلى 10 (حذفت)"),
        ("ar", "المواد من ٥ إلى ١٠: محذوفة"),
    ],
)
def test_a_line_for_several_that_are_gone(language: str, line: str) -> None:
    """Each of them is a placeholder, and nothing of the line is text of another article."""
    document = between(language, line)
    assert [(row.label, row.placeholder) for row in document.provisions] == [
        ("4", False),
        *((str(number), True) for number in range(5, 11)),
        ("11", False),
    ]
    assert len({row.text for row in document.provisions if row.placeholder}) == 1
    assert document.provisions[0].text == TEXT[language].split("\n")[1]


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ("Articles 5 bis to 5 quinquies [deleted]", ["5 bis", "5 ter", "5 quater", "5 quinquies"]),
        ("Articles 5a to 5d [deleted]", ["5a", "5b", "5c", "5d"]),
        ("Articles 5-1 to 5-3 [deleted]", ["5-1", "5-2", "5-3"]),
        ("Articles 5 and 7 [deleted]", ["5", "7"]),
        ("Articles 9 to 10 bis [deleted]", ["9", "10", "10 bis"]),
        ("Article 5 deleted.", ["5"]),
    ],
)
def test_what_a_run_that_is_gone_takes_in(line: str, labels: list[str]) -> None:
    """Runs of suffixes and letters are counted too."""
    rows = between("en", line).provisions[1:-1]
    assert [(row.label, row.placeholder) for row in rows] == [(label, True) for label in labels]


@pytest.mark.parametrize(
    "line",
    [
        "Articles 5 to 10 of the Convention shall apply.",
        "Articles 5 to 10 of the Convention are deleted.",
        "Articles 15 to 18 are deleted.",
        "Articles 2 to 3 are deleted.",
    ],
)
def test_what_an_amendment_deletes_is_text(line: str) -> None:
    """A sentence on articles that would not stand there leaves no article of this draft empty."""
    document = between("en", line)
    assert [row.label for row in document.provisions] == ["4", "11"]
    assert document.provisions[0].text.endswith(line)


def test_articles_that_went_in_a_run_are_removed_or_renumbered() -> None:
    """None is "changed": what is gone was removed, and what stands elsewhere has another number now."""
    texts = ["keep a list of ships", "train readers of maps", "pay yearly for the fund", "meet in spring and autumn"]
    body = [f"Each Party shall {text}, and tell the others of it in writing." for text in texts]

    def draft(*articles: str) -> Document:
        return parsed("\n\n".join(articles))

    old = draft(*(f"Article {number}\n{text}" for number, text in enumerate(body, 1)))
    new = draft(f"Article 1\n{body[0]}", "Articles 2 to 4 [deleted]", f"Article 5\n{body[3]}")
    fates = [(row.old, row.new, row.relation) for row in compare(old, new).changes]
    assert fates == [
        (("1",), ("1",), "unchanged"),
        (("2",), (), "removed"),
        (("3",), (), "removed"),
        (("4",), ("5",), "renumbered"),
    ]


def test_a_list_of_contents_names_what_is_gone_once() -> None:
    """A run that is gone is in the list and in the text, and each provision there once."""
    contents = "Article 1 Aim\nArticles 2 to 3 [deleted]\nArticle 4 Reach\n"
    document = parsed(f"{contents}{contents.replace('Aim', 'Aim' + chr(10) + TEXT['en']) + TEXT['en']}")
    assert [row.label for row in document.provisions if row.placeholder] == ["2", "3"]


def test_open_numbers_and_notes_tell_labels_apart() -> None:
    """Open numbers are counted; of two with one number what is noted beside one names it; "(continued)" is none."""
    text = "".join(
        f"Article {printed}\n{TEXT['en']}\n\n"
        for printed in ("5", "5 (new)", "[X]", "6 (former 5)", "6 (continued)", "X", "7 [Option A]", "7 [Option B]")
    )
    labels = ["5", "5 (new)", "X", "6", "X (2)", "7 (option a)", "7 (option b)"]
    assert [row.label for row in parsed(text).provisions] == labels


def test_roman_numbers_run_on() -> None:
    """In a text that counts in Roman numbers X is ten, and a reference to it is none of its labels."""
    numbers = ["VIII", "IX", "X", "XI"]
    text = "".join(f"ARTICLE {number}\nSCOPE\nThey shall act under\nArticle X of this.\n" for number in numbers)
    assert [row.label for row in parsed(text).provisions] == numbers


def test_sections_are_divisions_or_provisions() -> None:
    """What a draft has no other label for is its unit; beside articles a section is a division."""
    sections = "".join(f"Section {n}\n{TEXT['en']}\nThey refer to\nArticle 5 of the Charter.\n" for n in range(1, 4))
    assert [(row.kind, row.label) for row in parsed(sections).provisions] == [("section", str(n)) for n in range(1, 4)]
    articles = f"Section 1. Bodies\nArticle 1\n{TEXT['en']}\nArticle 2\n{TEXT['en']}\n"
    assert [(row.kind, row.chapter) for row in parsed(articles).provisions] == [("article", "SECTION 1 Bodies")] * 2


def heads(document: Document) -> list[tuple[str, str, str]]:
    """Number, heading and text of its numbered provisions."""
    assert {row.kind for row in numbered(document)} == {"section"}
    return [(row.label, row.heading, row.text) for row in numbered(document)]


def test_numbered_headings_are_labels_where_there_are_no_others() -> None:
    """A policy with "1. Scope", paragraphs "1.1" and letters below them; its list of contents is left where it is."""
    titles = ["Scope", "Definitions", "Duties of members", "Last things"]
    contents = "".join(f"{n}. {title}\n" for n, title in enumerate(titles, 1))
    body = "".join(
        f"{n}. {title}\n{n}.1 The members act as set out:\n(a) at all times;\n(b) openly.\n{n}.2 They may rest.\n\n"
        for n, title in enumerate(titles, 1)
    )
    document = parsed(f"Policy of the Board\n\nThis is for all of the members.\n\n{contents}\n{body}")
    expected = "{n}.1 The members act as set out:\n(a) at all times;\n(b) openly.\n{n}.2 They may rest."
    assert heads(document) == [(str(n), title, expected.format(n=n)) for n, title in enumerate(titles, 1)]


@pytest.mark.parametrize(
    ("numbers", "titles", "text"),
    [
        (["I. ", "II. ", "III. "], ["Aim", "Reach", "End"], "1. The Parties act as it is.\n2. They may rest in it."),
        (["一、", "二、", "三、"], ["总则", "定义", "附则"], "各缔约国应在本协定的范围内合作。\n（一）其他的事项。"),
        (["أولا- ", "ثانيا- ", "ثالثا- "], ["النطاق", "التعاريف", "الختام"], "تلتزم الدول في هذه السياسة بأن تتعاون."),
        (["1) ", "2) ", "3) "], ["Objet", "Portée", "Fin"], "La loi des parties est ici pour les uns et les autres."),
    ],
)  # fmt: skip
def test_numbered_headings_in_other_forms(numbers: list[str], titles: list[str], text: str) -> None:
    """Roman, Chinese and Arabic numbers, and with a bracket."""
    document = parsed("".join(f"{n}{title}\n{text}\n" for n, title in zip(numbers, titles, strict=True)))
    assert heads(document) == [(str(n), title, text) for n, title in enumerate(titles, 1)]


RESOLUTION = """The Board of Readers,

Recalling its decision of last year on the keeping of records,

1. Decides to keep the matter of records under review in each of its sessions;

2. Requests its secretary to report to it on:
(a) the records that are kept in the offices;
(b) the readers who have asked for them;

2 bis. Requests also that the report be sent to all of the readers; and

[3. Urges all States to make their lists of records known to everyone.]

Annex
Form of a report
1. The name of the office is given.
"""


def test_the_numbered_paragraphs_of_a_resolution() -> None:
    """Where there are no articles, each numbered paragraph is a provision; what stands above is the preamble."""
    rows = parsed(RESOLUTION).provisions
    assert [(row.kind, row.label, row.heading) for row in rows] == [
        ("preamble", "PREAMBLE", ""),
        *(("paragraph", label, "") for label in ("1", "2", "2 bis", "3")),
        ("annex", "ANNEX", "Form of a report"),
    ]
    assert rows[2].text.startswith("Requests its secretary to report to it on:\n(a) the records")
    assert (rows[4].text, rows[4].brackets) == (
        "Urges all States to make their lists of records known to everyone.]",
        1,
    )


def test_paragraphs_with_the_letters_of_negotiators() -> None:
    """Preambular and operative ones, with "PP" and "OP" in every way in which they are printed."""
    text = "PP1 Recalling it,\nPP1 bis Noting it,\nOP1. Decides;\n(a) one;\nOP 2: [deleted]\n[OP3] Urges all."
    rows = numbered(parsed(f"The Board,\n{text}"))
    assert [(row.label, row.text, row.placeholder) for row in rows] == [
        ("PP1", "Recalling it,", False),
        ("PP1 bis", "Noting it,", False),
        ("OP1", "Decides;\n(a) one;", False),
        ("OP2", "[deleted]", True),
        ("OP3", "Urges all.", False),
    ]


@pytest.mark.parametrize(
    "text",
    [
        RESOLUTION.replace("2 bis.", "1."),
        RESOLUTION.replace("[3.", "[4."),
        RESOLUTION.replace("sessions;", "sessions"),
        "They met.\n1. Ships sail;\n2. Planes fly;\n3. Cars drive.",
    ],
)
def test_other_numbers_are_no_paragraphs_of_a_resolution(text: str) -> None:
    """Numbers that begin again or lack one, words that are no clause, a short list."""
    with pytest.raises(ValueError, match="No articles"):
        parsed(text)


def test_a_list_is_no_row_of_headings() -> None:
    """Neither within an article, nor within a numbered text, nor in a letter."""
    listed = "The following are of interest:\n1. Ships\n2. Planes\n3. Cars\nand that is the end of it."
    within = parsed(f"Article 1\nScope\n{listed}\nArticle 2\n{TEXT['en']}")
    assert [row.label for row in within.provisions] == ["1", "2"]
    titles = ["Aim", "Reach", "End"]
    text = "".join(f"{n}. {title}\n{listed}\n\n" for n, title in enumerate(titles, 1))
    assert [row.heading for row in numbered(parsed(text))] == titles
    with pytest.raises(ValueError, match="No articles"):
        parsed(f"Dear all,\n{listed}")
