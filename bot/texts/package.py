"""The parts of a Word file: a zip archive of XML, looked at before anything of it is unpacked or parsed."""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib

from lxml import etree

from bot.texts.document import Unreadable

MOST_PARTS = 4000
MOST_UNPACKED = 300 * 2**20
MOST_PART = 96 * 2**20
MOST_RATIO = 250  # of a part's size to its packed size; the XML of real drafts packs to a thirtieth
_UNSUSPECTED = 2**20  # a part of at most this size may pack as well as it likes
_MOST_DIRECTORY = 2 * 2**20  # bytes of the archive's list of parts
_END = b"PK\x05\x06"
_DOCUMENT = "officedocument"
_ENCODINGS = (b"utf-8", b"utf-16", b"us-ascii", b"ascii")
_DECLARED = re.compile(rb"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.-]+)", re.IGNORECASE)

Element = etree._Element  # lxml's name for it begins with an underscore


class Package:
    """A Word file whose size is known to be bearable; its parts are parsed when they are asked for."""

    def __init__(self, data: bytes) -> None:
        """Look at the archive. Raises Unreadable where it is no Word file, locked, damaged or a bomb."""
        _check_directory(data)
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OverflowError):
            raise _damaged() from None
        _check_sizes(self._archive.infolist())
        names = set(self._archive.namelist())
        self.main = self._related("", _DOCUMENT) or "word/document.xml"
        if self.main not in names:
            raise _other_archive(names, self._archive)

    def part(self, kind: str) -> Element | None:
        """The root of a part that the document refers to ("styles", "numbering"); None where there is none."""
        name = self._related(self.main, kind)
        return self._xml(name) if name else None

    def document(self) -> Element:
        """The root of the document itself."""
        root = self._xml(self.main)
        if root is None:
            raise _damaged()
        return root

    def _related(self, source: str, kind: str) -> str | None:
        folder, name = posixpath.split(source)
        root = self._xml(posixpath.join(folder, "_rels", f"{name}.rels"))
        for relation in root if root is not None else ():
            if str(relation.get("Type", "")).lower().endswith(f"/{kind}") and relation.get("TargetMode") != "External":
                return posixpath.normpath(posixpath.join("/", folder, str(relation.get("Target", "")))).lstrip("/")
        return None

    def _xml(self, name: str) -> Element | None:
        if name not in self._archive.NameToInfo:
            return None
        try:
            data = self._archive.read(name)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
            raise _damaged() from None
        return parse_xml(data)


def parse_xml(data: bytes) -> Element:
    """The root of an XML text. Raises Unreadable for a document type, for entities, for depth and for damage."""
    bare = data.replace(b"\x00", b"")
    named = _DECLARED.match(bare.removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe"))
    if re.search(rb"<!(?:DOCTYPE|ENTITY)", bare, re.IGNORECASE) or (named and named[1].lower() not in _ENCODINGS):
        raise Unreadable(
            "This file declares a document type or entities of its own, which no draft needs and which is not read; "
            "save it anew with Word, or as PDF."
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        if "depth" in str(error).lower():
            raise Unreadable("This file is nested too deeply to be read; send it as PDF or plain text.") from None
        if "huge" in str(error).lower():
            raise Unreadable(
                "This Word file holds a paragraph that is longer than any draft; send the text of the draft alone."
            ) from None
        raise _damaged() from None


def _check_directory(data: bytes) -> None:
    """Refuse an archive by the size of its list of parts alone: reading a list of a million is work already."""
    end = data.rfind(_END, max(0, len(data) - 65_600))
    if end < 0 or len(data) < end + 22:
        raise _damaged()
    parts, size = struct.unpack("<HI", data[end + 10 : end + 16])
    if parts > MOST_PARTS or size > _MOST_DIRECTORY or data[end - 20 : end - 16] == b"PK\x06\x07":
        raise Unreadable("This archive holds far more files than a Word document; send the draft alone.")


def _check_sizes(parts: list[zipfile.ZipInfo]) -> None:
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("This file is locked with a password; ask for a copy without one.")
    bombs = [
        part
        for part in parts
        if part.file_size > MOST_PART
        or (part.file_size > _UNSUSPECTED and part.file_size > MOST_RATIO * part.compress_size)
    ]
    if bombs or len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Unreadable(
            "This file unpacks to far more than any draft holds, so it was not opened; send the text as PDF."
        )


def _other_archive(names: set[str], archive: zipfile.ZipFile) -> Unreadable:
    if "mimetype" in names and archive.read("mimetype")[:60].startswith(b"application/vnd.oasis.opendocument"):
        return Unreadable("This is an OpenDocument file; save it as .docx or PDF and send that.")
    if any(name.startswith("Index/") or name.endswith(".iwa") for name in names):
        return Unreadable("This is a file of Apple's Pages; export it as Word (.docx) or PDF and send that.")
    if any(name.startswith(("xl/", "ppt/")) for name in names):
        return Unreadable("This is a spreadsheet or a set of slides; send the text of the draft as Word or PDF.")
    return Unreadable("This is a zip file without a Word document in it; unpack it and send the draft itself.")


def _damaged() -> Unreadable:
    return Unreadable("This Word or zip file is damaged and cannot be opened; fetch it again, or send it as PDF.")
