"""A file of budget lines, read: header names to fields, cells to exact values, every error with its place.

Pure. Codes and texts are kept to the character; numbers are Decimals, refused rather than rounded.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from budgets import money
from budgets.workbooks import Unreadable, grid

__all__ = ["FileRow", "RowError", "Sheet", "Unreadable", "read"]

NAMES = {
    "job": ("job", "job_code", "sub_job"),
    "master_job": ("master_job", "main_job"),
    "cost_code": ("cost_code", "phase_code", "phase", "code"),
    "cost_type": ("cost_type", "type"),
    "description": ("description",),
    "quantity": ("quantity", "qty"),
    "unit": ("unit", "uom", "unit_of_measure"),
    "unit_cost": ("unit_cost", "unit_price"),
    "amount": ("amount", "original_amount", "original", "original_budget"),
}
FIELD_OF = {name: field for field, names in NAMES.items() for name in names}
LONGEST = {"job": 10, "master_job": 10, "cost_code": 40, "cost_type": 40, "unit": 20, "description": 200}
NUMBERS = {"quantity": money.quantity, "unit_cost": money.quantity, "amount": money.amount}
LONGEST_NUMBER = 60  # characters, thousands separated
WORDS = {"cost_code": "cost code", "cost_type": "cost type", "unit_cost": "unit cost"}

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")
NOISE = Decimal("0.0000001")  # of binary arithmetic, e.g. 0.1 + 0.2; far below the least step, 0.0001


@dataclass(frozen=True)
class FileRow:
    """One line of a file: `number` as a spreadsheet counts rows, `values` as in budgets/lines.py.

    A field whose column the file lacks is not among the values.
    """

    number: int
    values: dict[str, Any]


@dataclass(frozen=True)
class RowError:
    """What is wrong with one cell: its row as a spreadsheet counts, its column's header, and what to do."""

    row: int
    column: str
    value: str
    message: str

    def __str__(self) -> str:
        where = f"Row {self.row}" + (f", {self.column}" if self.column else "")
        return f"{where}: {self.message}"


