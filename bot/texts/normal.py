"""What of a text is wording and what only typography."""

import re
import unicodedata

_QUOTES = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "´": "'", "`": "'"}
)
_NOISE = re.compile(r"[\-\u00ad\u2010-\u2015\u2212\u200b-\u200f\ufeff\u0640]+")
HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
"""The range, for a class in a pattern, of signs of which each is a word."""
_MARKS = r"\u0300-\u036f\u064b-\u065f\u0670"  # they sit on a letter and belong to its word
LETTERS = rf"(?:[^\W_{HAN}]++|[{_MARKS}]++)++"
"""A pattern for a word's letters, figures and marks."""
_WORD = re.compile(rf"[{HAN}]|{LETTERS}")


def bare(text: str) -> str:
    """The text without white space, hyphens and style of quotes: what is equal here is the same wording."""
    return _NOISE.sub("", "".join(unicodedata.normalize("NFKC", text.translate(_QUOTES)).split()))


def words(text: str) -> list[str]:
    """The words, in small letters and without punctuation; each Chinese character is one."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
