"""The paragraphs of a web page, without its furniture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from lxml import etree

from bot.texts.counting import counted
from bot.texts.document import Unreadable
from bot.texts.lines import Line
from bot.texts.markup import Block, Marked, Run, reading
from bot.texts.package import Element
from bot.texts.paragraphs import begins_item

MOST_CHARACTERS = 20_000_000  # of a page with its tags; Word saves a treaty as three million
MOST_PARAGRAPHS = 60_000
_DEEPEST = 500
_MOST_ELEMENTS = 300_000
_LEFT_OUT = frozenset(
    "script style nav head noscript template svg math iframe object embed select button textarea input footer aside"
    " audio video canvas img map area datalist dialog rt rp".split()
)
_BLOCKS = frozenset(
    "p div h1 h2 h3 h4 h5 h6 li ul ol dl dt dd table tr td th tbody thead tfoot caption blockquote pre section article"
    " main header body html center figure figcaption address fieldset form hr details summary".split()
)
_LOOKS: dict[str, dict[str, Any]] = {
    "b": {"bold": True}, "strong": {"bold": True}, "th": {"bold": True}, "dt": {"bold": True}, "s": {"struck": True},
    "strike": {"struck": True}, "u": {"underlined": True}, "del": {"tracked": "del"}, "ins": {"tracked": "ins"},
}  # fmt: skip
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_NOTES = re.compile(r"(?:^|[-_\s])(?:foot|end)?notes?(?:[-_]?(?:text|list|ref|call|body))?(?:$|\s)", re.IGNORECASE)
_ROLES = frozenset("navigation banner contentinfo search doc-footnote doc-endnotes doc-noteref doc-toc".split())
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_OUT = "data-left-out"  # our own mark on what was skipped; a page that sets it leaves itself out
_CALL = re.compile(r"[\[(]?(?:\d{1,3}|[*†‡]{1,3}|[a-z])[\])]?")
_SQUARED = re.compile(r"\b[cdkm]?m$")
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]*\[|<!ENTITY", re.IGNORECASE)
_MOST_ATTRIBUTES = 3000
_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{6000,}")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_DECLARATION = re.compile(r"\s*<\?xml[^>]*>")
_FORMS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_STYLES = {"lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "lower-roman": "i", "upper-roman": "I"}


def page_lines(text: str, which: str) -> tuple[list[Line], str, Marked]:
    """The lines of a page in one reading ("new" or "old"), the words of its first ones, and what it marks.

    Raises Unreadable for a page that declares entities, or that is too large or too deep.
    """
    if len(text) > MOST_CHARACTERS or text.count("<") > 2 * _MOST_ELEMENTS:
        raise _too_long()
    if any(_crowded(tag.group()) for tag in _LONG_TAG.finditer(text)):
        raise _too_long()
    if _DOCTYPE.search(text):
        raise Unreadable(
            "This page declares a document type or entities of its own, which no draft needs and which is not read; "
            "send its text as PDF or plain text."
        )
    blocks = list(islice(_Walk().blocks(_root(text)), MOST_PARAGRAPHS + 1))
    if len(blocks) > MOST_PARAGRAPHS:
        raise _too_long()
    chosen, marked = reading(_glued(blocks), which)
    lines = [line for block in chosen for line in _lines(block)]
    return lines, "\n".join(line.text for line in lines[:60]), marked


def _crowded(tag: str) -> bool:
    """Whether a tag has more attributes than any page: libxml2 compares each of them with all others."""
    bare = _QUOTED.sub("", tag)
    return max(len(bare.split()), bare.count("=")) > _MOST_ATTRIBUTES


def _root(text: str) -> Element:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    bare = _DECLARATION.sub("", text, count=1).replace("\x00", "")
    try:
        root = etree.fromstring(bare.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        if "depth" in str(error).lower():
            raise _too_deep() from None
        root = None
    if root is None:
        raise Unreadable("This web page holds no text; save it from the browser once it is shown, or send it as PDF.")
    if any("depth" in entry.message.lower() for entry in parser.error_log):
        raise _too_deep()
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise _too_long()  # libxml2 leaves out what is too large for it, and goes on
    return root


def _too_deep() -> Unreadable:
    return Unreadable("This web page is nested too deeply to be read; send its text as PDF or plain text.")


def _too_long() -> Unreadable:
    return Unreadable("This web page is far longer than any draft; send the text of the draft alone.")


def _lines(block: Block) -> Iterator[Line]:
    texts = [" ".join(text.split()) for text in "".join(run.text for run in block.runs).split("\n")]
    for index, text in enumerate(text for text in texts if text):
        yield Line(text, bold=block.bold, starts=None if index else block.starts)


def _glued(blocks: list[Block]) -> list[Block]:
    """Cells that hold only the number of a paragraph, put before the text in the cell beside it."""
    joined: list[Block] = []
    for block in blocks:
        before = joined[-1].text if joined else ""
        if before and len(before) <= 7 and begins_item(f"{before} x") and not block.heading:
            joined[-1] = replace(block, runs=(*joined[-1].runs, Run(" "), *block.runs))
        else:
            joined.append(block)
    return joined


@dataclass(slots=True)
class _List:
    """A list that is open: how it counts, and the number that is due; `step` is -1 for one that runs backwards."""

    form: str
    due: int
    step: int


class _Walk:
    """One walk through a page, without recursion."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._looks: list[Run] = [Run("")]
        self._lists: list[_List] = []
        self._heading = 0
        self._kept = 0  # depth of elements whose line breaks count
        self._number = ""

    def blocks(self, root: Element) -> Iterator[Block]:
        """The paragraphs in reading order."""
        depth = 0
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            depth += 1 if event == "start" else -1
            if depth > _DEEPEST:
                raise _too_deep()
            name = element.tag.lower() if isinstance(element.tag, str) else ""
            if event == "start":
                if not name or self._unwanted(name, element):
                    walk.skip_subtree()
                    element.set(_OUT, "1")
                    continue
                yield from self._start(name, element)
            else:
                yield from self._end(name, element)

    def _start(self, name: str, element: Element) -> Iterator[Block]:
        if name in _BLOCKS:
            yield from self._flush()
        self._looks.append(_look(name, element, self._looks[-1]))
        if name in _HEADINGS:
            self._heading += 1
        elif name == "pre":
            self._kept += 1
        elif name in ("ol", "ul"):
            self._lists.append(_list(name, element))
        elif name == "li":
            self._number = self._numbered(element)
        elif name == "br":
            self._add("\n", raw=True)
        self._add(element.text or "")

    def _end(self, name: str, element: Element) -> Iterator[Block]:
        if element.get(_OUT) is None:
            if name in _BLOCKS:
                yield from self._flush()
            self._looks.pop()
            self._heading -= name in _HEADINGS
            self._kept -= name == "pre"
            if name in ("ol", "ul") and self._lists:
                self._lists.pop()
        self._add(element.tail or "")

    def _flush(self) -> Iterator[Block]:
        """End the paragraph that is open, where there is one."""
        runs, self._runs = self._runs, []
        if not any(run.text.strip() for run in runs):
            return
        text = "".join(run.text for run in runs)
        if self._number and not begins_item(text.strip()):
            runs.insert(0, Run(f"{self._number} ", tracked=runs[0].tracked))
        self._number = ""
        yield Block(tuple(runs), True, self._heading > 0)

    def _add(self, text: str, *, raw: bool = False) -> None:
        if text:
            shown = text if raw or self._kept else re.sub(r"[ \t\r\n\f]+", " ", text)
            self._runs.append(replace(self._looks[-1], text=shown))

    def _unwanted(self, name: str, element: Element) -> bool:
        if name in _LEFT_OUT or element.get("hidden") is not None or _HIDDEN.search(element.get("style", "")):
            return True
        if element.get("role", "") in _ROLES or _is_note(element):
            return True
        raised = name == "sup" or "super" in element.get("class", "")
        text = "".join(map(str, element.itertext(with_tail=False))).strip() if raised or _is_call(name, element) else ""
        squares = bool(self._runs and _SQUARED.search(self._runs[-1].text)) and not len(element)
        return bool(_CALL.fullmatch(text)) and not squares

    def _numbered(self, element: Element) -> str:
        if not self._lists:
            return ""
        now = self._lists[-1]
        if now.form == "ul":
            return "•"
        value = element.get("value", "")
        if re.fullmatch(r"-?\d{1,6}", value):
            now.due = int(value)
        number = counted(now.due, _FORMS.get(now.form, "decimal"))
        now.due += now.step
        return f"({number})" if now.form in _FORMS else f"{number}."


