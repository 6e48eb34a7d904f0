"""What a lawyer looks for in a change is called out, in the languages that drafts are written in."""

import json

import pytest

from bot.texts.brackets import together
from bot.texts.callouts import Callouts, Reference
from bot.texts.compare import compare, worth_showing
from bot.texts.document import Document
from bot.texts.markdown import markdown
from bot.texts.notes import called_out, english
from bot.texts.page import page
from bot.texts.payload import callouts_from, callouts_json
from bot.texts.read import read
from bot.texts.references import numbers_referred_to

ARTICLES = {
    "Words": "“Data” means anything that a computer keeps.\n“Notice” means a letter of the board.",
    "Notice": "Each Party shall give notice to all readers within 30 days.",
    "Appeal": "A reader may appeal as article 2 provides, and as article 9 of the Charter of the Board says.",
    "Funds": "The board shall keep a fund for translations, fed by yearly contributions of the Parties.",
}


def text(articles: dict[str, str]) -> Document:
    """A draft with these articles, numbered through."""
    rows = enumerate(articles.items(), 1)
    return read("\n\n".join(f"Article {n}\n{heading}\n{body}" for n, (heading, body) in rows).encode(), "x")


def called(heading: str, new: dict[str, str]) -> Callouts:
    """What is called out in the article of a heading."""
    return next(row.callouts for row in compare(text(ARTICLES), text(new)).changes if row.heading == heading)


def test_words_of_duty_and_figures() -> None:
    """A "shall" that became "may" is called out, and so is a term that is longer now."""
    new = ARTICLES["Notice"].replace("shall", "may").replace("30", "60")
    found = called("Notice", ARTICLES | {"Notice": new})
    assert (found.obligations, found.figures) == ((("shall", "may"),), (("30", "60"),))


def test_a_paragraph_s_own_number_is_no_figure() -> None:
    """A paragraph that has another number now has no other figures."""
    first, second = "The first rule holds for 10 years.", "The second rule, which is longer, holds for 20 years."
    old = f"1. {first}\n2. {second}"
    new = f"1. A new rule that nobody knew stands here in front.\n2. {first}\n3. {second}"
    comparison = compare(text({"Rules": old}), text({"Rules": new}))
    assert comparison.changes[0].callouts.figures == ()


def test_definitions_and_brackets() -> None:
    """The term whose meaning changed is named; brackets that were put or taken away are counted."""
    new = ARTICLES["Words"].replace("anything that", "anything [lasting] that")
    found = called("Words", ARTICLES | {"Words": new})
    assert (found.terms, found.opened, found.closed) == (("Data",), 1, 0)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", "[agreed] ", ["now noted as agreed"]),
        ("[agreed ad referendum] ", "[agreed] ", ["now noted as agreed"]),
        ("[agreed] ", "", ["no longer noted as agreed"]),
        ("[agreed] ", "[agreed] ", []),
    ],
)
def test_what_became_agreed_or_ceased_to_be(before: str, after: str, said: list[str]) -> None:
    """A provision that only became agreed, or is no longer, is called out and shown though its words are the same."""
    old, new = (text(ARTICLES | {"Funds": f"{note}{ARTICLES['Funds']}"}) for note in (before, after))
    comparison = compare(old, new)
    change = comparison.changes[-1]
    assert change.relation == "unchanged"
    assert called_out(change.callouts, english) == said
    assert callouts_from(json.loads(json.dumps(callouts_json(change.callouts)))) == change.callouts
    assert all(sentence in shown for sentence in said for shown in (page(comparison), markdown(comparison)))
    assert worth_showing(change) == bool(said)


def test_several_provisions_are_agreed_where_each_is() -> None:
    """Of a split or a merger both sides count as a whole: one part that is not agreed leaves it agreed in part."""
    states = [(), ("", ""), ("agreed", "agreed"), ("agreed", "ad referendum"), ("agreed", ""), ("partly", "agreed")]
    assert [together(row) for row in states] == ["", "", "agreed", "ad referendum", "partly", "partly"]


