"""A redline for readers: made short for a message, and the words of obligation that it changed."""

import re
from collections.abc import Iterable, Iterator

from rapidfuzz.distance import Levenshtein

from bot.texts.edits import Op, merged, redline
from bot.texts.grammar import LANGUAGES
from bot.texts.normal import bare

__all__ = ["Op", "excerpt", "obligations", "redline"]

_NUMBER = re.compile(r"([\[(“\"]*)(\d{1,3}|[٠-٩]{1,3})\s?[.)-]\s*")
_LETTER = re.compile(r"(\[*)(\([^\W_]{1,5}\))\s*")
_SHORT = 4  # words of an edit that only adds or takes away; a longer one is a new or a lost clause


def excerpt(ops: Iterable[Op], words: int = 6) -> tuple[Op, ...]:
    """A redline for a message: the paragraphs with edits alone, `words` words of unchanged text around each edit.

    What is left out is marked by ("skipped", "… "), a paragraph with a number begins with ("paragraph", "Para 2: ")
    where the text has several. Edits of white space, hyphens and quotes alone are shown as equal text.
    """
    shown: list[Op] = []
    paragraphs = _paragraphs(_worded(ops))
    number = ""
    for paragraph in paragraphs:
        number, place = _place(paragraph, number)
        if all(op == "equal" for op, _ in paragraph):
            continue
        if shown:
            shown.append(("equal", "\n"))
        if place and len(paragraphs) > 1:
            shown.append(("paragraph", f"Para {place}: "))
            paragraph = _flush_left(_unnumbered(paragraph))  # noqa: PLW2901
        shown += _shortened(paragraph, words)
    return tuple(shown)


def _worded(ops: Iterable[Op]) -> tuple[Op, ...]:
    """The edits without those that are typography alone."""
    kept: list[Op] = []
    gone = come = ""
    for op, text in [*ops, ("equal", "")]:
        if op == "delete":
            gone += text
        elif op == "insert":
            come += text
        else:
            kept += [("equal", come)] if bare(gone) == bare(come) else [("delete", gone), ("insert", come)]
            kept.append((op, text))
            gone = come = ""
    return tuple(merged(kept))


def edited_paragraphs(ops: Iterable[Op]) -> Iterator[list[Op]]:
    """The ops of each paragraph in which words changed."""
    for paragraph in _paragraphs(_worded(ops)):
        if any(op != "equal" for op, _ in paragraph):
            yield paragraph


def _paragraphs(ops: tuple[Op, ...]) -> list[list[Op]]:
    """The ops of each paragraph; a line break inside any of them parts two."""
    paragraphs: list[list[Op]] = [[]]
    for op, text in ops:
        for position, piece in enumerate(text.split("\n")):
            if position:
                paragraphs.append([])
            if piece:
                paragraphs[-1].append((op, piece))
    return [paragraph for paragraph in paragraphs if paragraph]


def _place(paragraph: list[Op], number: str) -> tuple[str, str]:
    """The number of the last numbered paragraph, and the place of this one: "2", "2 (a)", or nothing."""
    text = "".join(piece for op, piece in paragraph if op != "delete") or "".join(piece for _, piece in paragraph)
    if match := _NUMBER.match(text):
        return match.group(2), match.group(2)
    if match := _LETTER.match(text):
        return number, f"{number} {match.group(2)}".strip()
    return number, ""


def _unnumbered(paragraph: list[Op]) -> list[Op]:
    """The paragraph without its number, where all of it is on one side of an edit or on both."""
    (op, text), *rest = paragraph
    match = _NUMBER.match(text) or _LETTER.match(text)
    return [(op, match.group(1) + text[match.end() :]), *rest] if match else paragraph


def _flush_left(paragraph: list[Op]) -> list[Op]:
    """The paragraph without white space before its first words, on either side of the edits there."""
    kept: list[Op] = []
    for index, (op, text) in enumerate(paragraph):
        if text.lstrip():
            kept.append((op, text.lstrip()))
        if op == "equal" and text.strip():
            return [*kept, *paragraph[index + 1 :]]
    return kept


def _shortened(paragraph: list[Op], words: int) -> Iterator[Op]:
    last = len(paragraph) - 1
    for index, (op, text) in enumerate(paragraph):
        spans = [match.span() for match in re.finditer(r"\S+\s*", text)]
        keep = words * ((index > 0) + (index < last))
        if op != "equal" or len(spans) <= keep + 2:
            yield op, text
            continue
        if index > 0:
            yield "equal", text[: spans[words - 1][1]]
        yield "skipped", "… "
        if index < last:
            yield "equal", text[spans[-words][0] :]


def obligations(ops: Iterable[Op], language: str = "en") -> tuple[tuple[str, str], ...]:
    """Words of obligation, permission and negation that were replaced, added ("" before) or taken away ("" after).

    They are found inside larger edits too; a "not" that is on both sides of one edit is none of them.
    """
    grammar = LANGUAGES.get(language, LANGUAGES["en"])
    words = re.compile(_bounded(f"{grammar.qualifiers}|{grammar.modals}"), re.IGNORECASE)
    modal = re.compile(grammar.modals, re.IGNORECASE)
    found: list[tuple[str, str]] = []
    for gone, come in edits(ops):
        if not (gone and come) and len((gone or come).split()) > _SHORT:
            continue
        before, after = ([word.casefold() for word in words.findall(side)] for side in (gone, come))
        if before == after:
            continue
        for code in Levenshtein.opcodes(before, after):
            if code.tag != "equal":
                found += _became(before[code.src_start : code.src_end], after[code.dest_start : code.dest_end], modal)
    return tuple(dict.fromkeys(found))


def _became(before: list[str], after: list[str], modal: re.Pattern[str]) -> list[tuple[str, str]]:
    """One modal verb can become another; any other word came or went."""
    if len(before) == len(after) == 1 and modal.fullmatch(before[0]) and modal.fullmatch(after[0]):
        return [(before[0], after[0])]
    return [(word, "") for word in before] + [("", word) for word in after]


def _bounded(words: str) -> str:
    return words if re.search("[\u4e00-\u9fff]", words) else rf"\b(?:{words})\b"


def edits(ops: Iterable[Op]) -> Iterator[tuple[str, str]]:
    """The edits as pairs of words that are gone and words that came in their place."""
    gone = come = ""
    for op, text in ops:
        if op == "equal":
            if gone or come:
                yield gone, come
            gone = come = ""
        elif op == "delete":
            gone += text
        else:
            come += text
    if gone or come:
        yield gone, come
