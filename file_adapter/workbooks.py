"""An XLSX file as a grid of cells. What it unpacks to is counted first, and how far its cells reach: never believed.

A sheet is read into a rectangle from its first cell to its last. One cell at XFD1048576 alone asks for 17 billion of
them, which ends the worker at once, and so each worker that looks at the same file after it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

import python_calamine

from file_adapter.cells import Cell

LARGEST_UNPACKED = 200 * 1024 * 1024  # bytes of all its parts
MOST_CELLS = 5_000_000  # of the rectangle
PIECE = 1024 * 1024
PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,8})([0-9]{1,12})["']""")  # where a cell or row says it is
TAG = re.compile(
    rb"<(?:\w{1,20}:)?(row|c)[\s/>]"
)  # of rows and cells, also of those that do not say where they are
LONGEST_PLACE = 64  # bytes that two pieces overlap, so that no place is cut in half


class TooLarge(Exception):
    """A workbook that is not opened: says why and what to do."""


def cells_of(data: bytes) -> list[list[Cell]]:
    """This function will read the first sheet. Raises TooLarge, zipfile.BadZipFile, python_calamine.CalamineError."""
    try:
        _refuse_what_bursts(data)
    except (NotImplementedError, RuntimeError, EOFError) as problem:  # encrypted, or packed in an unknown way
        raise zipfile.BadZipFile(str(problem)) from None
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    return [list(row) for row in book.get_sheet_by_index(0).to_python(skip_empty_area=False)]


def _refuse_what_bursts(data: bytes) -> None:
    left = LARGEST_UNPACKED
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        for part in parts.infolist():
            sheet = "worksheets/" in part.filename.lower()
            rows = columns = width = 0
            for piece, fresh in _unpacked(parts, part):
                left -= fresh
                if left < 0:
                    raise TooLarge("Its content is too large.")
                sheet = sheet or b"sheetData" in piece  # a sheet may lie under any name
                if sheet:
                    rows, columns = _reach(piece, rows, columns)
                    width, widest = _beside(piece, width)
                    columns = max(columns, widest)
                    if rows * columns > MOST_CELLS:
                        raise TooLarge(
                            f"A sheet reaches to row {rows:,} and column {columns:,}. Delete the empty rows and "
                            "columns outside the table."
                        )


def _unpacked(parts: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[tuple[bytes, int]]:
    """Yield what a part really holds, each piece with the end of the one before, and how many bytes of it are new."""
    part.file_size = LARGEST_UNPACKED + 1  # else reading would end where the file claims to end
    tail = b""
    with parts.open(part) as member:
        while piece := member.read(PIECE):
            yield tail + piece, len(piece)
            tail = piece[-LONGEST_PLACE:]


def _reach(piece: bytes, rows: int, columns: int) -> tuple[int, int]:
    """The farthest row and column so far."""
    for letters, digits in set(PLACE.findall(piece)):
        rows, columns = max(rows, int(digits)), max(columns, _column(letters))
    return rows, columns


def _beside(piece: bytes, width: int) -> tuple[int, int]:
    """Count cells that may say no place: how many the row has that goes on, and the widest row has."""
    widest = width
    for tag in TAG.finditer(piece):
        width = 0 if tag[1] == b"row" else width + 1
        widest = max(widest, width)
    return width, widest


def _column(letters: bytes) -> int:
    """A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
