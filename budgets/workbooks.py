"""Files people send us, as a plain grid of cells: size and shape are looked at before anything is unpacked.

Pure. A cell is text, a float (XLSX numbers), a bool, a date or time, or "" where it is empty.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

MEGABYTE = 1024 * 1024
LARGEST_FILE = 20 * MEGABYTE
LARGEST_UNPACKED = 100 * MEGABYTE
MOST_ROWS = 20_000
MOST_COLUMNS = 60
CHUNK = 1024 * 1024

ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,8})([0-9]{1,12})["']""")  # where a cell or row says it is
TAG = re.compile(
    rb"<(?:\w{1,20}:)?(row|c)[\s/>]"
)  # of rows and cells, also of those that do not say where they are
LONGEST_PLACE = 40  # bytes that two chunks overlap, so that no place is cut in half

Grid = list[list[Any]]


class Unreadable(Exception):
    """The file as a whole cannot be read: says why and what to do."""


def grid(*, data: bytes) -> Grid:
    """This function will read the cells of a CSV file, or of the first sheet of an XLSX workbook.

    Its content says which of both it is. Raises Unreadable for what is too large, broken or of another kind.
    """
    if len(data) > LARGEST_FILE:
        raise Unreadable(f"The file is larger than {LARGEST_FILE // MEGABYTE} MB. Split it.")
    if not data.strip():
        raise Unreadable("The file is empty.")
    if data.startswith(OLD_EXCEL):
        raise Unreadable("This is an old or encrypted Excel file. Save it as .xlsx without a password.")
    cells = _xlsx(data) if data.startswith(ZIP) else _csv(data)
    while cells and not any(_filled(cell) for cell in cells[-1]):
        cells.pop()
    if len(cells) > MOST_ROWS + 1:
        raise Unreadable(f"The file has more than {MOST_ROWS:,} rows. Split it.")
    if max((_width(row) for row in cells), default=0) > MOST_COLUMNS:
        raise Unreadable(
            f"The file has more than {MOST_COLUMNS} columns. Take out those that are not needed."
        )
    return cells


def _filled(cell: Any) -> bool:
    return not isinstance(cell, str) or bool(cell.strip())


def _width(row: list[Any]) -> int:
    return next((i for i in range(len(row), 0, -1) if _filled(row[i - 1])), 0)


# -- CSV --------------------------------------------------------------------------------------------------


def _csv(data: bytes) -> Grid:
    text = _decoded(data)
    if "\0" in text:
        raise Unreadable("This is neither a CSV file nor an XLSX workbook.")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    rows: Grid = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            rows.append(list(row))
            if len(rows) > 2 * MOST_ROWS:
                break
    except csv.Error as problem:
        raise Unreadable(
            f"The file is no clean CSV from row {len(rows) + 1} on ({problem}). Save it again as CSV or XLSX."
        ) from None
    return rows


def _decoded(data: bytes) -> str:
    """Unicode as its mark says, else UTF-8, else what Excel on Windows writes."""
    marked = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}.get(data[:2])
    for encoding in (marked,) if marked else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("The text of the file cannot be decoded. Save it as CSV in UTF-8, or as XLSX.")


# -- XLSX -------------------------------------------------------------------------------------------------


def _xlsx(data: bytes) -> Grid:
    try:
        _refuse_bombs(data)
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            if not book.sheet_names:
                raise Unreadable("The workbook has no sheet.")
            return book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError):
        raise Unreadable(
            "The workbook is damaged or cut off. Save it again as .xlsx, then try once more."
        ) from None
    except CalamineError as problem:
        raise Unreadable(f"This is no readable XLSX workbook ({problem}). Save it again as .xlsx.") from None


def _refuse_bombs(data: bytes) -> None:
    """Unpack to count, never trusting the sizes a file claims; look where its cells say they are.

    A sheet is read into a rectangle: one cell at XFD1048576 alone would ask for 17 billion cells.
    """
    left = LARGEST_UNPACKED
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(info.file_size for info in archive.infolist()) > LARGEST_UNPACKED:
            raise _too_large()
        for info in archive.infolist():
            if info.flag_bits & 1:
                raise Unreadable("The workbook is encrypted. Save it without a password.")
            sheet, width = "worksheets/" in info.filename.lower(), 0
            for piece in _unpacked(archive, info):
                left -= len(piece)
                if left < 0:
                    raise _too_large()
                sheet = sheet or b"sheetData" in piece  # a sheet may lie under any name
                if sheet:
                    _refuse_far_cells(piece)
                    width = _refuse_wide_rows(piece, width)


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what a member really holds, each piece with the end of the one before."""
    info.file_size = LARGEST_UNPACKED + 1  # else reading would end where the file claims to end
    tail = b""
    with archive.open(info) as member:
        while piece := member.read(CHUNK):
            yield tail + piece
            tail = piece[-LONGEST_PLACE:]


def _too_large() -> Unreadable:
    return Unreadable(f"Unpacked, the workbook is larger than {LARGEST_UNPACKED // MEGABYTE} MB. Split it.")


def _refuse_far_cells(piece: bytes) -> None:
    for letters, digits in set(PLACE.findall(piece)):
        if int(digits) > MOST_ROWS + 1 or column_number(letters) > MOST_COLUMNS:
            place = (letters + digits).decode()
            raise Unreadable(
                f"The sheet reaches to {place}; at most {MOST_ROWS:,} rows and {MOST_COLUMNS} columns "
                "are read. Delete what stands outside, also empty rows and columns with a format."
            )


def _refuse_wide_rows(piece: bytes, width: int) -> int:
    """Count cells that say no place: they stand one beside the other. Returns how many the row has that goes on."""
    for tag in TAG.finditer(piece):
        width = 0 if tag[1] == b"row" else width + 1
        if width > MOST_COLUMNS + LONGEST_PLACE:  # what two pieces share is counted twice
            raise Unreadable(
                f"A row has more than {MOST_COLUMNS} cells. Take out the columns that are not needed."
            )
    return width


def column_number(letters: bytes) -> int:
    """This function will count a column's letters: A is 1, Z 26, AA 27; 0 for none."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
