"""What of a plain text is not its wording: hyphens at line ends, footnotes and their calls."""

import pytest

from bot.texts.read import read


def text_of(body: str, label: str = "1") -> str:
    """The text of an article in a draft that has this body below its label."""
    found = read(f"Article 1\nScope\n{body}".encode(), "draft.txt").find(label)
    assert found is not None
    return found.text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("They shall use the precau-\ntionary way.", "They shall use the precautionary way."),
        ("They shall use the precau\u00ad\ntionary way.", "They shall use the precautionary way."),
        ("It is legally-\nbinding, it binds legally, and it is binding.",
         "It is legally-binding, it binds legally, and it is binding."),
        ("The co-\noperation of all. The cooperation of some.", "The cooperation of all. The cooperation of some."),
        ("The co-\noperation of all. The co-operation of some.", "The co-operation of all. The co-operation of some."),
        ("It is inter-\nnational, inter alia, and national. International law.",
         "It is international, inter alia, and national. International law."),
        ("The non-\nrefoulement, non-members and non-parties of it.",
         "The non-refoulement, non-members and non-parties of it."),
        ("Case-by-\ncase decisions, and by any case-by-case list.",
         "Case-by-case decisions, and by any case-by-case list."),
        ("The short-\nand long-term effects of it.", "The short- and long-term effects of it."),
        ("In the Asia-\nPacific region it is so.", "In the Asia-Pacific region it is so."),
        ("THE PRECAU-\nTIONARY WAY is it.", "THE PRECAUTIONARY WAY is it."),
        ("The precau-\n\n12-34567 2/9\n\ntionary way, that is it.", "The precautionary way, that is it."),
        ("They shall -\nas is said - act.", "They shall - as is said - act."),
        ("Among them are:\n- things well-\n- others.", "Among them are:\n- things well-\n- others."),
    ],
)  # fmt: skip
def test_a_word_broken_at_a_line_end_is_whole(body: str, text: str) -> None:
    """The text's other words tell whether its hyphen stays."""
    assert text_of(body) == text


def test_a_heading_broken_within_a_word_is_whole() -> None:
    """A heading loses its hyphen too."""
    found = read(b"Article 1\nPrecau-\ntionary way\n1. It is so.\n", "draft.txt").find("1")
    assert found is not None
    assert found.heading == "Precautionary way"


NOTED = """1. The Parties shall act as the Charter1 says in all its
parts, and keep within 5 km2 of the shore.*
{rule}
1 See the Charter, which was signed in
San Francisco.
* A star is a note. It has two sentences.{end}
2. They may rest.
"""


@pytest.mark.parametrize("rule", ["__________", "----------", "\n——————————\n"])
@pytest.mark.parametrize("end", ["\f", "\n12-34567 2/9", "\n\n"])
def test_a_block_of_notes_is_no_text(rule: str, end: str) -> None:
    """From the rule to the end of the page, calls included; figures of a unit stay."""
    assert text_of(NOTED.format(rule=rule, end=end)) == (
        "1. The Parties shall act as the Charter says in all its parts, and keep within 5 km2 of the shore.\n"
        "2. They may rest."
    )


def test_a_paragraph_goes_on_below_its_notes() -> None:
    """What was parted by a page's notes and number is one paragraph."""
    body = (
        "The Parties shall act under the Charter,¹ and\n\n_____\n¹ Of 1945.\n\n- 2 -\n\fin good faith, as they can.\n"
    )
    assert text_of(body) == "The Parties shall act under the Charter, and in good faith, as they can."


@pytest.mark.parametrize(
    "body",
    [
        "The Parties act.\n_____\n1. They shall do so each year.\n2. They may rest.",
        "The Parties act.\n_____\nThey shall do so each year.",
        "The Parties act.\n_____\n1 See it.\nArticle 2\nAim\nThe aim is it.\n\f",
    ],
)
def test_a_rule_alone_takes_nothing_away(body: str) -> None:
    """Paragraphs below a rule are no notes, and notes end above a label."""
    provisions = read(f"Article 1\nScope\n{body}".encode(), "draft.txt").provisions
    kept = "\n".join(row.text for row in provisions)
    assert all(word in kept for word in ("act", *(["each year"] if "each" in body else ["The aim is it."])))


def test_a_raised_figure_is_a_call_or_a_unit() -> None:
    """Raised figures behind words are calls, behind a unit they are not."""
    assert text_of("The Charter² is kept within 5 km² of it.”³") == "The Charter is kept within 5 km² of it.”"
