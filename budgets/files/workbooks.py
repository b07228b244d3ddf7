"""Files people send us, as plain grids of cells: size and shape are looked at before anything is unpacked.

A cell is text, a float (numbers of workbooks), a bool, a date or time, or "" where it is empty.
"""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass, field
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from budgets.files import old_excel
from budgets.files.workbook_guards import MEGABYTE, MOST_COLUMNS, MOST_ROWS, Unreadable, refuse_bombs

__all__ = ["LARGEST_FILE", "MOST_ROWS", "Cells", "Unreadable", "grid", "read_cells"]

LARGEST_FILE = 20 * MEGABYTE
ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
SNIFFED = 20  # lines that are asked for their delimiter

Grid = list[list[Any]]
Corner = tuple[int, int]  # row and column, from 0


@dataclass(frozen=True)
class Cells:
    """One sheet of a file: its cells, which of them are merged, and the names of all sheets ("" of a CSV file)."""

    rows: Grid
    merged: list[tuple[Corner, Corner]] = field(default_factory=list)
    sheets: list[str] = field(default_factory=lambda: [""])
    sheet: int = 0


def grid(*, data: bytes) -> Grid:
    """This function will read the cells of a CSV file, or of the first sheet of a workbook. Raises Unreadable."""
    return read_cells(data=data).rows


def read_cells(*, data: bytes, sheet: int = 0) -> Cells:
    """This function will read a CSV file or one sheet of an XLSX or XLS workbook; its content says which it is.

    Raises Unreadable for what is too large, broken or of another kind.
    """
    if len(data) > LARGEST_FILE:
        raise Unreadable(f"The file is larger than {LARGEST_FILE // MEGABYTE} MB. Split it.")
    if not data.strip():
        raise Unreadable("The file is empty.")
    if data.startswith(OLD_EXCEL):
        names, rows, merged = old_excel.read(data, sheet=sheet)
        cells = Cells(rows, merged, names, sheet)
    else:
        cells = _xlsx(data, sheet) if data.startswith(ZIP) else Cells(_csv(data))
    _refuse_shape(cells.rows)
    return cells


def _refuse_shape(rows: Grid) -> None:
    while rows and not any(_filled(cell) for cell in rows[-1]):
        rows.pop()
    if len(rows) > MOST_ROWS + 1:
        raise Unreadable(f"The file has more than {MOST_ROWS:,} rows. Split it.")
    if max(map(len, rows), default=0) <= MOST_COLUMNS:
        return
    if max((_width(row) for row in rows), default=0) > MOST_COLUMNS:
        raise Unreadable(
            f"The file has more than {MOST_COLUMNS} columns. Take out those that are not needed."
        )


def _filled(cell: Any) -> bool:
    return not isinstance(cell, str) or bool(cell.strip())


def _width(row: list[Any]) -> int:
    return next((i for i in range(len(row), 0, -1) if _filled(row[i - 1])), 0)


# -- CSV --------------------------------------------------------------------------------------------------


def _csv(data: bytes) -> Grid:
    text = _decoded(data)
    if "\0" in text:
        raise Unreadable("This is neither a CSV file nor an Excel workbook.")
    rows: Grid = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True):
            rows.append(list(row))
            if len(rows) > 2 * MOST_ROWS:
                break
    except csv.Error as problem:
        raise Unreadable(
            f"The file is no clean CSV from row {len(rows) + 1} on ({problem}). Save it again as CSV or XLSX."
        ) from None
    if rows and rows[0] and rows[0][0].lower().startswith("sep="):
        rows[0] = [""]
    return rows


def _delimiter(text: str) -> str:
    """A tab where there are any: text pasted from a spreadsheet has commas in its amounts. Else what is there most."""
    lines = [line for line in text[:100_000].splitlines() if line.strip()][:SNIFFED]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) == 5:
        return lines[0][4]  # as Excel notes it
    if sum("\t" in line for line in lines) * 2 > len(lines):
        return "\t"
    return max(",;\t", key=lines[0].count) if lines else ","


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


def _xlsx(data: bytes, sheet: int) -> Cells:
    try:
        refuse_bombs(data)
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            names = book.sheet_names
            if not names:
                raise Unreadable("The workbook has no sheet.")
            place = sheet if 0 <= sheet < len(names) else 0
            read = book.get_sheet_by_index(place)
            rows = read.to_python(skip_empty_area=False)
            return Cells(rows, read.merged_cell_ranges or [], names, place)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError):
        raise Unreadable(
            "The workbook is damaged or cut off. Save it again as .xlsx, then try once more."
        ) from None
    except CalamineError as problem:
        raise Unreadable(f"This is no readable XLSX workbook ({problem}). Save it again as .xlsx.") from None
