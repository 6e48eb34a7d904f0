"""Two drafts of one long treaty, as PDFs: what the text engine is measured on. The same at each run."""

from __future__ import annotations

import random
from dataclasses import dataclass

from fpdf import FPDF

from tests.benchmarks.tongues import LATIN

ARTICLES = 70
WORDS = 22_000
_STEMS = LATIN.split()
_ENDS = "ing tion al ment ity ous ate ers ed ism ance ible ary ures est".split()
_SMALL = "the of and to in a for or by with under any such shall may be is not that this on as from at its".split()


@dataclass(frozen=True)
class Pair:
    """An old and a new draft, each as text and as a PDF of some 45 pages."""

    old_text: str
    new_text: str
    old_pdf: bytes
    new_pdf: bytes


def make_pair() -> Pair:
    """Write both: the new one has articles put in, taken out, moved and reworded, and 6 % of its words changed."""
    old, new = make_texts(ARTICLES)
    return Pair(old, new, _pdf(old), _pdf(new))


def make_texts(count: int) -> tuple[str, str]:
    """Write the text of both drafts alone, of `count` articles, 50 or more."""
    chance = random.Random(7)
    vocabulary = [f"{one}{two}{end}" for one in _STEMS for two in _STEMS[::3] for end in _ENDS[::2]]
    articles = [_article(chance, vocabulary) for _ in range(count)]
    changed = [_reworded(chance, vocabulary, article) if chance.random() < 0.6 else article for article in articles]
    changed.insert(5, changed.pop(40))
    del changed[20]
    changed.insert(30, _article(chance, vocabulary))
    return _printed(articles), _printed(changed)


def make_one_article(words: int, *, same: bool) -> tuple[str, str]:
    """Write two drafts of one article: paragraphs of twenty words, a few of them reworded; `same`: the same each."""
    chance = random.Random(7)
    vocabulary = [f"{one}{two}" for one in _STEMS for two in _ENDS]
    sentence = _sentence(chance, vocabulary, 20)
    article = ["Scope", *(sentence if same else _sentence(chance, vocabulary, 20) for _ in range(words // 20))]
    changed = article[:-3] if same else [article[0], *_reworded(chance, vocabulary, article[1:])]
    return _printed([article]), _printed([changed])


def _article(chance: random.Random, vocabulary: list[str]) -> list[str]:
    """Give a heading and some paragraphs."""
    heading = " ".join(chance.choice(vocabulary) for _ in range(3)).capitalize()
    return [heading, *(_sentence(chance, vocabulary, WORDS // ARTICLES // 6) for _ in range(6))]


def _sentence(chance: random.Random, vocabulary: list[str], words: int) -> str:
    chosen = " ".join(_word(chance, vocabulary) for _ in range(words))
    return f"{chosen.capitalize()}."


def _word(chance: random.Random, vocabulary: list[str]) -> str:
    """Choose a word as texts do: nearly half of them are small ones, and of the others few come often."""
    if chance.random() < 0.45:
        return chance.choice(_SMALL)
    return vocabulary[int(len(vocabulary) ** chance.random()) - 1]


def _reworded(chance: random.Random, vocabulary: list[str], article: list[str]) -> list[str]:
    return [
        " ".join(_word(chance, vocabulary) if chance.random() < 0.1 else word for word in line.split(" "))
        for line in article
    ]


def _printed(articles: list[list[str]]) -> str:
    parts = []
    for number, (heading, *paragraphs) in enumerate(articles, 1):
        numbered = "\n".join(f"{n}. {paragraph}" for n, paragraph in enumerate(paragraphs, 1))
        parts.append(f"Article {number}\n{heading}\n{numbered}")
    return "Preamble\nThe States Parties to this Convention,\nHave agreed as follows:\n\n" + "\n\n".join(parts)


def _pdf(text: str) -> bytes:
    pdf = FPDF(format="A4")
    pdf.set_margins(28, 25)
    pdf.set_auto_page_break(auto=True, margin=25)
    pdf.add_page()
    for line in text.split("\n"):
        pdf.set_font("Times", style="B" if line.startswith("Article ") else "", size=11)
        pdf.multi_cell(0, 5.1, line or " ", new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())
