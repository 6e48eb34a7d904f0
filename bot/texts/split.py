"""From lines to provisions: which lines are labels, what belongs to them, which only note that something is gone."""

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from bot.texts.brackets import agreement, count
from bot.texts.document import PREAMBLE, Provision
from bot.texts.grammar import LANGUAGES, Grammar, any_case
from bot.texts.headings import heading_and_body
from bot.texts.lines import Line
from bot.texts.marks import Mark
from bot.texts.numerals import value_of
from bot.texts.paragraphs import begins_item, ends_sentence, join
from bot.texts.standing import structure

_LONGEST_NOTE = 220  # characters of a placeholder, its heading included
_MOST_ABOVE = 4  # lines below a label in which a note of agreement is about the whole provision


@dataclass
class _Draft:
    """A provision while it is put together."""

    label: str
    kind: str
    chapter: str
    option: str
    first: str
    rest: str = ""
    lines: list[Line] = field(default_factory=list)


def split(lines: list[Line], language: str) -> tuple[Provision, ...]:
    """The provisions of a draft in the order in which they stand; none where it has no labels."""
    grammar = LANGUAGES[language]
    lines, marks = structure(lines, language)
    if not any(mark and mark.role == "label" for mark in marks):
        return ()
    start = _front_matter(lines, marks, grammar)
    drafts = _gathered(lines, marks, start)
    return _finished(_without_contents(drafts), grammar)


def _front_matter(lines: list[Line], marks: list[Mark | None], grammar: Grammar) -> int:
    """The index of the line with which the preamble begins."""
    first = next(index for index, mark in enumerate(marks) if mark and mark.role in ("label", "division"))
    label = next(index for index, mark in enumerate(marks) if mark and mark.role == "label")
    for index in range(label - 1, -1, -1):
        mark = marks[index]
        if mark and mark.role == "preamble":
            return index
    opener = re.compile(r"[\[“\"]*" + grammar.opener)
    within = re.compile(rf"(?:^|\s){any_case(grammar.preamble)}\s+(?=[A-ZÀ-ÝА-Я])")
    for index in range(first - 1, -1, -1):
        if inside := list(within.finditer(lines[index].text)):
            lines[index] = replace(lines[index], text=lines[index].text[inside[-1].end() :], starts=True)
            return index
    return next((index for index in range(first) if opener.match(lines[index].text)), 0)


def _gathered(lines: list[Line], marks: list[Mark | None], start: int) -> list[_Draft]:
    """Each provision with its lines. Inside an annex labels and divisions are text: it numbers its own clauses."""
    current = _Draft(PREAMBLE, "preamble", "", "", "")
    drafts = [current]
    titles: dict[int, str] = {}
    open_level: int | None = None
    option = ""
    for index in range(start, len(lines)):
        line, mark = lines[index], marks[index]
        annexed = current.kind == "annex"
        if mark and mark.role == "label" and not annexed:
            current = _Draft(mark.name, mark.kind, _chapter(titles), option or mark.note, line.text, mark.rest)
            drafts.append(current)
            open_level = None
        elif mark and len(drafts) > 1 and _opens_annex(mark, current):
            current = _Draft(mark.name, "annex", "", "", line.text, mark.rest)
            drafts.append(current)
        elif mark and mark.role == "division" and not annexed:
            titles = {level: title for level, title in titles.items() if level < mark.level}
            titles[mark.level] = f"{mark.name} {mark.rest}".strip()
            open_level, option = mark.level, ""
        elif mark and mark.role == "option" and not annexed and _heads_label(index, marks):
            option = mark.name
        elif open_level is not None:
            titles[open_level] = f"{titles[open_level]} {line.text}"
        elif not (mark and mark.role == "preamble" and current.kind == "preamble" and not current.lines):
            current.lines.append(line)
        else:
            current.first = line.text
    return drafts


def _opens_annex(mark: Mark, current: _Draft) -> bool:
    """Whether an annex begins here: within an annex only the one that is due, for annexes have appendices."""
    if current.kind != "annex":
        return mark.role in ("annex", "appendix")
    before, number = (value_of(label.split()[-1]) for label in (current.label, mark.name))
    return mark.role == "annex" and number > 1 and before < number <= before + 2


def _heads_label(index: int, marks: list[Mark | None]) -> bool:
    following = marks[index + 1] if index + 1 < len(marks) else None
    return following is not None and following.role == "label"


