"""A file of budget lines, read: columns by their layout, cells to exact values, every error with its place.

Pure. Codes and texts are kept to the character; numbers are Decimals, refused rather than rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from budgets import money
from budgets.files import layouts
from budgets.files.cells import LONGEST_NUMBER, NUMBERS, Wrong, readers
from budgets.files.decimals import style_of_all
from budgets.files.layouts import Layout, text_of, words
from budgets.files.workbooks import Cells, Unreadable, read_cells

__all__ = ["FileRow", "RowError", "Sheet", "Unreadable", "double", "read", "read_rows"]

CHUNK = 1000  # rows between two words on how far it is
NAMING = {"job", "master_job", "cost_code", "cost_type"}  # the columns that say which line a row means


class FileRow(NamedTuple):
    """One line of a file: `number` as a spreadsheet counts rows, `values` as in budgets/lines.py.

    A field whose column the file lacks is not among the values.
    """

    number: int
    values: dict[str, Any]


@dataclass(frozen=True)
class RowError:
    """What is wrong with one cell: its row as a spreadsheet counts, its column's header, and what to do.

    `field` is ours; `suggestion` what may have been meant, or empty; `also` another row that is bad for this reason.
    `decimals` is the decimal sign with which the number would be read, where the file's is the other one.
    """

    row: int
    column: str
    value: str
    message: str
    field: str = ""
    suggestion: str = ""
    also: int | None = None
    decimals: str = ""

    def __str__(self) -> str:
        where = f"Row {self.row}" + (f", {self.column}" if self.column else "")
        return f"{where}: {self.message}"


@dataclass(frozen=True)
class Sheet:
    """All rows that can be taken, and every error. `ignored` are names of columns that were not read.

    `left_out` are the rows with an error, with what can be read of their budget code: job, cost code and cost type, or
    nothing. `comma`: text numbers were read with decimal commas; `certain` is false where the cells may mean either.
    """

    rows: list[FileRow] = field(default_factory=list)
    left_out: list[FileRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    comma: bool = False
    certain: bool = True

    @property
    def bad(self) -> set[int]:
        """The numbers of the rows that have an error."""
        return {e.row for e in self.errors} | {e.also for e in self.errors if e.also is not None}


Told = Callable[[int, int], None]  # rows read so far, rows in all


def read(
    *, data: bytes, decimals: str = "", known: Mapping[str, Collection[str]] | None = None, sheet: int = 0
) -> Sheet:
    """This function will read a CSV, XLSX or XLS file of budget lines by its header, its columns in any order.

    Raises Unreadable when the file as a whole is of no use: too large, damaged, a needed column missing.
    """
    cells = read_cells(data=data, sheet=sheet)
    if not cells.rows:
        raise Unreadable("The file is empty.")
    header = layouts.header_of(cells.rows)
    if header is None:
        header = layouts.first_row(cells.rows)
    names = layouts.names_of(cells.rows, header)
    columns = {name: places[0] for name, places in layouts.understood(names).items()}
    if said := layouts.doubled(names) or layouts.problems(names, columns):
        raise Unreadable(" ".join(said))
    return read_rows(cells, Layout(sheet, header, columns, decimals), known=known)


def read_rows(
    cells: Cells,
    layout: Layout,
    *,
    known: Mapping[str, Collection[str]] | None = None,
    told: Told | None = None,
) -> Sheet:
    """This function will read the rows below a header. Raises Unreadable where there are none.

    `known` are codes that may be suggested, by field; `told` hears how many rows of how many are read.
    """
    header = -1 if layout.header is None else layout.header
    names = layouts.names_of(cells.rows, layout.header)
    lines = cells.rows[header + 1 :]
    columns = {name: place for name, place in layout.columns.items() if place < len(names)}
    spread, refused = _merged(cells, columns, header)
    comma, certain = _style(lines, columns, layout.decimals)
    sheet = Sheet(ignored=layouts.ignored(names, columns), comma=comma, certain=certain)
    reader = _RowReader(names, columns, readers(comma=comma, fixes=layout.fixes, known=known or {}), sheet)
    for place, row in enumerate(lines):
        if told and place % CHUNK == 0:
            told(place, len(lines))
        number = header + 2 + place
        if number in spread:
            row = _filled(row, spread[number])
        if number in refused or any(text_of(cell).strip() for cell in row):
            reader.read(number, row, refused=refused.get(number))
    if not sheet.rows and not sheet.errors:
        raise Unreadable("The file has a header but no lines below it.")
    return _without_doubles(sheet, names[columns["cost_code"]])


def _style(lines: Sequence[Sequence[Any]], columns: Mapping[str, int], decimals: str) -> tuple[bool, bool]:
    """Whether text numbers have decimal commas, and whether the cells leave no doubt."""
    if decimals:
        return decimals == ",", True
    places = [place for name, place in columns.items() if name in NUMBERS]
    texts = (row[p] for row in lines for p in places if p < len(row) and type(row[p]) is str and row[p])
    mark, certain = style_of_all(text for text in texts if len(text) <= LONGEST_NUMBER)
    return mark == ",", certain


# -- merged cells -----------------------------------------------------------------------------------------


def _merged(
    cells: Cells, columns: Mapping[str, int], header: int
) -> tuple[dict[int, dict[int, Any]], dict[int, RowError]]:
    """What merged cells say in the rows they cover: text is repeated, a number over several rows is refused."""
    field_at = {place: name for name, place in columns.items()}
    spread: dict[int, dict[int, Any]] = {}
    refused: dict[int, RowError] = {}
    for (top, left), (bottom, _) in cells.merged:
        name = field_at.get(left)
        if name is None or bottom <= top or top <= header or bottom >= len(cells.rows):
            continue
        row = cells.rows[top]
        value = row[left] if left < len(row) else ""
        for number in range(top + 1, bottom + 2):
            if name in NUMBERS:
                said = f"The cell is merged over rows {top + 1} to {bottom + 1}. Split it, and give each row its own."
                refused[number] = RowError(number, words(name), text_of(value), said, name)
            else:
                spread.setdefault(number, {})[left] = value
    return spread, refused


def _filled(row: list[Any], values: Mapping[int, Any]) -> list[Any]:
    wide = [*row, *[""] * (max(values) + 1 - len(row))]
    for place, value in values.items():
        wide[place] = value
    return wide


# -- rows -------------------------------------------------------------------------------------------------


class _RowReader:
    """Reads one row after the other into a sheet."""

    def __init__(
        self,
        names: list[str],
        columns: Mapping[str, int],
        read: Mapping[str, Callable[[Any], Any]],
        sheet: Sheet,
    ) -> None:
        self.names, self.columns, self.sheet = names, columns, sheet
        self.fields = [(name, place, read[name]) for name, place in columns.items()]

    def read(self, number: int, row: Sequence[Any], *, refused: RowError | None = None) -> None:
        """This function will add the row to the sheet's rows, or what is wrong with it to its errors.

        `refused` says that it is bad whatever its cells hold.
        """
        values: dict[str, Any] = {}
        errors: list[RowError] = []
        width = len(row)
        for name, place, read in self.fields:
            cell = row[place] if place < width else ""
            try:
                values[name] = read(cell)
            except (Wrong, money.NotExact) as problem:
                hint = getattr(problem, "suggestion", "")
                value = text_of(cell)[:LONGEST_NUMBER]
                mark = getattr(problem, "decimals", "")
                errors.append(
                    RowError(number, self.names[place], value, str(problem), name, hint, decimals=mark)
                )
        unread = {error.field for error in errors}
        main = values.pop("master_job", "")
        values["job"] = values.get("job") or main
        if refused:
            errors = [refused]
        elif not errors:
            errors = self._completed(number, values)
        if errors:
            self.sheet.errors.extend(errors)
            self.sheet.left_out.append(FileRow(number, {} if unread & NAMING else _budget_code(values)))
        else:
            self.sheet.rows.append(FileRow(number, values))

    def _completed(self, number: int, values: dict[str, Any]) -> list[RowError]:
        """Settle the amount in place; return what keeps the row from being a line."""
        errors = [
            self._error(
                number,
                name,
                f"The {words(name)} is empty. Fill it in, or take the row out if it is a total.",
            )
            for name in ("cost_code", "cost_type")
            if not values[name]
        ]
        if values.get("amount") is not None:
            return errors
        quantity, unit_cost = values.get("quantity"), values.get("unit_cost")
        if quantity is None or unit_cost is None:
            name = "amount" if "amount" in self.columns else "unit_cost"
            said = (
                "The amount is empty. Write 0 where you mean zero; a formula whose value the file does not hold is "
                "empty too: open it in a spreadsheet and save it."
            )
            return [*errors, self._error(number, name, said)]
        try:
            values["amount"], values["automatic"] = money.extended(quantity, unit_cost), True
        except money.NotExact as problem:
            errors.append(self._error(number, "unit_cost", str(problem), value=str(unit_cost)))
        return errors

    def _error(self, number: int, name: str, said: str, *, value: str = "") -> RowError:
        return RowError(number, self.names[self.columns[name]], value, said, name)


def _without_doubles(sheet: Sheet, column: str) -> Sheet:
    """Take out every row whose budget code stands in the file again: which of them is right is not ours to say."""
    first: dict[tuple[str, str, str], int] = {}
    twice: set[int] = set()
    for row in sheet.rows:
        values = row.values
        key = (values["job"], values["cost_code"], values["cost_type"])
        number = first.setdefault(key, row.number)
        if number != row.number:
            sheet.errors.append(double(row, first=number, column=column))
            twice |= {number, row.number}
    if twice:
        double_rows = (row for row in sheet.rows if row.number in twice)
        sheet.left_out.extend(FileRow(row.number, _budget_code(row.values)) for row in double_rows)
        sheet.rows[:] = [row for row in sheet.rows if row.number not in twice]
    sheet.errors.sort(key=lambda error: error.row)
    return sheet


def _budget_code(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("job", "cost_code", "cost_type")}


def double(row: FileRow, *, first: int, column: str) -> RowError:
    """This function will make the error for a budget code that stands in a file twice, naming both rows."""
    code, kind = row.values["cost_code"], row.values["cost_type"]
    said = f"{code} {kind} is in rows {first} and {row.number}. Keep one of them, with the sum of both."
    return RowError(row.number, column, code, said, "cost_code", also=first)
