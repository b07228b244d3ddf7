"""A view as a table of exact values: what its file and the API hold, from the rows and sums of the grid itself."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any

import xlsxwriter

from budgets import facts
from budgets.files.cells import escaped
from budgets.files.export_files import FORMATS, WIDTHS, kept_by_float
from budgets.grid.columns import Column
from budgets.grid.groups import summed
from budgets.grid.rows import read
from budgets.models import Budget
from budgets.saved_views.choosing import Shown

KINDS = {"price": "quantity", "verdict": "money"}  # what a file writes like another kind


@dataclass(frozen=True)
class Table:
    """`rows` and `totals` hold Decimals and texts by column, None where there is nothing."""

    columns: Sequence[tuple[Column, str]]
    rows: Sequence[Sequence[Any]]
    totals: Sequence[Any]


def of_view(budget: Budget, shown: Shown) -> Table:
    """This function will read every line of a budget in the columns of a view, and what they come to."""
    columns, erp = shown.columns(), facts.erp_name(budget)
    lines = read(budget, columns=columns)
    total = summed(lines, columns)
    return Table(
        columns=[(column, column.title(erp)) for column in columns],
        rows=[[column.shown(row) for column in columns] for row in lines],
        totals=[column.shown(total) if column.summed else None for column in columns],
    )


def xlsx(table: Table, *, name: str) -> IO[bytes]:
    """This function will write a view as a workbook of one sheet, with its totals in the last row."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"constant_memory": True, "strings_to_numbers": False})
    sheet = book.add_worksheet(_sheet_name(name))
    sheet.freeze_panes(1, 1)
    head = book.add_format({"bold": True, "bottom": 1})
    forms = {**FORMATS, "percent": "0.0 %"}
    kinds = [KINDS.get(column.kind, column.kind) for column, _ in table.columns]
    usual = [book.add_format({"num_format": forms[kind]}) for kind in kinds]
    last = [book.add_format({"num_format": forms[kind], "bold": True, "top": 1}) for kind in kinds]
    for place, (_, title) in enumerate(table.columns):
        sheet.set_column(place, place, WIDTHS.get(kinds[place], 14))
        sheet.write_string(0, place, escaped(title), head)
    for number, row in enumerate(table.rows, start=1):
        _write(sheet, number, row, usual)
    _write(sheet, len(table.rows) + 1, ["Total", *table.totals[1:]], last)
    book.close()
    made.seek(0)
    return made


def _write(sheet: Any, number: int, row: Sequence[Any], forms: Sequence[Any]) -> None:
    for place, value in enumerate(row):
        if isinstance(value, Decimal) and kept_by_float(f"{value:f}"):
            sheet.write_number(number, place, float(value), forms[place])
        elif value not in (None, ""):
            sheet.write_string(
                number, place, f"{value:f}" if isinstance(value, Decimal) else escaped(value), forms[place]
            )


def _sheet_name(name: str) -> str:
    """What a workbook takes as the name of a sheet."""
    kept = "".join(letter for letter in name if letter not in "[]:*?/\\'")
    return kept.strip()[:31] or "View"
