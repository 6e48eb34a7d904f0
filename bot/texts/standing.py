"""Which of the lines that look like structure are it, by where they stand; the others only refer to a provision."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot.texts.brackets import agreement
from bot.texts.grammar import LANGUAGES, Grammar, any_case
from bot.texts.lines import Line
from bot.texts.marks import Mark, could_be_marked, mark_of
from bot.texts.numbered import numbered
from bot.texts.paragraphs import begins_low, ends_sentence
from bot.texts.resolution import paragraphs
from bot.texts.vacant import spread, vacancies

_LONGEST_TITLE = 6  # lines between a division and the label below it
_FARTHEST = 10  # labels that may be missing between one and the next
_MOST_SELDOM = 4  # times as many clauses as articles: then the draft is made of clauses
_CONTINUED = re.compile(
    r"[\[(（]\s*(?:continued|cont[.’']?d?\.?|suite|continuación|продолжение|续|تابع)\s*[\])）]\s*$", re.IGNORECASE
)


def structure(lines: Sequence[Line], language: str) -> tuple[list[Line], list[Mark | None]]:
    """The lines of a draft, labels that were broken over two of them joined, and what each of them is in its place.

    A line that says of several provisions that they are gone becomes a label and a note for each.

    A reference wrapped to a line's start is nothing. Where no line bears a label with a word such as "Article", the
    headings of a numbered text are its labels, or its paragraphs are.
    """
    grammar = LANGUAGES[language]
    lines = _whole(lines, grammar)
    kind = _kind(lines, grammar)
    marks = [mark_of(line.text, language, kind) for line in lines]
    kept = _in_place(marks, lines, grammar, kind)
    if not any(mark and mark.role == "label" for mark in kept):
        kept = _unworded(lines, marks, grammar)
    if gone := vacancies(lines, kept, grammar):
        marks = [gone[at].mark if at in gone else mark for at, mark in enumerate(marks)]
        return spread(lines, _in_place(marks, lines, grammar, kind), gone)
    return lines, kept


def _unworded(lines: Sequence[Line], marks: Sequence[Mark | None], grammar: Grammar) -> list[Mark | None]:
    """The marks of a text that has no word for its provisions: its numbered headings, or its numbered paragraphs."""
    others = [mark if mark and mark.role != "label" else None for mark in marks]
    body = next((at for at, mark in enumerate(others) if mark and mark.role in ("annex", "appendix")), len(lines))
    if any(row := paragraphs(lines[:body], named=True)):
        return [*row, *others[body:]]
    if any(heads := numbered(lines)):
        return _in_place([head or other for head, other in zip(heads, others, strict=True)], lines, grammar, "")
    return [*paragraphs(lines[:body]), *others[body:]]


def _kind(lines: Sequence[Line], grammar: Grammar) -> str:
    """The kind of provision that a draft is made of: the one that most of its labels have, each number counted once."""
    names: dict[str, set[str]] = {}
    for mark in (mark for line in lines for mark in _labels(line.text, grammar) if not _runs_on(mark, grammar)):
        names.setdefault(mark.kind, set()).add(mark.name)
    usual = Counter({kind: len(found) for kind, found in names.items() if kind not in grammar.seldom})
    others = Counter({kind: len(found) for kind, found in names.items() if kind in grammar.seldom})
    (kind, times), (other, more) = (found.most_common(1)[0] if found else ("", 0) for found in (usual, others))
    return other if more > _MOST_SELDOM * times else kind


def _whole(lines: Sequence[Line], grammar: Grammar) -> list[Line]:
    """The lines without those that say that an article goes on here, a label on two lines joined to one."""
    words = any_case("|".join([*grammar.kinds.values(), *grammar.seldom.values()]))
    alone = re.compile(r"(?!)" if grammar.number_first else rf"[\[(]*{words}")
    suffix = re.compile(rf"[\[(]*(?i:{grammar.suffix})[\])]*[.:]?")
    whole: list[Line] = []
    for line in lines:
        before = whole[-1] if whole else None
        if _CONTINUED.search(line.text) and _labels(line.text, grammar):
            continue
        if before and before.bold == line.bold and _broken(before.text, line.text, alone, suffix, grammar):
            whole[-1] = replace(before, text=f"{before.text} {line.text}")
        else:
            whole.append(line)
    return whole


def _broken(before: str, text: str, alone: re.Pattern[str], suffix: re.Pattern[str], grammar: Grammar) -> bool:
    """Whether a label goes on: its number, or its "bis", stands on the next line by itself."""
    if alone.fullmatch(before):
        return any(not mark.rest for mark in _labels(f"{before} {text}", grammar))
    return bool(suffix.fullmatch(text)) and any(not (mark.rest or mark.set_apart) for mark in _labels(before, grammar))


def _labels(text: str, grammar: Grammar) -> list[Mark]:
    """The labels that a line may be: of a usual kind, or else of every kind that counts seldom."""
    if not could_be_marked(text, grammar.language):
        return []
    usual = mark_of(text, grammar.language)
    if usual and usual.role == "label":
        return [usual]
    marks = (mark_of(text, grammar.language, seldom) for seldom in grammar.seldom)
    return [mark for mark in marks if mark and mark.role == "label"]


def _in_place(marks: list[Mark | None], lines: Sequence[Line], grammar: Grammar, kind: str) -> list[Mark | None]:
    """The marks that stand where such a mark can stand."""
    marks = _numbered_alike(marks)
    kept: list[Mark | None] = []
    last = 0
    for index, mark in enumerate(marks):
        foreign = mark and mark.role == "label" and kind and mark.kind != kind
        if mark is None or foreign or not _stands(index, mark, marks, lines, grammar, last):
            kept.append(None)
            continue
        kept.append(mark)
        if mark.role == "label" and mark.value:
            last = mark.value
    return kept


def _numbered_alike(marks: list[Mark | None]) -> list[Mark | None]:
    """The marks; where most labels are in digits a Roman X or I counts nothing: it stands for an open number."""
    labels = [mark for mark in marks if mark and mark.role == "label" and mark.value]
    if 2 * sum(mark.roman for mark in labels) >= len(labels):
        return marks
    return [replace(mark, value=0) if mark and mark.role == "label" and mark.roman else mark for mark in marks]


def _stands(
    index: int, mark: Mark, marks: list[Mark | None], lines: Sequence[Line], grammar: Grammar, last: int
) -> bool:
    line, before = lines[index], lines[index - 1] if index else None
    if before and not marks[index - 1] and line.starts is not True and _goes_on(before.text, grammar):
        return False
    if mark.role == "label":
        return _label_stands(index, mark, marks, lines, grammar, last)
    if mark.role == "division":
        return _division_stands(index, mark, marks, lines)
    if mark.role in ("annex", "appendix"):
        return bool(not mark.rest or (mark.set_apart and not begins_low(mark.rest)))
    return True


def _label_stands(
    index: int, mark: Mark, marks: list[Mark | None], lines: Sequence[Line], grammar: Grammar, last: int
) -> bool:
    line = lines[index]
    ended = _after_an_end(index, marks, lines)
    caseless = grammar.number_first or grammar.right_to_left  # no small letter says that a sentence goes on
    if not mark.rest:
        after = lines[index + 1] if index + 1 < len(lines) else None
        if mark.set_apart and not ended:  # "... as the Court said in its ruling on\nArticle 5."
            return False
        return after is None or line.bold or after.starts is True or not begins_low(after.text)
    if _runs_on(mark, grammar) or line.starts is False:
        return False
    due = not mark.value or last <= mark.value <= last + _FARTHEST
    if mark.set_apart:
        # The sentence above a first label may end with a comma: "Have agreed as follows,".
        clause = last and not ended and index and lines[index - 1].text.endswith(",")
        return due and not clause and (ended or not caseless)
    if not re.search(r"\d|^[IVXLC]+$", mark.name):
        return False  # "Article A Party"
    short = len(mark.rest) < 120 and not ends_sentence(mark.rest)
    next_one = ended and (not last or mark.value in (last, last + 1))
    return next_one or (due and short and (ended or not caseless))


def _runs_on(mark: Mark, grammar: Grammar) -> bool:
    """Whether what stands behind a number goes on with a sentence: "Article 5 of this Convention"."""
    rest = agreement(mark.rest)[0]  # "Article 5 [agreed]"
    if not rest:
        return False
    if rest[0] in ",;)/،؛、，；）》" or begins_low(rest) or re.fullmatch(r"[\d٠-٩]+[\])]*\.?", rest):
        return True
    if grammar.number_first:
        return not mark.set_apart and bool(re.match(rf"[{''.join(grammar.function_words)}所规款项第]", rest))
    first = re.match(r"\w*", rest)
    word = first.group() if first else ""
    return word.lower() == word.upper() and not mark.set_apart and word in grammar.function_words


def _after_an_end(index: int, marks: list[Mark | None], lines: Sequence[Line]) -> bool:
    """Whether what stands above a line is complete: nothing, a line with structure, or the end of a sentence."""
    before = lines[index - 1] if index else None
    return bool(
        before is None
        or lines[index].starts is True
        or lines[index].bold
        or marks[index - 1]
        or ends_sentence(before.text)
        or before.text[-1:] in "])】）］"
    )


def _goes_on(text: str, grammar: Grammar) -> bool:
    """Whether a line ends in the middle of a sentence: with a comma or a word such as "of"."""
    last = re.search(r"(\w+)$", text)
    if not last:
        return text.endswith(("、", "，", "،"))
    word = last.group(1)[-1:] if grammar.number_first else last.group(1)
    return word.casefold() in grammar.function_words and not (word[:1].isupper() or word[:1].istitle())


def _division_stands(index: int, mark: Mark, marks: list[Mark | None], lines: Sequence[Line]) -> bool:
    """A division has a label or another division below its title, and its title is no sentence."""
    if mark.rest and (mark.rest[0] in ",;)" or begins_low(mark.rest)):
        return False
    for offset in range(_LONGEST_TITLE):
        position = index + offset
        if position + 1 >= len(lines):
            return False
        text = lines[position].text
        # A title in capitals may go on after a comma.
        sentence = re.search(r"[.;]$", text) or (text.endswith(",") and not text.isupper())
        if sentence and not (offset == 0 and not mark.rest):
            return False
        following = marks[position + 1]
        if following and following.role in ("label", "division", "option"):
            return True
    return False
