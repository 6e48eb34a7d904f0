"""The paragraphs of a Word file, read from its XML: numbers and recorded changes are nowhere else to be had.

Source of the element names: ECMA-376 part 1, 17. Names are matched without their namespace, for the strict and the
transitional form have different ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from bot.texts.boxes import CHANGES, unbox
from bot.texts.document import Unreadable
from bot.texts.fields import Fields, reads
from bot.texts.grammar import LANGUAGES
from bot.texts.lines import Line
from bot.texts.marks import mark_of
from bot.texts.markup import Block, Marked, Run, reading
from bot.texts.numbering import Numbering, local
from bot.texts.package import Element, Package
from bot.texts.styles import Look, Styles, attribute, look_of, numbered_of, val

MOST_PARAGRAPHS = 60_000
_LEFT_OUT = frozenset(
    "sectPr drawing pict object Choice footnoteReference endnoteReference commentReference annotationRef"
    " footnoteRef endnoteRef commentRangeStart commentRangeEnd rt tblPr tblGrid tcPr sdtPr sdtEndPr rPr tblPrEx"
    " delInstrText numberingChange".split()
)
_OWN_MARKS = ("footnoteReference", "endnoteReference")
_SIGNS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "", "ptab": " ", "sym": " "}
_SQUARED = re.compile(r"\b[cdkm]?m$")
_CALL = re.compile(r"[\d*†‡,\s]{1,6}")


def docx_lines(data: bytes, which: str) -> tuple[list[Line], str, Marked]:
    """The lines of a Word file in one reading ("new" or "old"), the words of its first ones, and what it marks."""
    package = Package(data)
    numbering = Numbering(package.part("numbering"))
    blocks = list(_Reader(Styles(package.part("styles")), numbering).blocks(package.document()))
    chosen, marked = reading(blocks, which)
    lines = [line for block in chosen for line in _lines(block, numbering)]
    return lines, "\n".join(line.text for line in lines[:60]), marked


def _lines(block: Block, numbering: Numbering) -> Iterator[Line]:
    """A paragraph's lines, its number before them: on a line of its own where it is the label of a provision."""
    number, gap = numbering.next(*block.numbered) if block.numbered else ("", "")
    texts = [" ".join(text.split()) for text in "".join(run.text for run in block.runs).split("\n")]
    texts = [text for text in texts if text]
    if number and (_is_label(number) or (texts and not any(character.isalnum() for character in number))):
        if _is_label(number):
            yield Line(number, bold=True, starts=True)
        number = number if number == "•" else ""
    if not texts:
        return
    for index, text in enumerate(texts):
        yield Line(
            f"{number}{gap}{text}" if number and not index else text, bold=block.bold, starts=None if index else True
        )


def _is_label(text: str) -> bool:
    marks = (mark_of(text, language) for language in LANGUAGES)
    return any(mark.role in ("label", "division", "annex") and not mark.rest for mark in marks if mark)


@dataclass
class _Paragraph:
    """A paragraph while it is read."""

    style: str = ""
    look: Look = field(default_factory=Look)
    mark: str = ""
    numbered: tuple[str, int] | None = None
    heading: bool = False
    contents: bool = False
    runs: list[Run] = field(default_factory=list)


