"""Text boxes of a Word file, put behind the paragraph that they are anchored in: there a reader meets them."""

from __future__ import annotations

from lxml import etree

from bot.texts.numbering import local
from bot.texts.package import Element

CHANGES = {"ins": "ins", "moveTo": "ins", "del": "del", "moveFrom": "del"}
"""The elements that record a change, and what it is."""


def unbox(root: Element) -> None:
    """Put the paragraphs of each text box behind its anchor's, once: Word writes it again for old readers.

    What a recorded change put in or took out as a whole stays so marked.
    """
    boxes = [element for element in root.iter() if local(element) == "txbxContent"]
    new_ways = {row for box in boxes for row in box.iterancestors() if local(row) == "Choice"}
    read = [box for box in boxes if not _is_written_again(box, new_ways)]
    for box in read:
        anchor = _above(box, "p")
        if anchor is None:
            continue
        place = anchor
        change = next((row for row in box.iterancestors() if local(row) in CHANGES or row is anchor), anchor)
        if change is not anchor:
            wrapper = etree.Element(change.tag)
            anchor.addnext(wrapper)
            wrapper.extend(list(box))
            continue
        for paragraph in list(box):
            place.addnext(paragraph)
            place = paragraph


def _is_written_again(box: Element, new_ways: set[Element]) -> bool:
    """Whether this is a box for readers that do not know the new way in which it stands before."""
    fallback = _above(box, "Fallback")
    return fallback is not None and fallback.getprevious() in new_ways


def _above(box: Element, name: str) -> Element | None:
    return next((row for row in box.iterancestors() if local(row) == name), None)