def _chapter(titles: dict[int, str]) -> str:
    return " / ".join(titles[level] for level in sorted(titles))


def _without_contents(drafts: list[_Draft]) -> list[_Draft]:
    """Without the rows of a table of contents: labels that come again with a body, or with the same short note."""
    filled = {draft.label for draft in drafts if draft.lines}
    last = {_note(draft): index for index, draft in enumerate(drafts)}
    return [
        draft
        for index, draft in enumerate(drafts)
        if (draft.lines and last[_note(draft)] == index) or draft.rest or draft.label not in filled
    ]


def _note(draft: _Draft) -> tuple[str, ...]:
    """The label and the only line of a draft; of one that has more what nothing else has."""
    return (draft.label, draft.lines[0].text) if len(draft.lines) == 1 else (str(id(draft)),)


def _finished(drafts: list[_Draft], grammar: Grammar) -> tuple[Provision, ...]:
    made = [_provision(draft, grammar) for draft in drafts]
    labels = _unique([draft.label for draft in drafts], [draft.option for draft in drafts])
    kept = [
        replace(provision, label=label)
        for provision, label in zip(made, labels, strict=True)
        if provision.text or provision.heading or provision.kind != "preamble"
    ]
    return tuple(replace(provision, ordinal=ordinal) for ordinal, provision in enumerate(kept))


def _unique(labels: list[str], options: list[str]) -> list[str]:
    """Labels of which each is there once: by its option where one is printed, else by a count."""
    times = Counter(labels)
    seen: Counter[str] = Counter()
    unique: list[str] = []
    for label, option in zip(labels, options, strict=True):
        named = f"{label} ({option})" if times[label] > 1 and option else label
        seen[named] += 1
        unique.append(named if seen[named] == 1 else f"{named} ({seen[named]})")
    return unique


def _provision(draft: _Draft, grammar: Grammar) -> Provision:
    clauses = draft.kind == "preamble"
    own, above = _above(draft)
    heading, body = ("", own.lines) if clauses else heading_and_body(own.rest, own.lines, grammar)
    if own.kind == "paragraph":  # what stands behind its number is its text
        heading, body = "", [Line(own.rest, starts=True), *own.lines]
    paragraphs, within = _agreed(join(body, grammar.spaced, clauses))
    text = "\n".join(paragraphs)
    brackets = sum(count(part) for part in (own.first[: len(own.first) - len(own.rest)], heading, text))
    placeholder = _is_placeholder(heading, text, grammar)
    return Provision(
        own.label,
        own.kind,
        heading,
        own.chapter,
        text,
        placeholder,
        brackets,
        0,
        "" if placeholder else above or within,
    )


def _above(draft: _Draft) -> tuple[_Draft, str]:
    """The provision without the notes of agreement on its label, its heading or above its text; what they say."""
    if draft.kind == "preamble":
        return draft, ""
    state = ""
    rest, said = agreement(draft.rest)
    state = said or state
    lines = list(draft.lines)
    for index, line in enumerate(lines[:_MOST_ABOVE]):
        if begins_item(line.text) or (index and ends_sentence(line.text)):
            break
        text, said = agreement(line.text)
        if said and (index == 0 or not text):
            state = said
            lines[index] = replace(line, text=text)
    first = draft.first if rest == draft.rest else f"{draft.first[: len(draft.first) - len(draft.rest)]}{rest}"
    return replace(draft, first=first, rest=rest, lines=[line for line in lines if line.text]), state


def _agreed(paragraphs: list[str]) -> tuple[list[str], str]:
    """The paragraphs without their notes of agreement, and what these say of the whole.

    A note on a line of its own below the last paragraph is about all of them.
    """
    found = [agreement(paragraph) for paragraph in paragraphs]
    kept = [text for text, _ in found if text]
    states = [state for text, state in found if text]
    if found and not found[-1][0] and found[-1][1]:
        return kept, found[-1][1]
    said = [state for _, state in found if state]
    if not said:
        return kept, ""
    if all(states):
        return kept, "ad referendum" if "ad referendum" in states else "agreed"
    return kept, "partly"


def _is_placeholder(heading: str, text: str, grammar: Grammar) -> bool:
    gone = rf"[\[(]*(?:{grammar.gone})\b"
    short = len(heading) + len(text) <= _LONGEST_NOTE
    return short and any(re.match(gone, part, re.IGNORECASE) for part in (text, heading if not text else ""))
