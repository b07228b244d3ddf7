"""Files people take away: a budget as XLSX, CSV or JSON, the template for a new one, and rows to repair.

Texts are always text cells and never formulas; what a spreadsheet would run gets an apostrophe that our import takes
off again. Numbers are numbers, or text where a spreadsheet's float would not keep every digit.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import IO, Any

import xlsxwriter

from budgets.files import layouts
from budgets.files.cells import escaped
from budgets.files.export_rows import COLUMNS, Export
from budgets.files.layouts import Layout, text_of
from budgets.files.workbooks import read_cells
from budgets.importing import preview as import_preview
from budgets.importing.models import StagedImport

FORMATS = {
    "money": "#,##0.00;[Red](#,##0.00)",
    "quantity": "#,##0.####",
    "code": "@",
    "text": "@",
}
WIDTHS = {"code": 14, "text": 40, "quantity": 12, "money": 18}
MIMES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
DIGITS = 15  # that a spreadsheet keeps of a number
HELP = (
    ("How to fill in this budget", "", "", "", "", "", "", ""),
    (
        "One row a cost code and cost type. Column order does not matter; columns you do not need may go.",
        *[""] * 7,
    ),
    (
        "Job is empty for the main job. The amount may be empty where quantity and unit cost are there.",
        *[""] * 7,
    ),
    ("Three rows as an example; this sheet is not read:", *[""] * 7),
    ("", "03-30-00", "M", "Ready-mix concrete", "120", "CY", "165.50", ""),
    ("", "03-30-00", "L", "Placing and finishing", "", "", "", "48000.00"),
    ("", "01-31-00", "L", "Project management", "10", "MO", "14250", "142500.00"),
)


def xlsx(exported: Export) -> IO[bytes]:
    """This function will write a budget as a workbook; one without lines is the template, with examples beside."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"constant_memory": True, "strings_to_numbers": False})
    formats = {kind: book.add_format({"num_format": code}) for kind, code in FORMATS.items()}
    head = book.add_format({"bold": True, "bottom": 1})
    sheet = book.add_worksheet("Budget")
    sheet.freeze_panes(1, 3)
    for place, (_, name, kind) in enumerate(COLUMNS):
        sheet.set_column(place, place, WIDTHS[kind], formats[kind])
        sheet.write_string(0, place, name, head)
    columns = [
        (place, kind in ("money", "quantity"), formats[kind]) for place, (_, _, kind) in enumerate(COLUMNS)
    ]
    for number, line in enumerate(exported.lines, start=1):
        for place, numeric, form in columns:
            text = line[place]
            if not text:
                continue
            if numeric and kept_by_float(text):
                sheet.write_number(number, place, float(text), form)
            else:
                sheet.write_string(number, place, escaped(text) if not numeric else text, form)
    if not exported.lines:
        _examples(book, head)
    book.close()
    made.seek(0)
    return made


def kept_by_float(text: str) -> bool:
    """This function will tell whether a spreadsheet keeps every digit of a number."""
    return len(text) <= DIGITS or len(text.strip("-").replace(".", "").rstrip("0").lstrip("0")) <= DIGITS


def _examples(book: Any, head: Any) -> None:
    sheet = book.add_worksheet("How to fill in")
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, len(COLUMNS), 18)
    for number, row in enumerate(HELP):
        for place, text in enumerate(row):
            sheet.write_string(number, place, text, head if number == 0 else None)


def csv_file(exported: Export) -> IO[bytes]:
    """This function will write a budget as CSV in UTF-8, with the mark that spreadsheets know it by."""
    made = io.StringIO(newline="")
    writer = csv.writer(made)
    writer.writerow([name for _, name, _ in COLUMNS])
    numeric = [kind in ("money", "quantity") for _, _, kind in COLUMNS]
    for line in exported.lines:
        writer.writerow(
            [text if number else escaped(text or "") for text, number in zip(line, numeric, strict=True)]
        )
    return io.BytesIO(made.getvalue().encode("utf-8-sig"))


def json_text(exported: Export) -> str:
    """This function will write a budget as JSON; amounts are strings in company currency."""
    keys = [key for key, _, _ in COLUMNS]
    budget = exported.budget
    return json.dumps(
        {
            "project": budget.project_id,
            "name": budget.project.name,
            "currency": budget.project.company.currency,
            "version": budget.version,
            "lines": [dict(zip(keys, line, strict=True)) for line in exported.lines],
        },
        ensure_ascii=False,
    )


# -- rows to repair ---------------------------------------------------------------------------------------


def repair_file(staged: StagedImport) -> IO[bytes]:
    """This function will write the rows of a staged file that were not taken, as they came, each with its errors."""
    layout = Layout.from_json(staged.layout)
    cells = read_cells(data=bytes(staged.content), sheet=layout.sheet)
    shown = import_preview.unpack(staged.preview)
    said: dict[int, list[str]] = {number: [] for number in shown["bad"]}
    for error in shown["groups"]["errors"]:
        for number in (error["row"], error["also"]):
            if number is not None:
                said[number].append(error["message"])
    header = _header(layout, layouts.names_of(cells.rows, layout.header))
    rows: list[Sequence[Any]] = [[*header, layouts.ERROR]]
    for number in sorted(said):
        row = [*cells.rows[number - 1], *[""] * len(header)][: len(header)]
        rows.append([*row, " ".join(said[number])])
    return _plain_workbook(rows, "To repair")


def _header(layout: Layout, names: list[str]) -> list[str]:
    """The file's own names without an earlier error column's text, or ours where it has none."""
    if layout.header is None:
        ours = {place: name for name, place in layout.columns.items()}
        return [ours.get(place, name) for place, name in enumerate(names)]
    return names[:-1] if names and layouts.plain(names[-1]) == layouts.ERROR else names


def _plain_workbook(rows: Sequence[Sequence[Any]], name: str) -> IO[bytes]:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"constant_memory": True})
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(rows[0]) - 2, 16)
    sheet.set_column(len(rows[0]) - 1, len(rows[0]) - 1, 80)
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            if type(cell) is float and abs(cell) < 1e300:
                sheet.write_number(number, place, cell)
            elif cell != "":
                sheet.write_string(number, place, escaped(_text(cell)))
    book.close()
    made.seek(0)
    return made


def _text(cell: Any) -> str:
    return cell.isoformat() if isinstance(cell, datetime) else text_of(cell)
