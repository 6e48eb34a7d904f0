"""Lines drawn through words of a PDF page: what is struck out there."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pypdfium2
from pypdfium2 import raw

_THINNEST, _THICKEST = 0.0, 2.5  # points; a thicker bar is a frame or a picture
_SHORTEST = 2.0
_LOWEST, _HIGHEST = 0.28, 0.68  # of a line's height: lower is an underline, higher is drawn above the words
_MOST_OBJECTS = 200_000
_DEEPEST = 4  # forms in forms
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
    items = (
        raw.FPDFPage_GetObject(page.raw, index)
        for index in range(min(raw.FPDFPage_CountObjects(page.raw), _MOST_OBJECTS))
    )
    return [
        Strike(left, right, (bottom + top) / 2)
        for item, frames in islice(_paths(items, ()), _MOST_OBJECTS)
        for left, bottom, right, top in _boxes(item, frames)
        if right - left >= _SHORTEST and _THINNEST <= top - bottom <= _THICKEST
    ]


def _paths(items: Iterable[Any], frames: tuple[raw.FS_MATRIX, ...]) -> Iterator[tuple[Any, tuple[raw.FS_MATRIX, ...]]]:
    """The paths among some objects and in their forms (a drawing used as one), with what places them, inmost first."""
    for item in items:
        kind = raw.FPDFPageObj_GetType(item) if item else None
        if kind == raw.FPDF_PAGEOBJ_PATH:
            yield item, frames
        elif kind == raw.FPDF_PAGEOBJ_FORM and len(frames) < _DEEPEST:
            matrix = raw.FS_MATRIX()
            if raw.FPDFPageObj_GetMatrix(item, matrix):
                inner = range(min(max(raw.FPDFFormObj_CountObjects(item), 0), _MOST_OBJECTS))
                yield from _paths((raw.FPDFFormObj_GetObject(item, index) for index in inner), (matrix, *frames))


def _boxes(item: Any, frames: tuple[raw.FS_MATRIX, ...]) -> list[tuple[float, float, float, float]]:
    """What a path covers: as a whole where that is thin, else its parts."""
    whole = _placed(_bounds(item), frames)
    return [whole] if whole[3] - whole[1] <= _THICKEST else [_placed(box, frames) for box in _pieces(item)]


def _placed(
    box: tuple[float, float, float, float], frames: tuple[raw.FS_MATRIX, ...]
) -> tuple[float, float, float, float]:
    """A box of a form as it stands on the page."""
    for frame in frames:
        corners = [(box[0], box[1]), (box[2], box[3]), (box[0], box[3]), (box[2], box[1])]
        box = _box([_point(frame, *corner) for corner in corners])
    return box


def _point(frame: raw.FS_MATRIX, x: float, y: float) -> tuple[float, float]:
    return frame.a * x + frame.c * y + frame.e, frame.b * x + frame.d * y + frame.f


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
        points.append(_point(matrix, x.value, y.value))
    if points:
        yield _box(points)


def _box(points: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    across, up = [point[0] for point in points], [point[1] for point in points]
    return min(across), min(up), max(across), max(up)
