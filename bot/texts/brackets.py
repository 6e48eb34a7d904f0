"""What negotiators have not agreed, and what they have: square brackets, and the notes that say "agreed"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.texts.grammar import LANGUAGES

OPENING = "[［【〔"
MOST = 2000
CLOSING = "]］】〕"
AGREED = ("", "partly", "agreed", "ad referendum")
"""How far a provision is agreed: not, some of its paragraphs, as a whole, as a whole but for a last confirmation."""
WHOLE = frozenset({"agreed", "ad referendum"})
"""The states of what is agreed as a whole."""

_CHOICE = re.compile(
    r"\s*(?P<name>(?:Option|Alternative|Alt\.?|Variante?|Opción|Opcion|Вариант|Альтернатива|备选案文|备选方案|选项|الخيار|خيار|البديل)"
    r"\s*(?:[A-Z]|[IVX]{1,5}|\d{1,2}|[一二三四五六七八九十]|[А-Я]|[\u0621-\u064a]{1,6})?)\s*[:：.–—-]",
    re.IGNORECASE,
)
_OPEN, _CLOSE = rf"[{re.escape(OPENING)}]", rf"[{re.escape(CLOSING)}]"
_TAIL = rf"(?:\s*[,;:–—-][^{re.escape(OPENING + CLOSING)}\n]{{0,60}}|\s+(?:on |le |el )?\d[\w .,:/]{{0,40}})?"
_NOTES = "|".join(f"(?:{grammar.agreed})" for grammar in LANGUAGES.values())
_AD_REFERENDUM = re.compile(
    r"ad\.?\s*ref|referéndum|референдум|待核准|待审|须经核准|تشاور|الاستشارة|بشرط", re.IGNORECASE
)
_NOTE = re.compile(
    rf"{_OPEN}\s*(?:{_NOTES}){_TAIL}\s*{_CLOSE}|[(（]\s*(?=[^()（）\n]{{0,40}}ad ref)(?:{_NOTES}){_TAIL}\s*[)）]",
    re.IGNORECASE,
)
_NOTE_SIGN = re.compile(rf"[{re.escape(OPENING)}(（]")  # a quick look
_NOTE_LINE = re.compile(rf"\s*[(（]?(?:{_NOTES})[)）]?\s*[.:]?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bracket:
    """A bracketed stretch of a text, `text[start:end]` with its brackets.

    `depth` is 1 for an outermost one; one that is never closed ends with the text. `option` is the name it begins with
    ("OPTION A"), or "". Brackets that follow one another without words between them are alternatives to one another:
    they share a number in `alternatives`, which is 0 for one that stands alone.
    """

    start: int
    end: int
    depth: int
    option: str
    alternatives: int
    closed: bool


def count(text: str) -> int:
    """The opening square brackets of a text, in any of their shapes."""
    return sum(text.count(sign) for sign in OPENING)


def brackets_of(text: str) -> tuple[Bracket, ...]:
    """The brackets of a text in the order in which they open; a closing one without an opening one is none.

    Of more than `MOST` the first are given: no draft has that many in one provision.
    """
    spans: list[tuple[int, int, int, bool]] = []
    open_: list[int] = []
    opened = 0
    for index, sign in enumerate(text):
        if sign in OPENING:
            opened += 1
            if opened > MOST:
                break
            open_.append(index)
        elif sign in CLOSING and open_:
            depth = len(open_)
            spans.append((open_.pop(), index + 1, depth, True))
    spans += [(start, len(text), depth, False) for depth, start in enumerate(open_, 1)]
    return _grouped(text, sorted(spans))


def _grouped(text: str, spans: list[tuple[int, int, int, bool]]) -> tuple[Bracket, ...]:
    last: dict[int, int] = {}  # by depth: the place of the bracket before
    groups = [0] * len(spans)
    number = 0
    for place, (start, _, depth, _) in enumerate(spans):
        before = last.get(depth)
        if before is not None and _adjoin(text[spans[before][1] : start]):
            if not groups[before]:
                number += 1
                groups[before] = number
            groups[place] = groups[before]
        last[depth] = place
    return tuple(
        Bracket(start, end, depth, _option(text[start + 1 : start + 60]), group, closed)
        for (start, end, depth, closed), group in zip(spans, groups, strict=True)
    )


def _adjoin(between: str) -> bool:
    return len(between) <= 12 and bool(re.fullmatch(r"\s*(?:[/|]|or|ou|o|или|或|أو)?\s*", between, re.IGNORECASE))


def _option(inner: str) -> str:
    match = _CHOICE.match(inner)
    return " ".join(match["name"].split()).upper() if match else ""


def agreement(text: str) -> tuple[str, str]:
    """A paragraph without its notes of agreement, and how far they say it is agreed (one of `AGREED`)."""
    if _NOTE_LINE.fullmatch(text):
        return "", _state(text)
    notes = _NOTE.findall(text) if _NOTE_SIGN.search(text) else []
    if not notes:
        return text, ""
    bare = re.sub(r"[^\S\n]{2,}", " ", _NOTE.sub(" ", text)).strip()
    return re.sub(r"\s+(?=[.,;:]$)", "", bare), _state(notes[-1])


def together(states: Iterable[str]) -> str:
    """How far several paragraphs or provisions are agreed as one: as a whole only where each is."""
    found = set(states)
    if found == {"agreed"}:
        return "agreed"
    if found <= WHOLE:
        return "ad referendum" if found else ""
    return "partly" if found != {""} else ""


def _state(note: str) -> str:
    return "ad referendum" if _AD_REFERENDUM.search(note) else "agreed"