@dataclass(frozen=True)
class Sheet:
    """All rows that can be taken, and every error. A file with an error is not imported at all."""

    rows: list[FileRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


class _Wrong(Exception):
    """A cell that cannot be taken."""


def read(*, data: bytes) -> Sheet:
    """This function will read a CSV or XLSX file of budget lines, its columns in any order.

    Raises Unreadable when the file as a whole is of no use: too large, damaged, a needed column missing.
    """
    cells = grid(data=data)
    start = next((i for i, row in enumerate(cells) if any(_text(cell).strip() for cell in row)), None)
    if start is None:
        raise Unreadable("The file is empty.")
    header = [_text(cell).strip() for cell in cells[start]]
    columns = _columns(header)
    sheet = Sheet()
    for number, row in enumerate(cells[start + 1 :], start=start + 2):
        if any(_text(cell).strip() for cell in row):
            _read_row(number, row, header, columns, sheet)
    if not sheet.rows and not sheet.errors:
        raise Unreadable("The file has a header but no lines below it.")
    _refuse_doubles(sheet, header[columns["cost_code"]])
    return sheet


# -- header -----------------------------------------------------------------------------------------------


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Find the place of each field. Raises Unreadable when one is there twice or a needed one is missing."""
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        known = FIELD_OF.get(re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_"))
        if known is None:
            continue
        if known in places:
            raise Unreadable(
                f"The columns {header[places[known]]!r} and {name!r} both mean the {_words(known)}. Keep one."
            )
        places[known] = place
    missing = [wanted for wanted in ("cost_code", "cost_type") if wanted not in places]
    if "amount" not in places and not {"quantity", "unit_cost"} <= set(places):
        missing.append("amount")
    if missing:
        raise Unreadable(" ".join(_missing(wanted, header, places) for wanted in missing))
    return places


def _missing(wanted: str, header: Sequence[str], places: dict[str, int]) -> str:
    others = [name for place, name in enumerate(header) if place not in places.values() and name]
    close = get_close_matches(wanted, others, n=1, cutoff=0.6)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    seen = ", ".join(name for name in header if name) or "nothing"
    return f"No column for the {_words(wanted)}: name one {' or '.join(NAMES[wanted])}.{hint} The header says: {seen}."


def _words(name: str) -> str:
    return WORDS.get(name, name)


# -- rows -------------------------------------------------------------------------------------------------


def _read_row(number: int, row: list[Any], header: list[str], columns: dict[str, int], sheet: Sheet) -> None:
    values: dict[str, Any] = {}
    errors: list[RowError] = []
    for name, place in columns.items():
        cell = row[place] if place < len(row) else ""
        try:
            values[name] = _number(cell, name) if name in NUMBERS else _code_or_text(cell, name)
        except (_Wrong, money.NotExact) as problem:
            errors.append(RowError(number, header[place], _text(cell)[:LONGEST_NUMBER], str(problem)))
    if not errors:
        errors += _completed(number, values, header, columns)
    sheet.errors.extend(errors)
    if not errors:
        sheet.rows.append(FileRow(number, values))


def _completed(
    number: int, values: dict[str, Any], header: list[str], columns: dict[str, int]
) -> list[RowError]:
    """Settle job and amount in place; return what keeps the row from being a line."""
    main = values.pop("master_job", "")
    values["job"] = values.get("job") or main
    errors = [
        RowError(
            number,
            header[columns[name]],
            "",
            f"The {_words(name)} is empty. Fill it in, or take the row out if it is a total.",
        )
        for name in ("cost_code", "cost_type")
        if not values[name]
    ]
    if values.get("amount") is not None:
        return errors
    quantity, unit_cost = values.get("quantity"), values.get("unit_cost")
    if quantity is None or unit_cost is None:
        column = header[columns.get("amount", columns.get("unit_cost", 0))]
        said = "The amount is empty. Write 0 where you mean zero; a formula must have been calculated."
        return [*errors, RowError(number, column, "", said)]
    try:
        values["amount"], values["automatic"] = money.extended(quantity, unit_cost), True
    except money.NotExact as problem:
        errors.append(RowError(number, header[columns["unit_cost"]], str(unit_cost), str(problem)))
    return errors


def _code_or_text(cell: Any, name: str) -> str:
    if isinstance(cell, datetime.date | datetime.time | datetime.timedelta) and name != "description":
        raise _Wrong(
            f"The spreadsheet has turned this {_words(name)} into the date {cell}. "
            "Format the column as text and enter the code again."
        )
    text = _unescaped(_text(cell))
    if not text.strip():
        return ""
    if len(text) > LONGEST[name]:
        raise _Wrong(f"{text[:20]!r}... has {len(text)} characters; at most {LONGEST[name]} are kept.")
    if name != "description" and any(ord(letter) < 32 for letter in text):
        raise _Wrong(f"{text!r} has a line break or another control character. Take it out.")
    return text


def _unescaped(text: str) -> str:
    """Take off the apostrophe that our own export puts before what a spreadsheet would run as a formula."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def _number(cell: Any, name: str) -> Decimal | None:
    if isinstance(cell, bool | datetime.date | datetime.time | datetime.timedelta):
        raise _Wrong(f"{cell} is not a number. Format the column as a number and enter it again.")
    if isinstance(cell, float):
        return NUMBERS[name](_exact(cell))
    text = _unescaped(_text(cell))
    if len(text) > LONGEST_NUMBER:
        raise _Wrong(f"{text[:20]}... is not a number: it has {len(text)} characters.")
    return NUMBERS[name](text) if text.strip() else None


def _exact(value: float) -> Decimal:
    """The number a person sees in the cell: a spreadsheet keeps 15 digits and shows no more.

    0.30000000000000004 is the 0.3 of somebody's formula; a decimal that was really entered is never dropped.
    """
    kept, shown = Decimal(repr(value)), Decimal(f"{value:.15g}")
    return shown if kept.is_finite() and abs(kept - shown) < NOISE else kept


def _text(cell: Any) -> str:
    """A cell as text; a whole number without the point that spreadsheets store (3300.0 is 3300)."""
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)


def _refuse_doubles(sheet: Sheet, column: str) -> None:
    first: dict[tuple[str, str, str], int] = {}
    for row in sheet.rows:
        values = row.values
        key = (values["job"], values["cost_code"], values["cost_type"])
        if key in first:
            sheet.errors.append(double(row, first=first[key], column=column))
        first.setdefault(key, row.number)
    sheet.errors.sort(key=lambda error: error.row)


def double(row: FileRow, *, first: int, column: str) -> RowError:
    """This function will make the error for a budget code that stands in a file twice, naming both rows."""
    code, kind = row.values["cost_code"], row.values["cost_type"]
    said = f"{code} {kind} is in rows {first} and {row.number}. Keep one of them, with the sum of both."
    return RowError(row.number, column, code, said)
