"""Paper: text, pairs and tables drawn onto pages with a head, a foot and "page x of y". Knows nothing of evidence.

Drawn directly, row by row, and not by a layout of paragraphs: ten thousand lines take seconds and little memory. The
same calls give the same bytes, so that a print can be compared with another.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import IO

from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFStream, PDFString
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

PLAIN, BOLD = "Vera", "VeraBd"
FILES = {PLAIN: "Vera.ttf", BOLD: "VeraBd.ttf"}  # shipped with reportlab
SIZES = {"A4": A4, "LETTER": LETTER}
MARGIN, HEAD, FOOT = 40.0, 34.0, 24.0  # points
GAP = 4.0  # between columns
LEAD = 1.32  # of the letters' size, from line to line


@cache
def _fonts() -> None:
    for name, file in FILES.items():
        pdfmetrics.registerFont(TTFont(name, file))


@cache
def _has(letter: str) -> bool:
    return ord(letter) in pdfmetrics.getFont(PLAIN).face.charToGlyph


class _Widths(dict[str, float]):
    """How wide each letter of a font is, in its size."""

    def __init__(self, font: str) -> None:
        super().__init__()
        self._font = font

    def __missing__(self, letter: str) -> float:
        self[letter] = float(pdfmetrics.stringWidth(letter, self._font, 1000)) / 1000
        return self[letter]


WIDTHS = {font: _Widths(font) for font in FILES}


def _long(text: str, font: str) -> float:
    """How long a text is, in the size of its letters."""
    return sum(map(WIDTHS[font].__getitem__, text))


def printable(text: str) -> str:
    """This function will write letters that the font lacks by their number, [U+4E2D], where they would be boxes."""
    if text.isascii() and text.isprintable():
        return text
    _fonts()
    composed = unicodedata.normalize("NFC", text).replace("\t", "    ")
    return "".join(
        letter if letter == "\n" or (_has(letter) and letter.isprintable()) else f"[U+{ord(letter):04X}]"
        for letter in composed.replace("\r\n", "\n")
    )


def wrapped(text: str, *, width: float, size: float, font: str = PLAIN) -> list[str]:
    """This function will break a text into lines of a width: between words, and within those that are too long."""
    return [line for row in printable(text).split("\n") for line in _broken(row, width / size, font)]


def _broken(row: str, width: float, font: str) -> list[str]:
    _fonts()
    if _long(row, font) <= width:
        return [row]
    widths = WIDTHS[font]
    lines, line, used, after_space = [], "", 0.0, 0
    for letter in row:
        wide = widths[letter]
        if used + wide > width and line:
            cut = after_space or len(line)
            lines.append(line[:cut].rstrip())
            line = line[cut:]
            used, after_space = _long(line, font), 0
        line += letter
        used += wide
        if letter == " ":
            after_space = len(line)
    return [*lines, line]


class Paper:
    """A document being drawn from top to bottom. Sizes are in points."""

    def __init__(self, out: IO[bytes], *, size: str, title: str, by: str, head: tuple[str, str]) -> None:
        _fonts()
        self._page_width, self._page_height = SIZES[size]
        self._canvas = Canvas(out, pagesize=SIZES[size], invariant=1, pageCompression=1)
        self._canvas.setTitle(title)
        self._canvas.setAuthor("Tieback")
        self._canvas.setCreator(by)
        self._head = head
        self._number = 0
        self.width = self._page_width - 2 * MARGIN
        self._begin()

    # -- pages --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._number += 1
        self._y = self._page_height - MARGIN - HEAD
        top = self._page_height - MARGIN
        for place, (text, font) in enumerate(zip(self._head, (BOLD, PLAIN), strict=True)):
            line = wrapped(text, width=self.width, size=8, font=font)[0]
            self._draw(line, MARGIN, top - 8 - place * 10, 8, font)
        self._rule(top - 23)
        words = f"Page {self._number} of "
        self._draw(words, MARGIN, MARGIN, 8, PLAIN)
        self._canvas.saveState()
        self._canvas.translate(MARGIN + _long(words, PLAIN) * 8, MARGIN)
        self._canvas.doForm("pages")  # drawn at the end, when the number is known
        self._canvas.restoreState()

    def _rule(self, y: float, shade: float = 0.6) -> None:
        self._canvas.setStrokeGray(shade)
        self._canvas.setLineWidth(0.5)
        self._canvas.line(MARGIN, y, self._page_width - MARGIN, y)

    def _draw(self, text: str, x: float, y: float, size: float, font: str) -> None:
        if text:
            self._canvas.setFont(font, size)
            self._canvas.drawString(x, y, text)

    def _room(self, height: float) -> bool:
        """Whether so much fits; a new page is begun where it does not."""
        if self._y - height >= MARGIN + FOOT:
            return True
        self._canvas.showPage()
        self._begin()
        return False

    def attach(self, name: str, content: bytes, compressed: bytes) -> None:
        """This function will put a file into the document."""
        stream = PDFStream(
            PDFDictionary(
                {
                    "Type": PDFName("EmbeddedFile"),
                    "Subtype": "/application#2Fjson",
                    "Filter": PDFName("FlateDecode"),
                    "Params": PDFDictionary({"Size": len(content)}),
                }
            ),
            compressed,
        )
        document = self._canvas._doc
        file = PDFDictionary(
            {
                "Type": PDFName("Filespec"),
                "F": PDFString(name),
                "UF": PDFString(name),
                "EF": PDFDictionary({"F": document.Reference(stream)}),
                "AFRelationship": PDFName("Data"),
            }
        )
        names = PDFDictionary({"Names": PDFArray([PDFString(name), document.Reference(file)])})
        document.Catalog.Names = PDFDictionary({"EmbeddedFiles": names})

    def end(self) -> None:
        """This function will finish the document."""
        self._canvas.showPage()
        self._canvas.beginForm("pages")
        self._draw(str(self._number), 0, 0, 8, PLAIN)
        self._canvas.endForm()
        self._canvas.save()

    # -- what stands on them ------------------------------------------------------------------------------------

    def title(self, text: str) -> None:
        """This function will write the name of the document."""
        self._lines(text, 16, BOLD)
        self._y -= 6

    def heading(self, text: str) -> None:
        """This function will begin a part; it never stands alone at the foot of a page."""
        self._room(60)
        self._y -= 12
        self._lines(text, 11, BOLD)
        self._rule(self._y - 1)
        self._y -= 6

    def text(self, text: str, *, size: float = 8.5, font: str = PLAIN, indent: float = 0) -> None:
        """This function will write a text over as many lines and pages as it takes."""
        self._lines(text, size, font, indent)
        self._y -= 3

    def _lines(self, text: str, size: float, font: str, indent: float = 0) -> None:
        for line in wrapped(text, width=self.width - indent, size=size, font=font):
            self._room(size * LEAD)
            self._y -= size * LEAD
            self._draw(line, MARGIN + indent, self._y, size, font)

    def pairs(self, rows: Iterable[tuple[str, str]]) -> None:
        """This function will write facts with their labels; those without words are left out."""
        self.table((), [row for row in rows if row[1]], widths=(0.26, 0.74), bold_first=True, size=8.5)

    def table(
        self,
        head: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        widths: Sequence[float],
        right: frozenset[int] = frozenset(),
        bold_first: bool = False,
        size: float = 7.5,
    ) -> None:
        """This function will draw a table, its head on each page; `widths` are shares of the page's."""
        across = [share * self.width for share in widths]
        if head:
            self._room(4 * size * LEAD)
            self._row(head, across, right, size, (BOLD,) * len(head))
        fonts = (BOLD if bold_first else PLAIN, *(PLAIN,) * (len(across) - 1))
        for row in rows:
            cells = [
                wrapped(cell, width=wide - GAP, size=size, font=font)
                for cell, wide, font in zip(row, across, fonts, strict=True)
            ]
            self._cells(cells, across, right, size, fonts, head)
        self._y -= 4

    def _row(
        self,
        row: Sequence[str],
        across: Sequence[float],
        right: frozenset[int],
        size: float,
        fonts: Sequence[str],
    ) -> None:
        cells = [
            wrapped(cell, width=wide - GAP, size=size, font=font)
            for cell, wide, font in zip(row, across, fonts, strict=True)
        ]
        self._cells(cells, across, right, size, fonts, ())
        self._rule(self._y + size * 0.1, 0.2)

    def _cells(
        self,
        cells: list[list[str]],
        across: Sequence[float],
        right: frozenset[int],
        size: float,
        fonts: Sequence[str],
        head: Sequence[str],
    ) -> None:
        """Draw a row; one that is longer than what is left goes on, line by line, on the next page."""
        high = max(len(cell) for cell in cells)
        whole = high * size * LEAD + 2
        if whole < self._page_height / 3 and not self._room(whole) and head:
            self._row(head, across, right, size, (BOLD,) * len(head))
        for place in range(high):
            if not self._room(size * LEAD) and head:
                self._row(head, across, right, size, (BOLD,) * len(head))
            self._y -= size * LEAD
            x = MARGIN
            for column, (cell, wide) in enumerate(zip(cells, across, strict=True)):
                if place < len(cell):
                    self._place(cell[place], x, wide, column in right, size, fonts[column])
                x += wide
        self._y -= 2
        self._rule(self._y - 0.5, 0.85)

    def _place(self, text: str, x: float, wide: float, to_the_right: bool, size: float, font: str) -> None:
        if to_the_right:
            x += wide - GAP - _long(text, font) * size
        self._draw(text, x, self._y, size, font)
