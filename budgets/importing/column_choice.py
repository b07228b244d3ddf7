"""The page on which a person says which column is what: our fields, each beside a choice of the file's columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from budgets.files import layouts
from budgets.files.layouts import Layout, text_of
from budgets.files.workbooks import Cells, Unreadable, read_cells
from budgets.importing.models import ImportKind, StagedImport
from budgets.importing.plan import Codes
from budgets.models import Budget
from workflow.numbers import version

SAMPLES = 3
HEADERS = 15  # rows that are offered as the header
FIELDS = {
    "cost_code": ("Cost code", "needed"),
    "cost_type": ("Cost type", "needed"),
    "amount": ("Amount", "needed, unless quantity and unit cost are there"),
    "description": ("Description", ""),
    "quantity": ("Quantity", ""),
    "unit": ("Unit", ""),
    "unit_cost": ("Unit cost", ""),
    "job": ("Job or sub job", "the main job where it is empty"),
    "master_job": ("Main job", "where the job's own column is empty"),
}


@dataclass(frozen=True)
class Choice:
    """One of our fields, the column chosen for it (None: not in the file), and values of it."""

    field: str
    label: str
    hint: str
    place: int | None
    samples: list[str]


@dataclass(frozen=True)
class Column:
    """A column of the file as the select offers it."""

    place: int
    name: str
    samples: str


def rows(staged: StagedImport, sheet: int) -> list[list[Any]]:
    """This function will read the cells of one sheet of a staged file."""
    return read_cells(data=bytes(staged.content), sheet=sheet).rows


def show(
    request: HttpRequest, budget: Budget, *, staged: StagedImport, status: int = 200, **problem: Any
) -> HttpResponse:
    """This function will show the choice of columns: as guessed, as chosen so far, or for another sheet or header."""
    try:
        cells = read_cells(
            data=bytes(staged.content), sheet=_number(request, "sheet", staged.layout.get("sheet", 0))
        )
    except Unreadable as unreadable:
        context = {"budget": budget, "staged": staged, "sentence": str(unreadable)}
        return render(request, "budgets/import/refused.html", context, status=422)
    layout = _layout(request, budget, staged, cells)
    names = layouts.names_of(cells.rows, layout.header)
    below = _below(cells, layout.header)
    context = {
        "budget": budget,
        "staged": staged,
        "layout": layout,
        "sheets": list(enumerate(cells.sheets)) if len(cells.sheets) > 1 else [],
        "headers": [(i, _line(row)) for i, row in enumerate(cells.rows[:HEADERS]) if _line(row)],
        "columns": [_column(i, name, below) for i, name in enumerate(names)],
        "choices": [_choice(name, layout, below) for name in FIELDS],
        "problems": layouts.wanted(layout.columns),
        "decimals": layout.decimals,
        "as_last_time": staged.choices.get("as_last_time") and not request.POST,
        **problem,
    }
    return render(request, "budgets/import/columns.html", context, status=status)


def chosen(request: HttpRequest, staged: StagedImport) -> tuple[Layout, list[str]]:
    """This function will read the form: the layout somebody chose, and the names of the columns below its header."""
    sheet = _number(request, "sheet", 0)
    typed = request.POST.get("header", "")
    header = None if typed == "none" else _number(request, "header", 0)
    names = layouts.names_of(rows(staged, sheet), header)
    columns = {}
    for name in FIELDS:
        place = version(request.POST.get(f"column_{name}", ""))
        if 0 <= place < len(names):
            columns[name] = place
    mark = request.POST.get("decimals", "")
    fixes = staged.layout.get("fixes", {})
    return Layout(sheet, header, columns, mark if mark in (",", ".") else "", fixes), names


def _layout(request: HttpRequest, budget: Budget, staged: StagedImport, cells: Cells) -> Layout:
    """What the person has chosen so far; guessed anew where he chose another sheet or header."""
    if not request.POST:
        return Layout.from_json(staged.layout)
    known = Codes(budget.project).by_field()
    if "look" not in request.POST:
        return chosen(request, staged)[0]
    if _number(request, "sheet", 0) != _number(request, "shown_sheet", 0):
        return layouts.guess(
            cells.rows, known=known, sheet=cells.sheet, with_header=staged.kind == ImportKind.FILE
        )
    header = None if request.POST.get("header") == "none" else _number(request, "header", 0)
    return Layout(cells.sheet, header, layouts.guess_columns(cells.rows, header, known=known))


def _number(request: HttpRequest, name: str, otherwise: int) -> int:
    number = version(request.POST.get(name, ""))
    return number if number >= 0 else otherwise


def _below(cells: Cells, header: int | None) -> list[list[Any]]:
    return cells.rows[0 if header is None else header + 1 :][: layouts.LOOKED_AT]


def _line(row: list[Any]) -> str:
    return " | ".join(text for text in map(text_of, row) if text.strip())[:120]


def _samples(below: list[list[Any]], place: int) -> list[str]:
    values = (text_of(row[place]).strip() for row in below if place < len(row))
    return [value[:30] for value in values if value][:SAMPLES]


def _choice(name: str, layout: Layout, below: list[list[Any]]) -> Choice:
    place = layout.columns.get(name)
    label, hint = FIELDS[name]
    return Choice(name, label, hint, place, [] if place is None else _samples(below, place))


def _column(place: int, name: str, below: list[list[Any]]) -> Column:
    return Column(place, name or f"(no name, column {place + 1})", ", ".join(_samples(below, place)))
