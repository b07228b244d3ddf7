"""A table as a file to download, CSV or XLSX: texts guarded against formulas, numbers kept as numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.http import HttpResponse
from django.utils.timezone import localtime

from budgets.files.cells import escaped
from budgets.files.export_files import kept_by_float

Cell = str | int | Decimal | datetime | None
KINDS = ("csv", "xlsx")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def table(kind: str, *, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """This function will answer with rows as a file of a kind of `KINDS`, named `name` and the kind.

    Times are those of the current zone: in a workbook times that sort, looking as on the pages with their zone; in CSV,
    which programs read, ISO 8601 with the offset.
    """
    if kind == "xlsx":
        answer = HttpResponse(_workbook(header, rows), content_type=XLSX)
    else:
        answer = HttpResponse(b"".join(_csv(header, rows)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        """Hand it back."""
        return text


def _csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    writer: Any = csv.writer(_Echo())
    yield "\ufeff".encode()  # so that Excel reads UTF-8
    for row in (header, *rows):
        yield writer.writerow([_text(cell) for cell in row]).encode()


def _text(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return localtime(cell).isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, str):
        return escaped(cell)
    return "" if cell is None else f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


class _Times(dict[str, Any]):
    """A book's format for times of each zone: the number is the wall clock's, and the zone stands beside it."""

    def __init__(self, book: Any) -> None:
        super().__init__()
        self._book = book

    def __missing__(self, zone: str) -> Any:
        self[zone] = self._book.add_format({"num_format": f'mmm d, yyyy, hh:mm:ss "{zone}"', "align": "left"})
        return self[zone]


def _workbook(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "in_memory": False})
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00;(#,##0.00)"})
    times = _Times(book)
    for column, title in enumerate(header):
        sheet.write_string(0, column, title, bold)
    sheet.set_column(0, len(header) - 1, 16)
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, Decimal) and kept_by_float(f"{cell:f}"):
                sheet.write_number(number, column, float(cell), money)
            elif isinstance(cell, int):
                sheet.write_number(number, column, cell)
            elif isinstance(cell, datetime):
                local = localtime(cell)
                wall = local.replace(tzinfo=None, microsecond=0)
                sheet.write_datetime(number, column, wall, times[local.tzname() or ""])
            elif cell is not None:
                sheet.write_string(number, column, _text(cell))
    book.close()
    return file.getvalue()
