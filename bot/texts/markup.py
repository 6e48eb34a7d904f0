"""The markings of a marked-up draft: what it says was put in and taken out, and the two readings that gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.texts.grammar import LANGUAGES
from bot.texts.lines import is_furniture
from bot.texts.marks import mark_of
from bot.texts.normal import words
from bot.texts.paragraphs import begins_item, ends_sentence

READINGS = ("new", "old")
_MOSTLY = 0.6  # of a text that is struck out or in bold, above which it is how the whole is printed


@dataclass(frozen=True, slots=True)
class Run:
    """Words printed in one way. `tracked` is "ins" or "del" where the file records them as a change."""

    text: str
    bold: bool = False
    struck: bool = False
    underlined: bool = False
    tracked: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a line of one.

    `heading` says that its style makes it one, `mark` ("ins" or "del") that its end is a recorded change: where that
    end is not, it is one paragraph with the next. `numbered` is a list and a level in it.
    """

    runs: tuple[Run, ...]
    starts: bool | None = True
    heading: bool = False
    mark: str = ""
    numbered: tuple[str, int] | None = None

    @property
    def text(self) -> str:
        """Its words, one blank between them."""
        return " ".join("".join(run.text for run in self.runs).split())

    @property
    def bold(self) -> bool:
        """Whether all of it is printed in bold, or is a heading."""
        return self.heading or (bool(self.text) and all(run.bold for run in self.runs if run.text.strip()))


@dataclass(frozen=True, slots=True)
class Marked:
    """How many words a file says were put in and taken out."""

    inserted: int = 0
    deleted: int = 0


def reading(blocks: Sequence[Block], which: str) -> tuple[list[Block], Marked]:
    """The blocks as they read after ("new") or before ("old") the changes that a file marks, and how many it marks.

    Changes are what the file records as such, what is struck out, and, where anything is struck out, what is printed
    in bold or underlined inside a paragraph, or as a whole paragraph that is no heading.
    """
    states = _states(blocks)
    left_out = "gone" if which == "new" else "come"
    unended = "del" if which == "new" else "ins"
    chosen: list[Block] = []
    held: tuple[Run, ...] = ()
    for block, found in zip(blocks, states, strict=True):
        kept = tuple(run for run, state in zip(block.runs, found, strict=True) if state != left_out)
        if block.mark == unended:
            held += kept
            continue
        chosen.append(replace(block, runs=held + kept))
        held = ()
    if held:
        chosen.append(Block(held))
    return chosen, Marked(_count(blocks, states, "come"), _count(blocks, states, "gone"))


def _count(blocks: Sequence[Block], states: list[list[str]], state: str) -> int:
    return sum(
        len(words(run.text))
        for block, found in zip(blocks, states, strict=True)
        for run, name in zip(block.runs, found, strict=True)
        if name == state
    )


def _states(blocks: Sequence[Block]) -> list[list[str]]:
    """For each run "gone", "come" or nothing."""
    by_print = _struck(blocks)
    whole = _whole_paragraphs(blocks) if by_print else set()
    return [
        [_state(run, by_print, index in whole or not _stressed(block)) for run in block.runs]
        for index, block in enumerate(blocks)
    ]


def _state(run: Run, by_print: bool, stress_counts: bool) -> str:
    if run.tracked:
        return "come" if run.tracked == "ins" else "gone"
    if by_print and run.struck:
        return "gone"
    return "come" if by_print and stress_counts and (run.bold or run.underlined) and run.text.strip() else ""


def _struck(blocks: Sequence[Block]) -> bool:
    """Whether words are struck out here, and not most of them."""
    sizes = [(len(run.text), run.struck) for block in blocks for run in block.runs if words(run.text)]
    struck = sum(size for size, is_struck in sizes if is_struck)
    return 0 < struck <= _MOSTLY * sum(size for size, _ in sizes)


def _stressed(block: Block) -> bool:
    """Whether all that stays of a block is in bold or underlined."""
    staying = [run for run in block.runs if run.text.strip() and not run.struck and run.tracked != "del"]
    return bool(staying) and all(run.bold or run.underlined for run in staying)


def _whole_paragraphs(blocks: Sequence[Block]) -> set[int]:
    """The blocks that are stressed as a whole because they are new: sentences, and labels where no other is in bold."""
    labels = [index for index, block in enumerate(blocks) if _is_label(block.text)]
    stressed = {index for index, block in enumerate(blocks) if _stressed(block) and not block.heading}
    usual = sum(1 for index in labels if index in stressed or blocks[index].heading) > len(labels) / 2
    new_labels = set() if usual else stressed.intersection(labels)
    found: set[int] = set()
    for index in sorted(stressed):
        if index in labels or is_furniture(blocks[index].text):
            continue
        under_new = index - 1 in new_labels
        if under_new or begins_item(blocks[index].text) or _closes(blocks, index, stressed) or index - 1 in found:
            found.add(index)
    return found | new_labels


def _closes(blocks: Sequence[Block], index: int, stressed: set[int]) -> bool:
    """Whether the stressed lines from here on end as a sentence."""
    last = index
    while last + 1 in stressed and blocks[last + 1].starts is not True and not begins_item(blocks[last + 1].text):
        last += 1
    return ends_sentence(blocks[last].text)


def _is_label(text: str) -> bool:
    marks = (mark_of(text, language) for language in LANGUAGES)
    return any(mark.role == "label" for mark in marks if mark)
