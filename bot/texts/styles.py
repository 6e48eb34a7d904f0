"""The styles of a Word file: what of them says how words look, what is a heading, and what is numbered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.texts.numbering import local
from bot.texts.package import Element

_OFF = ("0", "false", "off", "none")
_DEEPEST = 20  # styles based on one another


@dataclass(frozen=True, slots=True)
class Look:
    """How words are printed."""

    bold: bool = False
    struck: bool = False
    underlined: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """A style with what it takes over from those that it is based on; `number_style` is the one that is numbered."""

    look: Look = Look()
    heading: bool = False
    contents: bool = False
    number: str = ""
    level: int | None = None
    number_style: str = ""


_LOOKS = {"b": "bold", "strike": "struck", "dstrike": "struck", "u": "underlined", "vanish": "hidden"}


class Styles:
    """The styles of a document by their id."""

    def __init__(self, root: Element | None) -> None:
        """Read a styles part, or none."""
        rows = [row for row in root if local(row) == "style"] if root is not None else []
        self._rows = {attribute(row, "styleId"): row for row in rows}
        self._known: dict[str, Style] = {}
        self._usual = next(
            (
                attribute(row, "styleId")
                for row in rows
                if attribute(row, "default") in ("1", "true", "on") and attribute(row, "type") == "paragraph"
            ),
            "",
        )

    def paragraph(self, name: str) -> Style:
        """A paragraph style; the default one where none is named."""
        return self.style(name or self._usual)

    def style(self, name: str) -> Style:
        """A style, those it is based on included; a plain one where it is not there."""
        if name not in self._known:
            chain: list[Element] = []
            seen: set[str] = set()
            at = name
            while at in self._rows and at not in seen and len(chain) < _DEEPEST:
                seen.add(at)
                chain.append(self._rows[at])
                at = next((val(child) for child in self._rows[at] if local(child) == "basedOn"), "")
            found = Style()
            for row in reversed(chain):
                found = self._over(found, row)
            self._known[name] = found
        return self._known[name]

    def _over(self, base: Style, row: Element) -> Style:
        """A style with what one row of the chain changes."""
        found = base
        for child in row:
            match local(child):
                case "name":
                    named = val(child).lower()
                    found = replace(
                        found,
                        heading=found.heading or named.startswith(("heading ", "title")),
                        contents=named.startswith(("toc ", "table of figures")),
                    )
                case "rPr":
                    found = replace(found, look=look_of(child, found.look))
                case "pPr":
                    found = _numbered(found, child, attribute(row, "styleId"))
        return found


def _numbered(style: Style, properties: Element, name: str) -> Style:
    number, level = numbered_of(properties)
    if number is not None:
        style = replace(style, number=number, level=level, number_style=name)
    elif level is not None:
        style = replace(style, level=level)
    outline = next((val(child) for child in properties if local(child) == "outlineLvl"), "")
    return replace(style, heading=outline < "9") if outline else style


def numbered_of(properties: Element) -> tuple[str | None, int | None]:
    """The list and the level that paragraph properties name; None for what they do not say."""
    number, level = None, None
    for child in properties:
        if local(child) == "numPr":
            for row in child:
                if local(row) == "numId":
                    number = val(row)
                elif local(row) == "ilvl" and val(row).isdecimal():
                    level = min(int(val(row)[:3]), 8)
    return number, level


def look_of(properties: Element, base: Look, styles: Styles | None = None) -> Look:
    """How words look by their run properties: their own, over those of a character style, over `base`."""
    look = base
    for child in properties:
        if styles and local(child) == "rStyle":
            own = styles.style(val(child)).look
            look = Look(*(getattr(look, name) or getattr(own, name) for name in Look.__slots__))
    for child in properties:
        if name := _LOOKS.get(local(child)):
            look = replace(look, **{name: val(child).lower() not in _OFF})
    return look


def val(row: Element) -> str:
    """What an element says of itself (w:val); "" where it only is there."""
    return attribute(row, "val")


def attribute(row: Element, name: str) -> str:
    """An attribute of any namespace; "" where there is none."""
    return next((str(value) for key, value in row.items() if str(key).rpartition("}")[2] == name), "")
