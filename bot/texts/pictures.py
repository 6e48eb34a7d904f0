"""A comparison as PDF, and provisions as pictures: WeasyPrint draws our own HTML, pdfium turns its pages into PNG.

Both are an extra: WeasyPrint, and the libpango of the system with fonts for the languages of the drafts.
"""

import io
import re
from dataclasses import dataclass, replace
from typing import Any

import pypdfium2

from bot.texts.compare import Change, Comparison
from bot.texts.notes import Say, english
from bot.texts.page import page

_WIDTH, _HEIGHT = 680, 6000  # of a picture's sheet in CSS pixels; what is empty is cut off
_AWKWARD = re.compile(r"[^\w()-]+")
_SCALE = 1.5  # dots for each CSS pixel
_MARGIN = 24
_MISSING = (
    "Pictures and PDFs need WeasyPrint and libpango: install Dragoman with its extra “pictures”, and on Debian the "
    "packages libpango-1.0-0, libpangoft2-1.0-0 and fonts-noto."
)
_FOLDED = "<style>:root { color-scheme: light; } details > span { display: none; }</style>"
_SHEET = f"""<style>@page {{ size: {_WIDTH}px {_HEIGHT}px; margin: {_MARGIN}px; }}
body {{ padding: 0; font-size: 15px; }} section {{ border: 0; padding: 0; }}
del {{ color: #a3201a; background: #fbe9e7; }} ins {{ color: #14602f; background: #e4f3e8; }}
nav, .controls, .beside, h1, body > p, main > section:last-child {{ display: none; }}</style>"""


class NoPictures(Exception):
    """There is nothing here to draw with; str() is one sentence that says what to install."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One provision as a PNG, by its label; not `whole` where there is more of it than a picture holds."""

    label: str
    png: bytes
    whole: bool


def file_name(label: str) -> str:
    """A label as (part of) the name of a file."""
    return _AWKWARD.sub("-", label)


def pdf(comparison: Comparison, say: Say[str] = english, language: str = "en") -> bytes:
    """The whole comparison as a PDF, long equal runs folded, its own words as for `page`. Raises NoPictures."""
    return _drawn(page(comparison, say, language), _FOLDED)


def picture(comparison: Comparison, change: Change, say: Say[str] = english, language: str = "en") -> Picture:
    """A picture of one change, as wide as a chat shows it, its own words as for `page`. Raises NoPictures."""
    label = (change.new or change.old)[0]
    shown = page(replace(comparison, changes=(change,)), say, language)
    sheets = pypdfium2.PdfDocument(_drawn(shown, _FOLDED + _SHEET))
    try:
        image = sheets[0].render(scale=_SCALE * 96 / 72).to_pil()
        return Picture(label, _png(image), len(sheets) == 1)
    finally:
        sheets.close()


def _drawn(html: str, style: str) -> bytes:
    """The PDF of a page; whatever it might refer to is not fetched."""
    try:
        from weasyprint import HTML  # noqa: PLC0415  (an extra)
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except (ImportError, OSError):  # OSError: the package is there and libpango is not
        raise NoPictures(_MISSING) from None
    whole = html.replace("</head>", f"{style}</head>", 1)
    return bytes(HTML(string=whole, url_fetcher=URLFetcher(allowed_protocols=())).write_pdf())


def _png(image: Any) -> bytes:
    """The picture without the empty paper below."""
    inked = image.convert("L").point(lambda shade: 255 if shade < 250 else 0)
    box = inked.getbbox() or (0, 0, 1, 1)
    margin = round(_MARGIN * _SCALE * 96 / 72 / 2)
    kept = image.crop((0, 0, image.width, min(image.height, box[3] + margin)))
    out = io.BytesIO()
    kept.save(out, "PNG", optimize=True)
    return out.getvalue()
