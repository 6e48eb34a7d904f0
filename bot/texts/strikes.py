"""Lines drawn through words of a PDF page: what is struck out there."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2
from pypdfium2 import raw

_THINNEST, _THICKEST = 0.0, 2.5  # points; a thicker bar is a frame or a picture
_SHORTEST = 2.0
_LOWEST, _HIGHEST = 0.28, 0.68  # of a line's height: lower is an underline, higher is drawn above the words
_MOST_OBJECTS = 200_000
_MOST_SEGMENTS = 4_000


@dataclass(frozen=True, slots=True)
class Strike:
    """A thin level line; points from the page's left and bottom edge."""

    left: float
    right: float
    middle: float

    def crosses(self, bottom: float, top: float) -> bool:
        """Whether it runs through the middle of a line of words between these heights."""
        return _LOWEST * (top - bottom) < self.middle - bottom < _HIGHEST * (top - bottom)


def strikes_of(page: pypdfium2.PdfPage) -> list[Strike]:
    """The thin level lines of a page, underlines and the rules of tables among them."""
    found: list[Strike] = []
    for index in range(min(raw.FPDFPage_CountObjects(page.raw), _MOST_OBJECTS)):
        item = raw.FPDFPage_GetObject(page.raw, index)
        if item and raw.FPDFPageObj_GetType(item) == raw.FPDF_PAGEOBJ_PATH:
            boxes = [_bounds(item)]
            if boxes[0][3] - boxes[0][1] > _THICKEST:
                boxes = list(_pieces(item))
            found += [
                Strike(left, right, (bottom + top) / 2)
                for left, bottom, right, top in boxes
                if right - left >= _SHORTEST and _THINNEST <= top - bottom <= _THICKEST
            ]
    return found


def _bounds(item: object) -> tuple[float, float, float, float]:
    corners = [ctypes.c_float() for _ in range(4)]
    raw.FPDFPageObj_GetBounds(item, *corners)
    left, bottom, right, top = (corner.value for corner in corners)
    return left, bottom, right, top


def _pieces(item: object) -> Iterator[tuple[float, float, float, float]]:
    """The parts of a path that was drawn in several pieces, each by its bounds."""
    matrix = raw.FS_MATRIX()
    segments = raw.FPDFPath_CountSegments(item)
    if segments > _MOST_SEGMENTS or not raw.FPDFPageObj_GetMatrix(item, matrix):
        return
    points: list[tuple[float, float]] = []
    x, y = ctypes.c_float(), ctypes.c_float()
    for index in range(segments):
        segment = raw.FPDFPath_GetPathSegment(item, index)
        if raw.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_MOVETO and points:
            yield _box(points)
            points = []
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        points.append(
            (
                matrix.a * x.value + matrix.c * y.value + matrix.e,
                matrix.b * x.value + matrix.d * y.value + matrix.f,
            )
        )
    if points:
        yield _box(points)


def _box(points: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    across, up = [point[0] for point in points], [point[1] for point in points]
    return min(across), min(up), max(across), max(up)
