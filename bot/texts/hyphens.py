"""Words broken at a line's end made whole; how a text writes a word elsewhere tells whether its hyphen stays."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.texts.lines import Line
from bot.texts.paragraphs import begins_item

_BROKEN = re.compile(r"(\w+)[\ufffe\u00ad](\w+)")
_WORD = re.compile(r"\w+(?:-\w+)*")
_LINE_END = re.compile(r"(?P<left>\w+(?:-\w+)*)(?P<sign>[-\u2010\u00ad])$")
_JOINTS = frozenset("and or to et ou y e o u и или".split())
_LONGEST_WORD = 80
_LONGEST_LINE = 2000  # characters of a line to which something is moved up
_FAMILY = 2  # compounds that begin alike ("non-"), for a hyphen behind that beginning to be one


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a text with their number, those with a hyphen whole, and how many of these begin with each part."""

    words: Counter[str]
    beginnings: Counter[str]

    def whole(self, left: str, right: str) -> str:
        """The word of which `left` stood before the hyphen at a line's end and `right` on the next line."""
        one, two = left.casefold(), right.casefold()
        if two in _JOINTS:
            return f"{left}- {right}"  # "short- and long-term"
        together, apart = self.words[f"{one}{two}"], self.words[f"{one}-{two}"]
        if together or apart:
            compound = apart >= together
        else:
            named = (right[:1].isupper() and not right.isupper()) or not (left + right).replace("-", "").isalpha()
            parts = bool(self.words[one] and self.words[two])
            compound = named or parts or self.beginnings[one] >= _FAMILY
        return f"{left}-{right}" if compound else left + right


def vocabulary(texts: Iterable[str]) -> Vocabulary:
    """What is known from lines; a word that is itself broken there says nothing."""
    words: Counter[str] = Counter()
    cut = False
    for text in texts:
        shown = _BROKEN.sub(" ", text).casefold()
        found = _WORD.findall(shown)
        words.update(found[cut:])
        if cut := _is_cut(shown):
            words[found[-1]] -= 1
    beginnings = Counter(word.split("-")[0] for word, times in words.items() if "-" in word and times > 0)
    return Vocabulary(words, beginnings)


def unbroken(texts: Sequence[str]) -> list[str]:
    """Texts without the signs that pdfium puts for a hyphen at a line's end."""
    if not any("\ufffe" in text or "\u00ad" in text for text in texts):
        return list(texts)
    known = vocabulary(texts)
    return [_BROKEN.sub(lambda match: known.whole(match[1], match[2]), text).replace("\ufffe", "-") for text in texts]


def rejoined(lines: Sequence[Line]) -> list[Line]:
    """Lines of which none ends within a word: the rest of it is moved up from the next one."""
    if not any(_is_cut(line.text) for line in lines):
        return list(lines)
    known = vocabulary(line.text for line in lines)
    whole: list[Line] = []
    for line in lines:
        before = whole[-1].text if whole and len(whole[-1].text) < _LONGEST_LINE else ""
        cut = _LINE_END.search(before[-_LONGEST_WORD:]) if _is_cut(before) else None
        rest = re.match(r"(?P<word>[^\W_]+)\S*", line.text)
        if cut is None or rest is None or not _continues(cut["left"], line.text):
            whole.append(line)
            continue
        left, word = cut["left"], rest["word"]
        joined = left + word if cut["sign"] == "\u00ad" else known.whole(left, word)
        moved = f"{before[: -len(cut.group())]}{joined}{rest.group()[len(word) :]}"
        whole[-1] = replace(whole[-1], text=moved)
        if after := line.text[rest.end() :].strip():
            whole.append(replace(line, text=after, starts=False if line.starts is False else None))
    return whole


def _is_cut(text: str) -> bool:
    """Whether a line ends with a hyphen behind a word."""
    return text[-1:] in ("-", "\u2010", "\u00ad") and text[-2:-1].isalnum()


def _continues(left: str, text: str) -> bool:
    """Whether a line can go on with a word: in small letters, or in capitals as it began."""
    return not begins_item(text) and (text[:1].islower() or (left[-1:].isupper() and text[:1].isupper()))