class _Reader:
    """One walk through a document, without recursion: what is open is kept on the reader."""

    def __init__(self, styles: Styles, numbering: Numbering) -> None:
        self._styles, self._numbering = styles, numbering
        self._changes: list[str] = []
        self._look = Look()
        self._raised = False
        self._open: _Paragraph | None = None

    def blocks(self, root: Element) -> Iterator[Block]:
        """The paragraphs in reading order, those of tables and of recorded changes too."""
        unbox(root)
        self._fields = Fields(root)
        walk = etree.iterwalk(root, events=("start", "end"))
        paragraphs = 0
        for event, element in walk:
            name = local(element)
            if event == "end":
                if name == "p" and self._open is not None:
                    self._fields.end_paragraph()
                    paragraphs += 1
                    if paragraphs > MOST_PARAGRAPHS:
                        raise Unreadable(
                            "This Word file has more paragraphs than any draft; send the text of the draft alone."
                        )
                    yield from self._closed()
                self._ended(name)
            elif name in _LEFT_OUT or not name or not self._began(name, element):
                walk.skip_subtree()

    def _began(self, name: str, element: Element) -> bool:
        """Take the start of an element; tells whether what is inside is wanted."""
        if name in CHANGES or name == "tr":
            self._changes.append(CHANGES.get(name) or _row_change(element))
        elif name == "p":
            self._open, self._look = _Paragraph(), Look()
        elif name == "pPr":
            self._take_properties(element)
            return False
        elif name == "r":
            self._take_look(element)
            return not self._look.hidden and not _marks_note(element)
        elif name in ("sdt", "fldSimple"):
            return reads(attribute(element, "instr")) and not _is_filler(element)
        elif name == "fldChar":
            self._fields.mark(attribute(element, "fldCharType"))
        elif name == "instrText":
            self._fields.instruct(element.text or "")
        elif name in _SIGNS:
            self._add(_SIGNS[name])
        elif name in ("t", "delText"):
            self._add(element.text or "")
        return True

    def _ended(self, name: str) -> None:
        if name in CHANGES or name == "tr":
            self._changes.pop()

    def _take_properties(self, element: Element) -> None:
        if self._open is None:
            return
        now = self._open
        now.style = next((val(child) for child in element if local(child) == "pStyle"), "")
        style = self._styles.paragraph(now.style)
        now.look, now.heading, now.contents = style.look, style.heading, style.contents
        number, level = numbered_of(element)
        if number is None and style.number:
            number = style.number
            level = self._numbering.level_of(number, style.number_style) if style.level is None else style.level
        if number and number != "0":
            now.numbered = number, level if level is not None else style.level or 0
        for child in element:
            if local(child) == "outlineLvl":
                now.heading = val(child) < "9"
            if local(child) == "rPr":
                now.mark = next((CHANGES[local(row)] for row in child if local(row) in CHANGES), "")

    def _take_look(self, element: Element) -> None:
        base = self._open.look if self._open else Look()
        self._look, self._raised = base, False
        for child in element:
            if local(child) == "rPr":
                self._look = look_of(child, base, self._styles)
                self._raised = any(local(row) == "vertAlign" and val(row) == "superscript" for row in child)

    def _add(self, text: str) -> None:
        if self._open is None or not text or self._fields.silent:
            return
        if self._raised and _CALL.fullmatch(text) and not self._squares():
            return
        look = self._look
        tracked = next((change for change in reversed(self._changes) if change), "")
        self._open.runs.append(Run(text, look.bold, look.struck, look.underlined, tracked))

    def _squares(self) -> bool:
        """Whether a raised figure is a power: "km2"."""
        return bool(self._open and self._open.runs and _SQUARED.search(self._open.runs[-1].text))

    def _closed(self) -> Iterator[Block]:
        done, self._open = self._open, None
        if done is not None and not done.contents:
            yield Block(tuple(done.runs), True, done.heading, done.mark, done.numbered)


def _marks_note(run: Element) -> bool:
    """Whether a run is a note's call that somebody wrote by hand."""
    return any(
        local(row) in _OWN_MARKS and attribute(row, "customMarkFollows") not in ("", "0", "false") for row in run
    )


def _is_filler(control: Element) -> bool:
    """Whether a content control holds only what stands there until somebody fills it in, or a table of contents."""
    for row in (row for child in control if local(child) == "sdtPr" for row in child.iter()):
        if local(row) == "showingPlcHdr" and val(row) not in ("0", "false", "off"):
            return True
        if local(row) == "docPartGallery" and val(row) == "Table of Contents":
            return True
    return False


def _row_change(element: Element) -> str:
    """Whether a row of a table was put in or taken out as a whole."""
    rows = (row for child in element if local(child) == "trPr" for row in child)
    return next((CHANGES[local(row)] for row in rows if local(row) in ("ins", "del")), "")
