"""What of a text is wording and what only typography."""

import re
import unicodedata

_QUOTES = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "´": "'", "`": "'"}
)
_NOISE = re.compile(r"[\-\u00ad\u2010-\u2015\u2212\u200b-\u200f\ufeff\u0640]+")
HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
"""The range, for a class in a pattern, of signs of which each is a word."""
MARKS = r"\u0300-\u036f\u064b-\u065f\u0670"
"""The ranges, likewise, of signs that sit on a letter and belong to its word."""
LETTERS = rf"(?:[^\W_{HAN}]++|[{MARKS}]++)++"
"""A pattern for a word's letters, figures and marks."""
_WORD = re.compile(rf"[{HAN}]|{LETTERS}")
_PLAIN = "".join(chr(code).lower() if chr(code).isalnum() else " " for code in range(128))


def bare(text: str) -> str:
    """The text without white space, hyphens and style of quotes: what is equal here is the same wording."""
    if text.isascii():
        return "".join(text.split()).replace("-", "").replace("`", "'")
    plain = unicodedata.normalize("NFKC", text.translate(_QUOTES))
    return _NOISE.sub("", "".join(plain.split()))


def words(text: str) -> list[str]:
    """The words, in small letters and without punctuation; each Chinese character is one."""
    if text.isascii():
        return text.translate(_PLAIN).split()  # quicker than the pattern, and the same
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
