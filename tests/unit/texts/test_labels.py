"""The labels of provisions in all the ways in which secretariats print them, and what only looks like one."""

import pytest

from bot.texts.document import Document, Provision
from bot.texts.read import read

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
