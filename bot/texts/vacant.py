"""Lines that say of several provisions at once that they are gone: "Articles 5 to 10 [deleted]"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from bot.texts.grammar import LANGUAGES, Grammar, any_case
from bot.texts.labels import unfolded
from bot.texts.lines import Line
from bot.texts.listed import all_of, listed
from bot.texts.marks import Mark
from bot.texts.numerals import value_of

_LONGEST = 200  # characters of such a line
_FARTHEST = 10  # labels that may be missing before the first


@dataclass(frozen=True, slots=True)
class Vacancy:
    """The provisions that a line says are gone, by label, their kind, and its note; "" where that is the next line."""

    labels: tuple[str, ...]
    kind: str
    note: str

    @property
    def mark(self) -> Mark:
        """The line as the label of the last of them."""
        return Mark("label", self.labels[-1], self.kind, value=_figure(self.labels[-1]))


def vacancies(lines: Sequence[Line], marks: Sequence[Mark | None], grammar: Grammar) -> dict[int, Vacancy]:
    """The lines that leave provisions empty, by index; `marks` are the labels that there are without them.

    Such a line stands where those provisions would: behind lower numbers and before higher ones. Elsewhere ("Articles
    5 to 10 of the Convention are deleted" in article 3 of a protocol) it is text.
    """
    heads = _heads(grammar.language)
    found: dict[int, Vacancy] = {}
    for index, line in enumerate(lines):
        if len(line.text) > _LONGEST or not heads.match(line.text):
            continue
        vacancy = _vacancy(line.text, lines[index + 1].text if index + 1 < len(lines) else "", grammar)
        if vacancy and _in_order(index, vacancy, marks, found):
            found[index] = vacancy
    return found


def spread(
    lines: Sequence[Line], marks: Sequence[Mark | None], found: Mapping[int, Vacancy]
) -> tuple[list[Line], list[Mark | None]]:
    """The lines and marks with a label and a note for each provision that is gone."""
    more: list[Line] = []
    roles: list[Mark | None] = []
    for index, (line, mark) in enumerate(zip(lines, marks, strict=True)):
        vacancy = found.get(index)
        if vacancy is None or mark is None:
            more.append(line)
            roles.append(mark)
            continue
        note = Line(vacancy.note or lines[index + 1].text, starts=True)
        for label in vacancy.labels:
            more += [Line(label, starts=True), note]
            roles += [Mark("label", label, vacancy.kind, value=_figure(label)), None]
        if not vacancy.note:  # the next line is the note of the last
            more.pop()
            roles.pop()
    return more, roles


@cache
def _heads(language: str) -> re.Pattern[str]:
    """How such a line begins: with the plural, or as careless as "Article 5 to 10"."""
    grammar = LANGUAGES[language]
    if grammar.number_first:
        return re.compile(r"[\[(（【]*(?=第)")
    kinds = {kind: f"{grammar.several.get(kind, words)}|{words}" for kind, words in grammar.kinds.items()}
    words = "|".join(f"(?P<{kind}>{any_case(words)})" for kind, words in kinds.items())
    return re.compile(rf"[\[(]*(?:{words})\s+(?:(?:من|с|со|de|del)\s+)?[\[(]*")


@cache
def _note(language: str) -> re.Pattern[str]:
    grammar = LANGUAGES[language]
    gone = rf"(?P<note>(?:{grammar.gone})(?![^\W\d_]).*)" if grammar.spaced else rf"(?P<note>(?:{grammar.gone}).*)"
    return re.compile(rf"[\s\])）】]*[,.:：–—-]?[\s\[(（【]*(?:(?:{grammar.been})\s*)?{gone}$", re.IGNORECASE)


def _vacancy(text: str, below: str, grammar: Grammar) -> Vacancy | None:
    text = unfolded(text)
    head = _heads(grammar.language).match(text)
    if head is None:
        return None
    row = list(listed(text, head.end(), grammar, plural=True))
    note = _note(grammar.language)
    rest = text[row[-1].end :] if row else ""
    said = note.match(rest)
    alone = not rest.strip(" :.])）】") and len(below) <= _LONGEST and note.match(below)
    one = len(row) == 1 and not (said and _bare(said["note"]) and said["note"][0].islower())
    if not row or one or not (said or alone):
        return None
    words = said["note"].strip(" ])）】") if said else ""
    return Vacancy(tuple(all_of(row)), head.lastgroup or "article", words[:1].upper() + words[1:])


def _bare(note: str) -> bool:
    """Whether a note says nothing more: "Article 5 deleted", but not "Article 5 deleted what article 4 ..."."""
    return len(note.split()) == 1


def _in_order(index: int, vacancy: Vacancy, marks: Sequence[Mark | None], found: Mapping[int, Vacancy]) -> bool:
    """Whether the labels before a line are lower than what it names, and those behind it higher."""
    marked = [found[at].mark if at in found else mark for at, mark in enumerate(marks[:index])]
    before = next((mark for mark in reversed(marked) if mark and mark.role == "label" and mark.value), None)
    after = _next_label(marks[index + 1 :])
    first, last = _figure(vacancy.labels[0]), _figure(vacancy.labels[-1])
    if before and (before.name in vacancy.labels or not before.value <= first <= before.value + _FARTHEST):
        return False
    if after:
        return after.name not in vacancy.labels and last <= after.value
    return bool(before) and first <= (before.value if before else 0) + 1


def _next_label(marks: Sequence[Mark | None]) -> Mark | None:
    """The next label of the text itself: an annex numbers its own."""
    for mark in marks:
        if mark and mark.role in ("annex", "appendix"):
            return None
        if mark and mark.role == "label" and mark.value:
            return mark
    return None


def _figure(label: str) -> int:
    """What a label counts: its first figures, or its Roman numerals."""
    figures = re.search(r"\d+", label)
    return int(figures[0]) if figures else value_of(label.split(maxsplit=1)[0])