def test_a_reference_that_was_not_carried_over() -> None:
    """Article 2 is 3 now, and who still refers to article 2 is told; the Charter's article 9 is nobody's here."""
    new = {"Scope": "These rules hold in every country where the board has an office of its own.", **ARTICLES}
    assert called("Appeal", new).references == (Reference("2", "renumbered", "3"),)
    right = new | {"Appeal": ARTICLES["Appeal"].replace("article 2", "article 3")}
    assert not called("Appeal", right)


def test_a_reference_to_what_is_gone() -> None:
    """An article that is referred to and was deleted is called out, in the article whose words did not change."""
    assert called("Appeal", ARTICLES | {"Notice": "Deleted."}).references == (Reference("2", "removed"),)


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ("5a", "6a", "article 5a", "article 6a"),
        ("5 A", "6", "article 5A", "article 6"),
        ("5-1", "6-1", "article 5-1", "article 6-1"),
        ("5 bis", "7", "article 5-bis", "article 7"),
        ("L. 5", "L. 6", "article L. 5", "article L. 6"),
        ("X", "9", "article X", "article 9"),
        ("IV", "V", "article IV", "article V"),
    ],
)
def test_a_reference_follows_a_label_of_any_form(old: str, new: str, before: str, after: str) -> None:
    """What was renumbered together with the references to it changed nothing; where one was left, it is called out."""

    def draft(label: str, reference: str) -> Document:
        articles = f"Article {label}\nNotice\n{ARTICLES['Notice']}\n\nArticle 30\nAppeal\nA reader may appeal under"
        return read(f"Article 1\nFunds\n{ARTICLES['Funds']}\n\n{articles} {reference} of this text.".encode(), "x")

    carried, left = (compare(draft(old, before), draft(new, words)).changes[-1] for words in (after, before))
    assert (carried.flags, carried.callouts) == (("references-only",), Callouts())
    assert (left.relation, [(row.became, row.now) for row in left.callouts.references]) == (
        "unchanged",
        [("renumbered", new.replace("L. ", "L."))],
    )


def test_an_unchanged_draft_has_nothing_to_call_out() -> None:
    """A text compared with itself calls nothing out."""
    assert not any(row.callouts for row in compare(text(ARTICLES), text(ARTICLES)).changes)


@pytest.mark.parametrize(
    ("words", "language", "own"),
    [
        ("under article 5, paragraph 2, of the Charter and article 7 of this Convention", "en", ["7"]),
        ("articles 8, 9 bis and 10 of the Vienna Convention, article 11", "en", ["11"]),
        ("subject to articles 4 and 5. The State", "en", ["4", "5"]),
        ("à l’article 5 de la Convention et à l’article 7 de la présente Convention", "fr", ["7"]),
        ("el artículo 5 de la Convención de Viena y el artículo 7 de la presente Convención", "es", ["7"]),
        ("со статьей 5 Конвенции и статьей 7 настоящей Конвенции", "ru", ["7"]),
        ("《公约》第5条，本公约第八条第2款，第二十四条", "zh", ["8", "24"]),
        ("للمادة ٥ من الاتفاقية والمادة ٧ من هذه الاتفاقية", "ar", ["7"]),
        ("under article 5a, article 5 A and article 5-1 of this Convention", "en", ["5a", "5 A", "5-1"]),
        ("under articles 5-10 and 12 bis, and article 20-ter", "en", ["5", "10", "12 bis", "20 ter"]),
        ("as article 5 A State may not, rule 5.1, Article IV and article [X] say", "en", ["5", "5.1", "IV", "X"]),
        ("l’article L. 121-3, l’article 5 a été lu, l’article premier", "fr", ["L.121-3", "5", "1"]),
        ("el artículo 5 ante la Corte y los artículos 20 ante y 5a", "es", ["5", "20 ante", "5a"]),
        ("в статьях 5 бис, 6-тер и статье 7а", "ru", ["5 бис", "6 тер", "7а"]),
        ("本公约第五条之二、第5-1条和第七條", "zh", ["5 之二", "5-1", "7"]),
        ("والمادة ٥ مكررا والمادّة ٥-١", "ar", ["5 مكررا", "5-1"]),
    ],
)
def test_references_within_the_text(words: str, language: str, own: list[str]) -> None:
    """Articles of other instruments, and paragraphs, are no references to provisions of this one."""
    assert numbers_referred_to(words, language) == own
