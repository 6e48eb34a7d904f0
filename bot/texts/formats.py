"""What kind of file some bytes are, whatever the file is called."""

from __future__ import annotations

import re

from bot.texts.document import Unreadable

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"RIFF")
_ARCHIVES = (b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"BZh9", b"\xfd7zXZ\x00")
_LETTER = re.compile(rb"(?:[A-Z][\w-]{1,40}:[^\n]{0,400}\n){1,40}?MIME-Version:|MIME-Version: 1", re.I)
_TAGS = r"html|head|body|p|div|h[1-6]|span|table|section|article|main|ol|ul|meta|title|center|font"
_PAGE = re.compile(rf"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*(?:<!doctype\s+html|<(?:{_TAGS})\b[^>]*>)", re.I | re.S)
_XML = re.compile(r"\s*<(?:\?xml|!DOCTYPE|!ENTITY)")
_LOOKED_AT = 4096


def container_of(data: bytes) -> str:
    """What the bytes are before they are read as text: "pdf", "zip" or "text".

    Raises Unreadable for kinds that are recognised and cannot be read, each with what to do.
    """
    if not data.strip():
        raise Unreadable("This file is empty.")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data[:2] == b"PK" and data[2:4] in (b"\x03\x04", b"\x05\x06", b"\x07\x08"):
        return "zip"
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Unreadable("This Word file is locked with a password; ask for a copy without one.")
        raise Unreadable("This is a file of an old Word version (.doc); save it as .docx or PDF and send that.")
    if data.lstrip()[:5] == b"{\\rtf":
        raise Unreadable("This is a rich text file (RTF); open it in Word, save it as .docx or PDF and send that.")
    if data.startswith(_PICTURES) or data[4:11] in (b"ftyphei", b"ftypavi", b"ftypmif"):
        raise Unreadable(
            "This is a picture and holds no text; ask for the original, or run a text recognition over it."
        )
    if data.startswith(_ARCHIVES):
        raise Unreadable("This is a packed archive; unpack it and send the draft itself.")
    if _LETTER.match(data[:_LOOKED_AT]):
        raise Unreadable(
            "This is an e-mail or a web page saved as an archive (.eml, .mht); save the draft in it as PDF, Word or "
            "plain text and send that."
        )
    return "text"


def is_page(text: str) -> bool:
    """Whether a text is a web page. Raises Unreadable for other XML."""
    head = text[:_LOOKED_AT]
    if _PAGE.match(head):
        return True
    if _XML.match(head):
        raise Unreadable("This is an XML file, which is not read as such; send the draft as PDF, Word or plain text.")
    return False
