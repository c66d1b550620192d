"""Which words of a PDF's page nobody sees: drawn invisibly, in the colour of the paper, too small to read, beside the page.

Knows nothing of what is done with them.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pypdfium2 import raw

# Type of less than two points is a grey line to whoever looks at the page as it is.
UNREADABLE = 2.0
A4_HEIGHT = 842.0
# Ink this light, or this transparent, may not be seen; whether it is, the page as it is painted says.
PALE, SHEER = 225, 40
# Of 255: paler letters than that on their ground are not read by anybody.
CONTRAST = 24
# The edges of a letter's box may hold what stands beside it: a table's rule, the next line.
MARGIN = 0.15
LARGEST_SIDE = 1_600
# Text recognition puts invisible words over the picture of the page, and that picture takes up most of it.
PICTURE_SHARE = 0.5

INVISIBLE = "drawn invisibly in the PDF"
PAPER = "in the colour of the paper in the PDF"
SMALL = "too small to be read in the PDF"
BESIDE = "beside the page in the PDF"

_NO_INK = (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)
_OUTLINED = (raw.FPDF_TEXTRENDERMODE_STROKE, raw.FPDF_TEXTRENDERMODE_STROKE_CLIP)


@dataclass(frozen=True)
class _Box:
    left: float
    right: float
    top: float
    bottom: float


class Eyes:
    """Looks at the words of one page; what is costly to know is found out when a word asks for it."""

    def __init__(self, page: Any, text_page: Any) -> None:
        self.page, self.text_page = page, text_page
        self.left, self.bottom, self.right, self.top = page.get_bbox()
        self.recognised = False  # a word was seen because it stands over the picture that it was read from
        self._inks: dict[int | None, str] = {}

    def why_unseen(self, first: int, last: int) -> str:
        """Why the word from this letter to that one is not seen; empty where it is."""
        return self._why_letter_unseen(first) or (self._why_letter_unseen(last) if last != first else "")

    def _why_letter_unseen(self, at: int) -> str:
        index = raw.FPDFText_GetCharIndexFromTextIndex(self.text_page, at)
        found = raw.FS_RECTF()
        if index < 0 or not raw.FPDFText_GetLooseCharBox(self.text_page, index, ctypes.byref(found)):
            return ""
        box = _Box(found.left, found.right, found.top, found.bottom)
        if box.right < self.left or box.left > self.right or box.top < self.bottom or box.bottom > self.top:
            return BESIDE
        # A page drawn at another scale is looked at from as near as it takes.
        readable = UNREADABLE * min(1.0, (self.top - self.bottom) / A4_HEIGHT)
        if max(box.right - box.left, box.top - box.bottom) < readable:
            return SMALL
        ink = self._ink(raw.FPDFText_GetTextObject(self.text_page, index))
        if ink == INVISIBLE and self._is_picture:
            self.recognised = True
            return ""
        return "" if ink == PAPER and self._stands_out(box) else ink

    def _ink(self, drawn: Any) -> str:
        key = ctypes.cast(drawn, ctypes.c_void_p).value
        if key is None:  # a space that was not drawn at all
            return ""
        if key not in self._inks:
            self._inks[key] = _ink(drawn)
        return self._inks[key]

    @cached_property
    def _is_picture(self) -> bool:
        covered: float = sum(
            max(0.0, min(right, self.right) - max(left, self.left))
            * max(0.0, min(top, self.top) - max(bottom, self.bottom))
            for left, bottom, right, top in map(_bounds, self.page.get_objects(max_depth=1))
            if right > left
        )
        return bool(covered >= PICTURE_SHARE * (self.right - self.left) * (self.top - self.bottom))

    @cached_property
    def _painted(self) -> tuple[bytes, int, float]:
        """The page in greys, the bytes in a row of it, and its scale."""
        scale = min(1.0, LARGEST_SIDE / max(self.right - self.left, self.top - self.bottom, 1.0))
        upright = (360 - self.page.get_rotation()) % 360
        bitmap = self.page.render(
            scale=scale, rotation=upright, grayscale=True, may_draw_forms=False, draw_annots=False
        )
        return bytes(bitmap.buffer), bitmap.stride, scale

    def _stands_out(self, box: _Box) -> bool:
        greys, stride, scale = self._painted
        margin = MARGIN * (box.top - box.bottom)
        left = max(0, round((box.left - self.left) * scale))
        right = min(stride, max(left + 1, round((box.right - self.left) * scale)))
        first = max(0, round((self.top - box.top + margin) * scale))
        last = max(first + 1, round((self.top - box.bottom - margin) * scale))
        seen = b"".join(greys[row * stride + left : row * stride + right] for row in range(first, last))
        return bool(seen) and max(seen) - min(seen) >= CONTRAST


def _bounds(drawn: Any) -> tuple[float, float, float, float]:
    """Of a picture, or of a drawing that holds one; nothing of what is none."""
    is_picture = drawn.type == raw.FPDF_PAGEOBJ_IMAGE or (
        drawn.type == raw.FPDF_PAGEOBJ_FORM
        and any(True for _ in drawn.page.get_objects([raw.FPDF_PAGEOBJ_IMAGE], max_depth=3, form=drawn.raw))
    )
    left, bottom, right, top = drawn.get_bounds() if is_picture else (0.0, 0.0, 0.0, 0.0)
    return left, bottom, right, top


def _ink(drawn: Any) -> str:
    """INVISIBLE without any, PAPER where it may not be told from the paper, and empty where it is."""
    mode = raw.FPDFTextObj_GetTextRenderMode(drawn)
    if mode in _NO_INK:
        return INVISIBLE
    red, green, blue, solid = (ctypes.c_uint() for _ in range(4))
    colour_of = raw.FPDFPageObj_GetStrokeColor if mode in _OUTLINED else raw.FPDFPageObj_GetFillColor
    if not colour_of(drawn, red, green, blue, solid):
        return ""
    return PAPER if min(red.value, green.value, blue.value) >= PALE or solid.value < SHEER else ""
