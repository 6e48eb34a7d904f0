"""How the time grows with the text: what is four times as long should take four times as long, or little more."""

from __future__ import annotations

from bot.texts.compare import compare
from bot.texts.read import read
from tests.benchmarks.drafts import make_one_article, make_texts
from tests.benchmarks.measuring import Row, fastest

Texts = tuple[str, str]


def measure() -> list[Row]:
    """Measure each size against one four times as large, read, split, aligned and compared."""
    return [
        _row("400 and 1,600 articles", make_texts(400), make_texts(1600)),
        _row(
            "one article of 5,000 and 20,000 words",
            make_one_article(5_000, same=False),
            make_one_article(20_000, same=False),
        ),
        _row(
            "one sentence 1,250 and 5,000 times",
            make_one_article(25_000, same=True),
            make_one_article(100_000, same=True),
        ),
    ]


def _row(what: str, small: Texts, large: Texts) -> Row:
    times = fastest({"small": lambda: _compared(small), "large": lambda: _compared(large)}, rounds=3)
    return Row(what, f"{times['large'] / times['small']:.1f} times ({times['large']:.2f} s)", "5")


def _compared(texts: Texts) -> None:
    old, new = (read(text.encode(), "draft") for text in texts)
    compare(old, new)
