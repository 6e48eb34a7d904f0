"""Word files made by hand, small enough to be read whole."""

import io
import zipfile
from collections.abc import Mapping

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


def docx(body: str, numbering: str = "", styles: str = "", parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """A Word file around the content of its body, its lists and its styles."""
    made = io.BytesIO()
    related = {"numbering": numbering, "styles": styles}
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", _RELATIONS.format(_relation("officeDocument", "word/document.xml")))
        names = "".join(_relation(kind, f"{kind}.xml") for kind, content in related.items() if content)
        archive.writestr("word/_rels/document.xml.rels", _RELATIONS.format(names))
        archive.writestr("word/document.xml", f"<w:document {W}><w:body>{body}</w:body></w:document>")
        for kind, content in related.items():
            if content:
                archive.writestr(f"word/{kind}.xml", f"<w:{kind} {W}>{content}</w:{kind}>")
        for name, other in (parts or {}).items():
            archive.writestr(name, other)
    return made.getvalue()


def _relation(kind: str, target: str) -> str:
    return f'<Relationship Id="{kind}" Type="{_TYPE}{kind}" Target="{target}"/>'


def p(content: str, properties: str = "") -> str:
    """A paragraph; content without tags is one run."""
    runs = content if content.startswith("<") else r(content)
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{runs}</w:p>"


def r(text: str, look: str = "") -> str:
    """A run."""
    return f'<w:r>{f"<w:rPr>{look}</w:rPr>" if look else ""}<w:t xml:space="preserve">{text}</w:t></w:r>'


def in_list(number: int, level: int = 0) -> str:
    """The paragraph properties of a place in a list."""
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'


def level(place: int, form: str, text: str, more: str = "") -> str:
    """A level of a list."""
    inner = f'<w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}<w:lvlText w:val="{text}"/>'
    return f'<w:lvl w:ilvl="{place}">{inner}</w:lvl>'