def _is_note(element: Element) -> bool:
    named = f"{element.get('class', '')} {element.get('epub:type', '')}"
    return bool(_NOTES.search(named))


def _is_call(name: str, element: Element) -> bool:
    """Whether an element is a link that holds nothing but a raised figure."""
    first = element[0] if len(element) == 1 and not (element.text or "").strip() else None
    raised = first is not None and (first.tag == "sup" or "super" in first.get("class", ""))
    return name == "a" and raised and not (first.tail if first is not None else "")


def _look(name: str, element: Element, base: Run) -> Run:
    look = replace(base, **_LOOKS.get(name, {}))
    style = element.get("style", "").lower().replace(" ", "")
    if not style:
        return look
    weight = re.search(r"font-weight:(\w+)", style)
    if weight:
        look = replace(look, bold=weight[1] in ("bold", "bolder", "600", "700", "800", "900"))
    if "text-decoration" in style:
        look = replace(look, struck=look.struck or "line-through" in style)
        look = replace(look, underlined=look.underlined or "underline" in style)
    return look


def _list(name: str, element: Element) -> _List:
    if name == "ul":
        return _List("ul", 1, 0)
    style = re.search(r"list-style(?:-type)?\s*:\s*([\w-]+)", element.get("style", ""))
    form = _STYLES.get(style[1].lower(), "1") if style else element.get("type", "1")
    start = element.get("start", "")
    backwards = element.get("reversed") is not None
    due = int(start) if re.fullmatch(r"-?\d{1,6}", start) else len(element) if backwards else 1
    return _List(form, due, -1 if backwards else 1)
