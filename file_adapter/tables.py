"""A CSV or XLSX file as rows under a header, each with its number as a spreadsheet counts; bounded in size."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import python_calamine

from file_adapter.cells import Cell, Wrong
from file_adapter.disk import LARGEST
from file_adapter.workbooks import TooLarge, cells_of

Read = TypeVar("Read")

HEADER_WITHIN = 40  # rows; above the header a form has a head for people


class Unreadable(Exception):
    """The file as a whole is of no use: says why and what to do."""


@dataclass(frozen=True)
class Row:
    """One row below the header: its number, and its cells by column."""

    number: int
    cells: Mapping[str, Cell]

    def read(self, column: str, how: Callable[[Cell], Read]) -> Read:
        """This function will read one cell. Raises Wrong with the row and the column in it."""
        try:
            return how(self.cells.get(column))
        except Wrong as wrong:
            raise Wrong(f"Row {self.number}, {words(column)}: {wrong}.") from None


def words(column: str) -> str:
    """This function will write a column as people read it: `cost_code` is "cost code"."""
    return column.replace("_", " ")


def rows_of(data: bytes, *, needed: Iterable[str]) -> list[Row]:
    """This function will read the rows under the header that has all needed columns; empty rows are left out.

    Raises Unreadable.
    """
    if len(data) > LARGEST:
        raise Unreadable(f"It is larger than {LARGEST // 2**20} MB.")
    grid = _workbook(data) if data.startswith(b"PK") else _text(data)
    wanted = tuple(needed)
    place, columns = _header(grid, wanted)
    rows = [
        Row(number, dict(zip(columns, cells, strict=False)))
        for number, cells in enumerate(grid[place + 1 :], start=place + 2)
    ]
    return [row for row in rows if any(cell not in (None, "") for cell in row.cells.values())]


def _header(grid: Sequence[Sequence[Cell]], needed: tuple[str, ...]) -> tuple[int, list[str]]:
    best: set[str] = set()
    for place, cells in enumerate(grid[:HEADER_WITHIN]):
        columns = [_name(cell) for cell in cells]
        if set(needed) <= set(columns):
            twice = {name for name in columns if name and columns.count(name) > 1}
            if twice:
                raise Unreadable(f"The column {words(min(twice))} is there twice. Keep one.")
            return place, columns
        best = max(best, set(needed) & set(columns), key=len)
    missing = ", ".join(words(name) for name in needed if name not in best)
    raise Unreadable(f"No row has the column names it needs; missing: {missing}.")


def _name(cell: Cell) -> str:
    return re.sub(r"[^a-z0-9]+", "_", cell.casefold()).strip("_") if isinstance(cell, str) else ""


def _text(data: bytes) -> list[list[Cell]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")  # what spreadsheets on Windows call CSV
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        return [
            list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        ]
    except csv.Error as problem:
        raise Unreadable(f"It is no CSV file: {problem}.") from None


def _workbook(data: bytes) -> list[list[Cell]]:
    try:
        return cells_of(data)
    except TooLarge as problem:
        raise Unreadable(str(problem)) from None
    except (zipfile.BadZipFile, python_calamine.CalamineError) as problem:
        raise Unreadable(f"It is damaged or no XLSX workbook ({problem}). Save it again.") from None
